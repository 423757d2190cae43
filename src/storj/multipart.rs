//! Multipart uploads: an object made of parts, each of which may come in a run of its own.
//!
//! S3's bounds (read 2026, and in Storj's source): 10,000 parts of 5 MiB or more but for the last. Storj's own
//! advice is 64 MiB, its segment. What is begun is billed until it is completed or aborted.

use std::fmt::Write as _;

use super::sign::{Bucket, SignError, signed, signed_piped};
use super::trouble::{self, Trouble};
use super::xml::{element, escape, unescape};
use crate::config::Config;
use crate::http::{Incoming, Outgoing, Unanswered};
use crate::time::Millis;

/// Beginning and aborting are a word each.
const TIMEOUT_MS: u32 = 10_000;
/// A part of 64 MiB takes 6 s at 100 Mbit/s; at a twentieth of that it is still done.
const PART_TIMEOUT_MS: u32 = 120_000;
/// "Processing of a Complete Multipart Upload request could take several minutes" (AWS, API reference,
/// `CompleteMultipartUpload`). Storj's own only names segments, but a server on a disk copies 4 GB in more than 30 s.
const COMPLETE_TIMEOUT_MS: u32 = 120_000;

/// Begins an upload. The object's content type and its expiry (`+720h`) are said here or never.
///
/// # Errors
/// The key could not be signed.
pub fn create(
    config: &Config,
    bucket: &Bucket,
    key: &str,
    content_type: &str,
    ttl: Option<&str>,
    now: Millis,
) -> Result<Outgoing, SignError> {
    let mut headers = vec![("content-type", content_type)];
    headers.extend(ttl.map(|ttl| ("x-amz-meta-object-expires", ttl)));
    signed("POST", bucket, &config.storj, key, &[("uploads", "")], &headers, Vec::new(), now, TIMEOUT_MS)
}

/// The upload's id. An answer that got lost leaves an upload without parts, which costs nothing.
///
/// # Errors
/// [`Trouble`].
pub fn created(result: &Result<Incoming, Unanswered>) -> Result<String, Trouble> {
    let text = trouble::body(result)?;
    element(&text, "UploadId").map(unescape).filter(|id| !id.is_empty()).ok_or(Trouble::Unknown)
}

/// Takes a part, counted from 1, whose bytes are piped into it. The same part again takes the place of the one
/// before.
///
/// # Errors
/// The key could not be signed.
pub fn part(config: &Config, bucket: &Bucket, key: &str, upload_id: &str, number: usize, now: Millis) -> Result<Outgoing, SignError> {
    let number = number.to_string();
    signed_piped(bucket, &config.storj, key, &[("partNumber", &number), ("uploadId", upload_id)], now, PART_TIMEOUT_MS)
}

/// The part's ETag, by which completing names it.
///
/// # Errors
/// [`Trouble`]; [`Trouble::Absent`] when the upload is not there (any more).
pub fn taken(result: &Result<Incoming, Unanswered>) -> Result<String, Trouble> {
    trouble::body(result)?;
    let etag = result.as_ref().ok().and_then(|incoming| incoming.etag.clone());
    etag.filter(|etag| !etag.is_empty()).ok_or(Trouble::Unknown)
}

/// Makes the object of all parts, given by their ETags in order. Every part that was ever taken has to be among
/// them.
///
/// # Errors
/// The key could not be signed.
pub fn complete(
    config: &Config,
    bucket: &Bucket,
    key: &str,
    upload_id: &str,
    etags: &[String],
    now: Millis,
) -> Result<Outgoing, SignError> {
    let mut body = "<CompleteMultipartUpload>".to_owned();
    for (index, etag) in etags.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(body, "<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", index + 1, escape(etag));
    }
    body.push_str("</CompleteMultipartUpload>");
    signed("POST", bucket, &config.storj, key, &[("uploadId", upload_id)], &[], body.into_bytes(), now, COMPLETE_TIMEOUT_MS)
}

/// Whether the object is made. After [`Trouble::Absent`] and [`Trouble::Unknown`] a HEAD tells: it may have been
/// made by a call whose answer got lost.
///
/// # Errors
/// [`Trouble`].
pub fn completed(result: &Result<Incoming, Unanswered>) -> Result<(), Trouble> {
    let text = trouble::body(result)?;
    element(&text, "ETag").map(drop).ok_or(Trouble::Unknown)
}

/// Throws an upload away with all of its parts.
///
/// # Errors
/// The key could not be signed.
pub fn abort(config: &Config, bucket: &Bucket, key: &str, upload_id: &str, now: Millis) -> Result<Outgoing, SignError> {
    signed("DELETE", bucket, &config.storj, key, &[("uploadId", upload_id)], &[], Vec::new(), now, TIMEOUT_MS)
}

/// Whether it is gone. One that is not there is.
///
/// # Errors
/// [`Trouble`].
pub fn aborted(result: &Result<Incoming, Unanswered>) -> Result<(), Trouble> {
    match trouble::body(result) {
        Ok(_) | Err(Trouble::Absent) => Ok(()),
        Err(trouble) => Err(trouble),
    }
}
