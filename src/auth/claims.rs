//! The claims of a caller's token that are read at all, and in which spellings.

use serde_json::Value;

use super::token::TokenError;
use crate::jws::{self, TimeFault};
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
    /// What people call them, for their own eyes: `name`, else `email`, which is what Cloudflare Access tells.
    pub name: Option<String>,
}

impl Claims {
    /// Reads a payload whose signature was verified; [`super::token::BearerToken::claims`] sees to
    /// that.
    pub(super) fn read(payload: &[u8], now: Millis) -> Result<Self, TokenError> {
        let malformed = |_| TokenError::Malformed;
        let claims = jws::object(payload).map_err(malformed)?;
        let text = |name| jws::text(&claims, name).map_err(malformed);
        let date = |name| jws::date(&claims, name).map_err(malformed);
        // Some issuers give `role` as a list: no reason to refuse their users.
        let text_or_nothing = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let read = Self {
            sub: text("sub")?.filter(|sub| !sub.is_empty()),
            role: text_or_nothing("role"),
            iss: text("iss")?,
            aud: audiences(claims.get("aud")).ok_or(TokenError::Malformed)?,
            has_video_grant: claims.contains_key("video"),
            name: text_or_nothing("name").or_else(|| text_or_nothing("email")),
        };
        jws::check_times(date("exp")?, date("nbf")?, now).map_err(|fault| match fault {
            TimeFault::NoExpiry => TokenError::NoExpiry,
            TimeFault::Expired => TokenError::Expired,
            TimeFault::NotYetValid => TokenError::NotYetValid,
        })?;
        Ok(read)
    }
}

/// RFC 7519, section 4.1.3: one text or a list of them.
fn audiences(aud: Option<&Value>) -> Option<Vec<String>> {
    match aud {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::String(one)) => Some(vec![one.clone()]),
        Some(Value::Array(many)) => many.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        Some(_) => None,
    }
}
