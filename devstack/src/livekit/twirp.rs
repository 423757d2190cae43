//! Twirp over JSON: errors with their HTTP status, decoding a request, the shape of an answer.
//!
//! Codes, statuses and texts are those of livekit-server 1.9.12. Its texts are no interface: many
//! begin with a misleading "twirp error unknown: ", some do not; go by the code.

use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::reply::{self, Message};
use super::strict;

/// An error as Twirp writes it: `{"code":…, "msg":…}`, for a wrong route also with `meta`.
#[derive(Clone, Debug)]
pub(crate) struct TwirpError {
    code: &'static str,
    msg: String,
    invalid_route: Option<String>,
}

impl TwirpError {
    pub(crate) fn new(code: &'static str, msg: impl Into<String>) -> Self {
        Self { code, msg: msg.into(), invalid_route: None }
    }

    /// A room, egress or participant that is not there; with the real server's prefix.
    pub(crate) fn not_found(msg: &str) -> Self {
        Self::new("not_found", format!("twirp error unknown: {msg}"))
    }

    /// No such method, or not spoken to in JSON.
    pub(crate) fn bad_route(method: &Method, path: &str, msg: String) -> Self {
        Self { invalid_route: Some(format!("{method} {path}")), ..Self::new("bad_route", msg) }
    }

    /// LiveKit's wording for a request that it read but does not accept.
    pub(crate) fn invalid(field: &str) -> Self {
        Self::new("invalid_argument", format!("request has missing or invalid field: {field}"))
    }

    /// A missing grant is 401 at LiveKit, not 403.
    pub(crate) fn permissions_denied() -> Self {
        Self::new("unauthenticated", "permissions denied")
    }

    /// Nobody answered on the message bus in time.
    pub(crate) fn timed_out() -> Self {
        Self::new("deadline_exceeded", "request timed out")
    }

    /// No egress worker.
    pub(crate) fn no_servers() -> Self {
        Self::new("unavailable", "no response from servers")
    }

    fn status(&self) -> StatusCode {
        match self.code {
            "canceled" | "deadline_exceeded" => StatusCode::REQUEST_TIMEOUT,
            "invalid_argument" | "malformed" | "out_of_range" => StatusCode::BAD_REQUEST,
            "not_found" | "bad_route" => StatusCode::NOT_FOUND,
            "already_exists" | "aborted" => StatusCode::CONFLICT,
            "permission_denied" => StatusCode::FORBIDDEN,
            "unauthenticated" => StatusCode::UNAUTHORIZED,
            "resource_exhausted" => StatusCode::TOO_MANY_REQUESTS,
            "failed_precondition" => StatusCode::PRECONDITION_FAILED,
            "unimplemented" => StatusCode::NOT_IMPLEMENTED,
            "unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for TwirpError {
    fn into_response(self) -> Response {
        let mut body = json!({"code": self.code, "msg": self.msg});
        if let (Some(route), Some(fields)) = (&self.invalid_route, body.as_object_mut()) {
            fields.insert("meta".into(), json!({"twirp_invalid_route": route}));
        }
        let body = body.to_string();
        (self.status(), [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}

/// Only POST and only JSON are spoken here; LiveKit answers 404 to what it does not speak.
pub(crate) fn require_json(method: &Method, path: &str, headers: &HeaderMap) -> Result<(), TwirpError> {
    if method != Method::POST {
        let text = format!("unsupported method \"{method}\" (only POST is allowed)");
        return Err(TwirpError::bad_route(method, path, text));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() == "application/json" {
        return Ok(());
    }
    let text = format!("unexpected Content-Type: \"{kind}\"");
    Err(TwirpError::bad_route(method, path, text))
}

/// Reads a request; unknown fields are refused (see [`strict`]).
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, TwirpError> {
    let malformed = |error: serde_json::Error| TwirpError::new("malformed", format!("the json request could not be decoded: {error}"));
    let value = serde_json::from_slice::<Value>(body).map_err(malformed)?;
    let owned: Result<T, _> = strict::read(&value);
    owned.map_err(malformed)
}

/// An answer with its zero values and snake_case names.
pub(crate) fn answer(message: &'static Message, value: &impl Serialize) -> Result<Response, TwirpError> {
    let json = reply::complete(message, value).map_err(|error| TwirpError::new("internal", error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json.to_string()).into_response())
}
