//! The operator's own programs are told of each recording once, or as often as it takes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::flows::{egress_event, live};
use super::world::World;

const MINUTE: i64 = 60_000;

fn world() -> World {
    World::with(&[("NOTIFY_URL", "https://hooks.example/in"), ("NOTIFY_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")])
}

fn ended(world: &World, status: &'static str, object: bool) {
    live(world, true);
    world.webhook(egress_event(world, 0, "egress_updated", "EGRESS_ACTIVE"));
    if object {
        let key = world.livekit.borrow().egresses[0].key.clone();
        world.storj.borrow_mut().bucket.objects.insert(key, 525_783);
    }
    world.webhook(egress_event(world, 0, "egress_ended", status));
}

/// What was told: id, time of the try in seconds, body.
fn told(world: &World) -> Vec<(String, i64, Value)> {
    let header = |request: &livekit_storj::http::Outgoing, name: &str| {
        request.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()).unwrap()
    };
    let message = |request: &livekit_storj::http::Outgoing| {
        let seconds = header(request, "webhook-timestamp").parse().unwrap();
        (header(request, "webhook-id"), seconds, serde_json::from_slice(&request.body).unwrap())
    };
    world.told.borrow().iter().map(message).collect()
}

#[test]
fn ready_is_told_at_once_and_once() {
    let world = world();
    ended(&world, "EGRESS_COMPLETE", true);
    let all = told(&world);
    let [(id, _, body)] = all.as_slice() else { panic!("{all:?}") };
    let asset = world.one("SELECT id FROM assets");
    assert_eq!((id.as_str(), &body["type"]), (format!("ready_{}", asset.as_str().unwrap()).as_str(), &json!("recording.ready")));
    let data = &body["data"];
    assert_eq!((&data["recordingId"], &data["egressId"], &data["ownerId"]), (&asset, &json!("EG_1"), &json!("alice")));
    assert_eq!((&data["sizeBytes"], &data["partial"], &data["expiresAt"]), (&json!(525_783), &json!(false), &Value::Null));
    assert_eq!(data["startedAt"], "2026-11-22T23:26:44.000Z", "times as everywhere");
    assert_eq!(body["timestamp"], json!(world.clock.get().iso()));
    for _ in 0..3 {
        world.advance(10 * MINUTE);
        world.cron();
    }
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    assert_eq!(told(&world).len(), 1);
    assert_eq!(world.one("SELECT count(*) FROM outbox"), json!(0));
}

#[test]
fn a_receiver_that_is_away_gets_the_same_message_later_and_later_until_it_is_given_up() {
    let world = world();
    world.hook_status.set(503);
    ended(&world, "EGRESS_COMPLETE", true);
    // The schedule alone, without what else is to be done.
    world.db.execute("UPDATE live_streams SET tend_at = NULL", []).unwrap();
    for n in 0..140 {
        // Each minute at first, each hour later on.
        world.advance(if n < 36 { MINUTE } else { 60 * MINUTE });
        world.cron();
    }
    let all = told(&world);
    assert_eq!(all.iter().map(|(id, _, body)| (id, body.to_string())).collect::<BTreeSet<_>>().len(), 1, "same id, same body");
    let waits: Vec<i64> = all.windows(2).map(|pair| (pair[1].1 - pair[0].1) / 60).collect();
    assert_eq!(waits, [1, 5, 30, 120, 300, 600, 840, 1200, 1440]);
    assert_eq!(world.one("SELECT count(*) FROM outbox"), json!(0), "given up");
    assert_eq!(world.one("SELECT note FROM pulse WHERE name = 'notify_given_up'"), json!("503"));
}

#[test]
fn back_in_time_it_is_delivered_and_410_ends_it() {
    let world = world();
    world.hook_status.set(302);
    ended(&world, "EGRESS_COMPLETE", true);
    world.hook_status.set(200);
    world.advance(MINUTE);
    world.cron();
    world.advance(60 * MINUTE);
    world.cron();
    assert_eq!(told(&world).len(), 2, "a redirect is no delivery");
    world.hook_status.set(410);
    world.db.execute("UPDATE live_streams SET tend_at = NULL", []).unwrap();
    world.db.execute("DELETE FROM assets", []).unwrap();
    for _ in 0..3 {
        world.advance(60 * MINUTE);
        world.cron();
    }
    assert_eq!(told(&world).len(), 3);
}

