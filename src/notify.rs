//! What the operator's own programs are told: Standard Webhooks, version 1
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, read November 2026).
//!
//! In scope: the secret, the signature, the request. Out of scope: what is told when (`store::outbox`) and trying
//! again ([`crate::flow::notify`]).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::http::Outgoing;
use crate::secret::Secret;
use crate::time::Millis;

/// A receiver is to answer at once and work behind its answer.
const TIMEOUT_MS: u32 = 10_000;

/// Where to, and signed with what.
#[derive(Clone, Debug)]
pub struct Notify {
    /// `NOTIFY_URL`.
    pub url: String,
    /// `NOTIFY_SECRET`, as it is written: `whsec_` and base64.
    pub secret: Secret,
}

/// The key in a secret: base64 of 24 to 64 bytes, with or without `whsec_` before it.
#[must_use]
pub fn key(secret: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok()?;
    (24..=64).contains(&key.len()).then_some(key)
}

/// `v1,` and the base64 of HMAC-SHA256 over id, time and body, joined by dots.
#[must_use]
pub fn sign(key: &[u8], id: &str, seconds: i64, body: &str) -> String {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    let mac = mac.chain_update(id).chain_update(".").chain_update(seconds.to_string()).chain_update(".").chain_update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// One try to deliver one message. The id stays the same at each try, the time is the try's.
#[must_use]
pub fn request(notify: &Notify, id: &str, body: &str, now: Millis) -> Outgoing {
    let key = key(notify.secret.reveal()).unwrap_or_default();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("user-agent", concat!("livekit-storj/", env!("CARGO_PKG_VERSION")).to_owned()),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", now.secs().to_string()),
        ("webhook-signature", sign(&key, id, now.secs(), body)),
    ];
    Outgoing {
        method: "POST",
        url: notify.url.clone(),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: body.as_bytes().to_vec(),
        timeout_ms: TIMEOUT_MS,
    }
}
