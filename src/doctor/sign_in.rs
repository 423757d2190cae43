//! Sign-in: does the key server give keys; and may the page that asks read the answers.

use super::Check;
use crate::api::caller::fetch_keys;
use crate::api::cors::is_allowed;
use crate::auth::jwks::JwksCache;
use crate::ports::{Desk, Ports};

pub(super) async fn checks<P: Ports>(desk: &Desk<'_, P>, page: Option<&str>) -> Vec<Check> {
    let mut checks = vec![];
    if let Some(url) = &desk.config.auth_jwks_url {
        checks.push(keys(desk, url).await);
    } else {
        checks.push(Check::fine("sign_in", "callers' tokens are checked with AUTH_JWT_SECRET"));
    }
    checks.push(cors(desk, page));
    checks
}

async fn keys<P: Ports>(desk: &Desk<'_, P>, url: &str) -> Check {
    const NAME: &str = "sign_in";
    const REMEDY: &str = "check AUTH_JWKS_URL; for Supabase it is https://<ref>.supabase.co/auth/v1/.well-known/jwks.json";
    match desk.ports.send(fetch_keys(url)).await {
        Ok(answer) if answer.status == 200 => match JwksCache::default().store(&answer.body, desk.now()) {
            Ok(()) => Check::fine(NAME, "AUTH_JWKS_URL gives keys that can be used"),
            Err(why) => Check::wrong(NAME, format!("what AUTH_JWKS_URL gives is no key set with a usable key: {why}"), REMEDY),
        },
        Ok(answer) => Check::wrong(NAME, format!("AUTH_JWKS_URL answers {}", answer.status), REMEDY),
        Err(_) => Check::wrong(NAME, "AUTH_JWKS_URL does not answer: nobody signs in with RS256 or ES256", REMEDY),
    }
}

/// The page that asks is the one that has to be allowed.
fn cors<P: Ports>(desk: &Desk<'_, P>, page: Option<&str>) -> Check {
    const NAME: &str = "cors";
    let allowed = &desk.config.allowed_origins;
    match page {
        Some(page) if !is_allowed(desk.config, page) && !allowed.iter().any(|origin| origin == "*") => Check::wrong(
            NAME,
            format!("pages of {page} may not read this Worker's answers"),
            format!("add it to ALLOWED_ORIGINS, separated by a comma: {page}"),
        ),
        Some(page) => Check::fine(NAME, format!("pages of {page} may call")),
        None if allowed.is_empty() => Check::advice(
            NAME,
            "no page of another origin may call",
            "set ALLOWED_ORIGINS to your app's origin, if it is not served by this Worker; ask with --origin to have it checked",
        ),
        None => Check::fine(NAME, format!("pages of {} may call", allowed.join(", "))),
    }
}
