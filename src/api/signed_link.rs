//! Links of our own that carry their right with them, for players and `<img>`, which send no bearer.
//!
//! `exp` (Unix seconds) and `sig`: HMAC-SHA256 over what the link is for and `exp`, with a key of its own made from
//! LiveKit's secret and a label, so that none of these signatures is one that LiveKit would take.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{Request, input};
use crate::config::Config;
use crate::error::Error;
use crate::input;
use crate::livekit::token::ApiKey;
use crate::time::Millis;

input! {
    /// What a link carries.
    pub struct SignedLinkQuery {
        /// Of which picture: it changes with it, so that a browser may keep it.
        "v" => version: Option<String>,
        /// Until when the link counts, in Unix seconds.
        "exp" => exp: Option<String>,
        /// The link's signature.
        "sig" => sig: Option<String>,
    }
}

/// Changes when the meaning of what is signed does.
const LABEL: &[u8] = b"livekit-storj signed link 1";

fn signature(key: &ApiKey, what: &str, exp: &str) -> Option<Hmac<Sha256>> {
    let mut derived = Hmac::<Sha256>::new_from_slice(key.secret.reveal().as_bytes()).ok()?;
    derived.update(LABEL);
    let mut mac = Hmac::<Sha256>::new_from_slice(&derived.finalize().into_bytes()).ok()?;
    for part in [what, "\n", exp] {
        mac.update(part.as_bytes());
    }
    Some(mac)
}

/// The query of a link for `what` until `exp`, in Unix seconds.
pub(super) fn query(config: &Config, what: &str, exp: i64) -> String {
    let exp = exp.to_string();
    let mac = signature(&config.livekit_key, what, &exp).map(|mac| hex::encode(mac.finalize().into_bytes()));
    ["exp=", &exp, "&sig=", &mac.unwrap_or_default()].concat()
}

/// Until when, in Unix seconds, this request may do `what`. Signatures by the previous key count while LiveKit's is
/// rotated.
///
/// # Errors
/// 403 `link_invalid` or `link_expired`.
pub(super) fn verify(config: &Config, request: &Request, what: &str, now: Millis) -> Result<i64, Error> {
    let invalid = || Error::new(403, "link_invalid", "this link was altered").hint(ANOTHER);
    let SignedLinkQuery { exp, sig, .. } = input::query(request)?;
    let (exp, sig) = (exp.unwrap_or_default(), hex::decode(sig.unwrap_or_default()).map_err(|_| invalid())?);
    let by = |key: &&ApiKey| signature(key, what, &exp).is_some_and(|mac| mac.verify_slice(&sig).is_ok());
    if !config.webhook_keys().iter().any(by) {
        return Err(invalid());
    }
    let exp = exp.parse::<i64>().map_err(|_| invalid())?;
    if exp <= now.secs() {
        return Err(Error::new(403, "link_expired", "this link has expired").hint(ANOTHER));
    }
    Ok(exp)
}

const ANOTHER: &str = "ask again for what gave it: GET /api/recordings/{id}, or its /playback";
