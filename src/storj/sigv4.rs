//! AWS Signature Version 4: one request in, its signature out.
//!
//! In scope: the step from a finished request to a signature, by the crate `aws-sigv4`, general
//! enough to replay AWS's published vectors. Out of scope: what a request to Storj looks like
//! ([`super::sign`]).
//!
//! AWS's page: "Create a signed AWS API request", IAM User Guide.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;

use crate::secret::Secret;
use crate::time::Millis;

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
    /// The headers; `host` is added from the URL where it is not among them.
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
    let Credentials { access_key_id, secret_access_key } = credentials;
    if access_key_id.is_empty() || secret_access_key.reveal().is_empty() {
        return Err(SignError::EmptyKey);
    }
    let identity = AwsCredentials::new(access_key_id, secret_access_key.reveal(), None, None, "config").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(system_time(scope.now)?)
        .settings(settings(place))
        .build()
        .map_err(|_| SignError::Request)?
        .into();
    let body = request.body.map_or(SignableBody::UnsignedPayload, SignableBody::Bytes);
    let signable =
        SignableRequest::new(request.method, request.url, request.headers.iter().copied(), body).map_err(|_| SignError::Request)?;
    let (instructions, hex) = sign(signable, &params).map_err(|_| SignError::Request)?.into_parts();

    let (headers, query) = instructions.into_parts();
    let headers = headers.iter().map(|header| (header.name().to_owned(), header.value().to_owned()));
    let query = query.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned()));
    Ok(Signature { add: headers.chain(query).collect(), hex })
}

/// The crate's defaults are those of other services; S3 takes the path as it is sent, once encoded.
fn settings(place: Place) -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    match place {
        Place::Headers { content_hash } => {
            settings.signature_location = SignatureLocation::Headers;
            if content_hash {
                settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            }
        }
        Place::Query { expires_s } => {
            settings.signature_location = SignatureLocation::QueryParams;
            // The crate panics without it.
            settings.expires_in = Some(Duration::from_secs(expires_s.into()));
        }
    }
    settings
}

/// The crate's own conversion panics outside of the years it can say.
fn system_time(now: Millis) -> Result<SystemTime, SignError> {
    u64::try_from(now.0)
        .ok()
        .filter(|_| now.0 <= LAST_TIME)
        .and_then(|ms| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms)))
        .ok_or(SignError::Time)
}
