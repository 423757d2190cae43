//! A file that is empty, and one that comes when its recording has become something else for good.

use livekit_storj::time::{MINUTE, SECOND};
use serde_json::Value;

use super::flows::{egress_event, live};
use super::world::World;

fn schedule(world: &World, minutes: i64) {
    for _ in 0..minutes {
        world.advance(MINUTE);
        world.cron();
    }
}

/// A recording under way; its key.
fn recording(world: &World) -> String {
    live(world, true);
    world.webhook(egress_event(world, 0, "egress_updated", "EGRESS_ACTIVE"));
    world.livekit.borrow().egresses[0].key.clone()
}

fn put(world: &World, key: &str, size: u64) {
    world.storj.borrow_mut().bucket.objects.insert(key.to_owned(), size);
}

fn made(world: &World) -> Vec<Value> {
    world.rows("SELECT status || ' ' || format AS made FROM assets").into_iter().map(|row| row["made"].clone()).collect()
}

#[test]
fn an_empty_file_is_none_once_a_minute_has_passed() {
    for (segments, is) in [(true, "ready segments"), (false, "missing mp4")] {
        let world = World::new();
        let key = recording(&world);
        put(&world, &key, 0);
        if segments {
            world.storj.borrow_mut().put_segments(&key, 0..10, 1_000);
        }
        world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
        world.advance(30 * SECOND);
        world.cron();
        assert_eq!(made(&world), ["processing mp4"], "Storj may be a moment behind");
        schedule(&world, 3);
        assert_eq!(made(&world), [is]);
    }
    let world = World::new();
    let key = recording(&world);
    put(&world, &key, 0);
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    put(&world, &key, 525_783);
    schedule(&world, 1);
    assert_eq!(made(&world), ["ready mp4"]);
}
