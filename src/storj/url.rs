//! Where an object is: a URL in path style, encoded once by the strict set.
//!
//! In scope: what may be part of such a URL at all. Out of scope: its signature ([`super::sign`]).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::sigv4::SignError;

/// All but `A-Za-z0-9-_.~`: RFC 3986's unreserved characters.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// S3's longest key, in bytes.
const MAX_KEY_BYTES: usize = 1024;

/// What signing itself puts into the query.
const RESERVED_QUERY: [&str; 8] = [
    "x-amz-algorithm",
    "x-amz-content-sha256",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// A bucket and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// `scheme://host[:port]`, no slash at the end.
    pub endpoint: String,
    /// Part of every signature; Storj takes any.
    pub region: String,
    /// The bucket's name.
    pub name: String,
}

/// A key as a URL's path (without a leading slash): only `A-Za-z0-9-_.~` and `/` stay.
#[must_use]
pub fn encode_path(key: &str) -> String {
    key.split('/').map(encode).collect::<Vec<_>>().join("/")
}

/// Only `A-Za-z0-9-_.~` stay.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, STRICT).to_string()
}

/// `name=value` joined by `&`, each strictly encoded.
pub(super) fn encode_query<'a>(query: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = query.map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// `scheme://host[:port]/bucket/key?query`, for a key that may be signed.
pub(super) fn object_url(bucket: &Bucket, key: &str, query: &[(&str, &str)]) -> Result<String, SignError> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES || key.starts_with('/') || key.chars().any(char::is_control) || has_dot_segment(key) {
        return Err(SignError::Key);
    }
    let url = format!("{}/{}", bucket_url(bucket)?, encode_path(key));
    with_query(url, query)
}

/// `scheme://host[:port]/bucket`, the host in lower case: the runtime would send it so whatever was
/// signed.
pub(super) fn bucket_url(bucket: &Bucket) -> Result<String, SignError> {
    let host = ["https://", "http://"].iter().find_map(|scheme| bucket.endpoint.strip_prefix(scheme)).ok_or(SignError::Endpoint)?;
    if !is_host(host) {
        return Err(SignError::Endpoint);
    }
    if !is_plain(&bucket.name) || has_dot_segment(&bucket.name) || !is_plain(&bucket.region) {
        return Err(SignError::Bucket);
    }
    Ok(format!("{}/{}", bucket.endpoint.to_ascii_lowercase(), bucket.name))
}

/// Adds a query, for parameters that may be signed.
pub(super) fn with_query(url: String, query: &[(&str, &str)]) -> Result<String, SignError> {
    let refused = |(name, value): &(&str, &str)| {
        name.is_empty() || RESERVED_QUERY.contains(&name.to_ascii_lowercase().as_str()) || has_dot_segment(value)
    };
    if query.iter().any(refused) {
        return Err(SignError::Query);
    }
    if query.is_empty() {
        return Ok(url);
    }
    Ok(format!("{url}?{}", encode_query(query.iter().copied())))
}

/// The gateway answers 400 `XMinioInvalidResourceName` to a segment `.` or `..`, in a query's value
/// too, and a URL parser on the way would take it away.
fn has_dot_segment(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment.trim(), "." | ".."))
}

fn is_host(host: &str) -> bool {
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "443"));
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
