//! The claims of a caller's token that are read at all, and in which spellings.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::token::TokenError;
use crate::jws::{self, NumericDate, TimeFault};
use crate::time::Millis;

/// What is read of a verified token. Supabase's `app_metadata` and `user_metadata` are not: the
/// latter is the user's own to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The user's id; an empty one is none.
    pub sub: Option<String>,
    /// Supabase's role: `authenticated`, `anon`, `service_role`; of another type: none.
    pub role: Option<String>,
    /// The issuer.
    pub iss: Option<String>,
    /// The audiences.
    pub aud: Vec<String>,
    /// There is a `video` claim, of whatever kind: the token is for LiveKit.
    pub has_video_grant: bool,
    /// A name to show; of another type: none.
    pub name: Option<String>,
}

impl Claims {
    /// Reads a payload whose signature was verified; [`super::token::BearerToken::claims`] sees to
    /// that.
    pub(super) fn read(payload: &[u8], now: Millis) -> Result<Self, TokenError> {
        let read: RawClaims = jws::object(payload).map_err(|_| TokenError::Malformed)?;
        jws::check_times(read.exp, read.nbf, now).map_err(|fault| match fault {
            TimeFault::NoExpiry => TokenError::NoExpiry,
            TimeFault::Expired => TokenError::Expired,
            TimeFault::NotYetValid => TokenError::NotYetValid,
        })?;
        Ok(Self {
            sub: read.sub.filter(|sub| !sub.is_empty()),
            role: read.role,
            iss: read.iss,
            aud: match read.aud {
                None => Vec::new(),
                Some(Audience::One(one)) => vec![one],
                Some(Audience::Many(many)) => many,
            },
            has_video_grant: read.video,
            name: read.name,
        })
    }
}

#[derive(Deserialize)]
struct RawClaims {
    #[serde(default)]
    exp: Option<NumericDate>,
    #[serde(default)]
    nbf: Option<NumericDate>,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    role: Option<String>,
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    aud: Option<Audience>,
    #[serde(default, deserialize_with = "present")]
    video: bool,
    #[serde(default, deserialize_with = "text_or_nothing")]
    name: Option<String>,
}

/// RFC 7519, section 4.1.3: one text or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Some issuers give `role` as a list: no reason to refuse their users.
fn text_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// Called only where the member is there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}
