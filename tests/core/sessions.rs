//! Flows of sessions and files: ends, comings back, second tabs, files that are late or absent.

use serde_json::{Value, json};

use super::flows::{egress_event, live, starts};
use super::world::World;

#[test]
fn d1_that_fails_is_a_503_and_the_event_comes_again() {
    let world = World::new();
    live(&world, false);
    let body = world.numbered(
        json!({ "event": "participant_joined", "room": world.room("r", "RM_1"), "participant": { "sid": "PA_b", "identity": "bob~a" } }),
    );
    world.fail_batch.set(Some(0));
    assert_eq!(world.webhook_bytes(&body), 503);
    assert_eq!(world.webhook_bytes(&body), 200);
    assert_eq!(world.one("SELECT viewer_count FROM live_streams"), 1);
}

#[test]
fn the_end_stops_the_recording_then_closes_the_room() {
    let world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let id = world.one("SELECT id FROM live_streams");
    world.livekit.borrow_mut().calls.clear();
    let (code, stream) = world.call("alice", "POST", &format!("/api/streams/{}/end", id.as_str().unwrap()), Value::Null);
    assert_eq!((code, &stream["status"]), (200, &json!("ended")));
    let calls = world.livekit.borrow().calls.clone();
    let place = |name: &str| calls.iter().position(|call| call == name).unwrap_or_else(|| panic!("{name} in {calls:?}"));
    assert!(place("StopEgress") < place("DeleteRoom"));
    assert!(world.livekit.borrow().rooms.is_empty());
}

#[test]
fn a_host_who_comes_back_within_a_quarter_of_an_hour_is_recorded_again() {
    let world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    world.webhook(json!({ "event": "room_finished", "room": world.room("r", "RM_1") }));
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    assert_eq!(world.one("SELECT status FROM live_streams"), "ended");
    // With the old token: LiveKit makes a new room of the same name.
    world.advance(30_000);
    world.open_room("r", "RM_2", "alice", true);
    let mut room = world.room("r", "RM_2");
    room["creationTimeMs"] = json!(world.clock.get().0.to_string());
    let who = json!({ "sid": "PA_alice_RM_2", "identity": "alice" });
    world.webhook(json!({ "event": "participant_joined", "room": room, "participant": who }));
    world.webhook(
        json!({ "event": "track_published", "room": { "sid": "RM_2", "name": "r" }, "participant": who, "track": { "sid": "TR_2" } }),
    );
    assert_eq!((world.one("SELECT status FROM live_streams"), starts(&world)), (json!("live"), 2));
    assert_eq!(world.one("SELECT count(*) FROM live_streams"), 1);
}

