//! CORS for `ALLOWED_ORIGINS`, with the headers that Supabase's client sends.

use super::Request;
use crate::config::Config;

/// Whether a browser page of that origin may call.
#[must_use]
pub fn is_allowed(config: &Config, origin: &str) -> bool {
    config.allowed_origins.iter().any(|allowed| allowed == origin)
}

/// A signed playlist plays on any page, as a presigned link of Storj's does: whoever has it may play it.
fn plays_anywhere(path: &str) -> bool {
    path.starts_with("/api/recordings/") && (path.ends_with("/playlist.m3u8") || path.ends_with(".ts"))
}

/// The headers of an answer to `request`. No credentials mode: callers send a bearer, not a cookie.
#[must_use]
pub fn headers(config: &Config, request: &Request) -> Vec<(&'static str, String)> {
    // Also without an origin: an `<img>` sends none, and what it brought is not for a `fetch` of the same address.
    let Some(origin) = request.header("origin") else { return vec![("vary", "origin".to_owned())] };
    let any = config.allowed_origins.iter().any(|allowed| allowed == "*") || plays_anywhere(&request.path);
    if !any && !is_allowed(config, origin) {
        return vec![("vary", "origin".to_owned())];
    }
    vec![
        ("access-control-allow-origin", if any { "*".to_owned() } else { origin.to_owned() }),
        ("access-control-expose-headers", "x-request-id, retry-after".to_owned()),
        ("vary", "origin".to_owned()),
    ]
}

/// What a preflight adds.
#[must_use]
pub fn preflight() -> Vec<(&'static str, String)> {
    vec![
        ("access-control-allow-methods", "GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS".to_owned()),
        ("access-control-allow-headers", "authorization, apikey, x-client-info, content-type, range".to_owned()),
        // Two hours: Chromium's own ceiling.
        ("access-control-max-age", "7200".to_owned()),
    ]
}
