//! The trash is worked off by the schedule: whatever the bucket answers, nothing is forgotten and nothing else goes.

use livekit_storj::http::{Incoming, Unanswered};
use livekit_storj::params;
use livekit_storj::store::Only;
use livekit_storj::store::trash::{self, Kind, Thrown};
use livekit_storj::time::{HOUR, MINUTE};
use serde_json::{Value, json};

use super::world::{World, query};

fn throw(world: &World, kind: Kind, key: &str, again: bool) {
    let bucket = &world.config.bucket;
    let at = world.clock.get();
    let thrown = Thrown { kind, bucket, key, why: "test", asset_id: None, again, at };
    query(&world.db, &trash::throw(&thrown, &Only::Always)).unwrap();
}

fn put(world: &World, keys: &[&str]) {
    for key in keys {
        world.storj.borrow_mut().bucket.objects.insert((*key).to_owned(), 1);
    }
}

fn keys(world: &World) -> Vec<String> {
    world.storj.borrow().bucket.objects.keys().cloned().collect()
}

fn left(world: &World) -> Value {
    world.one("SELECT count(*) FROM trash")
}

/// The bucket answers requests whose URL or body has `what` in another way, `times` times.
fn refuse(world: &World, what: &'static str, mut times: u32, answer: Result<Incoming, Unanswered>) {
    world.storj.borrow_mut().refuse = Some(Box::new(move |request| {
        let fits = request.url.contains(what) || String::from_utf8_lossy(&request.body).contains(what);
        if !fits || times == 0 {
            return None;
        }
        times -= 1;
        Some(answer.clone())
    }));
}

#[test]
fn objects_go_and_nothing_else_does() {
    let world = World::new();
    put(&world, &["a/1.mp4", "a/2.mp4", "a/3.mp4"]);
    throw(&world, Kind::Object, "a/1.mp4", false);
    throw(&world, Kind::Object, "a/2.mp4", false);
    throw(&world, Kind::Object, "a/was-never-there.mp4", false);
    // Twice is once.
    throw(&world, Kind::Object, "a/1.mp4", false);
    assert_eq!(left(&world), json!(3));
    world.cron();
    assert_eq!((keys(&world), left(&world)), (vec!["a/3.mp4".to_owned()], json!(0)));
}

#[test]
fn a_folder_goes_page_by_page_and_its_neighbours_stay() {
    let world = World::new();
    let names: Vec<String> = (0..2_500).map(|n| format!("a/b_1/s_{n:05}.ts")).collect();
    put(&world, &names.iter().map(String::as_str).collect::<Vec<_>>());
    put(&world, &["a/b_1.mp4", "a/b_12/s_00000.ts", "a/b_"]);
    throw(&world, Kind::Folder, "a/b_1/", false);
    world.cron();
    assert_eq!((keys(&world), left(&world)), (vec!["a/b_".to_owned(), "a/b_1.mp4".to_owned(), "a/b_12/s_00000.ts".to_owned()], json!(0)));
}

#[test]
fn what_fails_is_tried_again_later_each_time_until_it_is_gone() {
    let world = World::new();
    put(&world, &["a/1.mp4"]);
    throw(&world, Kind::Object, "a/1.mp4", false);
    refuse(&world, "delete=", 3, Err(Unanswered::Timeout));
    let mut waits = vec![];
    for _ in 0..3 {
        world.cron();
        let due = world.one("SELECT try_at FROM trash").as_i64().unwrap();
        waits.push((due - world.clock.get().0) / MINUTE);
        assert_eq!(world.one("SELECT error FROM trash"), json!("storage_unreachable"));
        // Not before its time.
        world.advance(30_000);
        world.cron();
        world.advance(due - world.clock.get().0);
    }
    assert_eq!(waits, [1, 2, 4]);
    world.cron();
    assert_eq!((keys(&world), left(&world)), (vec![], json!(0)));
}

#[test]
fn the_longest_wait_is_six_hours() {
    let world = World::new();
    throw(&world, Kind::Object, "a/1.mp4", false);
    query(&world.db, &livekit_storj::store::Statement::new("UPDATE trash SET tries = 5000", params![])).unwrap();
    refuse(&world, "delete=", 1, Ok(Incoming { status: 503, ..Incoming::default() }));
    world.cron();
    assert_eq!(world.one("SELECT try_at FROM trash").as_i64().unwrap() - world.clock.get().0, 6 * HOUR);
}

#[test]
fn one_key_that_is_refused_keeps_none_of_the_others() {
    let world = World::new();
    put(&world, &["a/1.mp4", "a/2.mp4"]);
    throw(&world, Kind::Object, "a/1.mp4", false);
    throw(&world, Kind::Object, "a/2.mp4", false);
    let body = b"<DeleteResult><Error><Key>a/1.mp4</Key><Code>AccessDenied</Code></Error></DeleteResult>".to_vec();
    refuse(&world, "delete=", 1, Ok(Incoming { status: 200, body, ..Incoming::default() }));
    world.cron();
    let rows = world.rows("SELECT object_key, error, tries FROM trash");
    assert_eq!(rows, [json!({ "object_key": "a/1.mp4", "error": "storage_key_refused", "tries": 1 })]);
}

#[test]
fn what_was_deleted_while_it_was_uploaded_is_deleted_again() {
    let world = World::new();
    throw(&world, Kind::Object, "a/1.mp4", true);
    world.cron();
    put(&world, &["a/1.mp4"]);
    for _ in 0..4 {
        world.advance(14 * MINUTE);
        world.cron();
        assert_eq!(left(&world), json!(1));
    }
    world.advance(5 * MINUTE);
    world.cron();
    assert_eq!((keys(&world), left(&world)), (vec![], json!(0)));
}

#[test]
fn what_waits_longest_comes_first_and_a_bucket_that_is_away_costs_little() {
    let world = World::new();
    for n in 0..40 {
        throw(&world, Kind::Folder, &format!("a/{n}/"), false);
        world.advance(1);
    }
    world.storj.borrow_mut().down = true;
    world.cron();
    let tried = world.rows("SELECT object_key FROM trash WHERE tries > 0 ORDER BY id");
    assert!((10..=40).contains(&tried.len()), "{} tries", tried.len());
    assert_eq!(tried.first().unwrap()["object_key"], "a/0/");
    world.storj.borrow_mut().down = false;
    world.advance(2 * MINUTE);
    for _ in 0..3 {
        world.cron();
        world.advance(MINUTE);
    }
    assert_eq!(left(&world), json!(0));
}

#[test]
fn the_whole_bucket_is_no_folder() {
    let world = World::new();
    for prefix in ["", "/", "a"] {
        let thrown = Thrown {
            kind: Kind::Folder,
            bucket: &world.config.bucket,
            key: prefix,
            why: "test",
            asset_id: None,
            again: false,
            at: world.clock.get(),
        };
        assert!(query(&world.db, &trash::throw(&thrown, &Only::Always)).is_err(), "{prefix:?}");
    }
}
