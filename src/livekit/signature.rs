//! Proof that a webhook comes from LiveKit and came whole.
//!
//! In scope: the signature over the token, its times, and the hash of the raw body. Out of scope:
//! what the body says. Written apart from the signing side (both on `hmac` and `sha2`), so that a fault
//! in one shows in the tests of the other.
//!
//! LiveKit sends `Authorization: <JWT>`, without `Bearer`; the JWT carries `iss` (the API key),
//! `exp`, `nbf` and `sha256`, the standard base64 of SHA-256 over the body
//! (`livekit/protocol`, `webhook/verifier.go`).

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
use hmac::digest::CtOutput;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::token::{self, ApiKey, SignError};
use crate::jws::{self, NumericDate, TimeFault};
use crate::time::{MINUTE, Millis};

/// For how long LiveKit's webhook tokens count, in milliseconds.
const WEBHOOK_TTL: i64 = 5 * MINUTE;

/// The longest issuer that is fit for a log line, in bytes; LiveKit's API keys have 15 to 27.
const MAX_ISSUER_BYTES: usize = 64;

/// Standard base64 as Go writes it, and also where a proxy's owner dropped the `=`.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// Which key a webhook was signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedBy {
    /// Its place among the keys given to [`verify`]. During a rotation this tells whether the
    /// previous key is still in use.
    pub key_index: usize,
}

/// Why a webhook is not believed, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No `Authorization`.
    Missing,
    /// Not a JWT, longer than 8 KiB, without `exp`, or claims of wrong types.
    Malformed,
    /// Signed with anything but HS256; `none` among it.
    WrongAlgorithm,
    /// `iss` is none of our keys.
    UnknownKey,
    /// Not signed with that key's secret.
    BadSignature,
    /// `exp` was more than a minute ago.
    Expired,
    /// `nbf` is more than a minute ahead.
    NotYetValid,
    /// No `sha256`: a token to join a room, say, that somebody tries here.
    NoBodyHash,
    /// `sha256` is not this body's.
    BodyAltered,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::WrongAlgorithm => "wrong algorithm",
            Self::UnknownKey => "unknown key",
            Self::BadSignature => "bad signature",
            Self::Expired => "expired",
            Self::NotYetValid => "not yet valid",
            Self::NoBodyHash => "no body hash",
            Self::BodyAltered => "body altered",
        })
    }
}

impl std::error::Error for Refused {}

struct WebhookClaims {
    iss: Option<String>,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    sha256: Option<String>,
}

impl WebhookClaims {
    fn read(payload: &[u8]) -> Result<Self, jws::Fault> {
        let claims = jws::object(payload)?;
        Ok(Self {
            iss: jws::text(&claims, "iss")?,
            exp: jws::date(&claims, "exp")?,
            nbf: jws::date(&claims, "nbf")?,
            sha256: jws::text(&claims, "sha256")?,
        })
    }
}

/// Verifies a webhook by its raw body and the `Authorization` header.
///
/// `keys` are the present key and, while one is rotated, the previous one; a key that is empty or
/// has an empty secret never matches.
///
/// # Errors
/// [`Refused`]: the first check that fails.
pub fn verify(body: &[u8], authorization: Option<&str>, keys: &[&ApiKey], now: Millis) -> Result<VerifiedBy, Refused> {
    let (verified, claimed) = token_of(authorization, keys, now)?;
    // 6. The hash of the bytes as they came: LiveKit's JSON is spaced at random, never canonical.
    if is_hash_of(&claimed, body) { Ok(verified) } else { Err(Refused::BodyAltered) }
}

/// Whether the header alone is LiveKit's, so that its body is worth reading: 8 MiB of anybody's, ten at a time, would take all
/// the memory that everybody's requests share.
#[must_use]
pub fn is_signed(authorization: Option<&str>, keys: &[&ApiKey], now: Millis) -> bool {
    token_of(authorization, keys, now).is_ok()
}

