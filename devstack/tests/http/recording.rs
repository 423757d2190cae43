//! Recordings from start to end.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::devstack::{Devstack, creates, get_url, records};
use crate::receiver::Receiver;

/// A devstack with a receiver, and a room in which alice publishes.
async fn with_alice() -> (Devstack, Receiver) {
    let receiver = Receiver::start().await;
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    assert_eq!(devstack.join("r", "alice", true).await.status, 200);
    (devstack, receiver)
}

fn id_of(answer: &Value) -> String {
    answer["egress_id"].as_str().unwrap().to_owned()
}

/// Without the recorder's own coming and going, which has no fixed place.
fn story(receiver: &Receiver) -> Vec<String> {
    receiver.labels().into_iter().filter(|label| !label.ends_with(" EGRESS")).collect()
}

#[tokio::test]
async fn a_stopped_recording_is_told_signed_and_playable() {
    let (devstack, receiver) = with_alice().await;
    let started = devstack.start_egress(devstack.composite("r", "a/ü b.mp4")).await;
    assert_eq!(started.status, 200, "{}", started.text());
    let started = started.json();
    assert_eq!(started["status"], "EGRESS_STARTING");
    let s3 = &started["room_composite"]["file_outputs"][0]["s3"];
    assert_eq!((&s3["access_key"], &s3["secret"]), (&json!("{access_key}"), &json!("{secret}")));
    let id = id_of(&started);
    let active = receiver.wait_for("egress_updated ACTIVE").await.json();
    let stopped = devstack.stop_egress(&id).await.json();
    assert_eq!(stopped["status"], "EGRESS_ENDING");
    let ended = receiver.wait_for("egress_ended COMPLETE").await.json();
    assert_eq!(
        story(&receiver),
        [
            "room_started",
            "participant_joined",
            "track_published",
            "track_published",
            "egress_started",
            "egress_updated ACTIVE",
            "egress_updated ENDING",
            "egress_ended COMPLETE",
        ]
    );
    for received in receiver.received() {
        received.assert_signed();
        assert_eq!(received.header("content-type"), "application/webhook+json");
        assert!(!received.header("authorization").starts_with("Bearer"));
    }
    let (first, info) = (&receiver.wait_for("egress_started").await.json(), &ended["egressInfo"]);
    // startedAt is taken twice, and updatedAt grows.
    let number = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    assert_ne!(first["egressInfo"]["startedAt"], info["startedAt"]);
    assert_eq!(active["egressInfo"]["startedAt"], info["startedAt"]);
    assert!(number(&active["egressInfo"]["updatedAt"]) < number(&info["updatedAt"]));
    let file = &info["fileResults"][0];
    assert_eq!(file["filename"], "a/ü b.mp4");
    assert!(file["location"].as_str().unwrap().ends_with("/recordings/a/%C3%BC%20b.mp4"));
    // 20 times as much is recorded as time passes.
    let real = number(&file["endedAt"]) - number(&file["startedAt"]);
    assert!((number(&file["duration"]) / 20 - real).abs() < 2_000_000, "{file}");

    // The object is a real MP4 of the size that was told.
    let path = "/recordings/a/%C3%BC%20b.mp4";
    let url = devstack.presigned("GET", path, 60, SystemTime::now());
    let object = get_url(&url).await;
    assert_eq!(object.status, 200, "{}", object.text());
    assert_eq!(object.header("content-type"), "video/mp4");
    assert_eq!(i64::try_from(object.body.len()).unwrap(), number(&file["size"]));
    assert_eq!(&object.body[4..8], b"ftyp");
    let tampered = url.replace("X-Amz-Expires=60", "X-Amz-Expires=61");
    assert_ne!(tampered, url);
    let refused = get_url(&tampered).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("<Code>SignatureDoesNotMatch</Code>"), "{}", refused.text());

    // The list has the same end, and a second stop is too late.
    let list = devstack.call("Egress/ListEgress", records(), json!({"egress_id": id})).await.json();
    assert_eq!(list["items"][0]["updated_at"], info["updatedAt"]);
    let again = devstack.stop_egress(&id).await;
    assert_eq!((again.status, again.json()["code"].clone()), (412, json!("failed_precondition")));
}

