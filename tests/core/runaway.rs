//! What would run away is stopped, says why, and a refusal names its limit.

use serde_json::{Value, json};

use super::flows::{egress_event, live, starts};
use super::world::World;

const MINUTE: i64 = 60_000;

fn recording(world: &World, room: &str) -> Value {
    let id = world.one(&format!("SELECT id FROM live_streams WHERE room_name = '{room}'"));
    world.call("alice", "GET", &format!("/api/streams/{}", id.as_str().unwrap()), Value::Null).1["recording"].clone()
}

/// These are in the room now, and the recorder.
fn present(world: &World, mut people: Vec<Value>) {
    people.push(json!({ "sid": "PA_recorder", "identity": "EG_1", "kind": "EGRESS" }));
    world.livekit.borrow_mut().rooms.get_mut("r").unwrap().1 = people;
}

fn running(world: &World) {
    live(world, true);
    present(world, vec![json!({ "sid": "PA_alice_RM_1", "identity": "alice", "tracks": [{ "sid": "TR_1" }] })]);
    world.webhook(egress_event(world, 0, "egress_updated", "EGRESS_ACTIVE"));
}

fn minutes(world: &World, n: i64) {
    for _ in 0..n {
        world.advance(MINUTE);
        world.cron();
    }
}

#[test]
fn longer_than_the_operator_allows_is_stopped_for_good_and_says_so() {
    let world = World::with(&[("MAX_RECORDING_MINUTES", "30")]);
    running(&world);
    // Its first frame, as the model of LiveKit tells it, was 96 s ago.
    minutes(&world, 28);
    assert_eq!(
        (recording(&world, "r")["status"].clone(), world.livekit.borrow().egresses[0].status),
        (json!("recording"), "EGRESS_ACTIVE")
    );
    minutes(&world, 2);
    assert_eq!(world.livekit.borrow().egresses[0].status, "EGRESS_ENDING");
    let told = recording(&world, "r");
    assert_eq!(told["status"], "stopping");
    assert!(told["error"].as_str().unwrap().contains("MAX_RECORDING_MINUTES"), "{told}");
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    minutes(&world, 10);
    assert_eq!((recording(&world, "r")["status"].clone(), starts(&world)), (json!("complete"), 1), "it does not go on by itself");
    assert!(recording(&world, "r")["error"].as_str().unwrap().contains("MAX_RECORDING_MINUTES"), "LiveKit's word does not wipe out ours");
    let (code, again) = world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" }));
    assert_eq!((code, &again["egressId"]), (200, &json!("EG_2")), "a later start is a new one");
}

fn host_leaves(world: &World) {
    let who = json!({ "sid": "PA_alice_RM_1", "identity": "alice" });
    present(world, vec![json!({ "sid": "PA_bob", "identity": "bob~a", "tracks": [] })]);
    world.webhook(json!({ "event": "participant_left", "room": world.room("r", "RM_1"), "participant": who }));
}

#[test]
fn where_nobody_publishes_it_stops_after_five_minutes_and_goes_on_when_somebody_does() {
    let world = World::new();
    running(&world);
    minutes(&world, 7);
    host_leaves(&world);
    minutes(&world, 4);
    assert_eq!(world.livekit.borrow().egresses[0].status, "EGRESS_ACTIVE");
    minutes(&world, 2);
    assert_eq!(world.livekit.borrow().egresses[0].status, "EGRESS_ENDING");
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    assert!(recording(&world, "r")["error"].as_str().unwrap().contains("5 minutes"), "{}", recording(&world, "r"));
    minutes(&world, 5);
    assert_eq!(starts(&world), 1);
    world.open_room("r", "RM_1", "alice", true);
    let who = json!({ "sid": "PA_alice_2", "identity": "alice" });
    world.webhook(
        json!({ "event": "track_published", "room": { "sid": "RM_1", "name": "r" }, "participant": who, "track": { "sid": "TR_2" } }),
    );
    assert_eq!((starts(&world), recording(&world, "r")["status"].clone()), (2, json!("starting")));
}

#[test]
fn somebody_elses_camera_keeps_it_going_and_a_list_that_does_not_come_stops_nothing() {
    let world = World::new();
    running(&world);
    host_leaves(&world);
    present(&world, vec![json!({ "sid": "PA_guest", "identity": "guest", "tracks": [{ "sid": "TR_g" }] })]);
    minutes(&world, 15);
    assert_eq!(world.livekit.borrow().egresses[0].status, "EGRESS_ACTIVE", "a guest with another backend's token publishes");
    present(&world, vec![json!({ "sid": "PA_bob", "identity": "bob~a", "tracks": [] })]);
    world.livekit.borrow_mut().lists_down = true;
    minutes(&world, 15);
    assert_eq!(world.livekit.borrow().egresses[0].status, "EGRESS_ACTIVE");
    world.livekit.borrow_mut().lists_down = false;
    minutes(&world, 7);
    assert_eq!(world.livekit.borrow().egresses[0].status, "EGRESS_ENDING");
}

