//! What the tests of webhooks begin with.

use livekit_storj::livekit::signature::{Refused, VerifiedBy, verify};
use livekit_storj::livekit::token::ApiKey;
use livekit_storj::secret::Secret;
use livekit_storj::time::Millis;
use serde_json::{Value, json};

use super::tokens::{body_hash, hs256};

pub(crate) const NAME: &str = "devkey";
pub(crate) const SECRET: &str = "devsecret-0123456789abcdef0123456789abcdef";
pub(crate) const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
pub(crate) const BODY: &[u8] = br#"{"event":"room_started"}"#;
pub(crate) const NOW: Millis = Millis::from_secs(1_800_000_000);

pub(crate) fn key(name: &str, secret: &str) -> ApiKey {
    ApiKey { key: name.into(), secret: Secret::new(secret) }
}

pub(crate) fn ours() -> ApiKey {
    key(NAME, SECRET)
}

/// The claims of a good webhook of [`BODY`], with some set anew or (by null) taken away.
pub(crate) fn claims(changes: Value) -> Value {
    let mut claims = json!({
        "iss": NAME, "nbf": NOW.secs(), "exp": NOW.secs() + 300, "sha256": body_hash(BODY),
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            _ => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

pub(crate) fn check(token: &str) -> Result<VerifiedBy, Refused> {
    verify(BODY, Some(token), &[&ours()], NOW)
}

pub(crate) fn check_claims(changes: Value) -> Result<VerifiedBy, Refused> {
    check(&hs256(&claims(changes), SECRET))
}

pub(crate) const GOOD: Result<VerifiedBy, Refused> = Ok(VerifiedBy { key_index: 0 });
