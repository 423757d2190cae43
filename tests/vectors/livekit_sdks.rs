//! The vectors of LiveKit's own SDKs (Apache License 2.0): tokens made by them, and the body hashes
//! that their webhook tests fix.

use livekit_storj::auth::caller::{AuthRules, Via, caller_from_claims};
use livekit_storj::auth::token::{BearerToken, TokenError};
use livekit_storj::livekit::signature::{Refused, VerifiedBy, sign_body, verify};
use livekit_storj::livekit::token::ApiKey;
use livekit_storj::secret::Secret;
use livekit_storj::time::Millis;
use serde_json::json;

use super::tokens::{body_hash, hs256};

/// `livekit/rust-sdks`, `livekit-api/src/test_token.txt`: made by the Python SDK, counts until 2100.
pub(crate) const PYTHON_TOKEN: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
    "eyJuYW1lIjoibmFtZSIsInZpZGVvIjp7InJvb21Kb2luIjp0cnVlLCJyb29tIjoibXktcm9vbSIsImNhblB1Ymxpc2gi",
    "OnRydWUsImNhblN1YnNjcmliZSI6dHJ1ZSwiY2FuUHVibGlzaERhdGEiOnRydWV9LCJyb29tQ29uZmlnIjp7ImFnZW50",
    "cyI6W3siYWdlbnROYW1lIjoidGVzdC1hZ2VudCIsIm1ldGFkYXRhIjoidGVzdC1tZXRhZGF0YSJ9XX0sInN1YiI6Imlk",
    "ZW50aXR5IiwiaXNzIjoibXlhcGlrZXkiLCJuYmYiOjE3NDE4Njk2NzksImV4cCI6NDEwMjQ0NDgwMH0.",
    "hmKovgw6sDbQUFZxAQ9Xjb9-VUzeBw1A6URTXFuCLMU",
);

/// `livekit/protocol`, `auth/verifier_test.go`: expired in 2020.
const GO_TOKEN: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
    "eyJleHAiOjE2MDg5MzAzMDgsImlzcyI6IkFQSUQzQjY3dXhrNE5qMkdLaVJQaWJBWjkiLCJuYmYiOjE2MDg5MjY3MDgs",
    "InJvb21fam9pbiI6dHJ1ZSwicm9vbV9zaWQiOiJteWlkIiwic3ViIjoiQVBJRDNCNjd1eGs0TmoyR0tpUlBpYkFaOSJ9.",
    "cmHEBq0MLyRqphmVLM2cLXg5ao5Sro7am8yXhcYKcwE",
);

/// `livekit/node-sdks`, `packages/livekit-server-sdk/src/WebhookReceiver.test.ts`.
const NODE_BODY: &str = concat!(
    r#"{"event":"room_started", "room":{"sid":"RM_TkVjUvAqgzKz", "name":"mytestroom", "#,
    r#""emptyTimeout":300, "creationTime":"1628545903", "#,
    r#""turnPassword":"ICkSr2rEeslkN6e9bXL4Ji5zzMD5Z7zzr6ulOaxMj6N", "#,
    r#""enabledCodecs":[{"mime":"audio/opus"}, {"mime":"video/VP8"}]}}"#,
);

/// `livekit/server-sdk-kotlin`, `src/test/kotlin/io/livekit/server/WebhookReceiverTest.kt`: the same
/// in three lines, a space at the end of two.
const KOTLIN_BODY: &str = concat!(
    r#"{"event":"room_started", "room":{"sid":"RM_TkVjUvAqgzKz", "name":"mytestroom", "#,
    "\n",
    r#""emptyTimeout":300, "creationTime":"1628545903", "#,
    r#""turnPassword":"ICkSr2rEeslkN6e9bXL4Ji5zzMD5Z7zzr6ulOaxMj6N", "#,
    "\n",
    r#""enabledCodecs":[{"mime":"audio/opus"}, {"mime":"video/VP8"}]}}"#,
);

/// `livekit/python-sdks`, `tests/api/test_webhook.py`: 616 bytes, an empty line around them.
const PYTHON_BODY: &str = r#"
{
  "event": "room_started",
  "room": {
    "sid": "RM_hycBMAjmt6Ub",
    "name": "Demo Room",
    "emptyTimeout": 300,
    "creationTime": "1692627281",
    "turnPassword": "2Pvdj+/WV1xV4EkB8klJ9xkXDWY=",
    "enabledCodecs": [
      {
        "mime": "audio/opus"
      },
      {
        "mime": "video/H264"
      },
      {
        "mime": "video/VP8"
      },
      {
        "mime": "video/AV1"
      },
      {
        "mime": "video/H264"
      },
      {
        "mime": "audio/red"
      },
      {
        "mime": "video/VP9"
      }
    ]
  },
  "id": "EV_eugWmGhovZmm",
  "createdAt": "1692985556"
}
"#;

const NOW: Millis = Millis::from_secs(1_800_000_000);

fn key(name: &str, secret: &str) -> ApiKey {
    ApiKey { key: name.into(), secret: Secret::new(secret) }
}

/// As the SDK's test does: a token with this hash and nothing else of interest, then the receiver.
fn receives(name: &str, secret: &str, body: &str, sha256: &str) -> Result<VerifiedBy, Refused> {
    let claims = json!({"iss": name, "nbf": NOW.secs(), "exp": NOW.secs() + 300, "sha256": sha256});
    let token = hs256(&claims, secret);
    verify(body.as_bytes(), Some(&token), &[&key(name, secret)], NOW)
}

