//! Copying an object inside its bucket: Storj copies pointers, not bytes, so size does not matter. The copy
//! keeps the source's expiry, which nothing can change later.

use super::sign::{Bucket, SignError, encode_path, signed};
use super::trouble::{self, Trouble};
use super::xml::element;
use crate::config::Config;
use crate::http::{Incoming, Outgoing, Unanswered};
use crate::time::Millis;

/// A copy of 671 GB took Storj seconds in its own tests; more is an outage.
const TIMEOUT_MS: u32 = 30_000;

/// Copies `from` to `to`.
///
/// # Errors
/// A key could not be signed.
pub fn copy(config: &Config, bucket: &Bucket, from: &str, to: &str, now: Millis) -> Result<Outgoing, SignError> {
    let source = format!("/{}/{}", bucket.name, encode_path(from));
    signed("PUT", bucket, &config.storj, to, &[], &[("x-amz-copy-source", &source)], Vec::new(), now, TIMEOUT_MS)
}

/// Whether the copy is made: a 200 says so only with an ETag in its body.
///
/// # Errors
/// [`Trouble`]; [`Trouble::Absent`] when the source is not there.
pub fn copied(result: &Result<Incoming, Unanswered>) -> Result<(), Trouble> {
    let text = trouble::body(result)?;
    element(&text, "ETag").map(drop).ok_or(Trouble::Unknown)
}
