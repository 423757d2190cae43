//! LiveKit's own pictures (`THUMBNAILS=livekit`): when one is asked for, and what becomes of one that is not shown.

use livekit_storj::http::{Incoming, Outgoing};
use livekit_storj::time::HOUR;
use serde_json::{Value, json};

use super::flows::{egress_event, live};
use super::world::World;

fn asked_for(world: &World) -> Value {
    world.livekit.borrow().egresses.last().unwrap().request["image_outputs"].clone()
}

/// Alice's recording, ready, whose picture is in the bucket; its id and the picture's key.
fn recorded(vars: &[(&str, &str)], prepare: impl FnOnce(&World)) -> (World, String, String) {
    let world = World::with(&[&[("THUMBNAILS", "livekit")], vars].concat());
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let key = world.livekit.borrow().egresses[0].key.clone();
    let picture = key.replace(".mp4", ".jpeg");
    world.storj.borrow_mut().bucket.objects.extend([(key, 525_783), (picture.clone(), 11_000)]);
    prepare(&world);
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    let id = world.one("SELECT id FROM assets WHERE status = 'ready'").as_str().unwrap().to_owned();
    (world, id, picture)
}

/// The bucket has no clear answer about pictures.
fn unclear(world: &World) {
    let busy = |r: &Outgoing| r.url.contains(".jpeg").then(|| Ok(Incoming { status: 503, ..Incoming::default() }));
    world.storj.borrow_mut().refuse = Some(Box::new(busy));
}

#[test]
fn a_picture_has_no_expiry_of_its_own() {
    let (world, id, picture) = recorded(&[("STORJ_OBJECT_TTL", "720h")], |_| ());
    let [output] = asked_for(&world).as_array().cloned().unwrap().try_into().unwrap();
    assert_eq!(output["s3"]["metadata"], Value::Null, "a saved recording shows it for longer");
    let request = world.livekit.borrow().egresses[0].request.clone();
    assert_eq!(request["file_outputs"][0]["s3"]["metadata"], json!({ "Object-Expires": "+720h" }));
    assert_eq!(world.one("SELECT thumbnail_key FROM assets"), json!(picture));
    // The recording expires, and its picture with it.
    world.advance(721 * HOUR);
    (0..3).for_each(|_| world.cron());
    assert_eq!(world.one(&format!("SELECT count(*) FROM assets WHERE id = '{id}'")), json!(0));
    assert!(!world.storj.borrow().bucket.objects.contains_key(&picture));
    assert_eq!(world.one("SELECT count(*) FROM thumbnails"), json!(0));
}

#[test]
fn without_a_clear_answer_there_is_none_and_it_goes_with_the_recording() {
    let (world, id, picture) = recorded(&[], unclear);
    assert_eq!(world.one("SELECT thumbnail_key FROM assets"), Value::Null);
    assert!(world.storj.borrow().bucket.objects.contains_key(&picture));
    world.storj.borrow_mut().refuse = None;
    assert_eq!(world.call("alice", "DELETE", &format!("/api/recordings/{id}"), Value::Null).0, 200);
    assert!(!world.storj.borrow().bucket.objects.contains_key(&picture));
}

#[test]
fn a_picture_that_was_not_written_is_not_shown() {
    let (world, id, _) = recorded(&[], |world| {
        world.storj.borrow_mut().bucket.objects.retain(|key, _| !key.ends_with(".jpeg"));
    });
    assert_eq!(world.call("alice", "GET", &format!("/api/recordings/{id}"), Value::Null).1["thumbnailUrl"], Value::Null);
    assert_eq!(world.one("SELECT count(*) FROM thumbnails"), json!(0));
}

#[test]
fn a_bucket_that_refuses_both_outputs_gets_the_mp4_alone_in_the_third_part() {
    let world = World::with(&[("THUMBNAILS", "livekit")]);
    live(&world, true);
    let mut seen = vec![];
    for n in 0..3 {
        let request = world.livekit.borrow().egresses[n].request.clone();
        seen.push((request["image_outputs"].is_array(), request["segment_outputs"].is_array()));
        world.webhook(egress_event(&world, n, "egress_updated", "EGRESS_ACTIVE"));
        let mut event = egress_event(&world, n, "egress_ended", "EGRESS_FAILED");
        event["egressInfo"]["error"] = json!("S3 upload failed: StatusCode: 403, AccessDenied");
        world.webhook(event);
        for _ in 0..3 {
            world.advance(60_000);
            world.cron();
        }
    }
    assert_eq!(seen, [(true, true), (false, true), (false, false)]);
}
