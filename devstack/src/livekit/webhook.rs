//! One webhook: its body and its signature, byte for byte in the real server's manner.
//!
//! camelCase, zero values absent, 64-bit integers as strings, `<>&` and non-ASCII as they are, and a
//! space after each comma but none after a colon (Go's protojson picks its spacing per build; this
//! is the one seen). So a receiver must hash the bytes it got, not its own idea of the JSON.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use livekit_protocol::WebhookEvent;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use sha2::{Digest, Sha256};

use crate::ids;
use crate::options::ApiKey;
use crate::pace;

/// Webhook tokens live five minutes.
const TOKEN_SECONDS: i64 = 300;

/// A receiver: where, signed by whom, which events.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) key: ApiKey,
    /// Empty includes all.
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
}

impl Target {
    pub(crate) fn wants(&self, event: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|name| name == event);
        (self.include.is_empty() || named(&self.include)) && !named(&self.exclude)
    }
}

/// A new event of this name, with its id and its time; the caller adds what it is about.
pub(crate) fn event(name: &str) -> WebhookEvent {
    WebhookEvent { event: name.to_owned(), id: ids::new("EV_"), created_at: pace::now_s(), ..Default::default() }
}

/// The body's exact text.
pub(crate) fn body(event: &WebhookEvent) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, GoSpacing);
    // Writing to memory cannot fail, and neither can these types: no map has a non-string key.
    let _ = event.serialize(&mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

/// The `Authorization` header: a bare token with the claims exp, iss, nbf and sha256 only.
/// `now`: seconds since 1970 by LiveKit's clock.
pub(crate) fn authorization(key: &ApiKey, body: &str, now: i64) -> String {
    let claims = format!(
        r#"{{"exp":{},"iss":{},"nbf":{now},"sha256":"{}"}}"#,
        now + TOKEN_SECONDS,
        serde_json::Value::from(key.name.as_str()),
        STANDARD.encode(Sha256::digest(body)),
    );
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac_sha256(&key.secret, &signed)))
}

fn hmac_sha256(secret: &str, text: &str) -> Vec<u8> {
    // HMAC takes keys of any length, so this has no failing case.
    match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        Err(_) => Vec::new(),
    }
}

/// A space after each comma.
struct GoSpacing;

impl GoSpacing {
    fn separate<W: ?Sized + std::io::Write>(writer: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
}

impl Formatter for GoSpacing {
    fn begin_array_value<W>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()>
    where
        W: ?Sized + std::io::Write,
    {
        Self::separate(writer, first)
    }

    fn begin_object_key<W>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()>
    where
        W: ?Sized + std::io::Write,
    {
        Self::separate(writer, first)
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, authorization, body, event};
    use crate::options::ApiKey;
    use livekit_protocol::Room;

    #[test]
    fn the_body_is_spaced_as_seen() {
        let mut sent = event("room_started");
        sent.id = "EV_46tM2zEc53Pi".into();
        sent.created_at = 1_795_397_510;
        sent.room = Some(Room { sid: "RM_1".into(), name: "a,<b>&ü".into(), ..Default::default() });
        assert_eq!(
            body(&sent),
            r#"{"event":"room_started", "room":{"sid":"RM_1", "name":"a,<b>&ü"}, "id":"EV_46tM2zEc53Pi", "createdAt":"1795397510"}"#
        );
    }

    #[test]
    fn livekits_own_verifier_takes_the_token() {
        let key = ApiKey { name: "k".into(), secret: "s".into() };
        let token = authorization(&key, "{}", crate::pace::now_s());
        let claims = livekit_api::access_token::TokenVerifier::with_api_key("k", "s").verify(&token);
        let hash = claims.map(|claims| claims.sha256).ok();
        assert_eq!(hash.as_deref(), Some("RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="));
    }

    #[test]
    fn filters_choose_events() {
        let key = ApiKey { name: "k".into(), secret: "s".into() };
        let target = |include: &[&str], exclude: &[&str]| Target {
            url: String::new(),
            key: key.clone(),
            include: include.iter().map(ToString::to_string).collect(),
            exclude: exclude.iter().map(ToString::to_string).collect(),
        };
        assert!(target(&[], &[]).wants("egress_ended"));
        assert!(!target(&["egress_started"], &[]).wants("egress_ended"));
        assert!(!target(&[], &["egress_ended"]).wants("egress_ended"));
    }
}
