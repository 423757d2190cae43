#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

const GOOD: &[(&str, &str)] = &[
    ("LIVEKIT_URL", "wss://demo.livekit.cloud/"),
    ("LIVEKIT_API_KEY", "devkey"),
    ("LIVEKIT_API_SECRET", "livekit-secret"),
    ("STORJ_ACCESS_KEY_ID", "ak"),
    ("STORJ_SECRET_ACCESS_KEY", "storj-secret"),
    ("STORJ_BUCKET", "recordings"),
    ("STORJ_ENDPOINT", "gateway.storjshare.io"),
    ("AUTH_JWT_SECRET", "0123456789abcdef0123456789abcdef"),
];

fn read(changes: &[(&str, &str)]) -> Result<Config, Vec<Fault>> {
    Config::read(|name| {
        let find = |list: &[(&str, &str)]| list.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        find(changes).or_else(|| find(GOOD))
    })
}

fn faulty(changes: &[(&str, &str)]) -> Vec<&'static str> {
    read(changes).map(|_| vec![]).unwrap_or_else(|faults| faults.iter().map(|f| f.name).collect())
}

#[test]
fn the_minimum_is_enough_and_addresses_are_normalised() {
    let config = read(&[]).unwrap();
    assert_eq!(config.livekit_api, "https://demo.livekit.cloud");
    assert_eq!(config.livekit_ws, "wss://demo.livekit.cloud");
    assert_eq!(config.project, "demo.livekit.cloud");
    assert_eq!(config.bucket.endpoint, "https://gateway.storjshare.io");
    assert_eq!(config.bucket.region, "us-east-1");
    assert_eq!(config.storj_egress.access_key_id, "ak");
    let plain = read(&[("LIVEKIT_URL", "ws://127.0.0.1:7880")]).unwrap();
    assert_eq!((plain.livekit_api.as_str(), plain.livekit_ws.as_str()), ("http://127.0.0.1:7880", "ws://127.0.0.1:7880"));
}

#[test]
fn every_fault_is_told_at_once() {
    let faults = Config::read(|_| None).unwrap_err();
    let names: Vec<_> = faults.iter().map(|f| f.name).collect();
    assert_eq!(
        names,
        [
            "LIVEKIT_URL",
            "LIVEKIT_API_KEY",
            "LIVEKIT_API_SECRET",
            "STORJ_ACCESS_KEY_ID",
            "STORJ_SECRET_ACCESS_KEY",
            "STORJ_BUCKET",
            "STORJ_ENDPOINT",
            "AUTH_JWT_SECRET",
        ]
    );
}

#[test]
fn an_empty_value_is_an_unset_one() {
    assert_eq!(faulty(&[("LIVEKIT_API_SECRET", "  ")]), ["LIVEKIT_API_SECRET"]);
    assert!(read(&[("PUBLIC_URL", ""), ("STORJ_EGRESS_ACCESS_KEY_ID", "")]).is_ok());
}

#[test]
fn pairs_come_whole() {
    assert_eq!(faulty(&[("LIVEKIT_API_KEY_PREVIOUS", "old")]), ["LIVEKIT_API_SECRET_PREVIOUS"]);
    assert_eq!(faulty(&[("STORJ_EGRESS_SECRET_ACCESS_KEY", "x")]), ["STORJ_EGRESS_ACCESS_KEY_ID"]);
    assert_eq!(faulty(&[("AUTH_JWKS_URL", "https://a.example/jwks")]), ["AUTH_ISSUER", "AUTH_AUDIENCE"]);
}

#[test]
fn each_wrong_value_is_refused_by_name() {
    for (name, value) in [
        ("LIVEKIT_URL", "demo.livekit.cloud"),
        ("LIVEKIT_URL", "wss://user@host"),
        ("STORJ_BUCKET", "Not_A_Bucket"),
        ("STORJ_ENDPOINT", "https://gateway.storjshare.io/bucket"),
        ("STORJ_OBJECT_TTL", "30d"),
        ("STORJ_OBJECT_TTL", "0h"),
        ("AUTH_JWT_SECRET", "short"),
        ("AUTH_JWT_SECRET", ""),
        ("AUTH_JWKS_URL", "http://keys.example/jwks"),
        ("PUBLIC_URL", "example.com"),
        ("RECORD_FOREIGN_ROOMS", "yes"),
        ("THUMBNAILS", "on"),
        ("DEFAULT_VISIBILITY", "hidden"),
        ("DEFAULT_QUALITY", "8k"),
        ("ANONYMOUS_VIEWERS", "1"),
        ("ALLOWED_ORIGINS", "https://a.example, b.example"),
    ] {
        assert_eq!(faulty(&[(name, value)]), [name], "{name}={value}");
    }
}

#[test]
fn livekits_secret_cannot_be_the_sign_in_secret() {
    let same = "0123456789abcdef0123456789abcdef";
    assert_eq!(faulty(&[("LIVEKIT_API_SECRET", same)]), ["AUTH_JWT_SECRET"]);
    let previous = [("LIVEKIT_API_KEY_PREVIOUS", "old"), ("LIVEKIT_API_SECRET_PREVIOUS", same)];
    assert_eq!(faulty(&previous), ["AUTH_JWT_SECRET"]);
}

#[test]
fn nothing_secret_is_ever_printed() {
    let config = read(&[("STORJ_EGRESS_ACCESS_KEY_ID", "wk"), ("STORJ_EGRESS_SECRET_ACCESS_KEY", "write-secret")]).unwrap();
    let shown = format!("{config:?}");
    for secret in ["livekit-secret", "storj-secret", "write-secret", "0123456789abcdef"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let faults = format!("{:?}", read(&[("LIVEKIT_URL", "no-secret-here")]).unwrap_err());
    assert!(!faults.contains("no-secret-here"));
}

#[test]
fn a_ttl_is_a_go_duration() {
    let ttl = read(&[("STORJ_OBJECT_TTL", "720h30m")]).unwrap().object_ttl.unwrap();
    assert_eq!((ttl.header.as_str(), ttl.ms), ("+720h30m", 720 * 3_600_000 + 1_800_000));
}