#[tokio::test]
async fn a_room_that_ends_takes_its_recording_along() {
    let (devstack, receiver) = with_alice().await;
    devstack.start_egress(devstack.composite("r", "x.mp4")).await;
    receiver.wait_for("egress_updated ACTIVE").await;
    let left = devstack.post("/dev/leave", json!({"room": "r", "identity": "alice"})).await;
    assert_eq!(left.status, 200);
    let ended = receiver.wait_for("egress_ended COMPLETE").await.json();
    assert_eq!(ended["egressInfo"]["details"], "End reason: Source closed");
    let end: Vec<String> = receiver.labels().into_iter().skip(7).collect();
    assert_eq!(
        end,
        [
            "track_unpublished",
            "track_unpublished",
            "participant_left",
            "participant_left EGRESS",
            "room_finished",
            "egress_updated ENDING",
            "egress_ended COMPLETE",
        ]
    );
}

#[tokio::test]
async fn nothing_published_is_aborted() {
    let receiver = Receiver::start().await;
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    devstack.join("r", "viewer", false).await;
    let started = devstack.start_egress(devstack.composite("r", "x.mp4")).await.json();
    // Long after an active one would have begun.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let stopped = devstack.stop_egress(&id_of(&started)).await.json();
    assert_eq!(stopped["status"], "EGRESS_ABORTED");
    let ended = receiver.wait_for("egress_ended ABORTED").await.json();
    assert_eq!(ended["egressInfo"]["error"], "Start signal not received");
    assert_eq!(ended["egressInfo"]["errorCode"], 412);
    // What is over stays over when somebody publishes after all.
    let viewer = json!({"room": "r", "identity": "viewer"});
    assert_eq!(devstack.post("/dev/publish", viewer).await.status, 200);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!receiver.labels().contains(&"egress_updated ACTIVE".to_owned()));
    assert_eq!(devstack.get("/dev/s3").await["objects"], json!([]));
}

#[tokio::test]
async fn it_waits_for_the_first_track() {
    let receiver = Receiver::start().await;
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    devstack.join("r", "late", false).await;
    devstack.start_egress(devstack.composite("r", "x.mp4")).await;
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert!(!receiver.labels().contains(&"egress_updated ACTIVE".to_owned()));
    devstack.post("/dev/publish", json!({"room": "r", "identity": "late"})).await;
    receiver.wait_for("egress_updated ACTIVE").await;
}

#[tokio::test]
async fn a_refused_upload_loses_the_recording() {
    let (devstack, receiver) = with_alice().await;
    let mut request = devstack.composite("r", "x.mp4");
    request["file_outputs"][0]["s3"]["secret"] = json!("wrong");
    let started = devstack.start_egress(request).await.json();
    receiver.wait_for("egress_updated ACTIVE").await;
    devstack.stop_egress(&id_of(&started)).await;
    let ended = receiver.wait_for("egress_ended FAILED").await.json();
    let info = &ended["egressInfo"];
    assert_eq!(
        info["error"],
        "S3 upload failed: err: operation error S3: PutObject, https response error StatusCode: \
         403, RequestID: , HostID: , api error SignatureDoesNotMatch: The request signature we \
         calculated does not match the signature you provided. Check your key and signing method., \
         status code: 403"
    );
    assert_eq!(info["errorCode"], 400);
    let file = &info["fileResults"][0];
    assert_eq!((&file["size"], &file["location"]), (&Value::Null, &Value::Null));
    assert!(file["duration"].is_string());
}

