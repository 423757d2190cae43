//! What a click on start leaves behind it, and what it is told.

use livekit_storj::time::MINUTE;
use serde_json::{Value, json};

use super::flows::{egress_event, live, starts};
use super::models::Outcome;
use super::world::World;

/// A click, a second after what was before it.
fn start(world: &World, body: Value) -> (u16, Value) {
    world.advance(1_000);
    world.call("alice", "POST", "/livekit-egress", body)
}

fn wish(world: &World) -> Value {
    world.one("SELECT wish FROM live_streams")
}

fn runs(world: &World, minutes: i64) {
    for _ in 0..minutes {
        world.advance(MINUTE);
        world.cron();
    }
}

#[test]
fn sound_alone_and_a_layout_are_of_the_recording_that_they_were_asked_for() {
    let world = World::new();
    live(&world, false);
    let (_, first) = start(&world, json!({ "roomName": "r", "audioOnly": true, "layout": "grid" }));
    assert_eq!((&first["audioOnly"], &first["layout"]), (&json!(true), &json!("grid")));
    world.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" }));
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_ABORTED"));
    let (_, next) = start(&world, json!({ "roomName": "r" }));
    assert_eq!((&next["audioOnly"], &next["layout"]), (&json!(false), &json!("speaker")), "{next}");
}

#[test]
fn a_click_that_is_refused_or_lapses_leaves_a_stream_that_records_by_itself_as_it_was() {
    let world = World::new();
    world.call("alice", "POST", "/api/streams", json!({ "title": "t", "roomName": "r", "record": true }));
    assert_eq!(start(&world, json!({ "roomName": "r", "audioOnly": true })).0, 202, "its room is not there yet");
    assert_eq!(wish(&world), "asked");
    runs(&world, 62);
    assert_eq!(wish(&world), "auto");
    live(&world, true);
    assert_eq!((starts(&world), world.one("SELECT audio_only FROM egresses")), (1, json!(0)));

    let refused = World::new();
    live(&refused, true);
    refused.db.execute_batch("DELETE FROM egresses").unwrap();
    refused.livekit.borrow_mut().start = Outcome::WrongKey;
    assert_eq!(start(&refused, json!({ "roomName": "r" })).0, 502);
    assert_eq!(wish(&refused), "auto");
    // And what was taken back before is not wished by a click.
    refused.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" }));
    assert_eq!(start(&refused, json!({ "roomName": "r" })).0, 502);
    assert_eq!(wish(&refused), "none");
}

#[test]
fn what_was_stopped_or_ended_while_it_was_asked_for_says_so() {
    for (sql, status, word) in [
        ("UPDATE live_streams SET wish = 'stopped', wish_at = wish_at + 1", 409, "somebody stopped it"),
        ("UPDATE live_streams SET wish = 'stopped', status = 'ended', ended_at = 1, ended_by = 'owner'", 409, "has ended"),
    ] {
        let world = World::new();
        live(&world, false);
        // There was a part before.
        start(&world, json!({ "roomName": "r" }));
        world.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" }));
        world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_ABORTED"));
        world.advance(11 * MINUTE);
        *world.meanwhile.borrow_mut() = Some(sql.to_owned());
        let (code, answer) = start(&world, json!({ "roomName": "r" }));
        assert_eq!(code, status, "{answer}");
        assert!(answer["message"].as_str().unwrap().contains(word), "{answer}");
        assert_eq!(starts(&world), 1);
    }
}

#[test]
fn another_backends_room_whose_stream_was_ended_here_is_not_promised_a_recording() {
    let world = World::with(&[("RECORD_FOREIGN_ROOMS", "publisher")]);
    world.open_room("theirs", "RM_9", "alice", true);
    let (_, first) = start(&world, json!({ "roomName": "theirs" }));
    let path = format!("/api/streams/{}/end", first["streamId"].as_str().unwrap());
    assert_eq!(world.call("alice", "POST", &path, Value::Null).0, 200);
    let (status, answer) = start(&world, json!({ "roomName": "theirs" }));
    assert_eq!((status, &answer["code"]), (409, &json!("stream_ended")), "{answer}");
}

#[test]
fn a_room_that_was_private_stays_so_when_its_host_comes_back_another_day() {
    let world = World::new();
    let made = world.call("alice", "POST", "/api/streams", json!({ "title": "Board", "roomName": "r", "visibility": "private" })).1;
    let path = format!("/api/streams/{}/end", made["id"].as_str().unwrap());
    assert_eq!(world.call("alice", "POST", &path, Value::Null).0, 200);
    world.advance(24 * 60 * MINUTE);
    let (status, token) = world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host" }));
    assert_eq!(status, 201);
    assert_ne!(token["streamId"], made["id"]);
    let all = world.rows("SELECT visibility FROM live_streams");
    assert_eq!(all, [json!({ "visibility": "private" }), json!({ "visibility": "private" })]);
}

