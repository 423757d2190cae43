//! Requests about one object in Storj's gateway, and what their answers prove.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::sign::{Bucket, Credentials, SignError, presign, signed, signed_piped};
use crate::config::Config;
use crate::http::{Incoming, Outgoing, Unanswered};
use crate::time::{HOUR, Millis};

/// Storj answers a HEAD in well under a second; more is an outage.
const TIMEOUT_MS: u32 = 10_000;

/// 5 MiB take half a second at 100 Mbit/s.
const PIPED_TIMEOUT_MS: u32 = 60_000;

/// How long the probe object lives before Storj deletes it. Nothing of ours does: the key may not
/// be allowed to.
const PROBE_TTL: &str = "+1h";

/// Viewers pause: a link to play outlives the recording's length by so much.
pub const PAUSES_MS: i64 = HOUR;

/// What the probe object says.
pub const PROBE: &[u8] = b"livekit-storj asks whether this key may write here; this object expires by itself\n";

/// Writes the probe with the very key that LiveKit gets.
///
/// # Errors
/// The key could not be signed.
pub fn probe(config: &Config, key: &str, now: Millis) -> Result<Outgoing, SignError> {
    probe_with(config, &config.storj_egress, key, now)
}

/// Writes it with that key.
///
/// # Errors
/// The key could not be signed.
pub fn probe_with(config: &Config, credentials: &Credentials, key: &str, now: Millis) -> Result<Outgoing, SignError> {
    let headers = [("content-type", "text/plain"), ("x-amz-meta-object-expires", PROBE_TTL)];
    signed("PUT", &config.bucket, credentials, key, &[], &headers, PROBE.to_vec(), now, TIMEOUT_MS)
}

/// What the probe proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// The key can write there.
    Writable,
    /// It cannot, for certain: 401, 403 or 404.
    Refused(&'static str),
    /// No clear answer.
    Unclear,
}

/// Reads the answer to the probe. Quotas and throttling are 403 and 429 too, but Storj's, not the
/// key's: a full project refuses the recording just as well. Two clocks that disagree say nothing of the key:
/// LiveKit signs its upload by a third one, hours later.
#[must_use]
pub fn probed(result: &Result<Incoming, Unanswered>) -> Probed {
    match result {
        Ok(Incoming { status: 200..=299, .. }) => Probed::Writable,
        Ok(Incoming { status: 404, .. }) => Probed::Refused("bucket_not_found"),
        Ok(Incoming { status: 401 | 403, body, .. }) if !says(body, "RequestTimeTooSkewed") => Probed::Refused("storage_key_refused"),
        _ => Probed::Unclear,
    }
}

/// Whether an error of S3's bears that code.
fn says(body: &[u8], code: &str) -> bool {
    String::from_utf8_lossy(body).split_once("<Code>").and_then(|(_, rest)| rest.split('<').next()) == Some(code)
}

