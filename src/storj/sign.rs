//! Signed requests to Storj's S3 gateway: presigned URLs and requests with a signed header.
//!
//! In scope: path style, strict encoding, and which headers are signed. Out of scope: what the
//! operations mean.
//!
//! Three rules come from how the gateway and the runtime behave, not from AWS's page:
//! - The path is encoded once, by the strict set, and sent as it was signed. The gateway (MinIO's
//!   verifier) encodes again what it decoded, so anything laxer is a 403.
//! - Signed are `host`, `x-amz-*`, `content-type` and `content-md5`, and no more: Cloudflare sets
//!   `accept-encoding` and others on the way out.
//! - No `aws-chunked`, no checksum trailers: the gateway does not know them.

pub use super::sigv4::{Credentials, SignError};
use super::sigv4::{Place, Scope, Unsigned, sign_request};
pub use super::url::{Bucket, encode_path};
use super::url::{bucket_url, encode_query, object_url, with_query};
use crate::http::Outgoing;
use crate::time::Millis;

/// The longest life of a presigned URL, in seconds: a week. The gateway refuses more.
const MAX_EXPIRES_S: u32 = 604_800;

/// What signing itself, or the runtime from the URL, puts into the headers.
const RESERVED_HEADERS: [&str; 5] = ["authorization", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

/// A URL that lets its bearer do one thing to one object, for 1 to 604,800 seconds (what is outside
/// is clamped).
///
/// `query` (say `response-content-type`, or `partNumber` and `uploadId`) is part of the signature. A
/// URL for `GET` does not serve a `HEAD`.
///
/// # Errors
/// [`SignError`].
pub fn presign(
    method: &str,
    bucket: &Bucket,
    creds: &Credentials,
    key: &str,
    query: &[(&str, &str)],
    now: Millis,
    expires_s: u32,
) -> Result<String, SignError> {
    let url = object_url(bucket, key, query)?;
    let unsigned = Unsigned { method, url: &url, headers: &[], body: None };
    let place = Place::Query { expires_s: expires_s.clamp(1, MAX_EXPIRES_S) };
    let signature = sign_request(&unsigned, creds, &scope(bucket, now), place)?;

    let added = signature.add.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let joint = if query.is_empty() { '?' } else { '&' };
    Ok(format!("{url}{joint}{}", encode_query(added)))
}

/// A request for one object, signed in its headers, with the hash of its body.
///
/// Of `headers`, `x-amz-*`, `content-type` and `content-md5` are signed; the others (`range`,
/// `if-none-match`) are sent as they are.
///
/// # Errors
/// [`SignError`].
#[allow(clippy::too_many_arguments)]
pub fn signed(
    method: &'static str,
    bucket: &Bucket,
    creds: &Credentials,
    key: &str,
    query: &[(&str, &str)],
    headers: &[(&str, &str)],
    body: Vec<u8>,
    now: Millis,
    timeout_ms: u32,
) -> Result<Outgoing, SignError> {
    let url = object_url(bucket, key, query)?;
    sign_headers(method, url, headers, Some(body), creds, &scope(bucket, now), timeout_ms)
}

/// As [`signed`], for a PUT whose body is piped into it ([`crate::ports::Ports::pipe`]): what is not in memory
/// has no hash, so `UNSIGNED-PAYLOAD` is signed. Over https nobody changes it on the way.
///
/// # Errors
/// [`SignError`].
pub fn signed_piped(
    bucket: &Bucket,
    creds: &Credentials,
    key: &str,
    query: &[(&str, &str)],
    now: Millis,
    timeout_ms: u32,
) -> Result<Outgoing, SignError> {
    let url = object_url(bucket, key, query)?;
    sign_headers("PUT", url, &[], None, creds, &scope(bucket, now), timeout_ms)
}

/// As [`signed`], for the bucket itself: listing, or deleting many objects in one request.
///
/// # Errors
/// [`SignError`].
#[allow(clippy::too_many_arguments)]
pub fn signed_bucket(
    method: &'static str,
    bucket: &Bucket,
    creds: &Credentials,
    query: &[(&str, &str)],
    headers: &[(&str, &str)],
    body: Vec<u8>,
    now: Millis,
    timeout_ms: u32,
) -> Result<Outgoing, SignError> {
    let url = with_query(bucket_url(bucket)?, query)?;
    sign_headers(method, url, headers, Some(body), creds, &scope(bucket, now), timeout_ms)
}

fn scope(bucket: &Bucket, now: Millis) -> Scope<'_> {
    Scope { region: &bucket.region, service: "s3", now }
}

fn sign_headers(
    method: &'static str,
    url: String,
    headers: &[(&str, &str)],
    body: Option<Vec<u8>>,
    creds: &Credentials,
    scope: &Scope<'_>,
    timeout_ms: u32,
) -> Result<Outgoing, SignError> {
    // 1. Names in lower case, as `Outgoing` wants them.
    let mut all: Vec<(String, String)> = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), (*value).to_owned())).collect();
    if all.iter().any(|(name, _)| RESERVED_HEADERS.contains(&name.as_str())) {
        return Err(SignError::Header);
    }

    // 2. What nobody changes on the way is signed.
    let covered: Vec<(&str, &str)> = all
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| name.starts_with("x-amz-") || matches!(*name, "content-type" | "content-md5"))
        .collect();
    let unsigned = Unsigned { method, url: &url, headers: &covered, body: body.as_deref() };
    let place = Place::Headers { content_hash: true };
    let signature = sign_request(&unsigned, creds, scope, place)?;

    // 3. `x-amz-date`, `x-amz-content-sha256` and `authorization` come with the signature.
    all.extend(signature.add);
    Ok(Outgoing { method, url, headers: all, body: body.unwrap_or_default(), timeout_ms })
}
