//! A caller's bearer token, from text to claims that may be believed.
//!
//! In scope: the form, HS256, the times. Out of scope: RS256 and ES256, which the runtime's own
//! WebCrypto verifies (no weight in the module, native speed), and what the claims make of a caller
//! ([`super::caller`]).
//!
//! Claims cannot be read by accident before the signature was checked: [`BearerToken::claims`] takes
//! a [`Checked`], and only a check hands one out.

use std::fmt;

pub use super::claims::Claims;
use crate::jws;
use crate::secret::Secret;
use crate::time::Millis;

/// The algorithms a caller's token may be signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256: the secret of `AUTH_JWT_SECRET`.
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256: a key of `AUTH_JWKS_URL`.
    Rs256,
    /// ECDSA with P-256 and SHA-256: a key of `AUTH_JWKS_URL`.
    Es256,
}

/// Why a token does not tell who calls. All of them answer 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Longer than 8 KiB.
    TooLong,
    /// Not a JWT, or claims of wrong types.
    Malformed,
    /// An algorithm that is not taken, `none` among it, or not the one asked to verify.
    Algorithm,
    /// Not signed with this key.
    BadSignature,
    /// No `exp`.
    NoExpiry,
    /// `exp` was more than a minute ago.
    Expired,
    /// `nbf` is more than a minute ahead.
    NotYetValid,
    /// A token for LiveKit, which its bearer may have got from us.
    LiveKitToken,
    /// `iss` is not `AUTH_ISSUER`.
    Issuer,
    /// `aud` has not `AUTH_AUDIENCE`.
    Audience,
    /// `sub` is too long, has control characters, or is the service's own name.
    Subject,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "token too long",
            Self::Malformed => "malformed token",
            Self::Algorithm => "algorithm not accepted",
            Self::BadSignature => "bad signature",
            Self::NoExpiry => "token without exp",
            Self::Expired => "token expired",
            Self::NotYetValid => "token not yet valid",
            Self::LiveKitToken => "a livekit token does not identify a caller",
            Self::Issuer => "wrong issuer",
            Self::Audience => "wrong audience",
            Self::Subject => "unusable subject",
        })
    }
}

impl std::error::Error for TokenError {}

/// Witness that the signature of the token at hand was verified; used up by [`BearerToken::claims`].
#[derive(Debug)]
#[must_use]
pub struct Checked(());

impl Checked {
    /// To be called in one place only: where WebCrypto's `verify` has just answered `true` for
    /// [`BearerToken::signed_part`] and [`BearerToken::signature`], with a key found by
    /// [`super::jwks::JwksCache::find`] for [`BearerToken::algorithm`].
    pub fn by_web_crypto() -> Self {
        Self(())
    }
}

/// A token in its parts. Its claims stay closed until it is verified.
pub struct BearerToken {
    algorithm: Algorithm,
    kid: Option<String>,
    signed: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl fmt::Debug for BearerToken {
    /// Without payload and signature: whoever has them is the caller.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerToken").field("algorithm", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl BearerToken {
    /// Takes a token (without `Bearer`) apart.
    ///
    /// # Errors
    /// [`TokenError::TooLong`], [`TokenError::Malformed`], [`TokenError::Algorithm`].
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let parts = jws::split(text).map_err(|fault| match fault {
            jws::Fault::TooLong => TokenError::TooLong,
            jws::Fault::Malformed => TokenError::Malformed,
        })?;
        let algorithm = match parts.header.alg.as_str() {
            "HS256" => Algorithm::Hs256,
            "RS256" => Algorithm::Rs256,
            "ES256" => Algorithm::Es256,
            _ => return Err(TokenError::Algorithm),
        };
        Ok(Self { algorithm, kid: parts.header.kid, signed: parts.signed.to_owned(), payload: parts.payload, signature: parts.signature })
    }

    /// The algorithm that the header names. It selects among what is configured and no more: a
    /// secret is never used as a public key, nor the other way round.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key that the header names.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The bytes that the signature covers.
    #[must_use]
    pub fn signed_part(&self) -> &[u8] {
        self.signed.as_bytes()
    }

    /// The signature, decoded: of ES256 the 64 bytes r and s, as WebCrypto takes them.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Verifies an HS256 token, comparing in constant time.
    ///
    /// # Errors
    /// [`TokenError::Algorithm`] for a token of another algorithm, [`TokenError::BadSignature`]; the
    /// latter also for an empty secret.
    pub fn verify_hs256(&self, secret: &Secret) -> Result<Checked, TokenError> {
        if self.algorithm != Algorithm::Hs256 {
            return Err(TokenError::Algorithm);
        }
        if secret.has_signed(self.signed_part(), &self.signature) { Ok(Checked(())) } else { Err(TokenError::BadSignature) }
    }

    /// The claims of a verified token, if it counts at this time.
    ///
    /// # Errors
    /// [`TokenError::Malformed`], [`TokenError::NoExpiry`], [`TokenError::Expired`],
    /// [`TokenError::NotYetValid`].
    pub fn claims(&self, checked: Checked, now: Millis) -> Result<Claims, TokenError> {
        let Checked(()) = checked;
        Claims::read(&self.payload, now)
    }
}