/// Under which name the proof of this key for this bucket is kept. The key's id is hashed: the
/// database holds no credentials.
#[must_use]
pub fn proof_id(bucket: &Bucket, credentials: &Credentials) -> String {
    let mut hash = Sha256::new();
    for part in [&bucket.endpoint, &bucket.name, &credentials.access_key_id, credentials.secret_access_key.reveal()] {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Asks for the object's size.
///
/// # Errors
/// The key could not be signed.
pub fn head(config: &Config, bucket: &Bucket, key: &str, now: Millis) -> Result<Outgoing, SignError> {
    signed("HEAD", bucket, &config.storj, key, &[], &[], Vec::new(), now, TIMEOUT_MS)
}

/// Asks for the first byte: an error of a GET has a body that names it, one of a HEAD has none.
///
/// # Errors
/// The key could not be signed.
pub fn first_byte(config: &Config, bucket: &Bucket, key: &str, now: Millis) -> Result<Outgoing, SignError> {
    signed("GET", bucket, &config.storj, key, &[], &[("range", "bytes=0-0")], Vec::new(), now, TIMEOUT_MS)
}

/// Asks for `length` bytes from `from` on, to be piped. There are no ranges of nothing.
///
/// # Errors
/// The key could not be signed.
pub fn range(config: &Config, bucket: &Bucket, key: &str, from: u64, length: u64, now: Millis) -> Result<Outgoing, SignError> {
    let range = format!("bytes={from}-{}", (from + length).saturating_sub(1));
    signed("GET", bucket, &config.storj, key, &[], &[("range", &range)], Vec::new(), now, TIMEOUT_MS)
}

/// Asks for the whole object, to be piped.
///
/// # Errors
/// The key could not be signed.
pub fn whole(config: &Config, bucket: &Bucket, key: &str, now: Millis) -> Result<Outgoing, SignError> {
    signed("GET", bucket, &config.storj, key, &[], &[], Vec::new(), now, TIMEOUT_MS)
}

/// Writes an object whose bytes are piped into it, a few MB.
///
/// # Errors
/// The key could not be signed.
pub fn piped(config: &Config, bucket: &Bucket, key: &str, now: Millis) -> Result<Outgoing, SignError> {
    signed_piped(bucket, &config.storj, key, &[], now, PIPED_TIMEOUT_MS)
}

/// Writes a small object whole.
///
/// # Errors
/// The key could not be signed.
pub fn put(config: &Config, bucket: &Bucket, key: &str, kind: &str, body: Vec<u8>, now: Millis) -> Result<Outgoing, SignError> {
    signed("PUT", bucket, &config.storj, key, &[], &[("content-type", kind)], body, now, TIMEOUT_MS)
}

/// What a HEAD says of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It is there, of that size in bytes.
    There(i64),
    /// 404: not there, or the bucket is not.
    NotThere,
    /// No clear answer.
    Unclear,
}

/// Reads the answer to [`head`].
#[must_use]
pub fn sight(result: &Result<Incoming, Unanswered>) -> Sight {
    match result {
        Ok(Incoming { status: 200, content_length: Some(size), .. }) => i64::try_from(*size).map_or(Sight::Unclear, Sight::There),
        Ok(Incoming { status: 404, .. }) => Sight::NotThere,
        _ => Sight::Unclear,
    }
}

/// Whether the answer to [`first_byte`] confirms that there is no such object, in S3's own words.
#[must_use]
pub fn confirms_absence(result: &Result<Incoming, Unanswered>) -> bool {
    matches!(result, Ok(Incoming { status: 404, body, .. }) if says(body, "NoSuchKey"))
}

/// For how many whole seconds a link lives that ends at `end`: at least one, at most SigV4's seven days.
#[must_use]
pub fn seconds_until(end: Millis, now: Millis) -> u32 {
    u32::try_from(end.since(now) / 1_000).unwrap_or(u32::MAX).clamp(1, 604_800)
}

/// A link to the object until `expires_s` seconds from now, answered with this content type and disposition.
/// For `GET`, or for `HEAD`, which needs one of its own.
///
/// # Errors
/// The key could not be signed.
#[allow(clippy::too_many_arguments)]
pub fn link(
    config: &Config,
    method: &str,
    bucket: &Bucket,
    key: &str,
    content_type: &str,
    disposition: &str,
    now: Millis,
    expires_s: u32,
) -> Result<String, SignError> {
    let query = [("response-content-disposition", disposition), ("response-content-type", content_type)];
    presign(method, bucket, &config.storj, key, &query, now, expires_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_definite_no_refuses_the_key() {
        let read = |status, code: &str| {
            let body = format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Key>k</Key></Error>").into_bytes();
            probed(&Ok(Incoming { status, body, ..Incoming::default() }))
        };
        let refused = Probed::Refused("storage_key_refused");
        for (status, code, proved) in [
            (200, "", Probed::Writable),
            (401, "", refused),
            (403, "", refused),
            (403, "AccessDenied", refused),
            (403, "InvalidAccessKeyId", refused),
            (403, "SignatureDoesNotMatch", refused),
            (403, "RequestTimeTooSkewed", Probed::Unclear),
            (404, "NoSuchBucket", Probed::Refused("bucket_not_found")),
            (429, "SlowDown", Probed::Unclear),
            (500, "InternalError", Probed::Unclear),
            (503, "ServiceUnavailable", Probed::Unclear),
        ] {
            assert_eq!(read(status, code), proved, "{status} {code}");
        }
        assert_eq!(probed(&Err(Unanswered::Timeout)), Probed::Unclear);
    }
}
