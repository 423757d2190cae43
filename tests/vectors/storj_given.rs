//! What the tests of requests to Storj begin with.

use livekit_storj::config::Config;
use livekit_storj::http::Outgoing;
use livekit_storj::secret::Secret;
use livekit_storj::storj::sign::{Bucket, Credentials, SignError, presign, signed};
use livekit_storj::time::Millis;

use super::judge::{Arrived, judge};

pub(crate) const SECRET: &str = "SKTESTSECRET1";
pub(crate) const NOW: Millis = Millis(1_795_397_400_713);
pub(crate) const KEY: &str = "livekit-recordings/alice/my-room_1795397400713.mp4";

pub(crate) fn credentials() -> Credentials {
    Credentials { access_key_id: "AKTESTKEY1".into(), secret_access_key: Secret::new(SECRET) }
}

pub(crate) fn bucket() -> Bucket {
    at("https://gateway.storjshare.io")
}

pub(crate) fn at(endpoint: &str) -> Bucket {
    Bucket { endpoint: endpoint.into(), region: "us-east-1".into(), name: "recordings".into() }
}

/// The configuration of a Worker whose bucket and key these are.
pub(crate) fn config() -> Config {
    let var = |name: &str| {
        let value = match name {
            "LIVEKIT_URL" => "wss://p.livekit.cloud",
            "LIVEKIT_API_KEY" => "devkey",
            "LIVEKIT_API_SECRET" => "devsecret-0123456789abcdef0123456789abcdef",
            "STORJ_ACCESS_KEY_ID" => "AKTESTKEY1",
            "STORJ_SECRET_ACCESS_KEY" => SECRET,
            "STORJ_BUCKET" => "recordings",
            "STORJ_ENDPOINT" => "https://gateway.storjshare.io",
            "AUTH_JWT_SECRET" => "callers-secret-0123456789abcdef0123",
            _ => return None,
        };
        Some(value.to_owned())
    };
    Config::read(var).unwrap()
}

pub(crate) fn header<'a>(request: &'a Outgoing, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

pub(crate) fn get(key: &str, query: &[(&str, &str)]) -> Result<String, SignError> {
    presign("GET", &bucket(), &credentials(), key, query, NOW, 300)
}

pub(crate) fn put(key: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Outgoing, SignError> {
    signed("PUT", &bucket(), &credentials(), key, &[], headers, body.to_vec(), NOW, 10_000)
}

pub(crate) fn judge_url(method: &str, url: &str, now: Millis) -> Result<(), &'static str> {
    judge(&Arrived { method, url, headers: &[], body: b"" }, SECRET, now)
}

pub(crate) fn judge_request(request: &Outgoing) -> Result<(), &'static str> {
    let Outgoing { method, url, headers, body, .. } = request;
    judge(&Arrived { method, url, headers, body }, SECRET, NOW)
}
