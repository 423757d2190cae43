//! Who calls: LiveKit's HS256 tokens, verified by LiveKit's own crate (signature, issuer, `nbf`,
//! and `exp`, which must be there), and the grants that each call asks for.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use livekit_api::access_token::{Claims, TokenVerifier, VideoGrants};

use super::twirp::TwirpError;
use crate::options::ApiKey;

/// So many seconds LiveKit forgives a clock.
const LEEWAY_S: i64 = 60;

/// The API keys that are known; never empty (the command line makes sure of it).
#[derive(Clone, Debug)]
pub(crate) struct ApiKeys(Vec<ApiKey>);

impl ApiKeys {
    pub(crate) fn new(keys: Vec<ApiKey>) -> Self {
        Self(keys)
    }

    /// The key that signs the project webhooks.
    pub(crate) fn first(&self) -> Option<&ApiKey> {
        self.0.first()
    }

    pub(crate) fn named(&self, name: &str) -> Option<&ApiKey> {
        self.0.iter().find(|key| key.name == name)
    }

    /// The claims of a good token, or LiveKit's words for what is wrong. They repeat the token, as
    /// the real server does: whoever logs such an answer logs a credential.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, String> {
        let Ok(unverified) = Claims::from_unverified(token) else {
            return Err("invalid authorization token".into());
        };
        let issuer = unverified.iss;
        let key = self.named(&issuer).ok_or_else(|| format!("invalid API key: {issuer}"))?;
        let verifier = TokenVerifier::with_api_key(&key.name, &key.secret);
        verifier.verify(token).map_err(|error| {
            // The crate's own text speaks of encoding; the cause says what is wrong.
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let reason = cause.unwrap_or_else(|| error.to_string());
            format!("invalid token: {token}, error: {reason}")
        })
    }

    /// The caller of an API request at `now_s` by LiveKit's clock. No header at all is a caller
    /// without grants; a bad one is refused here with 401 and plain text, before Twirp sees the request.
    pub(crate) fn caller(&self, headers: &HeaderMap, now_s: i64) -> Result<Caller, Box<Response>> {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Ok(Caller { grants: VideoGrants::default() });
        };
        let refuse = |text: String| Box::new((StatusCode::UNAUTHORIZED, text).into_response());
        let token = value.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        let token = token.ok_or_else(|| refuse("invalid authorization header. Must start with Bearer ".to_owned()))?;
        let claims = self.verify(token).map_err(refuse)?;
        in_time(&claims, now_s).map_err(|reason| refuse(format!("invalid token: {token}, error: {reason}")))?;
        Ok(Caller { grants: claims.video })
    }
}

/// What the caller of an API request may do.
#[derive(Debug)]
pub(crate) struct Caller {
    grants: VideoGrants,
}

impl Caller {
    /// Every call of the egress service; not limited to a room.
    pub(crate) fn may_record(&self) -> Result<(), TwirpError> {
        allow(self.grants.room_record)
    }

    /// ListRooms.
    pub(crate) fn may_list_rooms(&self) -> Result<(), TwirpError> {
        allow(self.grants.room_list)
    }

    /// CreateRoom and DeleteRoom.
    pub(crate) fn may_create_rooms(&self) -> Result<(), TwirpError> {
        allow(self.grants.room_create)
    }

    /// Calls about one room's participants: the grant names the room.
    pub(crate) fn may_administer(&self, room: &str) -> Result<(), TwirpError> {
        allow(self.grants.room_admin && self.grants.room == room)
    }
}

/// By a clock that may be off; by the right one they are good, or [`ApiKeys::verify`] had refused them.
fn in_time(claims: &Claims, now_s: i64) -> Result<(), &'static str> {
    let seconds = |time: usize| i64::try_from(time).unwrap_or(i64::MAX);
    if seconds(claims.nbf) > now_s + LEEWAY_S {
        return Err("go-jose/go-jose/jwt: validation failed, token not valid yet (nbf)");
    }
    if seconds(claims.exp) < now_s - LEEWAY_S {
        return Err("go-jose/go-jose/jwt: validation failed, token is expired (exp)");
    }
    Ok(())
}

fn allow(granted: bool) -> Result<(), TwirpError> {
    if granted { Ok(()) } else { Err(TwirpError::permissions_denied()) }
}
