//! Save to Storj: a lasting copy, step by step, whatever comes between the steps.

use livekit_storj::http::{Incoming, Unanswered};
use livekit_storj::ports::Ports;
use livekit_storj::time::{DAY, MINUTE};
use serde_json::{Value, json};

use super::bucket::Piece;
use super::deletion::recorded;
use super::world::World;

const MIB: u64 = 1024 * 1024;

/// A recording of `size` bytes that Storj deletes after 30 days, in parts of 5 MiB; its id and its key.
fn expiring(size: u64) -> (World, String, String) {
    let world = World::with(&[("STORJ_OBJECT_TTL", "720h")]);
    world.db.execute_batch("CREATE TRIGGER small_parts AFTER INSERT ON saves BEGIN UPDATE saves SET part_bytes = 5242880; END").unwrap();
    let (id, key) = recorded(&world);
    world.storj.borrow_mut().bucket.objects.insert(key.clone(), size);
    world.db.execute_batch(&format!("UPDATE assets SET size_bytes = {size}")).unwrap();
    (world, id, key)
}

fn save(world: &World, id: &str) -> (u16, Value) {
    world.call("alice", "POST", &format!("/api/recordings/{id}/save"), Value::Null)
}

fn copy_of(key: &str) -> String {
    key.replace("livekit-recordings/", "saved/")
}

/// The copy is there, of the source's very bytes, and nothing is left lying about.
fn is_saved(world: &World, id: &str, key: &str, size: u64) {
    let (_, shown) = world.call("alice", "GET", &format!("/api/recordings/{id}"), Value::Null);
    assert_eq!((&shown["saved"], &shown["expiresAt"], &shown["filename"]), (&json!(true), &Value::Null, &json!(copy_of(key))), "{shown}");
    let storj = world.storj.borrow();
    assert_eq!(storj.bucket.pieces(&copy_of(key)), [Piece { of: key.to_owned(), from: 0, length: size }]);
    assert!(storj.bucket.uploads.is_empty(), "no upload is left");
    drop(storj);
    assert_eq!(world.one("SELECT count(*) FROM saves"), json!(0));
    let (_, playback) = world.call("alice", "GET", &format!("/api/recordings/{id}/playback"), Value::Null);
    assert!(playback["url"].as_str().unwrap().contains("/saved/"), "{playback}");
}

/// Answers what `url` names in another way, from the n-th on and so many times.
fn refuse(world: &World, url: &'static str, mut skip: u32, mut times: u32, answer: Result<Incoming, Unanswered>) {
    world.storj.borrow_mut().refuse = Some(Box::new(move |request| {
        if !format!("{} {}", request.method, request.url).contains(url) || times == 0 {
            return None;
        }
        if skip > 0 {
            skip -= 1;
            return None;
        }
        times -= 1;
        Some(answer.clone())
    }));
}

fn error(status: u16, code: &str) -> Result<Incoming, Unanswered> {
    Ok(Incoming { status, body: format!("<Error><Code>{code}</Code></Error>").into_bytes(), ..Incoming::default() })
}

fn runs(world: &World, runs: usize) {
    for _ in 0..runs {
        world.advance(5 * MINUTE);
        world.cron();
    }
}

#[test]
fn what_does_not_expire_is_copied_inside_storj_at_once() {
    let world = World::new();
    let (id, key) = recorded(&world);
    for (user, status) in [("", 401), ("bob", 403)] {
        assert_eq!(world.call(user, "POST", &format!("/api/recordings/{id}/save"), Value::Null).0, status);
    }
    let (status, answer) = save(&world, &id);
    assert_eq!((status, &answer["status"], &answer["copiedBytes"]), (200, &json!("saved"), &json!(525_783)), "{answer}");
    is_saved(&world, &id, &key, 525_783);
    assert_eq!(save(&world, &id), (200, answer), "asked twice is asked once");
}

#[test]
fn what_expires_is_written_anew_in_parts() {
    let (world, id, key) = expiring(23 * MIB + 7);
    let (status, answer) = save(&world, &id);
    assert_eq!((status, &answer["status"], &answer["totalBytes"]), (202, &json!("saving"), &json!(23 * MIB + 7)));
    runs(&world, 1);
    is_saved(&world, &id, &key, 23 * MIB + 7);
    assert_eq!(save(&world, &id).0, 200);
    // Its own time comes: the copy stays.
    world.storj.borrow_mut().bucket.remove(&key);
    world.advance(60 * DAY);
    runs(&world, 2);
    is_saved(&world, &id, &key, 23 * MIB + 7);
}

