//! The doctor against the models, and that it knows what each migration brought.

use livekit_storj::doctor::{MARKS, THERE};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::world::World;

fn wrong(world: &World) -> Vec<String> {
    let (status, answer) = world.call("admin", "GET", "/api/doctor", Value::Null);
    assert_eq!(status, 200, "{answer}");
    let checks = answer["checks"].as_array().unwrap();
    checks.iter().filter(|check| check["ok"] == json!(false)).map(|check| check["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_migration_has_a_mark_that_it_alone_brings() {
    let mut files: Vec<String> = std::fs::read_dir("migrations").unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(MARKS.map(|(file, ..)| file).to_vec(), files);
    let db = Connection::open_in_memory().unwrap();
    let there = |table: &str, name: &str| {
        let count: i64 = db.query_row(THERE, [table, name, table, name], |row| row.get(0)).unwrap();
        count == 1
    };
    for (file, table, name) in MARKS {
        assert!(!there(table, name), "{file}");
        db.execute_batch(&std::fs::read_to_string(format!("migrations/{file}")).unwrap()).unwrap();
        assert!(there(table, name), "{file}");
    }
}

#[test]
fn a_world_in_order_is_told_to_be_so_once_a_webhook_came_and_the_schedule_ran() {
    let world = World::new();
    assert_eq!(wrong(&world), ["webhooks_seen", "schedule"]);
    world.cron();
    world.webhook(json!({ "event": "room_started", "room": world.room("r", "RM_1") }));
    assert_eq!(wrong(&world), [] as [&str; 0]);
    let calls = world.livekit.borrow().calls.clone();
    assert_eq!(calls.len(), 4, "two a visit: {calls:?}");
}

#[test]
fn refused_webhooks_are_counted_by_signer_at_most_once_a_minute_and_a_crowd_of_signers_is_one() {
    let world = World::new();
    let refuse = |signer: &str| {
        let key = livekit_storj::livekit::token::ApiKey { key: signer.to_owned(), secret: livekit_storj::secret::Secret::new("another") };
        let authorization = livekit_storj::livekit::signature::sign_body(&key, b"{}", world.clock.get()).unwrap();
        let headers = vec![("authorization".to_owned(), authorization)];
        assert_eq!(world.send_raw("POST", "/livekit-webhook", headers, b"{}".to_vec()).status, 401);
    };
    for _ in 0..3 {
        refuse("APIother");
        world.advance(30_000);
    }
    assert_eq!(world.one("SELECT times FROM webhook_refusals"), json!(2));
    for n in 0..100 {
        refuse(&format!("key{n}"));
    }
    assert_eq!(world.one("SELECT count(*) FROM webhook_refusals"), json!(21));
    assert!(wrong(&world).iter().filter(|name| *name == "webhooks_refused").count() <= 10);
    // A refusal is one whether or not D1 takes note of it.
    world.fail_batch.set(Some(0));
    refuse("APIother");
    world.advance(8 * 24 * 3_600_000);
    refuse("APIother");
    assert_eq!(world.one("SELECT count(*) FROM webhook_refusals"), json!(1), "those of a week ago are forgotten");
}

#[test]
fn a_job_keeps_the_hash_of_the_key_it_uploads_with() {
    let world = World::new();
    super::flows::live(&world, true);
    world.cron();
    assert_eq!(world.one("SELECT length(storage_key) FROM egresses"), json!(32));
    assert!(!wrong(&world).contains(&"storage_key_in_use".to_owned()));
    world.db.execute("UPDATE egresses SET storage_key = 'of another'", []).unwrap();
    assert!(wrong(&world).contains(&"storage_key_in_use".to_owned()));
}

#[test]
fn the_key_with_which_a_stopped_recording_is_being_uploaded_is_in_use() {
    let world = World::new();
    super::flows::live(&world, true);
    world.webhook(super::flows::egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    world.call("alice", "POST", "/livekit-egress/stop", json!({ "egressId": "EG_1" }));
    world.db.execute("UPDATE egresses SET storage_key = 'of another'", []).unwrap();
    assert_eq!(world.one("SELECT status FROM egresses"), json!("stopping"));
    assert!(wrong(&world).contains(&"storage_key_in_use".to_owned()));
    world.webhook(super::flows::egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    assert!(!wrong(&world).contains(&"storage_key_in_use".to_owned()));
    // Among the few of which something is still to be learned, not among all that ever recorded.
    let noted = livekit_storj::store::doctor::noted("key", world.clock.get());
    let mut explain = world.db.prepare(&format!("EXPLAIN QUERY PLAN {}", noted.sql)).unwrap();
    let nulls = vec![rusqlite::types::Null; noted.params.len()];
    let plan: Vec<String> = explain.query_map(rusqlite::params_from_iter(nulls), |row| row.get(3)).unwrap().map(Result::unwrap).collect();
    assert!(plan.iter().any(|line| line.contains("egresses USING INDEX egresses_open")), "{plan:?}");
}

#[test]
fn a_webhook_that_is_sent_for_a_try_hides_none_of_livekits() {
    let world = World::new();
    let tried = |world: &World| {
        let signed = world.call("admin", "POST", "/api/doctor/webhook", Value::Null).1;
        let headers = vec![("authorization".to_owned(), signed["authorization"].as_str().unwrap().to_owned())];
        assert_eq!(world.send_raw("POST", "/livekit-webhook", headers, signed["body"].as_str().unwrap().into()).status, 200);
    };
    let age = |world: &World| world.call("", "GET", "/healthz", Value::Null).1["webhookAgeSeconds"].clone();
    tried(&world);
    world.cron();
    assert_eq!((wrong(&world), age(&world)), (vec!["webhooks_seen".to_owned()], Value::Null));
    world.webhook(json!({ "event": "room_started", "room": world.room("r", "RM_1") }));
    world.advance(2 * 3_600_000);
    tried(&world);
    world.cron();
    assert_eq!((age(&world), wrong(&world)), (json!(7_200), vec![]));
    world.advance(2 * 3_600_000);
    world.cron();
    assert_eq!(world.rows("SELECT event FROM webhook_events"), [json!({ "event": "room_started" })]);
}

#[test]
fn a_rehearsal_that_was_cut_off_is_not_forgotten_because_livekits_list_did_not_come() {
    let world = World::new();
    world.open_room("r", "RM_1", "zoe", true);
    let (status, told) = world.call("admin", "POST", "/api/doctor/record", json!({ "roomName": "r" }));
    assert_eq!(status, 200, "{told}");
    assert_eq!(world.one("SELECT count(*) FROM rehearsals"), json!(1), "it has not ended, and the schedule goes on asking");
    world.livekit.borrow_mut().egresses[0].status = "EGRESS_ACTIVE";
    world.livekit.borrow_mut().lists_down = true;
    world.advance(5 * 60_000);
    world.cron();
    assert_eq!(world.one("SELECT count(*) FROM rehearsals"), json!(1));
    world.livekit.borrow_mut().lists_down = false;
    world.advance(60_000);
    world.cron();
    assert_eq!(world.livekit.borrow().egresses[0].status, "EGRESS_ENDING", "it is stopped once LiveKit tells of it");
}
