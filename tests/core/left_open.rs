//! What would stay open for ever: recorders, sessions, streams and copies of which nobody tells the end.

use livekit_storj::http::Unanswered;
use livekit_storj::time::{DAY, HOUR, MINUTE};
use serde_json::{Value, json};

use super::flows::{egress_event, live, starts};
use super::world::World;

fn runs(world: &World, minutes: i64) {
    for _ in 0..minutes {
        world.advance(MINUTE);
        world.cron();
    }
}

fn stream(world: &World) -> Value {
    world.rows("SELECT status, ended_by, wish FROM live_streams ORDER BY created_at DESC LIMIT 1").remove(0)
}

#[test]
fn a_recorder_that_dies_while_it_waits_is_found_out_and_the_broadcast_is_recorded() {
    let world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_started", "EGRESS_STARTING"));
    world.livekit.borrow_mut().egresses[0].dead = true;
    runs(&world, 14);
    let jobs = world.rows("SELECT status, error FROM egresses ORDER BY requested_at");
    assert_eq!(jobs[0], json!({ "status": "failed", "error": "recorder_crashed" }));
    assert_eq!((starts(&world), &jobs[1]["status"]), (2, &json!("starting")), "and that one, which lives, is left alone");
    runs(&world, 14);
    assert_eq!(starts(&world), 2);
}

#[test]
fn who_ends_their_stream_in_another_backends_room_stops_their_recording_and_not_the_room() {
    let world = World::with(&[("RECORD_FOREIGN_ROOMS", "publisher")]);
    world.open_room("theirs", "RM_9", "bob", true);
    let (status, started) = world.call("bob", "POST", "/livekit-egress", json!({ "roomName": "theirs" }));
    assert_eq!(status, 200, "{started}");
    let path = format!("/api/streams/{}/end", started["streamId"].as_str().unwrap());
    let (status, ended) = world.call("bob", "POST", &path, Value::Null);
    assert_eq!((status, &ended["status"]), (200, &json!("ended")));
    runs(&world, 10);
    assert_eq!(world.livekit.borrow().egresses[0].status, "EGRESS_ABORTED", "nothing was recorded yet");
    assert!(world.livekit.borrow().rooms.contains_key("theirs"), "everybody else goes on");
}

#[test]
fn a_broadcast_that_was_opened_again_and_that_nobody_came_back_to_is_over() {
    for record in [true, false] {
        let world = World::new();
        live(&world, record);
        if record {
            world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
        }
        world.livekit.borrow_mut().rooms.clear();
        world.webhook(json!({ "event": "room_finished", "room": world.room("r", "RM_1") }));
        world.advance(5 * MINUTE);
        world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host" }));
        assert_eq!(stream(&world)["status"], "created", "her page is open again");
        runs(&world, 9);
        assert_eq!(stream(&world)["status"], "created", "she may come any moment");
        runs(&world, 3);
        assert_eq!((&stream(&world)["status"], &stream(&world)["ended_by"]), (&json!("ended"), &json!("room")), "{record}");
        // A week later it is another broadcast.
        world.advance(7 * DAY);
        let (status, _) = world.call("alice", "POST", "/api/streams", json!({ "title": "t", "roomName": "r", "record": false }));
        assert_eq!((status, world.one("SELECT count(*) FROM live_streams")), (201, json!(2)));
    }
}

#[test]
fn who_came_back_without_a_word_is_seen_before_the_broadcast_is_called_over() {
    let world = World::new();
    live(&world, false);
    world.livekit.borrow_mut().rooms.clear();
    world.webhook(json!({ "event": "room_finished", "room": world.room("r", "RM_1") }));
    world.advance(5 * MINUTE);
    world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host" }));
    world.advance(5 * MINUTE);
    world.open_room("r", "RM_2", "alice", true);
    runs(&world, 12);
    let stream = world.rows("SELECT status, session_sid FROM live_streams").remove(0);
    assert_eq!(stream, json!({ "status": "live", "session_sid": "RM_2" }));
}

#[test]
fn a_token_without_recording_cancels_what_a_life_of_the_room_that_is_over_left_behind() {
    let world = World::new();
    live(&world, true);
    let token = |record: bool| world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host", "record": record }));
    token(false);
    assert_eq!(stream(&world)["wish"], "auto", "while it goes on that is no stop");
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    world.livekit.borrow_mut().rooms.clear();
    world.webhook(json!({ "event": "room_finished", "room": world.room("r", "RM_1") }));
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    token(false);
    assert_eq!(stream(&world)["wish"], "none");
}

