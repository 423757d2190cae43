//! Webhooks that go wrong, by `webhooks` and `livekit_clock_s` of `/dev/faults`.

use std::time::Duration;

use livekit_api::access_token::TokenVerifier;
use serde_json::{Value, json};

use crate::devstack::{Devstack, KEY, SECRET};
use crate::receiver::Receiver;

async fn with(faults: Value) -> (Devstack, Receiver) {
    let receiver = Receiver::start().await;
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    devstack.faults(faults).await;
    (devstack, receiver)
}

#[tokio::test]
async fn one_is_lost_and_the_next_of_its_kind_comes() {
    let (devstack, receiver) = with(json!({"webhooks": [{"on": "participant_joined", "times": 1, "lose": true}]})).await;
    devstack.join("r", "alice", false).await;
    devstack.join("r", "bob", false).await;
    let joined = receiver.wait_for("participant_joined").await.json();
    assert_eq!(joined["participant"]["identity"], "bob");
    assert_eq!(receiver.labels(), ["room_started", "participant_joined"]);
}

#[tokio::test]
async fn one_comes_three_times() {
    let (devstack, receiver) = with(json!({"webhooks": [{"on": "room_started", "repeat": 2}]})).await;
    devstack.join("r", "alice", false).await;
    receiver.wait_for("participant_joined").await;
    assert_eq!(receiver.labels(), ["room_started", "room_started", "room_started", "participant_joined"]);
    let received = receiver.received();
    assert_eq!(received[0].body, received[2].body);
}

#[tokio::test]
async fn one_comes_late_while_others_pass_by() {
    let (devstack, receiver) = with(json!({"webhooks": [{"on": "room_started", "late_ms": 400}]})).await;
    devstack.join("r", "alice", true).await;
    receiver.wait_for("room_started").await;
    assert_eq!(receiver.labels(), ["participant_joined", "track_published", "track_published", "room_started"]);
}

#[tokio::test]
async fn one_that_is_delayed_holds_up_its_queue() {
    let (devstack, receiver) = with(json!({"webhooks": [{"on": "room_started", "delay_ms": 400}]})).await;
    devstack.join("r", "alice", false).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(receiver.labels(), [] as [&str; 0]);
    receiver.wait_for("participant_joined").await;
    assert_eq!(receiver.labels(), ["room_started", "participant_joined"]);
}

#[tokio::test]
async fn a_status_tells_events_apart() {
    let (devstack, receiver) = with(json!({"webhooks": [{"on": "egress_updated EGRESS_ENDING", "lose": true}]})).await;
    devstack.join("r", "alice", true).await;
    let started = devstack.start_egress(devstack.composite("r", "x.mp4")).await.json();
    receiver.wait_for("egress_updated ACTIVE").await;
    devstack.stop_egress(started["egress_id"].as_str().unwrap()).await;
    receiver.wait_for("egress_ended COMPLETE").await;
    assert!(!receiver.labels().contains(&"egress_updated ENDING".to_owned()));
}

#[tokio::test]
async fn livekits_clock_is_off() {
    let (devstack, receiver) = with(json!({"livekit_clock_s": 1_200})).await;
    devstack.join("r", "alice", false).await;
    let early = receiver.wait_for("room_started").await;
    let refused = TokenVerifier::with_api_key(KEY, SECRET).verify(early.header("authorization"));
    assert!(refused.is_err(), "{refused:?}");
    devstack.faults(json!({"reset": true})).await;
    devstack.join("r", "bob", false).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    receiver.received().last().unwrap().assert_signed();
}
