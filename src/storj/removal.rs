//! Deleting up to 1,000 objects in one request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use super::sign::{Bucket, SignError, signed_bucket};
use super::trouble::{self, Trouble};
use super::xml::{element, elements, escape, unescape};
use crate::config::Config;
use crate::http::{Incoming, Outgoing, Unanswered};
use crate::time::Millis;

/// S3's own bound.
pub const MOST_KEYS: usize = 1_000;
/// Storj deletes a thousand objects in one call to its satellite.
const TIMEOUT_MS: u32 = 30_000;

/// Deletes these keys, all of them ours. Storj demands a `Content-MD5`. A key that is not there counts as deleted.
///
/// # Errors
/// [`SignError::Key`] for no keys or more than [`MOST_KEYS`].
pub fn delete(config: &Config, bucket: &Bucket, keys: &[&str], now: Millis) -> Result<Outgoing, SignError> {
    if keys.is_empty() || keys.len() > MOST_KEYS {
        return Err(SignError::Key);
    }
    let mut body = "<Delete><Quiet>true</Quiet>".to_owned();
    for key in keys {
        body.push_str("<Object><Key>");
        body.push_str(&escape(key));
        body.push_str("</Key></Object>");
    }
    body.push_str("</Delete>");
    let md5 = STANDARD.encode(Md5::digest(body.as_bytes()));
    let headers = [("content-md5", md5.as_str()), ("content-type", "application/xml")];
    signed_bucket("POST", bucket, &config.storj, &[("delete", "")], &headers, body.into_bytes(), now, TIMEOUT_MS)
}

/// The keys that were not deleted, each with its reason; all others are gone.
///
/// # Errors
/// [`Trouble`]: nothing is known of any of them.
pub fn deleted(result: &Result<Incoming, Unanswered>) -> Result<Vec<(String, Trouble)>, Trouble> {
    // Here an `<Error>` is about one key.
    let text = match result {
        Ok(Incoming { status: 200, body, .. }) => String::from_utf8_lossy(body).into_owned(),
        other => trouble::body(other)?,
    };
    if !text.contains("<DeleteResult") {
        return Err(Trouble::Unknown);
    }
    let refused = |error: &str| {
        let code = element(error, "Code").unwrap_or_default();
        let gone = matches!(code, "NoSuchKey" | "NoSuchVersion");
        (!gone).then(|| (element(error, "Key").map(unescape).unwrap_or_default(), Trouble::named(code, 200)))
    };
    Ok(elements(&text, "Error").filter_map(refused).collect())
}