/// A recording made of its segments, which are joined, in a stream whose files Storj deletes.
fn joined(world: &World) -> (String, String) {
    world.webhook(egress_event(world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().put_segments(&key, 0..40, 3_450_000);
    world.webhook(egress_event(world, 0, "egress_ended", "EGRESS_FAILED"));
    for _ in 0..40 {
        if world.rows("SELECT 1 FROM reels WHERE joined = 1").is_empty() {
            runs(world, 1);
        }
    }
    (world.one("SELECT id FROM assets WHERE object_key LIKE '%.ts'").as_str().unwrap().to_owned(), key)
}

#[test]
fn a_file_that_comes_while_its_recordings_copy_is_made_is_what_is_copied() {
    // Larger and smaller than what was being copied.
    for size in [40 * 3_450_000 + 777, 777] {
        let world = World::with(&[("STORJ_OBJECT_TTL", "720h")]);
        world
            .db
            .execute_batch("CREATE TRIGGER small_parts AFTER INSERT ON saves BEGIN UPDATE saves SET part_bytes = 5242880; END")
            .unwrap();
        live(&world, true);
        let (id, key) = joined(&world);
        // A few parts are taken, and then the bucket takes no more for a while.
        let mut parts = 0;
        world.storj.borrow_mut().refuse = Some(Box::new(move |request| {
            parts += u32::from(request.url.contains("partNumber="));
            (parts > 3 && request.url.contains("partNumber=")).then_some(Err(Unanswered::Timeout))
        }));
        assert_eq!(world.call("alice", "POST", &format!("/api/recordings/{id}/save"), Value::Null).0, 202);
        assert_eq!(world.one("SELECT parts FROM saves"), 3);
        world.storj.borrow_mut().refuse = None;
        world.storj.borrow_mut().bucket.objects.insert(key.clone(), size);
        let found = format!(
            "UPDATE egresses SET file = 'yes', size_bytes = {size}, duration_ms = 10800000, status = 'complete'; UPDATE live_streams SET tend_at = 0"
        );
        world.db.execute_batch(&found).unwrap();
        runs(&world, 30);
        let copy = key.replace("livekit-recordings/", "saved/");
        let saved = world.rows("SELECT saved, object_key, saved_key FROM assets").remove(0);
        assert_eq!(saved, json!({ "saved": 1, "object_key": key, "saved_key": copy }), "{size}");
        let storj = world.storj.borrow();
        let pieces = storj.bucket.pieces(&copy);
        assert!(pieces.iter().all(|piece| piece.of == key) && pieces.iter().map(|piece| piece.length).sum::<u64>() == size, "{pieces:?}");
        assert!(storj.bucket.uploads.is_empty() && !storj.bucket.objects.contains_key(&copy.replace(".mp4", ".ts")));
    }
}

#[test]
fn what_a_stream_is_told_to_keep_is_kept_when_it_is_made_of_segments() {
    let world = World::with(&[("STORJ_OBJECT_TTL", "720h")]);
    live(&world, true);
    world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host", "saveToStorj": true }));
    joined(&world);
    runs(&world, 10);
    assert_eq!(world.rows("SELECT saved, expires_at FROM assets"), [json!({ "saved": 1, "expires_at": null })]);
}

#[test]
fn what_was_open_in_another_livekit_project_is_over_a_day_later_and_its_file_is_found() {
    let mut world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().bucket.objects.insert(key, 525_783);
    world.config.project = "moved.livekit.cloud".to_owned();
    runs(&world, 5);
    for _ in 0..23 {
        world.advance(HOUR);
        world.cron();
    }
    assert_eq!((stream(&world)["status"].clone(), world.one("SELECT status FROM egresses")), (json!("live"), json!("recording")));
    world.advance(HOUR);
    runs(&world, 10);
    assert_eq!(stream(&world)["status"], "ended");
    assert_eq!(world.rows("SELECT status, partial FROM assets"), [json!({ "status": "ready", "partial": 1 })]);
    assert_eq!(world.one("SELECT tend_at FROM live_streams"), Value::Null, "and nothing is looked at any more");
}
