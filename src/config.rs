//! Variables and secrets to one checked [`Config`], or to every fault at once.
//!
//! An empty value is an unset one. Pairs come whole or are refused. A fault names the variable and
//! says what is expected of it, never what it holds.
//!
//! Every name: `.dev.vars.example`, with a line of comment each.

mod values;

use crate::auth::caller::AuthRules;
use crate::flow::decide::Limits;
use crate::livekit::token::ApiKey;
use crate::names::{Named as _, Visibility};
use crate::notify::{self, Notify};
use crate::prices::{self, Prices, StorjTier};
use crate::quality::Quality;
use crate::secret::Secret;
use crate::shape;
use crate::storj::sign::{Bucket, Credentials};
use crate::time::MINUTE;
use values::{Values, go_duration_ms, http_origin};

shape! {
    /// What is wrong with one variable.
    #[derive(Clone, PartialEq, Eq)]
    #[schemars(inline)]
    pub struct Fault {
        /// The variable.
        "name" => pub name: &'static str,
        /// What is expected of it.
        "expected" => pub expected: String,
    }
}

/// Everything that the operator decides. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// LiveKit's server API: `https://host` without a trailing slash.
    pub livekit_api: String,
    /// The same for browsers: `wss://host`.
    pub livekit_ws: String,
    /// Host and port of LiveKit: the name of the project that a job belongs to.
    pub project: String,
    /// Signs what we send, and webhooks are checked against it.
    pub livekit_key: ApiKey,
    /// Still accepted on webhooks while a key is rotated.
    pub livekit_key_previous: Option<ApiKey>,
    /// Where recordings go.
    pub bucket: Bucket,
    /// Our own access to it.
    pub storj: Credentials,
    /// What LiveKit is handed: the write-only grant if there is one, else `storj`.
    pub storj_egress: Credentials,
    /// Each object's own expiry, in milliseconds, as it is sent at upload (`+720h`).
    pub object_ttl: Option<ObjectTtl>,
    /// Recordings are deleted so many days after their end; `None` keeps them.
    pub retention_days: Option<i64>,
    /// Checks callers' HS256 tokens.
    pub auth_secret: Option<Secret>,
    /// Where the keys of callers' RS256 and ES256 tokens are.
    pub auth_jwks_url: Option<String>,
    /// Issuer, audience and admins.
    pub auth: AuthRules,
    /// Where people sign in; the pages lead there with the address to come back to.
    pub sign_in_url: Option<String>,
    /// Where LiveKit reaches this Worker; without it, the address of the caller's request.
    pub public_url: Option<String>,
    /// Only rooms whose names begin so can be owned here.
    pub room_prefix: Option<String>,
    /// Whether who publishes in a room of another backend may record it.
    pub record_foreign_rooms: bool,
    /// Of new streams.
    pub default_visibility: Visibility,
    /// Of new streams.
    pub default_quality: Quality,
    /// Viewer tokens for public streams without signing in.
    pub anonymous_viewers: bool,
    /// HLS segments beside the MP4 while it records.
    pub safety_copy: bool,
    /// LiveKit writes a picture beside the MP4 while it records.
    pub livekit_pictures: bool,
    /// Origins that may call from a browser; `*` for all.
    pub allowed_origins: Vec<String>,
    /// Who is told of recordings.
    pub notify: Option<Notify>,
    /// What LiveKit and Storj charge.
    pub prices: Prices,
    /// Where recordings that run away are stopped.
    pub limits: Limits,
}

/// An object's own expiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectTtl {
    /// As Storj's gateway reads it: `+` and a Go duration.
    pub header: String,
    /// The same in milliseconds.
    pub ms: i64,
}

/// A century: what is kept longer is kept for ever.
const MOST_RETENTION_DAYS: i64 = 36_500;

/// HS256 keys shorter than their hash weaken it (RFC 7518, section 3.2).
const MIN_AUTH_SECRET_BYTES: usize = 32;
/// $100: far above any price of a minute, and far below what would overflow.
const MOST_MINUTE_PRICE: i64 = 100_000_000;

