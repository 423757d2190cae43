//! What is stored in which month, and billed: from the month in which it came to the one in which it went.

use livekit_storj::time::DAY;
use serde_json::{Value, json};

use super::deletion::recorded;
use super::world::World;

/// Each month with the GB that are billed as stored, the oldest first.
fn billed(world: &World) -> Vec<(String, i64)> {
    let (status, usage) = world.call("admin", "GET", "/api/usage", Value::Null);
    assert_eq!(
        (status, &usage["bytesKept"]),
        (200, &world.one("SELECT COALESCE(sum(kept_bytes + copy_bytes), 0) FROM assets WHERE status = 'ready'"))
    );
    // What came and did not go is there.
    assert_eq!(world.one("SELECT sum(added_bytes - removed_bytes) FROM usage_months"), usage["bytesKept"]);
    let stored =
        |month: &Value| month["lines"].as_array().unwrap().iter().find(|line| line["name"] == "storj_storage").unwrap()["quantity"].clone();
    let months = usage["months"].as_array().unwrap().iter().rev();
    months.map(|month| (month["month"].as_str().unwrap().to_owned(), stored(month).as_i64().unwrap())).collect()
}

fn months(counts: &[(&str, i64)]) -> Vec<(String, i64)> {
    counts.iter().map(|(month, stored)| ((*month).to_owned(), *stored)).collect()
}

#[test]
fn what_is_deleted_later_was_stored_until_then() {
    let world = World::new();
    let (id, _) = recorded(&world);
    world.advance(65 * DAY);
    assert_eq!(world.call("alice", "DELETE", &format!("/api/recordings/{id}"), Value::Null).0, 200);
    let until = [("2026-11", 1), ("2026-12", 1), ("2027-01", 1)];
    assert_eq!(billed(&world), months(&until));
    world.advance(40 * DAY);
    world.cron();
    assert_eq!(billed(&world), months(&[until.as_slice(), &[("2027-02", 0), ("2027-03", 0)]].concat()));
    // What a month kept is what was there at its end.
    let (_, usage) = world.call("admin", "GET", "/api/usage", Value::Null);
    let kept = usage["months"].as_array().unwrap().iter().rev().map(|month| month["bytesKept"].as_i64().unwrap());
    assert_eq!(kept.collect::<Vec<_>>(), [525_783, 525_783, 0, 0, 0]);
}

#[test]
fn so_was_what_expired_and_what_was_found_gone() {
    let world = World::with(&[("RETENTION_DAYS", "40")]);
    recorded(&world);
    world.advance(41 * DAY);
    world.cron();
    world.advance(30 * DAY);
    world.cron();
    assert_eq!(billed(&world), months(&[("2026-11", 1), ("2026-12", 1), ("2027-01", 1), ("2027-02", 0)]));

    let world = World::new();
    let (id, key) = recorded(&world);
    world.advance(41 * DAY);
    world.storj.borrow_mut().bucket.remove(&key);
    world.call("alice", "POST", &format!("/api/recordings/{id}/save"), Value::Null);
    assert_eq!(world.one("SELECT status FROM assets"), json!("missing"));
    world.advance(30 * DAY);
    assert_eq!(billed(&world), months(&[("2026-11", 1), ("2026-12", 1), ("2027-01", 1), ("2027-02", 0)]));
}

#[test]
fn a_copy_goes_with_its_recording_and_an_original_that_does_not_stay_with_the_saving() {
    const SIZE: i64 = 525_783;
    for (vars, removed) in
        [(vec![], [("2027-02", 2 * SIZE), ("", 0)]), (vec![("STORJ_OBJECT_TTL", "7200h")], [("2027-01", SIZE), ("2027-02", SIZE)])]
    {
        let world = World::with(&vars);
        let (id, _) = recorded(&world);
        world.advance(41 * DAY);
        for _ in 0..3 {
            world.call("alice", "POST", &format!("/api/recordings/{id}/save"), Value::Null);
            world.cron();
        }
        billed(&world);
        world.advance(30 * DAY);
        assert_eq!(world.call("alice", "DELETE", &format!("/api/recordings/{id}"), Value::Null).0, 200);
        billed(&world);
        let rows = world.rows("SELECT month, removed_bytes FROM usage_months WHERE removed_bytes > 0 ORDER BY month");
        let right = removed.iter().filter(|(_, bytes)| *bytes > 0).map(|(month, bytes)| json!({ "month": month, "removed_bytes": bytes }));
        assert_eq!(rows, right.collect::<Vec<_>>(), "{vars:?}");
    }
}
