//! Text that must never be printed.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// A secret whose `Debug` shows nothing of it, so that neither a log line nor a panic can.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret as it came from the configuration.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself. Every call of this is a place to look at in a review.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// HMAC-SHA256 of `text` under a key of its own for each `purpose`: what is made for one says nothing to
    /// another, nor to whoever else uses this secret.
    #[must_use]
    pub fn mac(&self, purpose: &str, text: &[u8]) -> [u8; 32] {
        hmac(&hmac(self.0.as_bytes(), purpose.as_bytes()), text)
    }

    /// HMAC-SHA256 of `text`.
    #[must_use]
    pub fn sign(&self, text: &[u8]) -> [u8; 32] {
        hmac(self.0.as_bytes(), text)
    }

    /// Whether `signature` is what [`Secret::sign`] makes of `text`, compared in constant time. An empty secret has signed
    /// nothing.
    #[must_use]
    pub fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        !self.0.is_empty() && begun(self.0.as_bytes(), text).is_some_and(|mac| mac.verify_slice(signature).is_ok())
    }
}

/// HMAC takes a key of any length (RFC 2104), so `None` never comes.
fn begun(key: &[u8], text: &[u8]) -> Option<Hmac<Sha256>> {
    Hmac::<Sha256>::new_from_slice(key).ok().map(|mac| mac.chain_update(text))
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    begun(key, text).map(|mac| mac.finalize().into_bytes().into()).unwrap_or_default()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        // printf a | openssl dgst -sha256 -hmac secret -binary, then printf text | … -mac HMAC -macopt hexkey:…
        let secret = Secret::new("secret");
        assert_eq!(hex::encode(secret.mac("a", b"text")), "60bea7b6a55b1a01320dbbb0ca1486d440cc228ee33e5e2eda775be1c543aa1b");
        assert_ne!(secret.mac("b", b"text"), secret.mac("a", b"text"));
    }
}
