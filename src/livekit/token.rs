//! Tokens that LiveKit accepts, signed with `jwt-compact`.
//!
//! In scope: tokens to join a room and tokens for LiveKit's server API. Out of scope: who may get
//! which, and anything that tells LiveKit where to record to (`roomConfig`): a token is only signed,
//! not encrypted, so a storage key in it would be public.
//!
//! The shape is that of `livekit/protocol`, `auth/accesstoken.go` and `auth/grants.go`: header
//! `{"alg":"HS256","typ":"JWT"}`, the secret's text as the key, times in whole seconds.

use std::fmt;

use chrono::{DateTime, Utc};
use jwt_compact::{AlgorithmExt as _, Claims, Header};
use serde::Serialize;
use serde_json::{Map, Value};

use super::hs256::Hs256;
use crate::secret::Secret;
use crate::time::{Millis, SECOND};

/// For how long a token of the server API counts, in milliseconds: it is used at once, and only once.
const API_TTL: i64 = 60 * SECOND;

/// How far `nbf` of a token of the server API lies in the past, in milliseconds: a LiveKit server
/// whose clock is a little late must not refuse it.
const API_BACKDATE: i64 = 10 * SECOND;

/// A pair from `LIVEKIT_API_KEY` and `LIVEKIT_API_SECRET`.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The public name, sent as `iss`.
    pub key: String,
    /// The secret; its UTF-8 text is the HMAC key, whatever it looks like.
    pub secret: Secret,
}

/// What a token allows: LiveKit's `video` claim.
///
/// Where a right is `Option<bool>`, LiveKit takes absence as a default (publish and subscribe: yes,
/// update own metadata: no), so an explicit `false` must be sent.
#[derive(Serialize, Default, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct VideoGrants {
    /// `CreateRoom` and `DeleteRoom`.
    #[serde(skip_serializing_if = "is_false")]
    pub room_create: bool,
    /// `ListRooms`.
    #[serde(skip_serializing_if = "is_false")]
    pub room_list: bool,
    /// All of LiveKit's egress API, for every room of the project.
    #[serde(skip_serializing_if = "is_false")]
    pub room_record: bool,
    /// Participants and metadata of the one `room`.
    #[serde(skip_serializing_if = "is_false")]
    pub room_admin: bool,
    /// To join `room`.
    #[serde(skip_serializing_if = "is_false")]
    pub room_join: bool,
    /// The room's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// To publish tracks; absent: yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_publish: Option<bool>,
    /// To receive tracks; absent: yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_subscribe: Option<bool>,
    /// To publish data; absent: as `can_publish`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_publish_data: Option<bool>,
    /// To change one's own name, metadata and attributes; absent: no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_update_own_metadata: Option<bool>,
    /// `camera`, `microphone`, `screen_share`, `screen_share_audio`; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub can_publish_sources: Vec<String>,
}

/// Who joins, and as what.
#[derive(Clone, Debug)]
pub struct JoinToken<'a> {
    /// Unique in the room: a second one with the same identity throws the first out.
    pub identity: &'a str,
    /// The name to show.
    pub name: Option<&'a str>,
    /// Free text that everybody in the room sees.
    pub metadata: Option<&'a str>,
    /// Named texts that everybody in the room sees; left out when empty. LiveKit takes nothing but texts.
    pub attributes: &'a Map<String, Value>,
    /// `room_join` and `room` are required, the four rights of a server are refused.
    pub video: VideoGrants,
}

/// Why there is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignError {
    /// The key or its secret is empty: LiveKit would accept anybody's token for it.
    EmptyKey,
    /// A join token without identity.
    NoIdentity,
    /// A join token without the right to join, or without a room: its bearer could choose any.
    NoRoom,
    /// A join token with a right that only servers may have.
    ServerGrant,
    /// A life that is not positive, or a time outside what a token can say.
    Time,
    /// The claims could not be written.
    Encode,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyKey => "empty api key or secret",
            Self::NoIdentity => "no identity",
            Self::NoRoom => "no room to join",
            Self::ServerGrant => "a server's right in a join token",
            Self::Time => "time out of range",
            Self::Encode => "claims cannot be written",
        })
    }
}

impl std::error::Error for SignError {}

/// A token with which a browser joins one room. `sub` is the identity, `nbf` is `now`, `exp` is
/// `ttl_s` seconds later; LiveKit renews it itself while its bearer stays connected.
///
/// # Errors
/// [`SignError`].
pub fn join_token(key: &ApiKey, token: &JoinToken<'_>, now: Millis, ttl_s: i64) -> Result<String, SignError> {
    let video = &token.video;
    if token.identity.is_empty() {
        return Err(SignError::NoIdentity);
    }
    if !video.room_join || video.room.as_deref().is_none_or(str::is_empty) {
        return Err(SignError::NoRoom);
    }
    if video.room_create || video.room_list || video.room_record || video.room_admin {
        return Err(SignError::ServerGrant);
    }
    if ttl_s <= 0 {
        return Err(SignError::Time);
    }
    let claims = TokenClaims {
        iss: &key.key,
        sub: Some(token.identity),
        name: token.name,
        metadata: token.metadata,
        attributes: Some(token.attributes).filter(|all| !all.is_empty()),
        video,
    };
    sign(key, claims, now, now.plus(ttl_s.saturating_mul(SECOND)))
}

/// A token for one call of LiveKit's server API: it counts for a minute.
///
/// # Errors
/// [`SignError::EmptyKey`], [`SignError::Time`], [`SignError::Encode`].
pub fn api_token(key: &ApiKey, video: VideoGrants, now: Millis) -> Result<String, SignError> {
    api_token_valid(key, video, now.plus(-API_BACKDATE), now.plus(API_TTL))
}

/// The same, for other times.
///
/// # Errors
/// As [`api_token`].
pub fn api_token_valid(key: &ApiKey, video: VideoGrants, from: Millis, until: Millis) -> Result<String, SignError> {
    let claims = TokenClaims { iss: &key.key, sub: None, name: None, metadata: None, attributes: None, video: &video };
    sign(key, claims, from, until)
}

#[derive(Serialize)]
struct TokenClaims<'a> {
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<&'a Map<String, Value>>,
    video: &'a VideoGrants,
}

/// Signs `claims` with `nbf` and `exp` added, both in whole seconds.
pub(super) fn sign<T: Serialize>(key: &ApiKey, claims: T, not_before: Millis, expires: Millis) -> Result<String, SignError> {
    if key.key.is_empty() || key.secret.reveal().is_empty() {
        return Err(SignError::EmptyKey);
    }
    let mut claims = Claims::new(claims);
    claims.not_before = Some(date(not_before)?);
    claims.expiration = Some(date(expires)?);
    Hs256.token(&Header::empty().with_token_type("JWT"), &claims, &key.secret).map_err(|_| SignError::Encode)
}

fn date(at: Millis) -> Result<DateTime<Utc>, SignError> {
    DateTime::from_timestamp(at.secs(), 0).ok_or(SignError::Time)
}

fn is_false(flag: &bool) -> bool {
    !flag
}
