//! A run of the schedule: its budget, and whose turn it is when there is more to do than fits.

use livekit_storj::ports::Ports as _;
use livekit_storj::time::MINUTE;
use serde_json::json;

use super::flows::{egress_event, live, starts};
use super::world::World;

/// So many streams that are asked to be recorded and have no room: each is due every minute.
fn waiting(world: &World, count: usize) {
    for n in 0..count {
        let body = json!({ "title": "t", "roomName": format!("room-{n}") });
        assert_eq!(world.call("alice", "POST", "/api/streams", body.clone()).0, 201);
        assert_eq!(world.call("alice", "POST", "/livekit-egress", json!({ "roomName": body["roomName"] })).0, 202);
    }
}

#[test]
fn a_run_of_the_schedule_keeps_to_its_budget_and_the_next_one_goes_on() {
    let world = World::new();
    waiting(&world, 40);
    let due =
        |world: &World| world.one(&format!("SELECT count(*) FROM live_streams WHERE tend_at <= {}", world.clock.get().0)).as_i64().unwrap();
    world.advance(120_000);
    assert_eq!(due(&world), 40);
    for _ in 0..12 {
        let before = world.batches();
        world.cron();
        assert!(world.batches() - before <= 50, "{} batches", world.batches() - before);
    }
    assert_eq!(due(&world), 0);
}

/// A host who publishes, of whom no webhook tells: the schedule alone finds them.
fn unheard_of(world: &World) {
    let (status, _) = world.call("bob", "POST", "/livekit-token", json!({ "roomName": "urgent", "role": "host", "record": true }));
    assert_eq!(status, 201);
    world.open_room("urgent", "RM_u", "bob", true);
    world.advance(MINUTE);
}

#[test]
fn what_is_urgent_does_not_wait_behind_a_hundred_routine_looks() {
    let world = World::new();
    waiting(&world, 100);
    world.advance(10 * MINUTE);
    unheard_of(&world);
    world.cron();
    assert_eq!(starts(&world), 1);
}

#[test]
fn streams_are_tended_whatever_else_is_due() {
    let world =
        World::with(&[("NOTIFY_URL", "https://hooks.example/in"), ("NOTIFY_SECRET", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")]);
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().bucket.objects.insert(key, 525_783);
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    let before = starts(&world);
    unheard_of(&world);
    // Words, what has expired, a rehearsal, a message, somebody to be erased, and something to be deleted.
    world
        .db
        .execute_batch(
            "UPDATE assets SET words = NULL, expires_at = 1; \
             INSERT INTO rehearsals (object_key, room_name, begun_at) VALUES ('livekit-recordings/_doctor/x.mp4', 'gone', 0); \
             INSERT INTO outbox (id, event, data) VALUES ('m', 'recording.ready', '{}'); \
             INSERT INTO erasures (user_id, requested_at) VALUES ('carol', 0); \
             INSERT INTO trash (kind, endpoint, bucket, region, object_key, why, try_at) \
             VALUES ('object', 'http://127.0.0.1:9000', 'recordings', 'us-east-1', 'k', 'joined', 0)",
        )
        .unwrap();
    let batches = world.batches();
    world.cron();
    assert_eq!(starts(&world), before + 1);
    assert!(world.batches() - batches <= 40 && world.calls() <= 40);
    for _ in 0..20 {
        world.advance(MINUTE);
        world.cron();
    }
    assert_eq!(
        world.one(
            "SELECT (SELECT count(*) FROM outbox WHERE id = 'm') + (SELECT count(*) FROM erasures) + (SELECT count(*) FROM rehearsals)"
        ),
        json!(0)
    );
}