#[test]
fn when_the_host_has_gone_and_a_guest_goes_on_the_next_part_follows() {
    let world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    world.open_room("r", "RM_1", "guest", true);
    let who = json!({ "sid": "PA_alice_RM_1", "identity": "alice" });
    world.webhook(json!({ "event": "participant_left", "room": world.room("r", "RM_1"), "participant": who }));
    world.advance(2 * MINUTE);
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_LIMIT_REACHED"));
    runs(&world, 2);
    assert_eq!(starts(&world), 2, "LiveKit's limit ended the first part");
}

#[test]
fn a_recorder_that_died_with_its_room_takes_nobodys_place() {
    let world = World::with(&[("MAX_RECORDINGS_PER_USER", "1")]);
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    world.livekit.borrow_mut().egresses[0].dead = true;
    world.livekit.borrow_mut().rooms.clear();
    world.webhook(json!({ "event": "room_finished", "room": world.room("r", "RM_1") }));
    assert_eq!(world.one("SELECT status FROM egresses"), "recording", "nobody has said that it is over");
    world.call("alice", "POST", "/livekit-token", json!({ "roomName": "other", "role": "host" }));
    world.open_room("other", "RM_2", "alice", true);
    let (status, answer) = start(&world, json!({ "roomName": "other" }));
    assert_eq!(status, 200, "{answer}");
}

/// The room closes; its host is back within the quarter of an hour.
fn comes_back(world: &World) {
    world.livekit.borrow_mut().rooms.clear();
    world.webhook(json!({ "event": "room_finished", "room": world.room("r", "RM_1") }));
    world.webhook(egress_event(world, 0, "egress_ended", "EGRESS_COMPLETE"));
    world.advance(5 * MINUTE);
    world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host" }));
}

#[test]
fn sound_alone_is_not_asked_for_again_by_a_click_in_the_rooms_next_life() {
    let world = World::new();
    live(&world, false);
    start(&world, json!({ "roomName": "r", "audioOnly": true }));
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    comes_back(&world);
    start(&world, json!({ "roomName": "r" }));
    assert_eq!(world.one("SELECT audio_only FROM live_streams"), json!(0));
}

#[test]
fn who_never_said_record_and_is_refused_is_not_recorded_by_surprise_in_the_rooms_next_life() {
    let world = World::new();
    live(&world, false);
    start(&world, json!({ "roomName": "r" }));
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    comes_back(&world);
    world.open_room("r", "RM_2", "alice", false);
    world.livekit.borrow_mut().start = Outcome::WrongKey;
    assert_eq!(start(&world, json!({ "roomName": "r" })).0, 502);
    assert_eq!(wish(&world), "none");
}

#[test]
fn record_said_after_a_click_outlives_it_and_unsaid_leaves_the_click() {
    let token = |world: &World, record: bool| {
        world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host", "record": record }));
    };
    let world = World::new();
    world.call("alice", "POST", "/api/streams", json!({ "title": "t", "roomName": "r" }));
    start(&world, json!({ "roomName": "r" }));
    token(&world, true);
    runs(&world, 62);
    assert_eq!(wish(&world), "auto");

    let other = World::new();
    other.call("alice", "POST", "/api/streams", json!({ "title": "t", "roomName": "r" }));
    start(&other, json!({ "roomName": "r" }));
    token(&other, false);
    assert_eq!(
        other.rows("SELECT wish, record FROM live_streams"),
        [json!({ "wish": "asked", "record": 1 })],
        "the guide's query finds it"
    );
}

#[test]
fn a_room_that_was_public_follows_the_operators_default() {
    let world = World::with(&[("DEFAULT_VISIBILITY", "private")]);
    let made = world.call("alice", "POST", "/api/streams", json!({ "title": "Town", "roomName": "r", "visibility": "public" })).1;
    let path = format!("/api/streams/{}/end", made["id"].as_str().unwrap());
    world.call("alice", "POST", &path, Value::Null);
    world.advance(24 * 60 * MINUTE);
    world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host" }));
    assert_eq!(world.one("SELECT count(*) FROM live_streams WHERE visibility = 'private'"), json!(1));
}
