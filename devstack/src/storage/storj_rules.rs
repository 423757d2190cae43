//! What Storj's gateway refuses and `s3s` does not. Each rule was read in the gateway's source.

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use chrono::NaiveDateTime;
use http_body_util::BodyExt;
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use super::expiry;
use super::refusal::Refusal;

/// A presigned URL lives seven days at most.
const LONGEST_PRESIGNED: i64 = 604_800;
/// Clocks may differ by a quarter of an hour.
const SKEW: i64 = 900;
/// User metadata, names and values together.
const LONGEST_METADATA: usize = 2_048;
/// Larger bodies are not compared with their hash; that would keep them in memory.
const LONGEST_COMPARED: u64 = 64 * 1024 * 1024;

/// The headers that may carry an expiry.
const PREFIXES: [&str; 2] = ["x-amz-meta-", "x-minio-meta-"];

/// Bucket and key of a path-style request, decoded.
#[derive(Debug)]
pub(super) struct ObjectName {
    pub(super) bucket: String,
    pub(super) key: String,
}

impl ObjectName {
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let (bucket, key) = uri.path().strip_prefix('/')?.split_once('/')?;
        let decode = |text| percent_decode_str(text).decode_utf8().ok().map(String::from);
        let name = Self { bucket: decode(bucket)?, key: decode(key)? };
        (!name.key.is_empty()).then_some(name)
    }
}

/// Checks everything that does not need the signature to be right.
/// `now`: seconds since 1970 by the server's clock.
pub(super) fn check(parts: &Parts, now: i64) -> Result<(), Refusal> {
    check_path(parts)?;
    check_host(parts)?;
    check_presigned(parts, now)?;
    check_skew(parts, now)?;
    check_payload(parts)?;
    check_metadata(parts)
}

fn check_path(parts: &Parts) -> Result<(), Refusal> {
    let path = parts.uri.path();
    // The gateway signs the strictly encoded path; whoever left anything else as it is signed another.
    if !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~/%".contains(&byte)) {
        return Err(Refusal::forbidden("SignatureDoesNotMatch", SIGNATURE));
    }
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    if decoded.split('/').any(|segment| matches!(segment, "." | "..")) {
        let message = "Resource name contains bad components such as \"..\" or \".\".";
        return Err(Refusal::bad_request("XMinioInvalidResourceName", message));
    }
    Ok(())
}

/// The host is among what is signed, in both forms; `s3s` takes any list of headers.
fn check_host(parts: &Parts) -> Result<(), Refusal> {
    let in_header = text(parts, "authorization").split_once("SignedHeaders=").map(|(_, rest)| rest.split(',').next().unwrap_or_default());
    let Some(signed) = in_header.map(str::to_owned).or_else(|| query(&parts.uri, "X-Amz-SignedHeaders")) else {
        return Ok(());
    };
    if signed.split(';').any(|name| name.trim() == "host") {
        return Ok(());
    }
    Err(Refusal::bad_request("AccessDenied", "There were headers present in the request which were not signed"))
}

/// The words that S3 servers have for it.
pub(super) const SIGNATURE: &str = "The request signature we calculated does not match the \
     signature you provided. Check your key and signing method.";

fn check_presigned(parts: &Parts, now: i64) -> Result<(), Refusal> {
    let has_header = parts.headers.contains_key(header::AUTHORIZATION);
    if query(&parts.uri, "X-Amz-Credential").is_some() && has_header {
        let message = "Only one auth mechanism allowed";
        return Err(Refusal::bad_request("InvalidRequest", message));
    }
    let Some(expires) = query(&parts.uri, "X-Amz-Expires") else {
        return Ok(());
    };
    let expires = match expires.parse::<i64>() {
        Ok(seconds @ 0..=LONGEST_PRESIGNED) => seconds,
        _ => {
            let message = "X-Amz-Expires must be less than a week (in seconds) that is 604800";
            return Err(Refusal::bad_request("AuthorizationQueryParametersError", message));
        }
    };
    match seconds(&query(&parts.uri, "X-Amz-Date").unwrap_or_default()) {
        Some(date) if date > now + SKEW => Err(Refusal::forbidden("AccessDenied", "Request is not valid yet")),
        Some(date) if date + expires < now => Err(Refusal::forbidden("AccessDenied", "Request has expired")),
        _ => Ok(()),
    }
}

