//! What it costs: the estimate's table, the live meter, and the months that triggers keep.

use serde_json::{Value, json};

use super::flows::{egress_event, live};
use super::world::World;

fn estimate(world: &World, query: &str) -> (u16, Value) {
    world.call("", "GET", &format!("/api/estimate?{query}"), Value::Null)
}

fn line(answer: &Value, name: &str) -> i64 {
    answer["lines"].as_array().unwrap().iter().find(|line| line["name"] == name).unwrap()["microDollars"].as_i64().unwrap()
}

#[test]
fn the_guides_table_is_42_dollars_and_says_what_does_not_fit() {
    let world = World::new();
    let (status, answer) = estimate(&world, "hours=100&prices=guide");
    assert_eq!((status, &answer["totalMicroDollars"], &answer["total"]), (200, &json!(42_000_000), &json!("$42.00")), "{answer}");
    assert_eq!((line(&answer, "livekit_recording"), line(&answer, "storj_storage"), line(&answer, "storj_egress")), (42_000_000, 0, 0));
    let notes = answer["notes"].to_string();
    assert!(notes.contains("100 h at 720p is 140.7 GB: that fits into the guide's free 150 GB"), "{notes}");
    assert!(notes.contains("100 h at 1080p is 208.2 GB: that does not fit into the guide's free 150 GB"), "{notes}");
    let (_, whole) = estimate(&world, "hours=100&prices=guide&quality=1080p");
    assert_eq!((line(&whole, "livekit_recording"), line(&whole, "storj_storage")), (42_000_000, 236_000));
}

#[test]
fn todays_prices_are_the_default_and_the_operators_own() {
    let (_, answer) = estimate(&World::new(), "hours=100");
    assert_eq!(
        (&answer["prices"], &answer["quality"], &answer["totalMicroDollars"]),
        (&json!("today"), &json!("1080p"), &json!(47_000_000))
    );
    let world = World::with(&[("LIVEKIT_MINUTE_USD", "0.02"), ("STORJ_TIER", "advanced"), ("DEFAULT_QUALITY", "720p")]);
    let (_, answer) = estimate(&world, "hours=1000&viewers=2");
    // 60,000 minutes; 1,408 GB at $0.010, and as much of safety copies; 2,816 GB out at $0.007.
    assert_eq!(answer["totalMicroDollars"], json!(1_200_000_000 + 2 * 14_080_000 + 19_712_000));
    let without = World::with(&[("SAFETY_COPY", "off")]);
    assert_eq!(
        (
            line(&estimate(&without, "hours=1000").1, "storj_safety_copy"),
            line(&estimate(&World::new(), "hours=1000").1, "storj_safety_copy")
        ),
        (0, 14_581_000)
    );
    let (_, answer) = estimate(&world, "hours=0.01");
    assert_eq!((line(&answer, "livekit_recording"), &answer["hours"]), (20_000, &json!(0.01)), "36 s are billed as a minute");
}

#[test]
fn a_parameter_that_cannot_be_is_named_with_its_limit() {
    let world = World::new();
    for (query, told) in [
        ("hours=0", "`hours` is a number above 0, up to 100000"),
        ("hours=100000.1", "`hours`"),
        ("hours=-1", "`hours`"),
        ("hours=1e3", "`hours`"),
        ("hours=x", "`hours`"),
        ("hours=1&hours=2", "`hours` is given twice"),
        ("viewers=-1", "`viewers` is a whole number from 0 to 10000"),
        ("viewers=10001", "`viewers`"),
        ("viewers=1.5", "`viewers`"),
        ("quality=8k", "`quality` is one of 720p, 1080p, 4k"),
        ("prices=yesterday", "`prices` is one of today, guide"),
        ("month=1", "unknown query parameter `month`"),
    ] {
        let (status, answer) = estimate(&world, query);
        assert_eq!(status, 400, "{query}");
        assert!(answer["message"].as_str().unwrap().contains(told), "{query}: {answer}");
    }
    let (status, most) = estimate(&world, "hours=100000&viewers=10000&quality=4k");
    assert_eq!(status, 200);
    assert!(most["totalMicroDollars"].as_i64().unwrap() < (1 << 53), "exact in JavaScript too");
}

