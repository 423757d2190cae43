//! Refusals in S3's XML.

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;

/// An error with Storj's status and code.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: String,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned() }
    }

    pub(super) fn bad_request(code: &str, message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn forbidden(code: &str, message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    pub(super) fn internal(error: &dyn std::fmt::Debug) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &format!("{error:?}"))
    }

    /// The body is not the one that was signed.
    pub(super) fn wrong_hash() -> Self {
        let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        Self::bad_request("XAmzContentSHA256Mismatch", message)
    }

    /// By a rule of `/dev/faults`; without a code, the one that goes with the status.
    pub(super) fn on_purpose(status: u16, code: &str) -> Self {
        let usual = match status {
            403 => "AccessDenied",
            404 => "NoSuchKey",
            429 => "SlowDown",
            503 => "ServiceUnavailable",
            _ => "InternalError",
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, if code.is_empty() { usual } else { code }, "Refused by /dev/faults.")
    }

    /// HEAD gets no body.
    pub(super) fn into_response(self, method: &Method) -> Response {
        let body = if method == Method::HEAD { Body::empty() } else { Body::from(self.xml()) };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        response
    }

    fn xml(&self) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>\
             <RequestId></RequestId><HostId></HostId></Error>",
            self.code,
            escape(&self.message)
        )
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The text in an XML element that has no children.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(value, _)| value)
}