/// A request that is signed in its headers, at another time than the server's.
fn check_skew(parts: &Parts, now: i64) -> Result<(), Refusal> {
    match seconds(text(parts, "x-amz-date")) {
        Some(date) if (date - now).abs() > SKEW => {
            let message = "The difference between the request time and the server's time is too large.";
            Err(Refusal::forbidden("RequestTimeTooSkewed", message))
        }
        _ => Ok(()),
    }
}

fn seconds(date: &str) -> Option<i64> {
    NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").ok().map(|date| date.and_utc().timestamp())
}

fn check_payload(parts: &Parts) -> Result<(), Refusal> {
    let hash = text(parts, "x-amz-content-sha256");
    if hash.starts_with("STREAMING-") && hash != "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" {
        let message = "The authorization mechanism you have provided is not supported. Please use \
                       AWS4-HMAC-SHA256.";
        return Err(Refusal::bad_request("InvalidRequest", message));
    }
    let is_delete_objects = parts.method == Method::POST && has_query(&parts.uri, "delete");
    let is_object_put =
        parts.method == Method::PUT && ObjectName::of(&parts.uri).is_some() && !parts.headers.contains_key("x-amz-copy-source");
    if is_delete_objects && !parts.headers.contains_key("content-md5") {
        let message = "Missing required header for this request: Content-Md5.";
        return Err(Refusal::bad_request("MissingContentMD5", message));
    }
    let length = text(parts, "content-length").parse::<u64>().ok();
    if length.is_none() && (is_object_put || is_delete_objects) {
        let message = "You must provide the Content-Length HTTP header.";
        return Err(Refusal::new(StatusCode::LENGTH_REQUIRED, "MissingContentLength", message));
    }
    Ok(())
}

fn check_metadata(parts: &Parts) -> Result<(), Refusal> {
    if !matches!(parts.method, Method::PUT | Method::POST) {
        return Ok(());
    }
    let mut length = 0;
    let headers =
        parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    for (name, value) in headers.chain(query_pairs(&parts.uri)) {
        let name = name.to_ascii_lowercase();
        let Some(short) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) else {
            continue;
        };
        length += short.len() + value.len();
        if expiry::NAMES.contains(&short) && expiry::parse(&value).is_none() {
            let message = "The TTL you specified is not valid.";
            return Err(Refusal::bad_request("InvalidTTL", message));
        }
    }
    if length > LONGEST_METADATA {
        let message = "Your metadata headers exceed the maximum allowed metadata size.";
        return Err(Refusal::bad_request("MetadataTooLarge", message));
    }
    Ok(())
}

/// Storj takes `x-amz-meta-*` from a presigned URL's query too, and has a second prefix; `s3s`
/// knows only the header.
pub(super) fn metadata_from_query(parts: &mut Parts) {
    if !matches!(parts.method, Method::PUT | Method::POST) {
        return;
    }
    let headers = parts.headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let given: Vec<(String, String)> = headers.chain(query_pairs(&parts.uri)).collect();
    for (name, value) in given {
        let name = name.to_ascii_lowercase();
        let Some(short) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) else {
            continue;
        };
        let name = HeaderName::try_from(format!("x-amz-meta-{short}"));
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            parts.headers.entry(name).or_insert(value);
        }
    }
}

/// Hands the body on, and whether it differs from the hash that was signed: `s3s` notices that too,
/// but calls it an internal error.
pub(super) async fn compare_hash(parts: &Parts, body: Body) -> Result<(Body, bool), Refusal> {
    let hash = text(parts, "x-amz-content-sha256");
    let length = text(parts, "content-length").parse::<u64>().unwrap_or(0);
    let comparable = hash.len() == 64 && length > 0 && length <= LONGEST_COMPARED;
    if !comparable {
        return Ok((body, false));
    }
    let collected =
        body.collect().await.map_err(|_| Refusal::bad_request("IncompleteBody", "The body ended before its Content-Length."))?;
    let bytes: Bytes = collected.to_bytes();
    let actual: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((Body::from(bytes), actual != hash))
}

fn text<'a>(parts: &'a Parts, name: &str) -> &'a str {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn query_pairs(uri: &Uri) -> impl Iterator<Item = (String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', "%20")).decode_utf8_lossy().into_owned();
    uri.query().unwrap_or_default().split('&').map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// A parameter of the query, decoded.
pub(super) fn query(uri: &Uri, name: &str) -> Option<String> {
    query_pairs(uri).find(|(found, _)| found == name).map(|(_, value)| value)
}

pub(super) fn has_query(uri: &Uri, name: &str) -> bool {
    query(uri, name).is_some()
}
