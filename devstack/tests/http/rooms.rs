//! Rooms and participants.

use serde_json::{Value, json};

use crate::devstack::{Devstack, administers, creates};
use crate::receiver::Receiver;

#[tokio::test]
async fn participants_are_listed_with_their_tracks_in_twirps_dialect() {
    let devstack = Devstack::start(&[]);
    let joined = devstack.join("r", "alice", true).await.json();
    assert_eq!(joined["tracks"].as_array().map(Vec::len), Some(2));
    let method = "RoomService/ListParticipants";
    let list = devstack.call(method, administers("r"), json!({"room": "r"})).await.json();
    let alice = &list["participants"][0];
    assert_eq!(alice["kind"], "STANDARD");
    assert_eq!(alice["disconnect_reason"], "UNKNOWN_REASON");
    assert!(alice["joined_at"].is_string());
    let sources: Vec<&Value> = alice["tracks"].as_array().unwrap().iter().map(|track| &track["source"]).collect();
    assert_eq!(sources, ["MICROPHONE", "CAMERA"]);
    let other = devstack.call(method, administers("x"), json!({"room": "x"})).await.json();
    assert_eq!(other["participants"], json!([]));
}

#[tokio::test]
async fn the_same_identity_throws_the_old_one_out() {
    let receiver = Receiver::start().await;
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    devstack.join("r", "alice", false).await;
    devstack.join("r", "alice", false).await;
    let left = receiver.wait_for("participant_left").await.json();
    assert_eq!(left["participant"]["disconnectReason"], "DUPLICATE_IDENTITY");
    let state = devstack.get("/dev/state").await;
    assert_eq!(state["rooms"][0]["participants"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_person_who_joins_is_not_counted_yet_and_one_who_leaves_not_any_more() {
    let receiver = Receiver::start().await;
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    devstack.join("r", "alice", false).await;
    devstack.join("r", "bob", false).await;
    devstack.post("/dev/leave", json!({"room": "r", "identity": "bob"})).await;
    let left = receiver.wait_for("participant_left").await.json();
    assert_eq!(left["room"]["numParticipants"], 1);
    assert_eq!(left["participant"]["disconnectReason"], "CLIENT_INITIATED");
    for received in receiver.received() {
        let json = received.json();
        if json["event"] == "participant_joined" {
            assert_eq!(json["room"]["numParticipants"], Value::Null);
        }
    }
}

#[tokio::test]
async fn rooms_close_when_nobody_comes_or_comes_back() {
    let receiver = Receiver::start().await;
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    let body = json!({"name": "empty", "empty_timeout": 4, "departure_timeout": 2});
    let made = devstack.call("RoomService/CreateRoom", creates(), body).await.json();
    assert_eq!((&made["empty_timeout"], &made["num_participants"]), (&json!(4), &json!(0)));
    let finished = receiver.wait_for("room_finished").await.json();
    assert_eq!(finished["room"]["name"], "empty");

    // 20 s of departure timeout are 1 s here, and they begin again with the last departure.
    let leave = || devstack.post("/dev/leave", json!({"room": "r", "identity": "alice"}));
    let wait = |ms| tokio::time::sleep(std::time::Duration::from_millis(ms));
    devstack.join("r", "alice", false).await;
    leave().await;
    wait(600).await;
    devstack.join("r", "alice", false).await;
    leave().await;
    wait(700).await;
    let rooms = devstack.get("/dev/state").await["rooms"].clone();
    assert_eq!(rooms[0]["name"], "r");
    wait(700).await;
    assert_eq!(devstack.get("/dev/state").await["rooms"], json!([]));
}

#[tokio::test]
async fn an_agent_does_not_keep_a_room_open() {
    let receiver = Receiver::start().await;
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    devstack.join("r", "alice", false).await;
    let token = crate::devstack::token("helper", crate::devstack::joins("r"));
    let agent = devstack.post("/dev/join", json!({"token": token, "kind": "agent"})).await;
    assert_eq!(agent.status, 200);
    devstack.post("/dev/leave", json!({"room": "r", "identity": "alice"})).await;
    receiver.wait_for("participant_left AGENT").await;
    receiver.wait_for("room_finished").await;
}
