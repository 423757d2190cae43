//! Tokens made and read by hand: `hmac` and `base64` alone, nothing of the crate under test.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub(crate) fn hmac(secret: &[u8], message: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(secret).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A JWT with this header and payload, signed with HMAC-SHA-256 whatever the header says.
pub(crate) fn jwt(header: &str, payload: &str, secret: &str) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = hmac(secret.as_bytes(), signed.as_bytes());
    format!("{signed}.{}", encode(signature))
}

/// `{"alg":"HS256","typ":"JWT"}` and these claims.
pub(crate) fn hs256(claims: &Value, secret: &str) -> String {
    jwt(r#"{"alg":"HS256","typ":"JWT"}"#, &claims.to_string(), secret)
}

/// The header's text and the claims of a token whose signature is checked.
pub(crate) fn open(token: &str, secret: &str) -> (String, Value) {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{token}") };
    let signed = format!("{header}.{payload}");
    assert_eq!(signature, encode(hmac(secret.as_bytes(), signed.as_bytes())));
    let header = String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    (header, claims)
}

/// The same token with the lowest bit of its signature's first byte turned.
pub(crate) fn with_altered_signature(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    signature[0] ^= 1;
    format!("{signed}.{}", encode(signature))
}

/// What LiveKit puts into `sha256`.
pub(crate) fn body_hash(body: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(body))
}
