//! What the tests of requests to Storj begin with.

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