/// A room that closed unheard, and then somebody asks for a recording.
fn asked_after_the_end(world: &World) {
    live(world, false);
    world.advance(60_000);
    let ended_at = world.clock.get().secs().to_string();
    world.livekit.borrow_mut().rooms.clear();
    world.advance(30_000);
    assert_eq!(world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" })).0, 202);
    world.webhook(json!({ "event": "room_finished", "room": world.room("r", "RM_1"), "createdAt": ended_at }));
    let stream = &world.rows("SELECT status, ended_at, wish FROM live_streams")[0];
    assert_eq!(stream, &json!({ "status": "created", "ended_at": null, "wish": "asked" }));
}

/// LiveKit tells the time of the end in whole seconds, so it seems to have been before.
#[test]
fn who_asks_within_the_second_of_the_end_is_recorded_in_that_life_of_the_room() {
    let world = World::new();
    live(&world, false);
    world.advance(60_900 - world.clock.get().0 % 1_000);
    let ended_at = (world.clock.get().0 / 1_000).to_string();
    assert_eq!(world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" })).0, 200);
    world.livekit.borrow_mut().rooms.clear();
    world.webhook(json!({ "event": "room_finished", "room": world.room("r", "RM_1"), "createdAt": ended_at }));
    let stream = &world.rows("SELECT status, ended_by, wish FROM live_streams")[0];
    assert_eq!(stream, &json!({ "status": "ended", "ended_by": "room", "wish": "auto" }));
}

#[test]
fn who_asks_after_an_end_that_is_told_late_gets_the_next_life_of_the_room() {
    let world = World::new();
    asked_after_the_end(&world);
    assert_eq!(world.one("SELECT error FROM egresses"), "livekit_not_found");
    world.advance(60_000);
    world.open_room("r", "RM_2", "alice", true);
    let mut room = world.room("r", "RM_2");
    room["creationTimeMs"] = json!(world.clock.get().0.to_string());
    // Of the host's coming back no word arrives.
    world.webhook(json!({ "event": "room_started", "room": room }));
    assert_eq!((starts(&world), world.one("SELECT session_sid FROM egresses ORDER BY requested_at DESC")), (2, json!("RM_2")));
}

#[test]
fn a_wish_for_a_next_life_that_never_comes_ends_with_its_stream() {
    let expired = |world: &World| {
        for _ in 0..65 {
            world.advance(60_000);
            world.cron();
        }
    };
    let stopped = |world: &World| {
        assert_eq!(world.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" })).0, 200);
    };
    for over in [expired as fn(&World), stopped] {
        let world = World::new();
        asked_after_the_end(&world);
        let ended_at = world.one("SELECT ended_at FROM sessions");
        // As long as the host may come with the token, the stream waits.
        assert_eq!(world.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" })).0, 200);
        assert_eq!(world.one("SELECT status FROM live_streams"), "created");
        world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" }));
        world.advance(10 * 60_000);
        over(&world);
        let stream = &world.rows("SELECT status, ended_at, ended_by FROM live_streams")[0];
        assert_eq!(stream, &json!({ "status": "ended", "ended_at": ended_at, "ended_by": "room" }));
    }
}

#[test]
fn a_failed_job_that_left_its_file_is_a_partial_recording() {
    let world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().bucket.objects.insert(key, 1_000);
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_FAILED"));
    let (_, list) = world.call("alice", "GET", "/api/recordings", Value::Null);
    let recording = &list["recordings"][0];
    assert_eq!((&recording["status"], &recording["partial"], &recording["sizeBytes"]), (&json!("ready"), &json!(true), &json!(1_000)));
}

#[test]
fn a_file_that_is_not_there_is_missing_only_when_s3_says_so() {
    let world = World::new();
    live(&world, true);
    world.storj.borrow_mut().down = true;
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    assert_eq!(world.one("SELECT status FROM assets"), "processing", "no answer proves nothing");
    world.storj.borrow_mut().down = false;
    for _ in 0..3 {
        world.advance(60_000);
        world.cron();
    }
    assert_eq!(world.one("SELECT status FROM assets"), "missing");
}

#[test]
fn a_stop_stays_though_the_page_is_loaded_again() {
    let world = World::new();
    live(&world, true);
    assert_eq!(world.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" })).0, 200);
    world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host", "record": true }));
    world.advance(60_000);
    world.cron();
    assert_eq!(starts(&world), 1);
}

#[test]
fn a_room_that_viewers_opened_again_is_the_next_streams_once_the_host_is_there() {
    let world = World::new();
    live(&world, true);
    world.webhook(json!({ "event": "room_finished", "room": world.room("r", "RM_1") }));
    world.advance(60_000);
    let mut room = world.room("r", "RM_2");
    room["creationTimeMs"] = json!(world.clock.get().0.to_string());
    world.webhook(json!({ "event": "participant_joined", "room": room, "participant": { "sid": "PA_b", "identity": "bob~a" } }));
    assert_eq!(world.one("SELECT status FROM live_streams"), "ended", "a viewer does not bring a broadcast back");
    world.advance(20 * 60_000);
    let (code, token) = world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host", "record": true }));
    assert_eq!(code, 201);
    world.open_room("r", "RM_2", "alice", true);
    let who = json!({ "sid": "PA_alice_RM_2", "identity": "alice" });
    world.webhook(
        json!({ "event": "track_published", "room": { "sid": "RM_2", "name": "r" }, "participant": who, "track": { "sid": "TR_2" } }),
    );
    let id = token["streamId"].as_str().unwrap();
    assert_eq!(world.one(&format!("SELECT status FROM live_streams WHERE id = '{id}'")), "live");
    assert_eq!((world.one("SELECT count(*) FROM live_streams WHERE status = 'ended'"), starts(&world)), (json!(1), 2));
}

#[test]
fn an_event_that_comes_again_undoes_nothing_that_happened_since() {
    let world = World::new();
    live(&world, false);
    let who = json!({ "sid": "PA_alice_RM_1", "identity": "alice" });
    let published =
        world.numbered(json!({ "event": "track_published", "room": { "sid": "RM_1", "name": "r" }, "participant": who, "track": {} }));
    assert_eq!(world.webhook_bytes(&published), 200);
    world.open_room("r", "RM_1", "alice", false);
    world.webhook(json!({ "event": "track_unpublished", "room": { "sid": "RM_1", "name": "r" }, "participant": who, "track": {} }));
    assert_eq!(world.one("SELECT status FROM live_streams"), "created");
    assert_eq!(world.webhook_bytes(&published), 200);
    assert_eq!(world.one("SELECT status FROM live_streams"), "created");
}

#[test]
fn a_stop_between_the_decision_and_the_claim_wins() {
    let world = World::new();
    *world.meanwhile.borrow_mut() = Some("UPDATE live_streams SET wish = 'stopped'".to_owned());
    live(&world, true);
    assert_eq!((starts(&world), world.one("SELECT count(*) FROM egresses")), (0, json!(0)));
}

#[test]
fn a_viewer_or_a_second_tab_that_leaves_does_not_end_the_broadcast() {
    let world = World::new();
    live(&world, false);
    let second_tab = json!({ "sid": "PA_second", "identity": "alice" });
    for (event, who) in [
        ("participant_joined", json!({ "sid": "PA_b", "identity": "bob~a" })),
        ("participant_left", json!({ "sid": "PA_b", "identity": "bob~a" })),
        ("participant_joined", second_tab.clone()),
        ("participant_left", json!({ "sid": "PA_alice_RM_1", "identity": "alice" })),
    ] {
        world.webhook(json!({ "event": event, "room": world.room("r", "RM_1"), "participant": who }));
        assert_eq!(world.one("SELECT status FROM live_streams"), "live", "{event} {who}");
    }
    world.webhook(json!({ "event": "participant_left", "room": world.room("r", "RM_1"), "participant": second_tab }));
    assert_eq!(world.one("SELECT status FROM live_streams"), "created", "nobody hosts any more");
}

#[test]
fn a_viewer_who_looks_in_before_the_host_closes_the_room_and_not_the_stream() {
    let world = World::new();
    assert_eq!(world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host", "record": true })).0, 201);
    let mut early = world.room("r", "RM_0");
    early["creationTimeMs"] = json!((world.clock.get().0 - 60_000).to_string());
    let bob = json!({ "sid": "PA_b", "identity": "bob~a" });
    for event in ["participant_joined", "participant_left"] {
        world.webhook(json!({ "event": event, "room": early, "participant": bob }));
    }
    world.webhook(json!({ "event": "room_finished", "room": early }));
    assert_eq!(world.one("SELECT status FROM live_streams"), "created");
    live(&world, true);
    assert_eq!((world.one("SELECT count(*) FROM live_streams"), starts(&world)), (json!(1), 1));
}

#[test]
fn absence_counts_from_a_minute_after_the_end_on() {
    let world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    assert_eq!(world.one("SELECT status FROM assets"), "processing", "Storj may be a moment behind");
}

#[test]
fn old_events_are_forgotten_but_the_newest() {
    let world = World::new();
    live(&world, false);
    world.advance(60_000);
    world.webhook(json!({ "event": "room_started", "room": world.room("r", "RM_1") }));
    world.advance(2 * 3_600_000);
    world.cron();
    assert_eq!(world.one("SELECT count(*) FROM webhook_events WHERE received_at < (SELECT max(received_at) FROM webhook_events)"), 0);
    let (_, health) = world.call("", "GET", "/healthz", Value::Null);
    assert!(health["webhookAgeSeconds"].as_i64().unwrap() >= 7_200, "{health}");
}

#[test]
fn a_recorder_that_died_with_its_service_is_found_out_and_the_next_part_starts() {
    let world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    // LiveKit goes on calling it ACTIVE; the room has no recorder among its participants.
    for _ in 0..14 {
        world.advance(60_000);
        world.cron();
    }
    let jobs = world.rows("SELECT status, inferred, error FROM egresses ORDER BY requested_at");
    assert_eq!(jobs[0], json!({ "status": "failed", "inferred": 1, "error": "recorder_crashed" }));
    assert_eq!(jobs[1]["status"], "starting");
    assert_eq!(world.one("SELECT part FROM egresses ORDER BY requested_at DESC LIMIT 1"), 2);
}
