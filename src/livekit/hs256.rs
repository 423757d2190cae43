//! HS256 (RFC 7518, section 3.2) for `jwt-compact`, by the `hmac` and `sha2` that everything else here is signed with. Its own
//! come in an older version: a second SHA-256 in the bundle, 4 kB gzip.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use jwt_compact::{Algorithm, AlgorithmSignature};

use crate::secret::Secret;

/// The algorithm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hs256;

/// What it makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signature([u8; 32]);

impl Algorithm for Hs256 {
    type SigningKey = Secret;
    type VerifyingKey = Secret;
    type Signature = Signature;

    fn name(&self) -> Cow<'static, str> {
        "HS256".into()
    }

    fn sign(&self, key: &Secret, message: &[u8]) -> Signature {
        Signature(key.sign(message))
    }

    fn verify_signature(&self, signature: &Signature, key: &Secret, message: &[u8]) -> bool {
        key.has_signed(message, &signature.0)
    }
}

impl AlgorithmSignature for Signature {
    const LENGTH: Option<NonZeroUsize> = NonZeroUsize::new(32);

    fn try_from_slice(bytes: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(bytes.try_into()?))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use jwt_compact::alg::{Hs256 as Theirs, Hs256Key};
    use jwt_compact::{AlgorithmExt as _, Claims, Header, UntrustedToken};

    use super::*;

    #[test]
    fn it_is_the_same_as_the_one_of_jwt_compact() {
        let claims = Claims::new(serde_json::json!({ "iss": "key" }));
        for text in ["k", "a secret", &"long".repeat(40)] {
            let (ours, theirs) = (Secret::new(text), Hs256Key::new(text));
            let token = Hs256.token(&Header::empty(), &claims, &ours).unwrap();
            assert_eq!(token, Theirs.token(&Header::empty(), &claims, &theirs).unwrap());
            let token = UntrustedToken::new(&token).unwrap();
            assert!(Hs256.validator::<serde_json::Value>(&ours).validate(&token).is_ok());
            assert!(Hs256.validator::<serde_json::Value>(&Secret::new("other")).validate(&token).is_err());
        }
    }
}