impl Config {
    /// Reads every variable through `var`.
    ///
    /// # Errors
    /// Every fault.
    pub fn read(var: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<Fault>> {
        let mut v = Values::new(var);

        let livekit = v.required("LIVEKIT_URL", "wss://, ws://, https:// or http:// and a host", |text| {
            let http = text.replacen("wss://", "https://", 1).replacen("ws://", "http://", 1);
            http_origin(&http)
        });
        let livekit_key = v.required_pair("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET");
        let livekit_key_previous = v.optional_pair("LIVEKIT_API_KEY_PREVIOUS", "LIVEKIT_API_SECRET_PREVIOUS");

        let storj = v.required_pair("STORJ_ACCESS_KEY_ID", "STORJ_SECRET_ACCESS_KEY");
        let bucket = v.required("STORJ_BUCKET", "a bucket's name: 3 to 63 of a-z, 0-9, dot and dash", bucket_name);
        let endpoint = v.required("STORJ_ENDPOINT", "https:// and a host, without a path", |text| {
            let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
            http_origin(&with_scheme)
        });
        let region = v.optional("STORJ_REGION", "a region's name", |text| {
            text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-').then(|| text.to_owned())
        });
        let storj_egress = v.optional_pair("STORJ_EGRESS_ACCESS_KEY_ID", "STORJ_EGRESS_SECRET_ACCESS_KEY");
        let object_ttl = v.optional("STORJ_OBJECT_TTL", "a Go duration such as 720h (there is no unit for days)", |text| {
            let plain = text.trim_start_matches('+');
            go_duration_ms(plain).map(|ms| ObjectTtl { header: format!("+{plain}"), ms })
        });

        let auth_secret =
            v.optional("AUTH_JWT_SECRET", "at least 32 bytes", |text| (text.len() >= MIN_AUTH_SECRET_BYTES).then(|| text.to_owned()));
        let auth_jwks_url = v.optional("AUTH_JWKS_URL", "an https:// address", https_or_local);
        let issuer = v.optional("AUTH_ISSUER", "the issuer", |text| Some(text.to_owned()));
        let audience = v.optional("AUTH_AUDIENCE", "the audience", |text| Some(text.to_owned()));
        if auth_secret.is_none() && auth_jwks_url.is_none() && !v.is_faulty("AUTH_JWT_SECRET") && !v.is_faulty("AUTH_JWKS_URL") {
            v.fault("AUTH_JWT_SECRET", "this or AUTH_JWKS_URL: without one nobody can sign in");
        }
        if auth_jwks_url.is_some() {
            if issuer.is_none() {
                v.fault("AUTH_ISSUER", "the issuer, because AUTH_JWKS_URL is set");
            }
            if audience.is_none() {
                v.fault("AUTH_AUDIENCE", "the audience, because AUTH_JWKS_URL is set");
            }
        }
        let mut livekit_keys = livekit_key.iter().chain(&livekit_key_previous);
        if livekit_keys.any(|(_, secret)| auth_secret.as_ref() == Some(secret)) {
            v.fault("AUTH_JWT_SECRET", "another secret than LiveKit's: a LiveKit token would sign its bearer in");
        }

        let admins = v.list("ADMIN_USER_IDS");
        let sign_in_url = v.optional("SIGN_IN_URL", "an https:// address without a fragment", https_or_local);
        let public_url = v.optional("PUBLIC_URL", "https:// and a host, without a path", http_origin);
        let room_prefix = v.optional("ROOM_PREFIX", "at most 64 characters", |text| (text.chars().count() <= 64).then(|| text.to_owned()));
        let record_foreign_rooms = v.optional("RECORD_FOREIGN_ROOMS", "`off` or `publisher`", |text| match text {
            "off" => Some(false),
            "publisher" => Some(true),
            _ => None,
        });
        let default_visibility = v.optional("DEFAULT_VISIBILITY", "`public` or `private`", Visibility::from_name);
        let anonymous_viewers = v.optional("ANONYMOUS_VIEWERS", "`true` or `false`", |text| text.parse::<bool>().ok());
        let safety_copy = v.optional("SAFETY_COPY", "`on` or `off`", |text| match text {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        });
        let livekit_pictures = v.optional("THUMBNAILS", "`pages` or `livekit`", |text| match text {
            "pages" => Some(false),
            "livekit" => Some(true),
            _ => None,
        });
        let allowed_origins = v.origins("ALLOWED_ORIGINS");
        let retention_days = v.optional("RETENTION_DAYS", "a whole number of days from 0 (keep for ever) to 36500", |text| {
            text.parse::<i64>().ok().filter(|days| (0..=MOST_RETENTION_DAYS).contains(days))
        });
        let default_quality = v.optional("DEFAULT_QUALITY", "`720p`, `1080p` or `4k`", Quality::from_name);
        let storj_tier = v.optional("STORJ_TIER", "`standard` or `advanced`", |text| match text {
            "standard" => Some(StorjTier::Standard),
            "advanced" => Some(StorjTier::Advanced),
            _ => None,
        });
        let minute = v.optional("LIVEKIT_MINUTE_USD", "dollars a minute of recording from 0 to 100, such as 0.007", |text| {
            prices::millionths(text).filter(|price| *price <= MOST_MINUTE_PRICE)
        });
        let minutes = v.optional("MAX_RECORDING_MINUTES", "a whole number of minutes from 1 to 10080, a week", |text| {
            text.parse::<i64>().ok().filter(|minutes| (1..=10_080).contains(minutes))
        });
        let at_once = v.optional("MAX_RECORDINGS_PER_USER", "a whole number from 1 to 1000", |text| {
            text.parse::<i64>().ok().filter(|most| (1..=1_000).contains(most))
        });
        let notify_url = v.optional("NOTIFY_URL", "an https:// address", https_or_local);
        let notify_secret =
            v.optional("NOTIFY_SECRET", "whsec_ and the base64 of 24 to 64 bytes", |text| notify::key(text).map(|_| text.to_owned()));
        let notify = v.both("NOTIFY_URL", notify_url, "NOTIFY_SECRET", notify_secret);

        let faults = v.into_faults();
        if let (Some(livekit), Some(key), Some(storj), Some(bucket), Some(endpoint), true) =
            (livekit, livekit_key, storj, bucket, endpoint, faults.is_empty())
        {
            let storj = credentials(storj);
            return Ok(Self {
                livekit_ws: livekit.replacen("http", "ws", 1),
                project: livekit.split_once("://").map_or_else(String::new, |(_, host)| host.to_owned()),
                livekit_api: livekit,
                livekit_key: api_key(key),
                livekit_key_previous: livekit_key_previous.map(api_key),
                bucket: Bucket { endpoint, region: region.unwrap_or_else(|| "us-east-1".to_owned()), name: bucket },
                storj_egress: storj_egress.map_or_else(|| storj.clone(), credentials),
                storj,
                object_ttl,
                retention_days: retention_days.filter(|days| *days > 0),
                auth_secret: auth_secret.map(Secret::new),
                auth_jwks_url,
                auth: AuthRules { issuer, audience, admins },
                sign_in_url,
                public_url,
                room_prefix,
                record_foreign_rooms: record_foreign_rooms.unwrap_or(false),
                default_visibility: default_visibility.unwrap_or(Visibility::PUBLIC),
                default_quality: default_quality.unwrap_or_default(),
                anonymous_viewers: anonymous_viewers.unwrap_or(false),
                safety_copy: safety_copy.unwrap_or(true),
                livekit_pictures: livekit_pictures.unwrap_or(false),
                allowed_origins,
                notify: notify.map(|(url, secret)| Notify { url, secret: Secret::new(secret) }),
                limits: Limits { recording_ms: minutes.map(|minutes| minutes * MINUTE), at_once },
                prices: Prices::today(storj_tier.unwrap_or_default(), minute.unwrap_or(prices::GUIDES_MINUTE)),
            });
        }
        Err(faults)
    }

    /// Whether LiveKit is to write something beside the MP4 again and again.
    #[must_use]
    pub const fn overwrites(&self) -> bool {
        self.safety_copy || self.livekit_pictures
    }

    /// Every key whose webhooks are accepted.
    #[must_use]
    pub fn webhook_keys(&self) -> Vec<&ApiKey> {
        std::iter::once(&self.livekit_key).chain(&self.livekit_key_previous).collect()
    }
}

fn api_key((key, secret): (String, String)) -> ApiKey {
    ApiKey { key, secret: Secret::new(secret) }
}

fn credentials((id, secret): (String, String)) -> Credentials {
    Credentials { access_key_id: id, secret_access_key: Secret::new(secret) }
}

fn bucket_name(text: &str) -> Option<String> {
    let fits = (3..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-')
        && !text.contains("..");
    fits.then(|| text.to_owned())
}

/// Keys and tokens decide who signs in, so they come over TLS; plain http only from this very machine.
fn https_or_local(text: &str) -> Option<String> {
    let local = ["http://127.0.0.1", "http://localhost"]
        .iter()
        .any(|start| text.strip_prefix(start).is_some_and(|rest| rest.starts_with(':') || rest.starts_with('/')));
    let fits = (local || text.starts_with("https://")) && !text.contains(['@', '#', ' ']);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