#[test]
fn a_file_of_exactly_its_parts_and_one_of_a_single_part() {
    for size in [1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 10 * MIB] {
        let (world, id, key) = expiring(size);
        save(&world, &id);
        runs(&world, 2);
        is_saved(&world, &id, &key, size);
    }
}

#[test]
fn it_goes_on_where_it_was_cut_off_and_tells_how_far_it_is() {
    // Behind the answer there are 15 s: the model's clock stands still, so the first round does it all but for the fault.
    let (world, id, key) = expiring(30 * MIB);
    refuse(&world, "partNumber=4", 0, 1, Err(Unanswered::Timeout));
    save(&world, &id);
    let (status, answer) = save(&world, &id);
    assert_eq!((status, &answer["copiedBytes"], &answer["error"]), (202, &json!(15 * MIB), &json!("storage_unreachable")), "{answer}");
    let taken = world.storj.borrow().bucket.uploads.values().next().unwrap().parts.len();
    assert!(taken >= 3);
    runs(&world, 2);
    is_saved(&world, &id, &key, 30 * MIB);
}

#[test]
fn whatever_storj_answers_once_it_is_saved_in_the_end() {
    let cases: [(&'static str, Result<Incoming, Unanswered>); 12] = [
        ("POST http", Err(Unanswered::Timeout)),
        ("uploads=", error(503, "SlowDown")),
        ("uploads=", error(200, "InternalError")),
        ("partNumber=2", error(404, "NoSuchUpload")),
        ("partNumber=2", error(500, "InternalError")),
        ("partNumber=2", Ok(Incoming { status: 200, ..Incoming::default() })),
        ("POST http://127.0.0.1:9000/recordings/saved", error(403, "AccessDenied")),
        ("?uploadId", error(200, "InternalError")),
        ("?uploadId", error(400, "InvalidPart")),
        ("?uploadId", error(404, "NoSuchUpload")),
        ("?uploadId", Err(Unanswered::Network)),
        ("HEAD", error(503, "")),
    ];
    for (what, answer) in cases {
        let (world, id, key) = expiring(12 * MIB);
        refuse(&world, what, 0, 1, answer.clone());
        save(&world, &id);
        runs(&world, 6);
        is_saved(&world, &id, &key, 12 * MIB);
    }
}

#[test]
fn a_completion_whose_answer_got_lost_is_found_by_the_copy_itself() {
    for answer in [error(404, "NoSuchUpload"), error(403, "AccessDenied"), error(400, "InvalidPart"), Err(Unanswered::Network)] {
        found_by_the_copy(answer);
    }
}

fn found_by_the_copy(answer: Result<Incoming, Unanswered>) {
    let (world, id, key) = expiring(12 * MIB);
    // The upload was completed by another hand, and ours does not hear of it.
    world.storj.borrow_mut().bucket.objects.insert(copy_of(&key), 12 * MIB);
    let pieces = world.storj.borrow().bucket.pieces(&key);
    world.storj.borrow_mut().bucket.made.insert(copy_of(&key), pieces);
    refuse(&world, "?uploadId", 0, 1, answer);
    save(&world, &id);
    let (_, shown) = world.call("alice", "GET", &format!("/api/recordings/{id}"), Value::Null);
    assert_eq!(shown["saved"], json!(true));
}

#[test]
fn a_source_that_is_gone_is_told_and_nothing_is_left() {
    let (world, id, key) = expiring(30 * MIB);
    refuse(&world, "partNumber=3", 0, 1, Err(Unanswered::Timeout));
    save(&world, &id);
    world.storj.borrow_mut().bucket.remove(&key);
    runs(&world, 3);
    let (status, answer) = save(&world, &id);
    assert_eq!((status, &answer["code"]), (410, &json!("recording_missing")), "{answer}");
    assert!(world.storj.borrow().bucket.uploads.is_empty() && world.storj.borrow().bucket.objects.is_empty());
    assert_eq!(world.one("SELECT count(*) FROM saves"), json!(0));
}

#[test]
fn a_bucket_that_is_away_says_nothing_about_the_source() {
    let (world, id, key) = expiring(12 * MIB);
    refuse(&world, "http", 0, u32::MAX, error(404, "NoSuchBucket"));
    save(&world, &id);
    runs(&world, 5);
    assert_eq!(world.one("SELECT status FROM assets"), json!("ready"));
    world.storj.borrow_mut().refuse = None;
    runs(&world, 15);
    is_saved(&world, &id, &key, 12 * MIB);
}

#[test]
fn delete_while_saving_the_deletion_wins() {
    // Between any two of its batches somebody deletes the recording.
    for moment in ["uploads=", "partNumber=1", "partNumber=3", "?uploadId", "HEAD"] {
        let (world, id, _) = expiring(12 * MIB);
        refuse(&world, moment, 0, 1, Err(Unanswered::Timeout));
        save(&world, &id);
        assert_eq!(world.call("alice", "DELETE", &format!("/api/recordings/{id}"), Value::Null).0, 200, "{moment}");
        runs(&world, 15);
        let storj = world.storj.borrow();
        assert!(storj.bucket.objects.is_empty() && storj.bucket.uploads.is_empty(), "{moment}: {:?}", storj.bucket.objects);
        drop(storj);
        assert_eq!((world.one("SELECT count(*) FROM assets"), world.one("SELECT count(*) FROM trash")), (json!(0), json!(0)), "{moment}");
    }
}

#[test]
fn deleted_in_the_very_moment_of_a_part_or_of_the_end() {
    for after in ["DELETE FROM saves; UPDATE assets SET status = 'deleting'", "DELETE FROM saves; DELETE FROM assets"] {
        let (world, id, key) = expiring(12 * MIB);
        refuse(&world, "partNumber=1", 0, 1, Err(Unanswered::Timeout));
        save(&world, &id);
        // While the next request is under way.
        *world.meanwhile.borrow_mut() = Some(after.to_owned());
        runs(&world, 1);
        assert_eq!(world.one("SELECT count(*) FROM assets WHERE saved = 1"), json!(0));
        assert!(!world.storj.borrow().bucket.objects.contains_key(&copy_of(&key)));
    }
}

#[test]
fn two_at_once_make_one_copy() {
    let (world, id, key) = expiring(30 * MIB);
    refuse(&world, "partNumber=2", 0, 1, Err(Unanswered::Timeout));
    save(&world, &id);
    // Somebody else has it in hand: it is left alone, and asking tells how far it is.
    world.db.execute_batch(&format!("UPDATE saves SET holder = 'other', free_at = {}, try_at = 0", world.clock.get().0 + 150_000)).unwrap();
    let before = world.one("SELECT parts FROM saves");
    assert_eq!(save(&world, &id).0, 202);
    world.cron();
    assert_eq!((world.one("SELECT parts FROM saves"), world.one("SELECT holder FROM saves")), (before, json!("other")));
    // It died: after its time the next one goes on.
    world.advance(3 * MINUTE);
    world.cron();
    is_saved(&world, &id, &key, 30 * MIB);
}

#[test]
fn a_run_of_the_schedule_stays_within_its_calls_and_others_get_their_turn() {
    let (world, id, key) = expiring(400 * MIB);
    world.storj.borrow_mut().refuse = Some(Box::new(|request| request.url.contains("uploads=").then_some(Err(Unanswered::Timeout))));
    save(&world, &id);
    world.storj.borrow_mut().refuse = None;
    let mut parts = vec![];
    for _ in 0..8 {
        world.advance(3 * MINUTE);
        let batches = Ports::batches(&world);
        world.cron();
        // Calls are counted from the beginning of the run.
        assert!(Ports::calls(&world) <= 40 && Ports::batches(&world) - batches <= 40);
        parts.push(world.one("SELECT parts FROM saves"));
    }
    assert!(parts[0].as_i64() > Some(10), "{parts:?}");
    is_saved(&world, &id, &key, 400 * MIB);
}

#[test]
fn what_is_not_there_yet_or_any_more_is_not_saved() {
    let world = World::new();
    let (id, _) = recorded(&world);
    for (change, status, code) in [
        ("status = 'processing'", 409, "recording_not_ready"),
        ("status = 'missing'", 410, "recording_missing"),
        ("status = 'deleting'", 410, "recording_missing"),
        ("status = 'ready', expires_at = 1", 410, "recording_missing"),
        // Made to be kept from the start.
        ("saved = 1, status = 'missing'", 410, "recording_missing"),
        ("saved = 1, status = 'processing'", 409, "recording_not_ready"),
    ] {
        world.db.execute_batch(&format!("UPDATE assets SET {change}")).unwrap();
        let (told, answer) = save(&world, &id);
        assert_eq!((told, &answer["code"]), (status, &json!(code)), "{change}");
    }
    assert_eq!(save(&world, "nowhere").0, 404);
}

#[test]
fn a_stream_that_is_told_to_keep_them_after_it_began_gets_a_copy() {
    let world = World::with(&[("STORJ_OBJECT_TTL", "720h")]);
    super::flows::live(&world, true);
    world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "saveToStorj": true }));
    world.webhook(super::flows::egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().bucket.objects.insert(key.clone(), 525_783);
    world.webhook(super::flows::egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    let id = world.one("SELECT id FROM assets").as_str().unwrap().to_owned();
    runs(&world, 2);
    is_saved(&world, &id, &key, 525_783);
}
