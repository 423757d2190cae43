//! Erasing users when some of them cannot be finished, and what is told of one afterwards.

use livekit_storj::time::MINUTE;
use serde_json::{Value, json};

use super::flows::live;
use super::world::World;

#[test]
fn three_that_cannot_be_finished_do_not_hold_up_the_others() {
    let world = World::new();
    for (n, user) in ["a", "b", "c", "dave", "erin"].into_iter().enumerate() {
        world.db.execute("INSERT INTO erasures (user_id, requested_at) VALUES (?, ?)", rusqlite::params![user, n]).unwrap();
    }
    // Deleted for ever: a bucket that is gone answers nothing.
    for user in ["a", "b", "c"] {
        world
            .db
            .execute_batch(&format!(
                "INSERT INTO assets (id, job_id, title, room_name, owner_id, part, status, visibility, object_key, bucket, endpoint, region, \
                 quality, created_at) VALUES ('r{user}', 'j{user}', 't', 'r', '{user}', 1, 'deleting', 'private', 'k', 'b', 'e', 'x', '1080p', 1)"
            ))
            .unwrap();
    }
    for _ in 0..2 {
        world.cron();
        world.advance(MINUTE);
    }
    let left = || world.rows("SELECT user_id FROM erasures ORDER BY tried_at, user_id");
    assert_eq!(left(), ["b", "c", "a"].map(|user| json!({ "user_id": user })), "and they take turns");
    // A step that fails takes its turn too.
    world.fail_batch.set(Some(2));
    world.cron();
    assert_eq!(left()[2], json!({ "user_id": "b" }));
}

#[test]
fn the_late_word_of_an_erased_hosts_going_files_nothing() {
    let world = World::new();
    live(&world, false);
    assert_eq!(world.call("admin", "DELETE", "/api/users/alice", Value::Null).0, 202);
    for _ in 0..4 {
        world.advance(MINUTE);
        world.cron();
    }
    assert_eq!(world.call("admin", "DELETE", "/api/users/alice", Value::Null).0, 200);
    assert_eq!(world.one("SELECT count(*) FROM live_streams"), json!(1), "the name alone, for some minutes");
    let who = json!({ "sid": "PA_alice_RM_1", "identity": "alice" });
    world.webhook(json!({ "event": "participant_left", "room": world.room("r", "RM_1"), "participant": who }));
    let filed =
        "SELECT (SELECT count(*) FROM participants WHERE identity = 'alice') + (SELECT count(*) FROM audience WHERE viewer = 'alice')";
    assert_eq!(world.one(filed), json!(0));
}