#[test]
fn vector_1_the_python_sdks_token() {
    let secret = Secret::new("thiskeyistotallyunsafe");
    let token = BearerToken::parse(PYTHON_TOKEN).unwrap();
    assert!(token.verify_hs256(&secret).is_ok());
    let wrong = token.verify_hs256(&Secret::new("incorrect")).unwrap_err();
    assert_eq!(wrong, TokenError::BadSignature);

    // To a webhook's verifier it is a well-signed token without a hash; to a caller's, LiveKit's.
    let ours = key("myapikey", "thiskeyistotallyunsafe");
    assert_eq!(verify(b"{}", Some(PYTHON_TOKEN), &[&ours], NOW), Err(Refused::NoBodyHash));
    let other = key("incorrect", "thiskeyistotallyunsafe");
    assert_eq!(verify(b"{}", Some(PYTHON_TOKEN), &[&other], NOW), Err(Refused::UnknownKey));
    let claims = token.claims(token.verify_hs256(&secret).unwrap(), NOW).unwrap();
    let caller = caller_from_claims(&claims, &AuthRules::default(), Via::Secret);
    assert_eq!(caller, Err(TokenError::LiveKitToken));
}

#[test]
fn vector_2_the_go_verifiers_token() {
    let ours = key("APID3B67uxk4Nj2GKiRPibAZ9", "YHC-CUhbQhGeVCaYgn1BNA++");
    let check = |key: &ApiKey, secs| verify(b"", Some(GO_TOKEN), &[key], Millis::from_secs(secs));
    assert_eq!(check(&ours, 1_800_000_000), Err(Refused::Expired));
    assert_eq!(check(&ours, 1_608_930_308), Err(Refused::NoBodyHash));
    assert_eq!(check(&ours, 1_608_926_708), Err(Refused::NoBodyHash));
    assert_eq!(check(&ours, 1_608_926_000), Err(Refused::NotYetValid));
    let wrong = key("APID3B67uxk4Nj2GKiRPibAZ9", "anothersecret");
    assert_eq!(check(&wrong, 1_608_930_308), Err(Refused::BadSignature));
    let empty = key("APID3B67uxk4Nj2GKiRPibAZ9", "");
    assert_eq!(check(&empty, 1_608_930_308), Err(Refused::UnknownKey));
}

#[test]
fn vector_3_the_node_sdks_webhook() {
    let hash = "CoEQz1chqJ9bnZRcORddjplkvpjmPujmLTR42DbefYI=";
    assert_eq!(body_hash(NODE_BODY.as_bytes()), hash);
    assert!(receives("abcdefg", "abababa", NODE_BODY, hash).is_ok());
}

#[test]
fn vector_4_the_kotlin_sdks_webhook() {
    let hash = "1renMMRYeCXsy6M9bjJ90XA3M1q1byhUGNoD91aPuhM=";
    assert_eq!(body_hash(KOTLIN_BODY.as_bytes()), hash);
    let secret = format!("{}a", "ab".repeat(30));
    assert!(receives("abcdefg", &secret, KOTLIN_BODY, hash).is_ok());
    assert_eq!(receives("abcdefg", &secret, NODE_BODY, hash), Err(Refused::BodyAltered));
}

#[test]
fn vector_5_the_python_sdks_webhooks() {
    let (name, secret) = ("myapikey", "thiskeyistotallyunsafe");
    let hash = "e9BKDBVr10T3b61hmsRIYdd58AMKfFxTyBNo4b/qNZw=";
    assert_eq!(PYTHON_BODY.len(), 616);
    assert_eq!(body_hash(PYTHON_BODY.as_bytes()), hash);
    assert!(receives(name, secret, PYTHON_BODY, hash).is_ok());
    let wrong = body_hash(b"wrong_hash");
    assert_eq!(receives(name, secret, PYTHON_BODY, &wrong), Err(Refused::BodyAltered));
    // "invalid body": its signature is sound, so it is the parser that refuses it.
    assert!(receives(name, secret, "invalid body", &body_hash(b"invalid body")).is_ok());
}

/// Vector 3 with a token that is fixed: it counts until 2100.
#[test]
fn the_frozen_webhook() {
    let token = concat!(
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
        "eyJpc3MiOiJhYmNkZWZnIiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDAsInNoYTI1NiI6IkNvRVF6",
        "MWNocUo5Ym5aUmNPUmRkanBsa3Zwam1QdWptTFRSNDJEYmVmWUk9In0.",
        "45SVa7iB-KsshbVt1K0LidjrPmthucO7FnEG2BjZM9A",
    );
    let ours = key("abcdefg", "abababa");
    let check = |body: &str, now| verify(body.as_bytes(), Some(token), &[&ours], now);
    assert_eq!(check(NODE_BODY, NOW), Ok(VerifiedBy { key_index: 0 }));
    assert_eq!(check(KOTLIN_BODY, NOW), Err(Refused::BodyAltered));
    assert_eq!(check(NODE_BODY, Millis::from_secs(1_699_999_939)), Err(Refused::NotYetValid));
    assert_eq!(check(NODE_BODY, Millis::from_secs(4_102_444_860)), Err(Refused::Expired));
}

#[test]
fn our_own_webhooks_verify() {
    let ours = key("abcdefg", "abababa");
    let token = sign_body(&ours, NODE_BODY.as_bytes(), NOW).unwrap();
    assert!(verify(NODE_BODY.as_bytes(), Some(&token), &[&ours], NOW).is_ok());
}
