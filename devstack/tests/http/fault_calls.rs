//! Calls to LiveKit that go wrong, by `calls` of `/dev/faults`.

use std::time::{Duration, Instant};

use livekit_api::access_token::VideoGrants;
use serde_json::{Value, json};

use crate::devstack::{Answer, Devstack, creates, records};

const START: &str = "Egress/StartRoomCompositeEgress";

async fn with_alice(rule: Value) -> Devstack {
    let devstack = Devstack::start(&[]);
    devstack.join("r", "alice", true).await;
    let set = devstack.faults(json!({"calls": [rule]})).await;
    assert_eq!(set["calls"].as_array().map(Vec::len), Some(1));
    devstack
}

async fn start(devstack: &Devstack) -> Option<Answer> {
    devstack.try_call(START, records(), devstack.composite("r", "x.mp4")).await
}

#[tokio::test]
async fn refusals_of_every_form_do_nothing() {
    let devstack = with_alice(json!({})).await;
    let cases = [
        (json!({"status": 429}), "resource_exhausted", "application/json"),
        (json!({"status": 500}), "internal", "application/json"),
        (json!({"status": 503}), "no response from servers", "application/json"),
        (json!({"status": 401, "form": "plain"}), "invalid token: eyJ", "text/plain; charset=utf-8"),
        (json!({"status": 502, "form": "html"}), "<h1>502 Bad Gateway</h1>", "text/html"),
    ];
    for (mut rule, text, kind) in cases {
        rule["on"] = json!("livekit.Egress/Start");
        devstack.faults(json!({"calls": [rule]})).await;
        let answer = start(&devstack).await.unwrap();
        assert_eq!((answer.status, answer.header("content-type")), (rule["status"].as_u64().unwrap().try_into().unwrap(), kind));
        assert!(answer.text().contains(text), "{}", answer.text());
        // Other calls are not concerned.
        let list = devstack.call("Egress/ListEgress", records(), json!({})).await;
        assert_eq!((list.status, list.json()["items"].clone()), (200, json!([])));
    }
}

#[tokio::test]
async fn a_connection_is_cut_before_or_after_it_acted() {
    let devstack = with_alice(json!({"on": "Start", "times": 1, "cut": true})).await;
    assert!(start(&devstack).await.is_none());
    assert!(devstack.egresses().await.is_empty());
    devstack.faults(json!({"calls": [{"on": "Start", "times": 1, "cut": true, "acts": true}]})).await;
    assert!(start(&devstack).await.is_none());
    assert_eq!(devstack.egresses().await.len(), 1);
    assert_eq!(start(&devstack).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_start_is_taken_later_than_it_was_answered() {
    let devstack = with_alice(json!({"on": "Start", "times": 1, "status": 503, "acts_late_ms": 400})).await;
    assert_eq!(start(&devstack).await.unwrap().status, 503);
    assert!(devstack.egresses().await.is_empty());
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(devstack.egresses().await.len(), 1);
}

#[tokio::test]
async fn an_answer_is_slow() {
    let devstack = with_alice(json!({"on": "ListRooms", "delay_ms": 300})).await;
    let began = Instant::now();
    let lists = VideoGrants { room_list: true, ..Default::default() };
    let answer = devstack.call("RoomService/ListRooms", lists, json!({})).await;
    assert_eq!((answer.status, began.elapsed() >= Duration::from_millis(300)), (200, true));
}

#[tokio::test]
async fn a_call_acts_and_is_refused_all_the_same() {
    let devstack = with_alice(json!({"on": "DeleteRoom", "status": 500, "acts": true})).await;
    let answer = devstack.call("RoomService/DeleteRoom", creates(), json!({"room": "r"})).await;
    assert_eq!(answer.status, 500);
    assert_eq!(devstack.get("/dev/state").await["rooms"], json!([]));
}
