//! Who asks: `Authorization: Bearer`, else Cloudflare Access's header, to a [`Caller`].
//!
//! HS256 tokens are checked in Rust; RS256 and ES256 ones with the operator's key set, by the runtime's own
//! WebCrypto.

use super::Request;
use super::cors::is_allowed;
use crate::auth::caller::{Caller, Via, caller_from_claims, is_publishable_key};
use crate::auth::jwks::{Jwk, Lookup};
use crate::auth::token::{Algorithm, BearerToken, Checked};
use crate::error::Error;
use crate::http::Outgoing;
use crate::ports::{Desk, Ports};

/// Cloudflare Access adds it to every request of who is signed in.
pub const ASSERTION: &str = "cf-access-jwt-assertion";

/// A key server that does not answer in 5 s leaves us with the keys that we have.
const JWKS_TIMEOUT_MS: u32 = 5_000;

/// Finds out who asks. No token at all, and Supabase's public ones, are nobody, not an error.
///
/// # Errors
/// 401 for a token that is not one of ours, or a write known by Access's cookie alone from elsewhere.
pub async fn find<P: Ports>(desk: &Desk<'_, P>, request: &Request) -> Result<Caller, Error> {
    let caller = match request.header("authorization").map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => {
            let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
            if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
                return Err(Error::bad_token("`Authorization` is not of the form `Bearer <token>`"));
            }
            by_token(desk, token.trim()).await?
        }
        None => match (request.header(ASSERTION), &desk.config.auth_jwks_url) {
            (Some(token), Some(_)) => {
                not_from_elsewhere(desk, request)?;
                by_token(desk, token).await?
            }
            _ => Caller::Anonymous,
        },
    };
    if let Some(id) = caller.user_id() {
        desk.trail.note("user", id);
    }
    Ok(caller)
}

/// The caller that a token tells of.
///
/// # Errors
/// 401 for one that is not one of ours, 503 while the keys cannot be read.
pub async fn by_token<P: Ports>(desk: &Desk<'_, P>, text: &str) -> Result<Caller, Error> {
    // No JWT; Supabase's clients send it as the bearer of who is not signed in.
    if is_publishable_key(text) {
        return Ok(Caller::Anonymous);
    }
    let token = BearerToken::parse(text).map_err(Error::bad_token)?;
    let (checked, via) = match token.algorithm() {
        Algorithm::Hs256 => {
            let secret = desk.config.auth_secret.as_ref().ok_or_else(|| Error::bad_token("HS256 is not accepted here"))?;
            (token.verify_hs256(secret).map_err(Error::bad_token)?, Via::Secret)
        }
        algorithm @ (Algorithm::Rs256 | Algorithm::Es256) => {
            let url = desk.config.auth_jwks_url.as_ref().ok_or_else(|| Error::bad_token("only HS256 is accepted here"))?;
            let key = public_key(desk, url, token.kid(), algorithm).await?;
            let verified = desk.ports.verifies(algorithm, &key.json, token.signed_part(), token.signature()).await;
            if !verified {
                return Err(Error::bad_token("its signature is wrong"));
            }
            (Checked::by_web_crypto(), Via::Jwks)
        }
    };
    let claims = token.claims(checked, desk.now()).map_err(Error::bad_token)?;
    caller_from_claims(&claims, &desk.config.auth, via).map_err(Error::bad_token)
}

/// The key of a token, fetching the set when it is old or does not have the key; old keys are used when
/// that fails.
async fn public_key<P: Ports>(desk: &Desk<'_, P>, url: &str, kid: Option<&str>, algorithm: Algorithm) -> Result<Jwk, Error> {
    // Without a set, or with one on its way, an unknown key says nothing against the token.
    let unknown = || {
        if desk.ports.jwks(|cache| cache.is_certain(desk.now())) {
            Error::bad_token("it is signed with a key that AUTH_JWKS_URL does not have")
        } else {
            Error::new(503, "sign_in_unavailable", "the sign-in provider's keys could not be read")
                .retry_after(desk.ports.jwks(|cache| cache.next_fetch_in(desk.now())))
        }
    };
    match desk.ports.jwks(|cache| cache.find(kid, algorithm, desk.now())) {
        Lookup::Key(key) => return Ok(key),
        Lookup::Unknown => return Err(unknown()),
        Lookup::Fetch => {}
    }
    // Noted before the answer, so that a hundred requests at once do not all fetch.
    desk.ports.jwks(|cache| cache.started(desk.now()));
    match desk.ports.send(fetch_keys(url)).await {
        Ok(answer) if answer.status == 200 => {
            if let Err(why) = desk.ports.jwks(|cache| cache.store(&answer.body, desk.now())) {
                desk.trail.decided(format!("the key set was not taken: {why}"));
            }
        }
        _ => {
            desk.trail.decided("the key set did not come");
            desk.ports.jwks(|cache| cache.failed(desk.now()));
        }
    }
    match desk.ports.jwks(|cache| cache.find(kid, algorithm, desk.now())) {
        Lookup::Key(key) => Ok(key),
        _ => Err(unknown()),
    }
}

/// Asks for the key set.
#[must_use]
pub fn fetch_keys(url: &str) -> Outgoing {
    Outgoing {
        method: "GET",
        url: url.to_owned(),
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        body: Vec::new(),
        timeout_ms: JWKS_TIMEOUT_MS,
    }
}

/// Access's assertion comes by a cookie, which a browser adds to anybody's request: a write has to be JSON or a picture
/// (so that it is preflighted) and from this site or an allowed one.
fn not_from_elsewhere<P: Ports>(desk: &Desk<'_, P>, request: &Request) -> Result<(), Error> {
    if matches!(request.method.as_str(), "GET" | "HEAD") {
        return Ok(());
    }
    let preflighted = |kind: &str| ["application/json", "image/jpeg", "image/webp"].iter().any(|asked| kind.starts_with(asked));
    let asked = request.header("content-type").is_some_and(|kind| preflighted(&kind.trim_start().to_ascii_lowercase()));
    let origin = request.header("origin");
    let near = origin.is_some_and(|origin| origin == request.origin || is_allowed(desk.config, origin));
    if asked && near {
        return Ok(());
    }
    Err(Error::new(403, "foreign_origin", "a write that is signed in by Cloudflare Access alone has to come from this site")
        .hint("send `Content-Type: application/json` from an origin in ALLOWED_ORIGINS, or a bearer token"))
}