/// Which key signed the token, and the hash of the body that it goes with.
fn token_of(authorization: Option<&str>, keys: &[&ApiKey], now: Millis) -> Result<(VerifiedBy, String), Refused> {
    // 1. The token, with or without `Bearer`.
    let text = bare_token(authorization).ok_or(Refused::Missing)?;
    let parts = jws::split(text).map_err(|_| Refused::Malformed)?;

    // 2. HS256 alone: the sender does not choose how it is verified.
    if parts.header.alg != "HS256" {
        return Err(Refused::WrongAlgorithm);
    }
    let claims = WebhookClaims::read(&parts.payload).map_err(|_| Refused::Malformed)?;

    // 3. `iss`, not believed yet, selects the key. Both keys of a rotation may bear one name.
    let iss = claims.iss.ok_or(Refused::UnknownKey)?;
    let mut named = keys.iter().enumerate().filter(|(_, key)| is_named(key, &iss)).peekable();
    if named.peek().is_none() {
        return Err(Refused::UnknownKey);
    }

    // 4. The signature, compared in constant time.
    let (key_index, _) = named.find(|(_, key)| signed_by(key, parts.signed.as_bytes(), &parts.signature)).ok_or(Refused::BadSignature)?;

    // 5. The times. A replay within them is caught by the event's id.
    jws::check_times(claims.exp, claims.nbf, now).map_err(|fault| match fault {
        TimeFault::NoExpiry => Refused::Malformed,
        TimeFault::Expired => Refused::Expired,
        TimeFault::NotYetValid => Refused::NotYetValid,
    })?;

    let claimed = claims.sha256.filter(|hash| !hash.is_empty()).ok_or(Refused::NoBodyHash)?;
    Ok((VerifiedBy { key_index }, claimed))
}

/// The issuer that a token claims, for a log line about a refused webhook: only where it is up to 64
/// letters, digits, `_` and `-`. **Not verified.**
#[must_use]
pub fn unverified_issuer(authorization: Option<&str>) -> Option<String> {
    let parts = jws::split(bare_token(authorization)?).ok()?;
    let claims = WebhookClaims::read(&parts.payload).ok()?;
    claims.iss.filter(|iss| {
        (1..=MAX_ISSUER_BYTES).contains(&iss.len()) && iss.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    })
}

/// The `Authorization` with which LiveKit would send this body: for tests, and to send oneself a
/// webhook.
///
/// # Errors
/// [`SignError::EmptyKey`], [`SignError::Time`], [`SignError::Encode`].
pub fn sign_body(key: &ApiKey, body: &[u8], now: Millis) -> Result<String, SignError> {
    #[derive(Serialize)]
    struct BodyClaims<'a> {
        iss: &'a str,
        sha256: String,
    }
    let claims = BodyClaims { iss: &key.key, sha256: general_purpose::STANDARD.encode(Sha256::digest(body)) };
    token::sign(key, claims, now, now.plus(WEBHOOK_TTL))
}

/// The token in the header: a scheme's name is case-insensitive (RFC 9110, section 11.1).
fn bare_token(authorization: Option<&str>) -> Option<&str> {
    let text = authorization?.trim_ascii();
    let token = match text.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim_ascii_start(),
        _ => text,
    };
    Some(token).filter(|token| !token.is_empty())
}

fn is_named(key: &ApiKey, iss: &str) -> bool {
    !iss.is_empty() && key.key == iss && !key.secret.reveal().is_empty()
}

fn signed_by(key: &ApiKey, message: &[u8], signature: &[u8]) -> bool {
    Hmac::<Sha256>::new_from_slice(key.secret.reveal().as_bytes())
        .is_ok_and(|mac| mac.chain_update(message).verify_slice(signature).is_ok())
}

fn is_hash_of(claimed: &str, body: &[u8]) -> bool {
    let claimed = BASE64.decode(claimed).ok();
    claimed
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .is_some_and(|claimed| CtOutput::<Sha256>::new(claimed.into()) == CtOutput::new(Sha256::digest(body)))
}
