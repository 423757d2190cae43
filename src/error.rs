//! The one error of every route: what the caller is told, and with which status.
//!
//! What LiveKit, Storj or D1 wrote is never part of it: LiveKit's messages repeat tokens.

use crate::shape;
use std::borrow::Cow;
use std::ops::Deref;

/// An answer that is not a success. One word long, because every `?` carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Told>);

/// What an error tells. `code` is for programs, `message` for people, `hint` says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The HTTP status.
    pub status: u16,
    /// A stable name such as `room_not_found`.
    pub code: &'static str,
    /// What is wrong, naming the field and the limit where there is one.
    pub message: Cow<'static, str>,
    /// What to do about it.
    pub hint: Option<Cow<'static, str>>,
    /// Seconds after which another try makes sense: the `Retry-After` header.
    pub retry_after: Option<u32>,
    /// The `Allow` header of a 405.
    pub allow: Option<&'static str>,
}

impl Deref for Error {
    type Target = Told;

    fn deref(&self) -> &Told {
        &self.0
    }
}

shape! {
    /// A refusal, or trouble.
    #[schemars(rename = "Error")]
    pub struct ErrorBody<'a> {
        /// `false`.
        "success" => success: bool,
        /// For programs; it stays what it is.
        "code" => code: &'a str,
        /// For people, naming field and limit where there is one.
        "message" => message: &'a str,
        /// What to do about it.
        "hint" => hint: Option<&'a str>,
        /// Leads to the line in the log.
        "requestId" => request_id: &'a str,
    }
}

impl Error {
    /// An error without a hint.
    #[must_use]
    pub fn new(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Told { status, code, message: message.into(), hint: None, retry_after: None, allow: None }))
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds after how many seconds another try makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Adds the methods that an address takes.
    #[must_use]
    pub fn allow(mut self, methods: &'static str) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// 400: the request says something that cannot be.
    #[must_use]
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, "invalid_request", message)
    }

    /// 401: the route needs a signed-in caller.
    #[must_use]
    pub fn sign_in() -> Self {
        Self::new(401, "not_signed_in", "this needs a signed-in user")
            .hint("send `Authorization: Bearer <token>` with a token of your sign-in provider")
    }

    /// 401: a bearer token came, and it is not one of ours.
    #[must_use]
    pub fn bad_token(why: impl std::fmt::Display) -> Self {
        Self::new(401, "invalid_token", format!("the bearer token was refused: {why}"))
            .hint("sign in again; the operator sets what is accepted: AUTH_JWT_SECRET, or AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE")
    }

    /// 403: signed in, and somebody else's.
    #[must_use]
    pub fn not_yours(what: &str) -> Self {
        Self::new(403, "not_owner", format!("this {what} belongs to another user")).hint("only its owner and admins may do this")
    }

    /// 403: signed in, and no admin.
    #[must_use]
    pub fn admins_only() -> Self {
        Self::new(403, "admins_only", "this is for admins").hint("admins are in ADMIN_USER_IDS, or have the claim role: \"service_role\"")
    }

    /// 404 of a route that there is not.
    #[must_use]
    pub fn no_route() -> Self {
        Self::new(404, "not_found", "there is nothing at this address").hint("the routes are listed in README.md")
    }

    /// 404: neither a stream nor a room of that name, as far as this caller may know.
    #[must_use]
    pub fn room_not_found() -> Self {
        Self::new(404, "room_not_found", "there is no such room here").hint(
            "make a stream first (POST /api/streams) or ask for a token with role \"host\"; rooms that \
             another backend made can be recorded by admins, or by who publishes in them with \
             RECORD_FOREIGN_ROOMS=publisher",
        )
    }

    /// 404: no such stream, as far as this caller may know.
    #[must_use]
    pub fn stream_not_found() -> Self {
        Self::new(404, "stream_not_found", "there is no such stream")
    }

    /// 404: no such recording, as far as this caller may know.
    #[must_use]
    pub fn recording_not_found() -> Self {
        Self::new(404, "recording_not_found", "there is no such recording")
    }

    /// 409: the room's name is somebody else's.
    #[must_use]
    pub fn room_taken() -> Self {
        Self::new(409, "room_taken", "this room name belongs to another user").hint("choose another roomName")
    }

    /// 429: more in a minute than the binding of that name allows a user.
    #[must_use]
    pub fn too_fast(binding: &str) -> Self {
        Self::new(429, "rate_limited", format!("more in a minute than {binding} allows one user here"))
            .hint("wait a minute; the operator sets the limit in wrangler.toml")
            .retry_after(60)
    }

    /// 503: D1 did not answer or refused for now. Nothing was written, or all of it was.
    #[must_use]
    pub fn database() -> Self {
        Self::new(503, "database_unavailable", "the database did not answer")
            .hint("try again: every request may be repeated safely")
            .retry_after(2)
    }

    /// 503: LiveKit did not answer.
    #[must_use]
    pub fn livekit_unavailable() -> Self {
        Self::new(503, "livekit_unavailable", "LiveKit did not answer").hint("try again in a few seconds").retry_after(5)
    }

    /// 502: LiveKit refuses our API key.
    #[must_use]
    pub fn livekit_refused() -> Self {
        Self::new(502, "livekit_refused", "LiveKit refused this Worker's API key")
            .hint("check LIVEKIT_API_KEY and LIVEKIT_API_SECRET: they are of another project, or revoked")
    }

    /// 500: a fault of this program. The request id leads to its log line.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(500, "internal_error", "something went wrong here").hint("the operator finds the reason in the log under this requestId")
    }

    /// The body that the caller gets.
    #[must_use]
    pub fn body<'a>(&'a self, request_id: &'a str) -> ErrorBody<'a> {
        ErrorBody { success: false, code: self.code, message: &self.message, hint: self.hint.as_deref(), request_id }
    }
}
