//! A file that is empty, and one that comes when its recording has become something else for good.

use livekit_storj::time::{MINUTE, SECOND};
use serde_json::{Value, json};

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

#[test]
fn an_mp4_that_turns_up_as_the_saving_ends_takes_nothing_from_the_copy() {
    let world = World::with(&[("STORJ_OBJECT_TTL", "720h")]);
    let key = recording(&world);
    world.storj.borrow_mut().put_segments(&key, 0..10, 1_000);
    world.call("alice", "POST", "/livekit-egress/stop", json!({ "egressId": "EG_1" }));
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_FAILED"));
    schedule(&world, 12);
    assert_eq!((made(&world), world.one("SELECT joined FROM reels")), (vec![json!("ready segments")], json!(1)));
    put(&world, &key, 525_783);
    world
        .db
        .execute_batch("UPDATE egresses SET file = 'yes', size_bytes = 525783, status = 'complete'; UPDATE live_streams SET tend_at = 0")
        .unwrap();
    // The last step of a saving, while the bucket is asked for the MP4.
    let copy = key.replace("livekit-recordings/", "saved/").replace(".mp4", ".ts");
    *world.meanwhile.borrow_mut() = Some(format!("UPDATE assets SET saved = 1, saved_key = '{copy}', expires_at = NULL"));
    schedule(&world, 1);
    assert!(world.meanwhile.borrow().is_none() && world.storj.borrow().asked.last().unwrap().ends_with(&key));
    let row = json!({ "format": "segments", "saved_key": copy, "expires_at": null, "size_bytes": 10_000 });
    assert_eq!(world.rows("SELECT format, saved_key, expires_at, size_bytes FROM assets"), [row]);
    let id = world.one("SELECT id FROM assets");
    let (_, playback) = world.call("alice", "GET", &format!("/api/recordings/{}/playback", id.as_str().unwrap()), Value::Null);
    let list = playback["url"].as_str().unwrap().trim_start_matches("https://rec.example").to_owned();
    let (_, text) = world.send_raw("GET", &list, vec![], vec![]).text.expect("it plays");
    assert!(text.contains(&copy), "{text}");
}
