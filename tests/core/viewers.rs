//! Viewers: people only, by participant sid, the same whatever the order.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::world::World;

fn stage() -> World {
    let world = World::new();
    assert_eq!(world.call("alice", "POST", "/api/streams", json!({ "title": "t", "roomName": "r" })).0, 201);
    world.open_room("r", "RM_1", "alice", true);
    world.webhook(json!({ "event": "room_started", "room": world.room("r", "RM_1") }));
    world
}

fn person(sid: &str, identity: &str, joined: i64) -> Value {
    json!({ "sid": sid, "identity": identity, "state": "ACTIVE", "joinedAt": joined.to_string() })
}

fn numbers(world: &World) -> Value {
    world.rows("SELECT viewer_count, peak_viewers, unique_viewers, watch_ms FROM live_streams")[0].clone()
}

#[test]
fn recorder_agent_ingress_hidden_and_host_are_no_viewers() {
    let world = stage();
    for (n, extra) in [
        json!({ "kind": "EGRESS", "permission": { "hidden": true, "recorder": true } }),
        json!({ "kind": "AGENT" }),
        json!({ "kind": "INGRESS" }),
        json!({ "permission": { "hidden": true } }),
        json!({ "identity": "alice" }),
    ]
    .iter()
    .enumerate()
    {
        let mut who = person(&format!("PA_{n}"), &format!("x~{n}"), 1);
        for (name, value) in extra.as_object().unwrap() {
            who[name] = value.clone();
        }
        world.webhook(json!({ "event": "participant_joined", "room": world.room("r", "RM_1"), "participant": who }));
    }
    assert_eq!(numbers(&world)["viewer_count"], 0);
    world.webhook(json!({ "event": "participant_joined", "room": world.room("r", "RM_1"), "participant": person("PA_9", "bob~aa", 1) }));
    assert_eq!(numbers(&world), json!({ "viewer_count": 1, "peak_viewers": 1, "unique_viewers": 1, "watch_ms": 0 }));
}

#[test]
fn one_person_in_two_tabs_is_two_present_and_one_unique() {
    let world = stage();
    for (sid, identity) in [("PA_1", "bob~aa"), ("PA_2", "bob~bb")] {
        world.webhook(json!({ "event": "participant_joined", "room": world.room("r", "RM_1"), "participant": person(sid, identity, 1) }));
    }
    assert_eq!(numbers(&world), json!({ "viewer_count": 2, "peak_viewers": 2, "unique_viewers": 1, "watch_ms": 0 }));
}

#[test]
fn a_late_word_about_the_old_session_does_not_touch_the_new_one() {
    let world = stage();
    world.webhook(json!({ "event": "participant_joined", "room": world.room("r", "RM_1"), "participant": person("PA_1", "bob~aa", 1) }));
    world.advance(60_000);
    let mut second = world.room("r", "RM_2");
    second["creationTimeMs"] = json!(world.clock.get().0.to_string());
    world.webhook(json!({ "event": "room_started", "room": second }));
    world.webhook(json!({ "event": "participant_joined", "room": second, "participant": person("PA_2", "eve~aa", 1) }));
    world.webhook(json!({ "event": "participant_left", "room": world.room("r", "RM_1"), "participant": person("PA_1", "bob~aa", 1) }));
    world.webhook(json!({ "event": "room_finished", "room": world.room("r", "RM_1") }));
    let stream = &world.rows("SELECT session_sid, status, ended_at, viewer_count FROM live_streams")[0];
    assert_eq!(stream, &json!({ "session_sid": "RM_2", "status": "created", "ended_at": null, "viewer_count": 1 }));
}

#[test]
fn a_list_from_before_somebody_was_filed_does_not_lengthen_their_visit() {
    let world = stage();
    let came = world.clock.get().secs();
    world.advance(6 * 60_000);
    world.open_room("r", "RM_1", "alice", true);
    world.cron();
    world.advance(1_000);
    // Bob came and went before that list; the word of his coming is late, that of his going lost.
    world.webhook(json!({ "event": "participant_joined", "room": world.room("r", "RM_1"), "participant": person("PA_1", "bob~aa", came) }));
    world.advance(6 * 60_000);
    world.cron();
    assert_eq!(numbers(&world), json!({ "viewer_count": 0, "peak_viewers": 1, "unique_viewers": 1, "watch_ms": 0 }));
}

/// A small audience: who comes and goes when, in seconds after the beginning.
fn visits() -> impl Strategy<Value = Vec<(usize, i64, i64)>> {
    proptest::collection::vec((0_usize..4, 0_i64..100, 1_i64..100), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the order of delivery, once everybody has left nobody is there, everybody has been counted
    /// once, and the watch time is the sum of the visits.
    #[test]
    fn any_order_of_delivery(visits in visits(), seed in any::<u64>(), twice in any::<bool>()) {
        let world = stage();
        let began = world.clock.get().secs();
        let mut events = vec![];
        for (n, (who, at, stay)) in visits.iter().enumerate() {
            let mut participant = person(&format!("PA_{n}"), &format!("user{who}~{n}"), began + at);
            events.push(json!({ "event": "participant_joined", "room": world.room("r", "RM_1"), "participant": participant, "createdAt": (began + at).to_string() }));
            participant["state"] = json!("DISCONNECTED");
            events.push(json!({ "event": "participant_left", "room": world.room("r", "RM_1"), "participant": participant, "createdAt": (began + at + stay).to_string() }));
        }
        let mut state = seed | 1;
        for i in (1..events.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            events.swap(i, usize::try_from(state >> 33).unwrap() % (i + 1));
        }
        for event in events {
            let body = world.numbered(event);
            world.webhook_bytes(&body);
            if twice { world.webhook_bytes(&body); }
        }
        let people: std::collections::BTreeSet<_> = visits.iter().map(|(who, _, _)| who).collect();
        let watched: i64 = visits.iter().map(|(_, _, stay)| stay * 1_000).sum();
        let numbers = numbers(&world);
        prop_assert_eq!(&numbers["viewer_count"], &json!(0));
        prop_assert_eq!(&numbers["unique_viewers"], &json!(people.len()));
        prop_assert_eq!(&numbers["watch_ms"], &json!(watched));
        prop_assert!(numbers["peak_viewers"].as_i64().unwrap() <= i64::try_from(visits.len()).unwrap());
    }
}
