//! The key server's set (`AUTH_JWKS_URL`) as plain data, and when to fetch it.
//!
//! In scope: which keys are usable (RFC 7517, RFC 7518), which one a token names, and for how long a
//! set counts. Out of scope: the fetch, and the verification, which WebCrypto does with
//! [`Jwk::json`].

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::token::Algorithm;
use crate::jws;
use crate::object;
use crate::time::{DAY, MINUTE, Millis, SECOND};

/// For how long a set counts without a look at the server, in milliseconds: Supabase caches its own
/// for as long, so a shorter time would show nothing newer.
const FRESH: i64 = 10 * MINUTE;

/// For how long a set counts while the server does not answer, in milliseconds. Not for ever: it may
/// hold a key that was revoked.
const USABLE: i64 = DAY;

/// The least time between two fetches, in milliseconds: tokens with invented key ids cost the key
/// server one request a minute, not one each.
const BETWEEN_FETCHES: i64 = MINUTE;

/// A set may still be on its way so long after it was asked for: the fetch is given 5 s.
const ON_ITS_WAY: i64 = 5 * SECOND;

/// The longest set, in bytes; Cloudflare Access's, with certificates, has 4 KiB.
const MAX_SET_BYTES: usize = 64 * 1024;

/// The most keys in a set; key servers have 1 to 4.
const MAX_KEYS: usize = 50;

/// The least RSA modulus, in bits (RFC 7518, section 3.3).
const MIN_RSA_BITS: usize = 2048;

/// The length of a coordinate on P-256, in bytes (RFC 7518, section 6.2.1.2).
const P256_BYTES: usize = 32;

/// A usable public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    /// The name that tokens call it by.
    pub kid: Option<String>,
    /// The algorithm it verifies, by its type: RSA keys RS256, EC keys on P-256 ES256.
    pub algorithm: Algorithm,
    /// The public members alone, as WebCrypto's `importKey("jwk", …)` takes them: neither `use` nor
    /// `key_ops` nor a private part is left to disturb it.
    pub json: String,
}

/// What to verify a token with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// This key.
    Key(Jwk),
    /// Fetch the set, give it to [`JwksCache::store`] or call [`JwksCache::failed`], then ask again:
    /// that answer is never `Fetch`.
    Fetch,
    /// No such key.
    Unknown,
}

/// Why a set is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwksError {
    /// Longer than 64 KiB, or more than 50 keys.
    TooLarge,
    /// Not JSON with a list `keys`.
    Malformed,
    /// Not one key that can verify RS256 or ES256.
    NoUsableKey,
}

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "key set too large",
            Self::Malformed => "malformed key set",
            Self::NoUsableKey => "no usable key in the set",
        })
    }
}

impl std::error::Error for JwksError {}

/// The set and its times. Plain data, so that a static may hold it.
#[derive(Clone, Debug, Default)]
pub struct JwksCache {
    keys: Vec<Jwk>,
    fetched_at: Option<Millis>,
    tried_at: Option<Millis>,
}

impl JwksCache {
    /// The key for a token with this `kid` and algorithm.
    ///
    /// A token without `kid` gets the only key of its algorithm, and none when there are several.
    #[must_use]
    pub fn find(&self, kid: Option<&str>, alg: Algorithm, now: Millis) -> Lookup {
        if alg == Algorithm::Hs256 {
            return Lookup::Unknown;
        }
        let key = self.named(kid, alg).filter(|_| self.has_set(now));
        let fresh = self.fetched_at.is_some_and(|at| now.since(at) < FRESH);
        let may_fetch = self.tried_at.is_none_or(|at| now.since(at) >= BETWEEN_FETCHES);
        match key {
            Some(key) if fresh => Lookup::Key(key.clone()),
            _ if may_fetch => Lookup::Fetch,
            Some(key) => Lookup::Key(key.clone()),
            None => Lookup::Unknown,
        }
    }

    /// Takes a set as the key server sent it.
    ///
    /// # Errors
    /// [`JwksError`]; the old set stays, and counts as one whose fetch failed.
    pub fn store(&mut self, body: &[u8], now: Millis) -> Result<(), JwksError> {
        self.tried_at = Some(now);
        self.keys = usable_keys(body)?;
        self.fetched_at = Some(now);
        Ok(())
    }

    /// A fetch is under way: until it ends, other requests use what is there and do not fetch too.
    /// Before the first set there is nothing to use, so then they do.
    pub fn started(&mut self, now: Millis) {
        if self.has_set(now) {
            self.tried_at = Some(now);
        }
    }