#[tokio::test]
async fn a_missing_bucket_loses_it_too() {
    let (devstack, receiver) = with_alice().await;
    let mut request = devstack.composite("r", "x.mp4");
    request["file_outputs"][0]["s3"]["bucket"] = json!("no-such-bucket");
    let started = devstack.start_egress(request).await.json();
    receiver.wait_for("egress_updated ACTIVE").await;
    devstack.stop_egress(&id_of(&started)).await;
    let ended = receiver.wait_for("egress_ended FAILED").await.json();
    let error = ended["egressInfo"]["error"].as_str().unwrap();
    assert!(error.contains("StatusCode: 404") && error.contains("api error NoSuchBucket"), "{error}");
}

#[tokio::test]
async fn the_add_only_key_is_enough_and_a_manifest_lies_beside() {
    let (devstack, receiver) = with_alice().await;
    let mut request = devstack.composite("r", "f/x.mp4");
    let output = &mut request["file_outputs"][0];
    output["disable_manifest"] = json!(false);
    output["s3"]["access_key"] = json!(crate::devstack::ADD_ONLY.0);
    output["s3"]["secret"] = json!(crate::devstack::ADD_ONLY.1);
    output["s3"]["metadata"] = json!({"object-expires": "+1h"});
    let id = id_of(&devstack.start_egress(request).await.json());
    receiver.wait_for("egress_updated ACTIVE").await;
    devstack.call("RoomService/DeleteRoom", creates(), json!({"room": "r"})).await;
    receiver.wait_for("egress_ended COMPLETE").await;
    let objects = devstack.get("/dev/s3").await["objects"].clone();
    let names: Vec<&str> = objects.as_array().unwrap().iter().map(|o| o["key"].as_str().unwrap()).collect();
    let manifest = format!("f/{id}.json");
    assert_eq!(names, [manifest.as_str(), "f/x.mp4"]);
    assert_eq!(objects[1]["metadata"]["object-expires"], "+1h");
    assert!(objects[1]["expires_at_ms"].is_i64());
}

#[tokio::test]
async fn an_upload_is_tried_again_while_the_server_is_ill() {
    let (devstack, receiver) = with_alice().await;
    let storage = Receiver::start().await;
    storage.answer_next_with(&[503, 500]);
    let mut request = devstack.composite("r", "x.mp4");
    request["file_outputs"][0]["s3"]["endpoint"] = json!(storage.url.trim_end_matches("/hook"));
    let started = devstack.start_egress(request).await.json();
    receiver.wait_for("egress_updated ACTIVE").await;
    devstack.stop_egress(&id_of(&started)).await;
    receiver.wait_for("egress_ended COMPLETE").await;
    let tries = storage.received();
    assert_eq!(tries.len(), 3);
    for one in tries {
        assert_eq!(one.header("content-type"), "video/mp4");
        assert_eq!(one.header("content-length"), one.body.len().to_string());
    }
}

#[tokio::test]
async fn a_start_may_succeed_without_an_answer() {
    let (devstack, receiver) = with_alice().await;
    devstack.post("/dev/faults", json!({"start": "accept_then_hang"})).await;
    let start = devstack.start_egress(devstack.composite("r", "x.mp4"));
    let second = std::time::Duration::from_secs(1);
    assert!(tokio::time::timeout(second, start).await.is_err(), "it was answered");
    receiver.wait_for("egress_updated ACTIVE").await;
}

#[tokio::test]
async fn a_start_that_hangs_starts_nothing() {
    let (devstack, receiver) = with_alice().await;
    devstack.post("/dev/faults", json!({"start": "hang"})).await;
    let start = devstack.start_egress(devstack.composite("r", "x.mp4"));
    let second = std::time::Duration::from_secs(1);
    assert!(tokio::time::timeout(second, start).await.is_err(), "it was answered");
    assert!(!receiver.labels().contains(&"egress_started".to_owned()));
    assert_eq!(devstack.get("/dev/state").await["egresses"], json!([]));
}
