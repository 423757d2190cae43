//! The tokens we give to browsers and to LiveKit's server API: whole claim objects.

use std::sync::LazyLock;

use livekit_storj::livekit::signature::sign_body;
use livekit_storj::livekit::token::{ApiKey, JoinToken, SignError, VideoGrants, api_token, join_token};
use livekit_storj::secret::Secret;
use livekit_storj::time::Millis;
use serde_json::{Map, Value, json};

use super::livekit_sdks::PYTHON_TOKEN;
use super::tokens::{body_hash, open};

const SECRET: &str = "thiskeyistotallyunsafe";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const NOW: Millis = Millis(1_795_397_400_713);

fn key() -> ApiKey {
    ApiKey { key: "myapikey".into(), secret: Secret::new(SECRET) }
}

fn to_join() -> VideoGrants {
    VideoGrants { room_join: true, room: Some("my-room".into()), ..VideoGrants::default() }
}

fn plain(video: VideoGrants) -> JoinToken<'static> {
    static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    JoinToken { identity: "alice", name: None, metadata: None, attributes: &NONE, video }
}

#[test]
fn a_hosts_token() {
    let attributes = Map::from_iter([("role".to_owned(), json!("host")), ("record".to_owned(), json!("true"))]);
    let token = JoinToken {
        identity: "alice",
        name: Some("Alice Ö"),
        metadata: Some(r#"{"a":1}"#),
        attributes: &attributes,
        video: VideoGrants { can_publish: Some(true), can_publish_sources: vec!["camera".into(), "microphone".into()], ..to_join() },
    };
    let (header, claims) = open(&join_token(&key(), &token, NOW, 600).unwrap(), SECRET);
    assert_eq!(header, HEADER);
    assert_eq!(
        claims,
        json!({
            "iss": "myapikey", "sub": "alice", "name": "Alice Ö", "metadata": "{\"a\":1}",
            "attributes": {"role": "host", "record": "true"},
            "nbf": 1_795_397_400, "exp": 1_795_398_000,
            "video": {
                "roomJoin": true, "room": "my-room", "canPublish": true,
                "canPublishSources": ["camera", "microphone"],
            },
        })
    );
}

#[test]
fn a_viewers_token_says_no_aloud() {
    let video = VideoGrants {
        can_publish: Some(false),
        can_publish_data: Some(false),
        can_subscribe: Some(true),
        can_update_own_metadata: Some(false),
        ..to_join()
    };
    let (header, claims) = open(&join_token(&key(), &plain(video), NOW, 600).unwrap(), SECRET);
    assert_eq!(header, HEADER);
    assert_eq!(
        claims,
        json!({
            "iss": "myapikey", "sub": "alice", "nbf": 1_795_397_400, "exp": 1_795_398_000,
            "video": {
                "roomJoin": true, "room": "my-room", "canPublish": false, "canSubscribe": true,
                "canPublishData": false, "canUpdateOwnMetadata": false,
            },
        })
    );
}

#[test]
fn the_same_claims_as_the_python_sdk() {
    let video = VideoGrants { can_publish: Some(true), can_subscribe: Some(true), can_publish_data: Some(true), ..to_join() };
    let token = JoinToken { identity: "identity", name: Some("name"), ..plain(video) };
    let not_before = 1_741_869_679;
    let life = 4_102_444_800 - not_before;
    let ours = join_token(&key(), &token, Millis::from_secs(not_before), life).unwrap();

    let (their_header, mut theirs) = open(PYTHON_TOKEN, SECRET);
    theirs.as_object_mut().unwrap().remove("roomConfig");
    assert_eq!(open(&ours, SECRET), (their_header, theirs));
}

#[test]
fn tokens_of_the_server_api() {
    let every = VideoGrants {
        room_create: true,
        room_list: true,
        room_record: true,
        room_admin: true,
        room: Some("my-room".into()),
        ..VideoGrants::default()
    };
    let (header, claims) = open(&api_token(&key(), every, NOW).unwrap(), SECRET);
    assert_eq!(header, HEADER);
    assert_eq!(
        claims,
        json!({
            "iss": "myapikey", "nbf": 1_795_397_390, "exp": 1_795_397_460,
            "video": {
                "roomCreate": true, "roomList": true, "roomRecord": true, "roomAdmin": true,
                "room": "my-room",
            },
        })
    );
    let none = VideoGrants::default();
    let (_, claims) = open(&api_token(&key(), none, NOW).unwrap(), SECRET);
    assert_eq!(claims["video"], json!({}));
}

#[test]
fn a_webhooks_token_has_livekits_four_claims() {
    let (header, claims) = open(&sign_body(&key(), b"{}", NOW).unwrap(), SECRET);
    assert_eq!(header, HEADER);
    assert_eq!(
        claims,
        json!({
            "iss": "myapikey", "nbf": 1_795_397_400, "exp": 1_795_397_700,
            "sha256": body_hash(b"{}"),
        })
    );
}

#[test]
fn tokens_that_are_not_made() {
    let join = |token: &JoinToken<'_>, ttl_s| join_token(&key(), token, NOW, ttl_s);
    let with = |change: fn(&mut VideoGrants)| {
        let mut video = to_join();
        change(&mut video);
        join(&plain(video), 600)
    };
    assert_eq!(join(&JoinToken { identity: "", ..plain(to_join()) }, 600), Err(SignError::NoIdentity));
    assert_eq!(with(|video| video.room = None), Err(SignError::NoRoom));
    assert_eq!(with(|video| video.room = Some(String::new())), Err(SignError::NoRoom));
    assert_eq!(with(|video| video.room_join = false), Err(SignError::NoRoom));
    assert_eq!(with(|video| video.room_create = true), Err(SignError::ServerGrant));
    assert_eq!(with(|video| video.room_list = true), Err(SignError::ServerGrant));
    assert_eq!(with(|video| video.room_record = true), Err(SignError::ServerGrant));
    assert_eq!(with(|video| video.room_admin = true), Err(SignError::ServerGrant));
    assert_eq!(join(&plain(to_join()), 0), Err(SignError::Time));
    assert_eq!(join(&plain(to_join()), -1), Err(SignError::Time));
    assert_eq!(join(&plain(to_join()), i64::MAX), Err(SignError::Time));

    for (name, secret) in [("", SECRET), ("myapikey", "")] {
        let key = ApiKey { key: name.into(), secret: Secret::new(secret) };
        assert_eq!(join_token(&key, &plain(to_join()), NOW, 600), Err(SignError::EmptyKey));
        assert_eq!(api_token(&key, to_join(), NOW), Err(SignError::EmptyKey));
        assert_eq!(sign_body(&key, b"", NOW), Err(SignError::EmptyKey));
    }
    assert!(!format!("{:?}", key()).contains(SECRET));
}
