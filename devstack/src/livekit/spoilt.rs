//! A call that goes wrong on purpose: done or not, at once or later, and answered otherwise or not at all.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::twirp::TwirpError;
use crate::fault_rules::{Form, Rule};
use crate::server::Cut;

/// Answers by the rule; `call` is what would be done and answered without it.
pub(super) async fn answer<F>(rule: Rule, headers: &HeaderMap, call: F) -> Response
where
    F: Future<Output = Response> + Send + 'static,
{
    tokio::time::sleep(Duration::from_millis(rule.delay_ms)).await;
    if !rule.spoils() {
        return call.await;
    }
    // Tasks of their own: a caller who hangs up does not take it back.
    if rule.acts {
        let _ = tokio::spawn(call).await;
    } else if let Some(ms) = rule.acts_late_ms {
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            call.await
        });
    }
    match rule.status.and_then(|status| StatusCode::from_u16(status).ok()) {
        Some(status) if !rule.cut => written(status, &rule, headers),
        _ => Cut::response(),
    }
}

fn written(status: StatusCode, rule: &Rule, headers: &HeaderMap) -> Response {
    match rule.form {
        Form::Json => {
            let (code, text) = match status.as_u16() {
                401 => ("unauthenticated", "permissions denied"),
                408 => ("deadline_exceeded", "request timed out"),
                429 => ("resource_exhausted", "egress concurrency limit exceeded"),
                503 => ("unavailable", "no response from servers"),
                _ => ("internal", "internal error"),
            };
            let code = if rule.code.is_empty() { code } else { &rule.code };
            let body = serde_json::json!({"code": code, "msg": text}).to_string();
            (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Form::Plain => {
            let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let token = token.trim_start_matches("Bearer ");
            (status, format!("invalid token: {token}, error: go-jose/go-jose: error in cryptographic primitive")).into_response()
        }
        Form::Html => {
            let reason = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
            let page = format!(
                "<html>\r\n<head><title>{reason}</title></head>\r\n<body>\r\n<center><h1>{reason}</h1></center>\r\n\
                 <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
            );
            (status, [(header::CONTENT_TYPE, "text/html")], page).into_response()
        }
    }
}

/// A refusal of the stand-in's own is an answer like any other.
pub(super) fn or_error(answer: Result<Response, TwirpError>) -> Response {
    answer.unwrap_or_else(IntoResponse::into_response)
}