#[test]
fn as_many_at_once_as_may_be_is_a_429_that_names_the_limit_and_the_next_waits_its_turn() {
    let world = World::with(&[("MAX_RECORDINGS_PER_USER", "1")]);
    running(&world);
    assert_eq!(world.call("alice", "POST", "/api/streams", json!({ "title": "t", "roomName": "second" })).0, 201);
    world.open_room("second", "RM_2", "alice", true);
    let ask = || {
        let token = format!("Bearer {}", world.token("alice"));
        let headers = vec![("content-type".to_owned(), "application/json".to_owned()), ("authorization".to_owned(), token)];
        world.send_raw("POST", "/livekit-egress", headers, br#"{"roomName":"second"}"#.to_vec())
    };
    let refused = ask();
    assert_eq!((refused.status, &refused.body.as_ref().unwrap()["code"]), (429, &json!("too_many_recordings")));
    assert!(refused.headers.contains(&("retry-after", "60".to_owned())));
    let told = refused.body.unwrap();
    assert!(told["message"].as_str().unwrap().contains("at most 1") && told["hint"].as_str().unwrap().contains("MAX_RECORDINGS_PER_USER"));
    assert!(recording(&world, "second")["error"].as_str().unwrap().contains("MAX_RECORDINGS_PER_USER"));
    minutes(&world, 3);
    assert_eq!(starts(&world), 1, "who was told no is not recorded later by surprise");
    // Somebody else has a count of their own.
    world.call("bob", "POST", "/livekit-token", json!({ "roomName": "bobs", "role": "host" }));
    world.open_room("bobs", "RM_3", "bob", true);
    assert_eq!(world.call("bob", "POST", "/livekit-egress", json!({ "roomName": "bobs" })).0, 200);
    // One that starts by itself waits until there is room.
    assert_eq!(world.call("alice", "POST", "/livekit-token", json!({ "roomName": "second", "role": "host", "record": true })).0, 201);
    minutes(&world, 2);
    assert_eq!((starts(&world), recording(&world, "second")["status"].clone()), (2, json!("requested")));
    assert_eq!(world.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" })).0, 200);
    minutes(&world, 2);
    assert_eq!((starts(&world), recording(&world, "second")["status"].clone()), (3, json!("starting")));
}

#[test]
fn two_starts_in_the_same_moment_do_not_pass_the_limit() {
    let world = World::with(&[("MAX_RECORDINGS_PER_USER", "1")]);
    live(&world, false);
    // While the probe is under way another stream of hers takes the place.
    *world.meanwhile.borrow_mut() = Some(
        "INSERT INTO egresses (id, stream_id, session_sid, room_name, owner_id, project, object_key, bucket, endpoint, region, quality, layout, \
         audio_only, part, status, requested_at) VALUES ('x', 'sx', 'RM_x', 'rx', 'alice', 'p', 'kx', 'b', 'e', 'x', '1080p', 'speaker', 0, 1, \
         'recording', 0)"
            .to_owned(),
    );
    assert_eq!(world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" })).0, 429);
    assert_eq!(starts(&world), 0);
}

#[test]
fn a_spent_counter_is_a_429_that_names_its_binding_and_webhooks_and_stops_are_never_counted() {
    let world = World::new();
    live(&world, true);
    *world.spent.borrow_mut() = vec!["RATE_STARTS", "RATE_TOKENS", "RATE_WRITES"];
    for (path, body, binding) in [
        ("/livekit-egress", json!({ "roomName": "r" }), "RATE_STARTS"),
        ("/livekit-token", json!({ "roomName": "r" }), "RATE_TOKENS"),
        ("/api/streams", json!({ "title": "t" }), "RATE_WRITES"),
    ] {
        let (status, answer) = world.call("alice", "POST", path, body);
        assert_eq!((status, &answer["code"]), (429, &json!("rate_limited")), "{path}");
        assert!(answer["message"].as_str().unwrap().contains(binding), "{answer}");
    }
    assert_eq!(world.call("alice", "GET", "/api/streams", Value::Null).0, 200);
    assert_eq!(world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE")), 200);
    assert_eq!(world.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" })).0, 200);
}
