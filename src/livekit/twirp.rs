//! One call to LiveKit's server API: Twirp with JSON (<https://twitchtv.github.io/twirp/docs/spec_v7.html>).

use serde_json::Value;

use super::token::{VideoGrants, api_token, api_token_valid};
use crate::config::Config;
use crate::error::Error;
use crate::http::{Incoming, Outgoing, Unanswered};
use crate::json;
use crate::time::Millis;

/// LiveKit's own SDKs wait 10 s. A recorder answers in 0.6 s; one that is not there, never.
pub const TIMEOUT_MS: u32 = 10_000;

/// Builds a call. `grants` are just those that the method asks for, for one minute.
///
/// # Errors
/// The token could not be signed: a fault of this program.
pub fn call(config: &Config, service: &str, method: &str, grants: VideoGrants, body: &Value, now: Millis) -> Result<Outgoing, Error> {
    let token = api_token(&config.livekit_key, grants, now).map_err(|_| Error::internal())?;
    Ok(with_token(config, service, method, &token, body))
}

/// A call whose token is valid at other times: by what a server takes its clock is known.
///
/// # Errors
/// As [`call`].
pub fn call_valid(
    config: &Config,
    service: &str,
    method: &str,
    grants: VideoGrants,
    body: &Value,
    from: Millis,
    until: Millis,
) -> Result<Outgoing, Error> {
    let token = api_token_valid(&config.livekit_key, grants, from, until).map_err(|_| Error::internal())?;
    Ok(with_token(config, service, method, &token, body))
}

fn with_token(config: &Config, service: &str, method: &str, token: &str, body: &Value) -> Outgoing {
    Outgoing {
        method: "POST",
        url: format!("{}/twirp/livekit.{service}/{method}", config.livekit_api),
        headers: vec![("authorization".to_owned(), format!("Bearer {token}")), ("content-type".to_owned(), "application/json".to_owned())],
        body: crate::json::write(body).into_bytes(),
        timeout_ms: TIMEOUT_MS,
    }
}

/// Why a call has no result. LiveKit's message is not kept: it repeats tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// Nobody knows whether it was done: no answer, a 5xx, or one that is not LiveKit's.
    Unknown(&'static str),
    /// It was not done, and asking again changes nothing.
    Refused(Refusal),
}

/// A definite no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 404: no such room or egress.
    NotFound,
    /// 412: it is over already.
    Precondition,
    /// 401, 403: key, secret or grant.
    Unauthenticated,
    /// 429: the project's limit. Later it may be granted.
    Exhausted,
    /// 400 and the rest.
    Invalid,
}

impl Failed {
    /// A short code for logs and for `recording.error`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown(code) => code,
            Self::Refused(Refusal::NotFound) => "livekit_not_found",
            Self::Refused(Refusal::Precondition) => "livekit_over_already",
            Self::Refused(Refusal::Unauthenticated) => "livekit_key_refused",
            Self::Refused(Refusal::Exhausted) => "livekit_limit",
            Self::Refused(Refusal::Invalid) => "livekit_refused",
        }
    }
}

/// LiveKit's word, in a shape that tells nothing.
pub const UNREADABLE: Failed = Failed::Unknown("livekit_answer_unreadable");

/// Reads the answer of a call.
///
/// # Errors
/// See [`Failed`]. A 404 counts as LiveKit's only in Twirp's own words: a proxy's 404 proves nothing.
pub fn answer(result: Result<Incoming, Unanswered>) -> Result<Value, Failed> {
    let incoming = match result {
        Ok(incoming) => incoming,
        Err(Unanswered::Timeout) => return Err(Failed::Unknown("livekit_timeout")),
        Err(Unanswered::Network) => return Err(Failed::Unknown("livekit_unreachable")),
        Err(Unanswered::TooLong) => return Err(Failed::Unknown("livekit_answer_too_long")),
    };
    let body: Value = serde_json::from_slice(&incoming.body).unwrap_or_default();
    if incoming.status == 200 {
        return if body.is_object() { Ok(body) } else { Err(UNREADABLE) };
    }
    let (code, message) = (json::text(&body, &["code"]), json::text(&body, &["msg"]));
    Err(match (incoming.status, code) {
        // Authentication fails before anything is done, in plain text.
        (401 | 403, _) => Failed::Refused(Refusal::Unauthenticated),
        (404, "not_found") => Failed::Refused(Refusal::NotFound),
        (412, "failed_precondition") => Failed::Refused(Refusal::Precondition),
        (429, _) => Failed::Refused(Refusal::Exhausted),
        (400, "invalid_argument" | "malformed" | "out_of_range") | (501, "unimplemented") => Failed::Refused(Refusal::Invalid),
        (503, "unavailable") if message.contains("no response") => Failed::Unknown("no_recorder"),
        (408, _) => Failed::Unknown("livekit_timeout"),
        _ => Failed::Unknown("livekit_unavailable"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn read(status: u16, body: &str) -> Result<Value, Failed> {
        answer(Ok(Incoming { status, body: body.as_bytes().to_vec(), ..Incoming::default() }))
    }

    #[test]
    fn only_definite_answers_are_definite() {
        for (status, body, failed) in [
            (401, "invalid token: eyJ…", Failed::Refused(Refusal::Unauthenticated)),
            (404, r#"{"code":"not_found","msg":"requested room does not exist"}"#, Failed::Refused(Refusal::NotFound)),
            (404, "<html>404</html>", Failed::Unknown("livekit_unavailable")),
            (404, r#"{"code":"bad_route","msg":""}"#, Failed::Unknown("livekit_unavailable")),
            (412, r#"{"code":"failed_precondition","msg":""}"#, Failed::Refused(Refusal::Precondition)),
            (503, r#"{"code":"unavailable","msg":"no response from servers"}"#, Failed::Unknown("no_recorder")),
            (503, "<html>", Failed::Unknown("livekit_unavailable")),
            (500, r#"{"code":"internal","msg":"x"}"#, Failed::Unknown("livekit_unavailable")),
            (408, r#"{"code":"deadline_exceeded","msg":"request timed out"}"#, Failed::Unknown("livekit_timeout")),
            (400, r#"{"code":"invalid_argument","msg":"x"}"#, Failed::Refused(Refusal::Invalid)),
            (200, "<html>", Failed::Unknown("livekit_answer_unreadable")),
            (200, "[]", Failed::Unknown("livekit_answer_unreadable")),
        ] {
            assert_eq!(read(status, body), Err(failed), "{status} {body}");
        }
    }
}
