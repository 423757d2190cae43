//! One structured line a request.

use worker::console_log;

use crate::ports::Trail;

/// Prints the line. Workers Logs indexes JSON objects by field.
pub(super) fn line(trail: &Trail) {
    console_log!("{}", crate::json::write(&trail.line()));
}
