//! A panic on demand, in the bundle that `tests/e2e/panic.test.mjs` builds and in no other: no input reaches
//! one in the Worker as it is deployed.

use crate::api::Request;

/// Panics where a handler would: behind the first wait, with the request's body read.
#[allow(clippy::panic)]
pub(super) fn panic_if_asked(request: &Request) {
    if request.header("panic-probe").is_some() {
        panic!("asked to panic");
    }
}
