//! AWS Signature Version 4: one request in, its signature out.
//!
//! In scope: the step from a finished request to a signature, general enough to replay AWS's published
//! vectors; the signing key and the signature itself are the crate `aws-sigv4`'s. Out of scope: what a
//! request to Storj looks like ([`super::sign`]).
//!
//! AWS's page: "Create a signed AWS API request", IAM User Guide.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use sha2::{Digest as _, Sha256};

use super::canonical::{self, SignedHeaders};
use crate::secret::Secret;
use crate::time::Millis;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// 9999-12-31T23:59:59Z, the last time that `x-amz-date` can say, in milliseconds.
const LAST_TIME: i64 = 253_402_300_799_000;

/// A pair of S3 credentials.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Sent with every request.
    pub access_key_id: String,
    /// Never sent.
    pub secret_access_key: Secret,
}

/// Why a request is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignError {
    /// The access key or its secret is empty.
    EmptyKey,
    /// The endpoint is not `http(s)://host[:port]`.
    Endpoint,
    /// The bucket's name or the region would not survive a URL or a signature's scope.
    Bucket,
    /// An object key that is empty, longer than 1,024 bytes, begins with `/`, or has control
    /// characters or a segment `.` or `..`.
    Key,
    /// A query parameter that signing adds itself, or a value with a segment `.` or `..`, which
    /// Storj refuses.
    Query,
    /// A header that signing adds itself.
    Header,
    /// Before 1970 or after 9999.
    Time,
    /// The request is not one that HTTP allows.
    Request,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyKey => "empty access key or secret",
            Self::Endpoint => "unusable endpoint",
            Self::Bucket => "unusable bucket or region",
            Self::Key => "unusable object key",
            Self::Query => "unusable query parameter",
            Self::Header => "header reserved for the signature",
            Self::Time => "time out of range",
            Self::Request => "unusable request",
        })
    }
}

impl std::error::Error for SignError {}

/// A finished request. Everything in it is signed.
#[derive(Clone, Copy, Debug)]
pub struct Unsigned<'a> {
    /// `GET` and so on.
    pub method: &'a str,
    /// The whole URL, its path percent-encoded as it will be sent.
    pub url: &'a str,
    /// The headers, without `x-amz-date` and `x-amz-content-sha256`; `host` is added from the URL where it is not among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; `None` signs `UNSIGNED-PAYLOAD`.
    pub body: Option<&'a [u8]>,
}

/// What a signature counts for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// `us-east-1` and so on.
    pub region: &'a str,
    /// `s3` but in AWS's vectors.
    pub service: &'a str,
    /// When it is signed; whole seconds count.
    pub now: Millis,
}

/// Where the signature goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into headers.
    Headers {
        /// Also sends and signs `x-amz-content-sha256`: S3 wants it, other services do not.
        content_hash: bool,
    },
    /// Into the query, for so many seconds.
    Query {
        /// 1 to 604,800 (a week); not checked here.
        expires_s: u32,
    },
}

/// A signature and what to add to the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Headers (names in lower case) or query parameters (not yet percent-encoded), the signature
    /// among them.
    pub add: Vec<(String, String)>,
    /// 64 hex digits.
    pub hex: String,
}

/// Signs one request.
///
/// # Errors
/// [`SignError::EmptyKey`], [`SignError::Time`], [`SignError::Request`].
pub fn sign_request(request: &Unsigned<'_>, credentials: &Credentials, scope: &Scope<'_>, place: Place) -> Result<Signature, SignError> {
    let (id, secret) = (credentials.access_key_id.as_str(), credentials.secret_access_key.reveal());
    if id.is_empty() || secret.is_empty() {
        return Err(SignError::EmptyKey);
    }
    let now = system_time(scope.now)?;
    let stamp = stamp(scope.now);
    let day = stamp.get(..8).unwrap_or_default();
    let within = [day, scope.region, scope.service, "aws4_request"].join("/");
    let credential = [id, &within].join("/");
    let payload = request.body.map_or_else(|| "UNSIGNED-PAYLOAD".to_owned(), |body| hex::encode(Sha256::digest(body)));

    // 1. What is added to the request, and signed with it.
    let mut added = Vec::new();
    let mut add = |name: &str, value: &str| added.push((name.to_owned(), value.to_owned()));
    if let Place::Headers { content_hash } = place {
        add("x-amz-date", &stamp);
        if content_hash {
            add("x-amz-content-sha256", &payload);
        }
    }
    let headers = SignedHeaders::of(request, &added)?;
    let names = headers.names();
    let mut add = |name: &str, value: &str| added.push((name.to_owned(), value.to_owned()));
    if let Place::Query { expires_s } = place {
        add("X-Amz-Algorithm", ALGORITHM);
        add("X-Amz-Credential", &credential);
        add("X-Amz-Date", &stamp);
        add("X-Amz-Expires", &expires_s.to_string());
        add("X-Amz-SignedHeaders", &names);
    }

    // 2. The signature.
    let query = if matches!(place, Place::Query { .. }) { added.as_slice() } else { &[] };
    let canonical = canonical::text(request, &headers, query, &payload)?;
    let to_sign = [ALGORITHM, &stamp, &within, &hex::encode(Sha256::digest(canonical))].join("\n");
    let hex = calculate_signature(generate_signing_key(secret, now, scope.region, scope.service), to_sign.as_bytes());
    added.push(match place {
        Place::Headers { .. } => {
            ("authorization".to_owned(), format!("{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={hex}"))
        }
        Place::Query { .. } => ("X-Amz-Signature".to_owned(), hex.clone()),
    });
    Ok(Signature { add: added, hex })
}

/// `20130524T000000Z`.
fn stamp(now: Millis) -> String {
    let digits = now.iso().replace(['-', ':'], "");
    [digits.get(..15).unwrap_or_default(), "Z"].concat()
}

/// The crate's own conversion panics outside of the years it can say.
fn system_time(now: Millis) -> Result<SystemTime, SignError> {
    u64::try_from(now.0)
        .ok()
        .filter(|_| now.0 <= LAST_TIME)
        .and_then(|ms| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms)))
        .ok_or(SignError::Time)
}
