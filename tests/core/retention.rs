//! How long recordings stay: Storj's expiry, RETENTION_DAYS, and its week of grace; and the rows of viewers.

use livekit_storj::time::{DAY, HOUR, MINUTE};
use serde_json::{Value, json};

use super::deletion::recorded;
use super::world::World;

fn expires_in_days(world: &World) -> Value {
    let row = world.rows("SELECT expires_at, COALESCE(ended_at, created_at) AS ended_at FROM assets").remove(0);
    row["expires_at"].as_i64().map_or(Value::Null, |at| json!((at - row["ended_at"].as_i64().unwrap()) / DAY))
}

fn with(mut world: World, days: Option<i64>) -> World {
    world.config.retention_days = days;
    world
}

/// The value was there for longer than a week.
fn settled(days: &str) -> World {
    let world = World::with(&[("RETENTION_DAYS", days)]);
    world.cron();
    world
        .db
        .execute_batch(&format!("UPDATE retention SET since_at = since_at - {}, grace_ends_at = grace_ends_at - {}", 8 * DAY, 8 * DAY))
        .unwrap();
    world
}

fn gone(world: &World) -> bool {
    world.cron();
    world.cron();
    world.one("SELECT count(*) FROM assets") == json!(0) && world.storj.borrow().bucket.objects.is_empty()
}

#[test]
fn a_recording_goes_when_its_days_are_over_and_not_before() {
    let world = settled("30");
    recorded(&world);
    assert_eq!(expires_in_days(&world), json!(30));
    world.advance(30 * DAY - HOUR);
    assert!(!gone(&world));
    world.advance(2 * HOUR);
    assert!(gone(&world));
}

#[test]
fn nothing_goes_without_a_value_and_what_is_saved_never_does() {
    for (days, saved) in [("", false), ("0", false), ("1", true)] {
        let world = World::with(&[("RETENTION_DAYS", days)]);
        let (id, _) = recorded(&world);
        if saved {
            assert_eq!(world.call("alice", "POST", &format!("/api/recordings/{id}/save"), Value::Null).0, 200);
        }
        assert_eq!(expires_in_days(&world), Value::Null, "{days:?}");
        world.advance(4_000 * DAY);
        world.cron();
        assert_eq!(world.one("SELECT count(*) FROM assets"), json!(1));
        // The original of a saved one goes when it would have; the copy stays.
        let keys: Vec<String> = world.storj.borrow().bucket.objects.keys().cloned().collect();
        assert_eq!((keys.len(), keys[0].starts_with("saved/")), (1, saved), "{keys:?}");
    }
}