    /// Whether [`Lookup::Unknown`] says something against the token: the set that counts is the newest that was asked for.
    /// Without one the key server is at fault, and while one is on its way it may have the key.
    #[must_use]
    pub fn is_certain(&self, now: Millis) -> bool {
        self.has_set(now) && self.fetched_at >= self.tried_at
    }

    /// Whether there is a set that counts.
    #[must_use]
    pub fn has_set(&self, now: Millis) -> bool {
        self.fetched_at.is_some_and(|at| now.since(at) < USABLE)
    }

    /// In how many seconds to ask again: when another fetch is allowed, and while one may be on its way soon.
    #[must_use]
    pub fn next_fetch_in(&self, now: Millis) -> u32 {
        if self.has_set(now) && self.tried_at.is_some_and(|at| now.since(at) < ON_ITS_WAY) {
            return 1;
        }
        let wait = self.tried_at.map_or(0, |at| (BETWEEN_FETCHES - now.since(at)).max(0));
        u32::try_from(wait.div_euclid(1_000) + 1).unwrap_or(60)
    }

    /// The key server did not answer, or not with 200.
    pub fn failed(&mut self, now: Millis) {
        self.tried_at = Some(now);
    }

    fn named(&self, kid: Option<&str>, alg: Algorithm) -> Option<&Jwk> {
        let mut of_alg = self.keys.iter().filter(|key| key.algorithm == alg);
        match kid {
            Some(_) => of_alg.find(|key| key.kid.as_deref() == kid),
            None => of_alg.next().filter(|_| of_alg.next().is_none()),
        }
    }
}

fn usable_keys(body: &[u8]) -> Result<Vec<Jwk>, JwksError> {
    if body.len() > MAX_SET_BYTES {
        return Err(JwksError::TooLarge);
    }
    let set = jws::object(body).map_err(|_| JwksError::Malformed)?;
    let keys = set.get("keys").and_then(Value::as_array).ok_or(JwksError::Malformed)?;
    if keys.len() > MAX_KEYS {
        return Err(JwksError::TooLarge);
    }
    let keys: Vec<Jwk> = keys.iter().filter_map(usable).collect();
    if keys.is_empty() { Err(JwksError::NoUsableKey) } else { Ok(keys) }
}

/// RFC 7517, section 5: what is not understood is passed over, a key with a member of another type too.
/// Symmetric keys are not understood on purpose: one in a public set is known to everybody.
fn usable(key: &Value) -> Option<Jwk> {
    let key = key.as_object()?;
    let text = |name| jws::text(key, name).ok();
    let (kid, alg, crv) = (text("kid")?, text("alg")?, text("crv")?);
    let (n, e, x, y) = (text("n")?, text("e")?, text("x")?, text("y")?);
    if text("use")?.is_some_and(|usage| usage != "sig") || !may_verify(key.get("key_ops"))? {
        return None;
    }
    let (algorithm, name, public) = match text("kty")??.as_str() {
        "RSA" => {
            let (n, e) = (n?, e?);
            if rsa_bits(&n)? < MIN_RSA_BITS || !is_rsa_exponent(&e) {
                return None;
            }
            (Algorithm::Rs256, "RS256", object!({"kty": "RSA", "n": n, "e": e}))
        }
        "EC" if crv.as_deref() == Some("P-256") => {
            let (x, y) = (x?, y?);
            if [&x, &y].iter().any(|part| decode(part).is_none_or(|part| part.len() != P256_BYTES)) {
                return None;
            }
            (Algorithm::Es256, "ES256", object!({"kty": "EC", "crv": "P-256", "x": x, "y": y}))
        }
        _ => return None,
    };
    if alg.is_some_and(|alg| alg != name) {
        return None;
    }
    Some(Jwk { kid, algorithm, json: crate::json::write(&public) })
}

/// `key_ops`, where it is there, is a list of texts.
fn may_verify(key_ops: Option<&Value>) -> Option<bool> {
    match key_ops {
        None | Some(Value::Null) => Some(true),
        Some(Value::Array(ops)) => ops.iter().all(Value::is_string).then(|| ops.iter().any(|op| op == "verify")),
        Some(_) => None,
    }
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

fn rsa_bits(n: &str) -> Option<usize> {
    let n = decode(n)?;
    let mut digits = n.iter().skip_while(|byte| **byte == 0);
    let first = digits.next()?;
    Some(8 * digits.count() + (8 - first.leading_zeros() as usize))
}

/// Odd and more than 1: with 1 every text would be its own signature.
fn is_rsa_exponent(e: &str) -> bool {
    decode(e).is_some_and(|e| match e.as_slice() {
        [] => false,
        [rest @ .., last] => last % 2 == 1 && (*last > 1 || rest.iter().any(|byte| *byte != 0)),
    })
}
