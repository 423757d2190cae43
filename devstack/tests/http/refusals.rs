//! What the LiveKit stand-in refuses.

use axum::http::Request;
use livekit_api::access_token::{AccessToken, VideoGrants};
use serde_json::{Value, json};

use crate::devstack::{Answer, Devstack, KEY, SECRET, administers, creates, joins, records, send, token};

fn code(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.json()["code"].clone())
}

#[tokio::test]
async fn each_call_wants_its_own_grant() {
    let devstack = Devstack::start(&[]);
    devstack.join("r", "alice", true).await;
    let lists = VideoGrants { room_list: true, ..Default::default() };
    let room = || json!({"room": "r"});
    let alice = || json!({"room": "r", "identity": "alice"});
    let nobody = || json!({"egress_id": "EG_none"});
    // A call, what it needs, and something that is not enough.
    let calls = [
        ("Egress/ListEgress", json!({}), records(), administers("r")),
        ("Egress/StopEgress", nobody(), records(), creates()),
        ("Egress/StartRoomCompositeEgress", devstack.composite("x", "x.mp4"), records(), joins("x")),
        ("RoomService/ListRooms", json!({}), lists.clone(), records()),
        ("RoomService/CreateRoom", json!({"name": "n"}), creates(), lists),
        ("RoomService/ListParticipants", room(), administers("r"), administers("other")),
        ("RoomService/GetParticipant", alice(), administers("r"), administers("other")),
        ("RoomService/RemoveParticipant", alice(), administers("r"), joins("r")),
        ("RoomService/DeleteRoom", room(), creates(), administers("r")),
    ];
    for (method, body, enough, other) in calls {
        let refused = devstack.call(method, other, body.clone()).await;
        assert_eq!(code(&refused), (401, json!("unauthenticated")), "{method}");
        assert_eq!(refused.json()["msg"], "permissions denied", "{method}");
        let allowed = devstack.call(method, enough, body).await;
        assert_ne!(allowed.status, 401, "{method}: {}", allowed.text());
    }
}

#[tokio::test]
async fn a_bad_token_is_refused_in_plain_text_that_repeats_it() {
    let devstack = Devstack::start(&[]);
    let url = format!("{}/twirp/livekit.Egress/ListEgress", devstack.livekit);
    let wrong = |key: &str, secret: &str| AccessToken::with_api_key(key, secret).with_grants(records()).to_jwt().unwrap();
    let forged = wrong(KEY, "another secret");
    let unknown = wrong("nokey", SECRET);
    for (token, start) in [(&forged, format!("invalid token: {forged}")), (&unknown, "invalid API key: nokey".into())] {
        let request = Request::post(&url).header("content-type", "application/json").header("authorization", format!("Bearer {token}"));
        let answer = send(request, "{}").await;
        assert_eq!(answer.status, 401);
        assert!(answer.text().starts_with(&start), "{}", answer.text());
        assert!(answer.header("content-type").starts_with("text/plain"));
    }
    let without = send(Request::post(&url).header("content-type", "application/json"), "{}").await;
    assert_eq!(code(&without), (401, json!("unauthenticated")));
}

#[tokio::test]
async fn a_clock_that_is_off_refuses_tokens_as_a_wrong_secret_does() {
    let devstack = Devstack::start(&[]);
    for (off, words) in [(-3_600, "not valid yet"), (3_600 * 24, "expired")] {
        devstack.faults(json!({"token_clock_s": off})).await;
        let answer = devstack.call("Egress/ListEgress", records(), json!({})).await;
        assert_eq!(answer.status, 401);
        let text = answer.text();
        assert!(text.starts_with("invalid token: ") && text.contains(words), "{text}");
    }
    devstack.faults(json!({"token_clock_s": 30})).await;
    assert_eq!(devstack.call("Egress/ListEgress", records(), json!({})).await.status, 200);
}