#[test]
fn what_was_made_to_be_kept_stays_though_its_stream_is_told_otherwise_before_the_last_look_for_its_file() {
    let world = settled("30");
    super::flows::live(&world, true);
    let keep =
        |keep: bool| world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host", "saveToStorj": keep })).0;
    assert_eq!(keep(true), 201);
    world.webhook(super::flows::egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().put_segments(&key, [0, 1], 1_000);
    world.webhook(super::flows::egress_event(&world, 0, "egress_ended", "EGRESS_FAILED"));
    assert_eq!(world.rows("SELECT saved, expires_at FROM assets"), [json!({ "saved": 1, "expires_at": null })]);
    assert_eq!(keep(false), 201);
    for _ in 0..8 {
        world.advance(MINUTE);
        world.cron();
    }
    let row = "SELECT saved, expires_at, retention_days FROM assets";
    assert_eq!(world.rows(row), [json!({ "saved": 1, "expires_at": null, "retention_days": null })]);
    // And whatever a row may say that was made before this was so.
    world.db.execute("UPDATE assets SET expires_at = 1", []).unwrap();
    world.advance(40 * DAY);
    world.cron();
    assert_eq!(world.one("SELECT status FROM assets"), json!("ready"));
}

#[test]
fn storjs_own_expiry_and_ours_whichever_comes_first() {
    for (ttl, days, expires) in [("240h", "30", 10), ("2400h", "30", 30), ("240h", "0", 10)] {
        let world = World::with(&[("STORJ_OBJECT_TTL", ttl), ("RETENTION_DAYS", days)]);
        world.cron();
        world.db.execute_batch("UPDATE retention SET grace_ends_at = 0").unwrap();
        recorded(&world);
        assert_eq!(expires_in_days(&world), json!(expires), "{ttl} {days}");
    }
}

#[test]
fn under_a_shorter_value_nothing_goes_for_a_week() {
    let world = settled("100");
    recorded(&world);
    let world = with(world, Some(1));
    world.cron();
    world.advance(6 * DAY);
    assert!(!gone(&world));
    // Fixed when it was ready: by the value of then.
    assert_eq!(expires_in_days(&world), json!(100));
}

#[test]
fn one_that_is_ready_within_that_week_is_told_to_stay_as_long() {
    for first in [true, false] {
        let world = if first { World::with(&[("RETENTION_DAYS", "1")]) } else { with(settled("100"), Some(1)) };
        world.cron();
        world.advance(DAY);
        recorded(&world);
        let left = world.one("SELECT expires_at FROM assets").as_i64().unwrap() - world.clock.get().0;
        assert_eq!((left + HOUR) / DAY, 6, "six of the seven days are left");
        world.advance(5 * DAY);
        assert!(!gone(&world));
        world.advance(2 * DAY);
        assert!(gone(&world));
    }
}

#[test]
fn a_longer_value_needs_no_week() {
    let world = with(settled("1"), Some(3));
    world.cron();
    recorded(&world);
    assert_eq!(expires_in_days(&world), json!(3));
}

#[test]
fn the_doctor_announces_a_value_that_is_new() {
    let told = |world: &World, name: &str| {
        let (code, examined) = world.call("admin", "GET", "/api/doctor", Value::Null);
        assert_eq!(code, 200, "{examined}");
        let check = examined["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).cloned()?;
        assert_eq!(check["ok"], true, "an announcement is nothing wrong");
        Some(check["what"].as_str().unwrap().to_owned() + " | " + check["remedy"].as_str().unwrap_or_default())
    };
    let world = settled("30");
    assert_eq!(told(&world, "retention_days"), None);
    let world = with(world, Some(3));
    world.cron();
    world.advance(HOUR);
    let what = told(&world, "retention_days").unwrap();
    assert!(what.starts_with("RETENTION_DAYS=3 is new: it deletes nothing for 6 days and 22 hours more | "), "and some minutes: {what}");
    assert!(what.contains("typo"), "{what}");
    // What Storj deletes by itself is told all the same.
    recorded(&world);
    world.db.execute("UPDATE assets SET expires_at = ?", [world.clock.get().0 + DAY]).unwrap();
    assert!(told(&world, "retention").unwrap().starts_with("1 recordings expire within a week"));
    world.advance(7 * DAY);
    assert_eq!(told(&world, "retention_days"), None);
    // A longer one needs no announcement.
    let world = with(world, Some(60));
    world.cron();
    assert_eq!(told(&world, "retention_days"), None);
}

#[test]
fn a_typo_that_is_mended_within_its_week_is_undone() {
    for (mended, expires) in [(Some(100), json!(100)), (None, Value::Null)] {
        let world = with(settled("100"), Some(1));
        world.cron();
        recorded(&world);
        assert_eq!(world.one("SELECT retention_days FROM assets"), json!(1));
        world.advance(DAY);
        let world = with(world, mended);
        world.cron();
        world.cron();
        assert_eq!(expires_in_days(&world), expires);
        world.advance(20 * DAY);
        assert!(!gone(&world));
    }
}

#[test]
fn a_value_that_outlived_its_week_counts_for_what_was_fixed_under_it() {
    let world = settled("10");
    recorded(&world);
    let world = with(world, Some(100));
    world.cron();
    world.cron();
    assert_eq!(expires_in_days(&world), json!(10), "fixed when it was ready");
}

#[test]
fn viewers_are_forgotten_after_30_days_and_the_totals_stay() {
    let world = World::new();
    super::flows::live(&world, false);
    let who = |sid: &str, identity: &str| json!({ "sid": sid, "identity": identity, "joinedAt": world.clock.get().secs().to_string() });
    let room = world.room("r", "RM_1");
    for (event, sid) in [("participant_joined", "PA_1"), ("participant_joined", "PA_2"), ("participant_left", "PA_1")] {
        let identity = if sid == "PA_1" { "bob~a" } else { "carol~b" };
        world.webhook(json!({ "event": event, "room": room, "participant": who(sid, identity) }));
        world.advance(MINUTE);
    }
    let totals = "SELECT unique_viewers, peak_viewers, watch_ms FROM live_streams";
    let before = world.rows(totals);
    world.livekit.borrow_mut().rooms.clear();
    world.webhook(json!({ "event": "room_finished", "room": room }));
    world.advance(29 * DAY);
    world.cron();
    assert_eq!(world.one("SELECT count(*) FROM audience"), json!(2));
    world.advance(2 * DAY);
    world.cron();
    // Carol's leaving was never told; her room is over, so she goes as well.
    assert_eq!((world.one("SELECT count(*) FROM participants"), world.one("SELECT count(*) FROM audience")), (json!(0), json!(0)));
    assert_eq!(world.rows(totals), before);
}

#[test]
fn only_whole_days_are_a_retention() {
    let fault = |value: &'static str| {
        let base = [
            ("LIVEKIT_URL", "ws://127.0.0.1:7880"),
            ("LIVEKIT_API_KEY", "k"),
            ("LIVEKIT_API_SECRET", "s"),
            ("STORJ_ACCESS_KEY_ID", "ak"),
            ("STORJ_SECRET_ACCESS_KEY", "sk"),
            ("STORJ_BUCKET", "recordings"),
            ("STORJ_ENDPOINT", "http://127.0.0.1:9000"),
            ("AUTH_JWT_SECRET", super::world::SECRET),
            ("RETENTION_DAYS", value),
        ];
        let read = livekit_storj::config::Config::read(|name| base.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()));
        read.map(|config| config.retention_days).map_err(|faults| faults[0].name)
    };
    assert_eq!((fault("30"), fault("0"), fault("")), (Ok(Some(30)), Ok(None), Ok(None)));
    for bad in ["30d", "-1", "1.5", "720h", "36501", "forever"] {
        assert_eq!(fault(bad), Err("RETENTION_DAYS"), "{bad}");
    }
}