#[test]
fn the_live_meter_is_of_the_same_table() {
    let world = World::with(&[("LIVEKIT_MINUTE_USD", "1")]);
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    world.clock.set(livekit_storj::time::Millis(1_795_390_004_000 + 90_000));
    let id = world.one("SELECT id FROM live_streams");
    let recording = world.call("alice", "GET", &format!("/api/streams/{}", id.as_str().unwrap()), Value::Null).1["recording"].clone();
    // Two begun minutes, and 52 MB for a month.
    assert_eq!((&recording["seconds"], &recording["estimatedMicroDollars"]), (&json!(90), &json!(2_000_365)), "{recording}");
}

#[test]
fn a_download_counts_in_its_month_with_its_whole_size() {
    let world = World::new();
    let id = recorded(&world);
    for _ in 0..2 {
        assert_eq!(world.call("alice", "POST", &format!("/api/recordings/{id}/download"), Value::Null).0, 200);
        world.advance(120_000);
    }
    let month = month(&world);
    assert_eq!((&month["downloads"], &month["bytesDownloaded"]), (&json!(2), &json!(2 * 525_783)));
    assert_eq!(month["lines"][3]["microDollars"], json!(7_000), "a begun GB");
}

fn recorded(world: &World) -> String {
    live(world, true);
    world.webhook(egress_event(world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().bucket.objects.insert(key, 525_783);
    world.webhook(egress_event(world, 0, "egress_ended", "EGRESS_COMPLETE"));
    world.one("SELECT id FROM assets").as_str().unwrap().to_owned()
}

fn month(world: &World) -> Value {
    let (status, usage) = world.call("admin", "GET", "/api/usage", Value::Null);
    assert_eq!(status, 200, "{usage}");
    usage["months"][0].clone()
}

#[test]
fn a_recording_counts_once_in_its_month_whatever_is_heard_of_it() {
    let world = World::new();
    let id = recorded(&world);
    let counted = || {
        let month = month(&world);
        ["month", "recordings", "minutesBilled", "bytesAdded", "bytesKept"].map(|name| month[name].clone())
    };
    let expected = [json!("2026-11"), json!(1), json!(1), json!(525_783), json!(525_783)];
    assert_eq!(counted(), expected);
    // The same word again, and a later look: nothing is counted twice.
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    world.advance(600_000);
    world.cron();
    assert_eq!(counted(), expected);
    // Deleted: no longer kept, and billed all the same.
    world.db.execute("UPDATE assets SET status = 'deleting' WHERE id = ?", [&id]).unwrap();
    assert_eq!(counted(), [json!("2026-11"), json!(1), json!(1), json!(525_783), json!(0)]);
    world.db.execute("DELETE FROM assets", []).unwrap();
    assert_eq!(counted()[4], json!(0), "not taken off twice");
}

#[test]
fn copies_take_what_they_take() {
    const SIZE: i64 = 525_783;
    // For ever: both stay. For 30 days in Storj, or by us: the original goes, and both were stored.
    for (vars, kept) in [(vec![], 2 * SIZE), (vec![("STORJ_OBJECT_TTL", "720h")], SIZE), (vec![("RETENTION_DAYS", "30")], SIZE)] {
        let world = World::with(&vars);
        let id = recorded(&world);
        let counted = || {
            let month = month(&world);
            ["bytesAdded", "bytesKept", "bytesOfSafetyCopies"].map(|name| month[name].as_i64().unwrap())
        };
        assert_eq!(counted(), [SIZE, SIZE, SIZE], "{vars:?}");
        for _ in 0..3 {
            world.call("alice", "POST", &format!("/api/recordings/{id}/save"), Value::Null);
            world.cron();
        }
        assert_eq!(world.one("SELECT saved_key IS NOT NULL FROM assets"), json!(1), "{vars:?}");
        assert_eq!(counted(), [2 * SIZE, kept, SIZE], "{vars:?}");
        assert_eq!(world.call("alice", "DELETE", &format!("/api/recordings/{id}"), Value::Null).0, 200);
        assert_eq!(counted(), [2 * SIZE, 0, SIZE], "{vars:?}");
    }
    let without = World::with(&[("SAFETY_COPY", "off")]);
    recorded(&without);
    assert_eq!(month(&without)["bytesOfSafetyCopies"], json!(0));
}

#[test]
fn a_conclusion_of_ours_yields_to_livekits_length() {
    let world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    world.db.execute("UPDATE egresses SET status = 'failed', inferred = 1, ended_at = started_at + 600000", []).unwrap();
    assert_eq!((month(&world)["recordings"].clone(), month(&world)["minutesBilled"].clone()), (json!(1), json!(10)));
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    assert_eq!((month(&world)["recordings"].clone(), month(&world)["minutesBilled"].clone()), (json!(1), json!(1)), "57 s");
}

#[test]
fn what_was_recorded_before_the_migration_is_in_the_months() {
    let before = rusqlite::Connection::open_in_memory().unwrap();
    let migration = |name: &str| std::fs::read_to_string(format!("migrations/{name}")).unwrap();
    let mut files: Vec<_> = std::fs::read_dir("migrations").unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.as_str() < "0005") {
        before.execute_batch(&migration(file)).unwrap();
    }
    let job = |n: i64, at: i64, ms: i64| {
        format!(
            "INSERT INTO egresses (id, stream_id, session_sid, room_name, owner_id, project, object_key, bucket, endpoint, region, quality, \
             layout, audio_only, part, status, requested_at, started_at, duration_ms) VALUES ('j{n}', 's', 'RM_{n}', 'r', 'alice', 'p', 'k{n}', \
             'b', 'e', 'x', '1080p', 'speaker', 0, 1, 'complete', {at}, {at}, {ms});\n\
             INSERT INTO assets (id, job_id, title, room_name, owner_id, part, status, visibility, object_key, bucket, endpoint, region, \
             size_bytes, quality, created_at) VALUES ('a{n}', 'j{n}', 't', 'r', 'alice', 1, 'ready', 'public', 'k{n}', 'b', 'e', 'x', 100, '1080p', {at});"
        )
    };
    // 2026-10-31T23:59:59.999Z and a millisecond later.
    for (n, at, ms) in [(1, 1_793_491_199_999, 60_001), (2, 1_793_491_200_000, 60_000), (3, 1_793_491_200_001, 1)] {
        before.execute_batch(&job(n, at, ms)).unwrap();
    }
    before.execute_batch(&migration("0005_account.sql")).unwrap();
    for file in files.iter().filter(|file| file.as_str() > "0005_account.sql") {
        // Of the last one the original stays beside its copy.
        let saved =
            "UPDATE assets SET saved = 1, saved_key = 'saved/k3' WHERE id = 'a3'; UPDATE egresses SET segments = 'gone' WHERE id = 'j1'";
        before.execute_batch(if file.starts_with("0011") { saved } else { "" }).unwrap();
        before.execute_batch(&migration(file)).unwrap();
    }
    let mut months = before
        .prepare(
            "SELECT month || ' ' || recordings || ' ' || minutes || ' ' || added_bytes || ' ' || kept_bytes || ' ' || copied_bytes \
             FROM usage_months ORDER BY month",
        )
        .unwrap();
    let months: Vec<String> = months.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(months, ["2026-10 1 2 100 100 100", "2026-11 2 2 300 300 0"]);
}

#[test]
fn a_month_in_which_nothing_happened_keeps_what_was_kept_and_pays_for_it() {
    let world = World::new();
    recorded(&world);
    world.advance(90 * 24 * 3_600_000);
    let (_, usage) = world.call("admin", "GET", "/api/usage", Value::Null);
    let months = usage["months"].as_array().unwrap();
    let names: Vec<&str> = months.iter().map(|month| month["month"].as_str().unwrap()).collect();
    assert_eq!(names, ["2027-02", "2027-01", "2026-12", "2026-11"]);
    let storage = |month: &Value| month["lines"].as_array().unwrap().iter().find(|line| line["name"] == "storj_storage").cloned().unwrap();
    for month in &months[..3] {
        assert_eq!((&month["recordings"], &month["bytesKept"]), (&json!(0), &json!(525_783)), "{month}");
        assert_eq!(storage(month)["quantity"], json!(1), "{month}");
    }
}

#[test]
fn usage_is_the_admins() {
    let world = World::new();
    assert_eq!(world.call("", "GET", "/api/usage", Value::Null).0, 401);
    let (status, answer) = world.call("alice", "GET", "/api/usage", Value::Null);
    assert_eq!((status, &answer["code"]), (403, &json!("admins_only")));
    let (status, empty) = world.call("admin", "GET", "/api/usage", Value::Null);
    assert_eq!((status, &empty["months"], &empty["bytesKept"]), (200, &json!([]), &json!(0)));
    assert_eq!(world.call("admin", "GET", "/api/usage?month=1", Value::Null).0, 400);
}
