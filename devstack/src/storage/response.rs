//! What is done to `s3s`'s answers: overrides on HEAD, the error for a missing bucket, messages,
//! CORS, a request id.

use std::path::Path;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use http_body_util::BodyExt;

use super::parts::Uploads;
use super::refusal::{Refusal, element};
use super::storj_rules::{ObjectName, SIGNATURE, has_query, query};

/// Response headers that a request may choose.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-content-type", header::CONTENT_TYPE),
    ("response-content-disposition", header::CONTENT_DISPOSITION),
    ("response-content-encoding", header::CONTENT_ENCODING),
    ("response-content-language", header::CONTENT_LANGUAGE),
    ("response-cache-control", header::CACHE_CONTROL),
    ("response-expires", header::EXPIRES),
];

/// What must be known of a request once `s3s` has consumed it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    uri: Uri,
}

impl Asked {
    pub(super) fn of(parts: &Parts) -> Self {
        Self { method: parts.method.clone(), uri: parts.uri.clone() }
    }

    /// PUT of an object (not of a part), or the end of a multipart upload.
    pub(super) fn stores_an_object(&self) -> bool {
        let of_upload = has_query(&self.uri, "uploadId");
        (self.method == Method::PUT && !of_upload) || (self.method == Method::POST && of_upload)
    }

    /// The multipart upload whose parts this is to put together.
    pub(super) fn completes(&self) -> Option<String> {
        query(&self.uri, "uploadId").filter(|_| self.method == Method::POST)
    }

    /// Has `uploads` follow what was answered; hands the answer on.
    pub(super) async fn note_parts(&self, answered: Response, uploads: &Uploads) -> Response {
        if !answered.status().is_success() {
            return answered;
        }
        let (id, number) = (query(&self.uri, "uploadId"), query(&self.uri, "partNumber"));
        match (&self.method, id, number) {
            (&Method::PUT, Some(id), Some(number)) => {
                let etag = answered.headers().get(header::ETAG).and_then(|etag| etag.to_str().ok());
                uploads.take(&id, &number, etag.unwrap_or_default());
            }
            (&Method::POST | &Method::DELETE, Some(id), _) => uploads.end(&id),
            (&Method::POST, None, _) if has_query(&self.uri, "uploads") => {
                let (parts, body) = answered.into_parts();
                let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                uploads.begin(&String::from_utf8_lossy(&bytes));
                return Response::from_parts(parts, Body::from(bytes));
            }
            _ => {}
        }
        answered
    }
}

/// Finishes an answer.
pub(super) async fn complete(mut answered: Response, asked: &Asked, name: Option<&ObjectName>, root: &Path) -> Response {
    if !answered.status().is_success() {
        answered = complete_error(answered, asked, name, root).await;
    } else if asked.method == Method::HEAD {
        for (parameter, header) in OVERRIDES {
            let value = query(&asked.uri, parameter).map(HeaderValue::try_from);
            if let Some(Ok(value)) = value {
                answered.headers_mut().insert(header, value);
            }
        }
    }
    let id = crate::ids::letters(16);
    if let Ok(id) = HeaderValue::try_from(id.to_ascii_uppercase()) {
        answered.headers_mut().entry("x-amz-request-id").or_insert(id);
    }
    answered
}

/// `s3s` leaves out messages, and `s3s-fs` calls an object of a missing bucket a missing key.
async fn complete_error(answered: Response, asked: &Asked, name: Option<&ObjectName>, root: &Path) -> Response {
    let status = answered.status();
    if !status.is_client_error() || asked.method == Method::HEAD {
        return answered;
    }
    let (parts, body) = answered.into_parts();
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let code = element(&text, "Code").unwrap_or_default();
    let bucket_is_missing = name.is_some_and(|name| !root.join(&name.bucket).is_dir());
    // `s3s-fs` calls an upload that it does not know forbidden, without a message. Storj: NoSuchUpload; to abort it is done.
    let no_upload = code == "AccessDenied" && has_query(&asked.uri, "uploadId") && element(&text, "Message").is_none();
    if no_upload && asked.method == Method::DELETE {
        let mut gone = Response::new(Body::empty());
        *gone.status_mut() = StatusCode::NO_CONTENT;
        return gone;
    }
    let refusal = match code {
        _ if no_upload => Some(Refusal::new(StatusCode::NOT_FOUND, "NoSuchUpload", "The specified multipart upload does not exist.")),
        "NoSuchKey" if bucket_is_missing => {
            Some(Refusal::new(StatusCode::NOT_FOUND, "NoSuchBucket", "The specified bucket does not exist"))
        }
        _ if element(&text, "Message").is_some() => None,
        "NoSuchKey" => Some(Refusal::new(status, code, "The specified key does not exist.")),
        "NoSuchBucket" => Some(Refusal::new(status, code, "The specified bucket does not exist")),
        "SignatureDoesNotMatch" => Some(Refusal::new(status, code, SIGNATURE)),
        "AccessDenied" => Some(Refusal::new(status, code, "Access Denied.")),
        _ => None,
    };
    match refusal {
        Some(refusal) => refusal.into_response(&asked.method),
        None => Response::from_parts(parts, Body::from(bytes)),
    }
}

/// Storj's gateway allows every origin, method and header.
pub(super) fn allow_any_origin(headers: &mut HeaderMap, wanted: Option<HeaderValue>) {
    let any = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any.clone());
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, any.clone());
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.unwrap_or(any));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, PUT, HEAD, POST, DELETE, OPTIONS, PATCH"));
}