#[tokio::test]
async fn requests_that_cannot_be_recorded_are_refused() {
    let devstack = Devstack::start(&[]);
    devstack.join("r", "alice", true).await;
    let good = devstack.composite("r", "x.mp4");
    let output = good["file_outputs"][0].clone();
    let change = |pointer: &str, value: Value| {
        let mut request = good.clone();
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        request.pointer_mut(parent).unwrap()[field] = value;
        request
    };
    let s3 = "/file_outputs/0/s3";
    let cases = [
        (400, "malformed", change("/file_output", json!([]))),
        (400, "malformed", change(&format!("{s3}/secret_key"), json!("x"))),
        (400, "malformed", change("/advanced", json!({"width": 640}))),
        (400, "invalid_argument", change("/file_outputs", json!([]))),
        (400, "invalid_argument", change("/file_outputs", json!([output, output]))),
        (400, "invalid_argument", change("/segment_outputs", json!([{"filename_prefix": "s"}]))),
        (501, "unimplemented", change("/image_outputs", json!([{"filename_prefix": "i"}]))),
        (400, "invalid_argument", change("/file_outputs/0/file_type", json!("OGG"))),
        (400, "invalid_argument", change("/file_outputs/0/filepath", json!("folder/"))),
        (400, "invalid_argument", change("/file_outputs/0/filepath", json!("{room_name}.mp4"))),
        (400, "invalid_argument", change(&format!("{s3}/endpoint"), json!("gateway.storjshare.io"))),
        (400, "invalid_argument", change(&format!("{s3}/force_path_style"), json!(false))),
        (400, "invalid_argument", change(&format!("{s3}/bucket"), json!(""))),
        (400, "invalid_argument", change("/webhooks", json!([{"url": "http://127.0.0.1:1/", "signing_key": "nokey"}]))),
        (404, "not_found", change("/room_name", json!("nobody-is-here"))),
    ];
    for (status, name, request) in cases {
        let answer = devstack.start_egress(request.clone()).await;
        assert_eq!(code(&answer), (status, json!(name)), "{request}: {}", answer.text());
    }
    assert_eq!(devstack.get("/dev/state").await["egresses"], json!([]));
    assert_eq!(devstack.start_egress(good).await.status, 200);
}

#[tokio::test]
async fn unknown_things_are_not_found() {
    let devstack = Devstack::start(&[]);
    let stop = devstack.stop_egress("EG_none").await;
    assert_eq!(code(&stop), (404, json!("not_found")));
    assert_eq!(stop.json()["msg"], "twirp error unknown: egress does not exist");
    let list = json!({"egress_id": "EG_none"});
    assert_eq!(code(&devstack.call("Egress/ListEgress", records(), list).await).0, 404);
    let delete = devstack.call("RoomService/DeleteRoom", creates(), json!({"room": "r"})).await;
    assert_eq!(delete.json()["msg"], "twirp error unknown: requested room does not exist");
    let route = devstack.call("Egress/Nonsense", records(), json!({})).await;
    assert_eq!(code(&route), (404, json!("bad_route")));
    assert_eq!(route.json()["meta"]["twirp_invalid_route"], "POST /twirp/livekit.Egress/Nonsense");
}

#[tokio::test]
async fn joining_wants_a_join_token() {
    let devstack = Devstack::start(&[]);
    for (grants, publish, status) in [
        (records(), false, 401),
        (joins(""), false, 401),
        (VideoGrants { can_publish: Some(false), ..joins("r") }, true, 403),
        (VideoGrants { can_publish: Some(false), ..joins("r") }, false, 200),
    ] {
        let body = if grants.room_join && grants.room.is_empty() {
            // LiveKit's own crate does not make such a token.
            json!({"token": "x.y.z", "publish": publish})
        } else {
            json!({"token": token("bob", grants), "publish": publish})
        };
        assert_eq!(devstack.post("/dev/join", body.clone()).await.status, status, "{body}");
    }
    let unknown = devstack.post("/dev/join", json!({"token": "x", "pubish": true})).await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn faults_happen_as_often_as_asked_and_merge() {
    let devstack = Devstack::start(&[]);
    devstack.join("r", "alice", true).await;
    let wrong = devstack.post("/dev/faults", json!({"strat": "hang"})).await;
    assert_eq!(wrong.status, 400);
    devstack.post("/dev/faults", json!({"start": "unavailable", "times": 1})).await;
    devstack.post("/dev/faults", json!({"stop": "unavailable", "lists": "internal"})).await;
    let request = devstack.composite("r", "x.mp4");
    let refused = devstack.start_egress(request.clone()).await;
    assert_eq!(code(&refused), (503, json!("unavailable")));
    assert_eq!(refused.json()["msg"], "no response from servers");
    let started = devstack.start_egress(request).await;
    assert_eq!(started.status, 200);
    let id = started.json()["egress_id"].as_str().unwrap().to_owned();
    assert_eq!(devstack.stop_egress(&id).await.status, 503);
    let list = || devstack.call("Egress/ListEgress", records(), json!({}));
    assert_eq!(list().await.status, 500);
    devstack.post("/dev/faults", json!({"reset": true})).await;
    assert_eq!(list().await.status, 200);
    assert_eq!(devstack.stop_egress(&id).await.status, 200);
}