#[test]
fn deleted_tells_which_one_and_nothing_else() {
    let world = world();
    ended(&world, "EGRESS_COMPLETE", true);
    world.db.execute("DELETE FROM assets", []).unwrap();
    world.cron();
    let (id, _, body) = told(&world).pop().unwrap();
    assert_eq!((id.starts_with("deleted_"), &body["type"]), (true, &json!("recording.deleted")));
    let names: Vec<&str> = body["data"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["egressId", "ownerId", "part", "recordingId", "roomName", "streamId"]);
}

#[test]
fn failed_is_told_when_it_is_certain_that_there_is_no_file() {
    let world = world();
    ended(&world, "EGRESS_FAILED", false);
    assert_eq!(told(&world).len(), 0, "an upload may be under way");
    for _ in 0..20 {
        world.advance(5 * MINUTE);
        world.cron();
    }
    let all = told(&world);
    let [(_, _, body)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((&body["type"], &body["data"]["egressId"]), (&json!("recording.failed"), &json!("EG_1")));
    assert!(body["data"]["error"].is_string(), "{body}");
}

#[test]
fn attempts_that_livekit_never_took_are_told_to_nobody() {
    let world = world();
    world.livekit.borrow_mut().start = super::models::Outcome::NoRecorder;
    live(&world, true);
    for _ in 0..10 {
        world.advance(MINUTE);
        world.cron();
    }
    assert_eq!(told(&world).len(), 0);
}

#[test]
fn cut_off_between_try_and_note_it_is_tried_again_under_the_same_id() {
    let world = world();
    world.hook_status.set(503);
    ended(&world, "EGRESS_COMPLETE", true);
    world.hook_status.set(200);
    world.advance(MINUTE);
    world.db.execute("UPDATE live_streams SET tend_at = NULL", []).unwrap();
    // Lease, take, and the note of the delivery fails.
    world.fail_batch.set(Some(2));
    world.cron();
    world.advance(2 * MINUTE);
    world.cron();
    let ids: Vec<String> = told(&world).into_iter().map(|(id, ..)| id).collect();
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (3, 1));
}

#[test]
fn what_was_taken_and_not_tried_because_the_worker_was_cut_off_counts_as_no_try() {
    let world = world();
    world.hook_status.set(503);
    for id in ["m1", "m2", "m3", "m4"] {
        world.db.execute("INSERT INTO outbox (id, event, data) VALUES (?, 'recording.deleted', '{}')", [id]).unwrap();
    }
    for _ in 0..12 {
        // Lease, take, and behind the first of the four it is over.
        world.fail_batch.set(Some(2));
        world.cron();
        world.advance(MINUTE);
    }
    assert_eq!((told(&world).len(), world.one("SELECT max(tries) FROM outbox")), (12, json!(0)));
    world.cron();
    assert_eq!(world.rows("SELECT tries FROM outbox"), vec![json!({ "tries": 1 }); 4], "none was given up");
    world.hook_status.set(200);
    world.advance(MINUTE);
    world.cron();
    assert_eq!(world.one("SELECT count(*) FROM outbox"), json!(0));
}

#[test]
fn nothing_old_is_told_once_there_is_somebody_to_tell() {
    let mut world = World::new();
    ended(&world, "EGRESS_COMPLETE", true);
    assert_eq!(world.one("SELECT count(*) FROM outbox"), json!(1));
    world.advance(MINUTE);
    world.cron();
    assert_eq!(world.one("SELECT count(*) FROM outbox"), json!(0));
    world.config.notify = super::notify::world().config.notify;
    world.advance(MINUTE);
    world.cron();
    assert_eq!(told(&world).len(), 0);
}
