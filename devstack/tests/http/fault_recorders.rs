//! What becomes of recorders, by `/dev/recorder` and `/dev/forget`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::devstack::{Devstack, creates, records};
use crate::receiver::Receiver;

/// Something that records, and its id.
async fn recording() -> (Devstack, Receiver, String) {
    let receiver = Receiver::start().await;
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    devstack.join("r", "alice", true).await;
    let started = devstack.start_egress(devstack.composite("r", "x.mp4")).await.json();
    receiver.wait_for("egress_updated ACTIVE").await;
    (devstack, receiver, started["egress_id"].as_str().unwrap().to_owned())
}

async fn happens(devstack: &Devstack, what: Value) {
    let answer = devstack.post("/dev/recorder", what).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn the_limit_is_told_with_the_file_and_nothing_before() {
    let (devstack, receiver, id) = recording().await;
    happens(&devstack, json!({"room": "r", "end": "limit"})).await;
    let info = receiver.wait_for("egress_ended LIMIT_REACHED").await.json()["egressInfo"].clone();
    assert_eq!((&info["error"], &info["errorCode"]), (&json!("Session limit reached"), &json!(413)));
    assert!(info["fileResults"][0]["size"].is_string());
    assert_eq!(devstack.keys().await, ["x.mp4"]);
    assert!(!receiver.labels().contains(&"egress_updated ENDING".to_owned()));
    assert_eq!(devstack.stop_egress(&id).await.status, 412);
}

#[tokio::test]
async fn a_lost_room_is_a_failure_with_a_file() {
    let (devstack, receiver, _) = recording().await;
    happens(&devstack, json!({"room": "r", "end": "lost_room"})).await;
    let info = receiver.wait_for("egress_ended FAILED").await.json()["egressInfo"].clone();
    assert_eq!(info["errorCode"], 503);
    assert!(info["fileResults"][0]["size"].is_string() && info["fileResults"][0]["location"].is_string());
    assert_eq!(devstack.keys().await, ["x.mp4"]);
}

#[tokio::test]
async fn a_killed_process_is_told_without_a_file_even_while_it_uploads() {
    let (devstack, receiver, id) = recording().await;
    devstack.faults(json!({"storage": [{"on": "PUT x.mp4", "delay_ms": 400}]})).await;
    devstack.stop_egress(&id).await;
    happens(&devstack, json!({"egress_id": id, "kill": "handler"})).await;
    let info = receiver.wait_for("egress_ended FAILED").await.json()["egressInfo"].clone();
    assert_eq!((&info["error"], &info["fileResults"]), (&json!("signal: killed"), &json!([{"filename": "x.mp4"}])));
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(devstack.keys().await.is_empty());
}

#[tokio::test]
async fn a_killed_service_is_listed_active_for_ever() {
    let (devstack, receiver, id) = recording().await;
    happens(&devstack, json!({"room": "r", "kill": "service"})).await;
    let stop = devstack.stop_egress(&id).await;
    assert_eq!((stop.status, stop.json()["code"].clone()), (408, json!("deadline_exceeded")));
    // Its place in the room is empty 20 s later, and the room may close.
    receiver.wait_for("participant_left EGRESS").await;
    devstack.call("RoomService/DeleteRoom", creates(), json!({"room": "r"})).await;
    receiver.wait_for("room_finished").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let list = devstack.call("Egress/ListEgress", records(), json!({"active": true})).await.json();
    assert_eq!(list["items"][0]["status"], "EGRESS_ACTIVE");
    assert!(receiver.labels().iter().all(|label| !label.starts_with("egress_ended") && !label.ends_with("ENDING")));
    assert!(devstack.keys().await.is_empty());
}

#[tokio::test]
async fn jobs_and_rooms_are_forgotten_in_silence() {
    let (devstack, receiver, id) = recording().await;
    devstack.stop_egress(&id).await;
    receiver.wait_for("egress_ended COMPLETE").await;
    devstack.start_egress(devstack.composite("r", "y.mp4")).await;
    let forget = async |what: &str| assert_eq!(devstack.post("/dev/forget", json!({"what": what})).await.status, 200);
    forget("ended").await;
    let left = devstack.egresses().await;
    assert_eq!(left.len(), 1);
    assert_ne!(left[0]["egress_id"], json!(id));
    forget("everything").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(devstack.get("/dev/state").await, json!({"rooms": [], "egresses": []}));
    assert!(!receiver.labels().contains(&"room_finished".to_owned()));
    assert_eq!(devstack.post("/dev/forget", json!({"what": "nothing"})).await.status, 400);
}
