//! All 287 webhooks recorded from a real LiveKit server, through the whole receiver, each at its own time.

use std::collections::BTreeMap;

use livekit_storj::params;
use livekit_storj::store::Statement;
use livekit_storj::time::Millis;
use serde_json::Value;

use super::world::{World, query};

#[derive(Clone)]
pub struct Delivery {
    pub at: Millis,
    authorization: String,
    pub body: String,
}

pub fn scenarios() -> BTreeMap<String, Vec<Delivery>> {
    let mut all: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
    for line in std::fs::read_to_string("tests/fixtures/real-webhooks.jsonl").unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        all.entry(text("scenario")).or_default().push(Delivery {
            at: Millis::parse_iso(&text("receivedAt")).unwrap(),
            authorization: text("authorization"),
            body: text("body"),
        });
    }
    all
}

/// A stream of alice's for each room of a scenario, and a job for each file, as if we had asked for it.
pub fn ours(deliveries: &[Delivery]) -> World {
    let world = World::new();
    let mut jobs = 0;
    for delivery in deliveries {
        let event: Value = serde_json::from_str(&delivery.body).unwrap();
        let room = event["room"]["name"].as_str().or(event["egressInfo"]["roomName"].as_str()).unwrap_or_default();
        let stream = "INSERT INTO live_streams (id, title, room_name, owner_id, visibility, record, quality, created_at) \
                      SELECT ?, ?, ?, 'alice', 'public', 0, '720p', 1 WHERE NOT EXISTS (SELECT 1 FROM live_streams WHERE room_name = ?)";
        query(&world.db, &Statement::new(stream, params![room, room, room, room])).unwrap();
        if let Some(key) = event["egressInfo"]["roomComposite"]["fileOutputs"][0]["filepath"].as_str() {
            jobs += 1;
            // Somebody else's several egresses of one room: each in a place of its own.
            let sid = format!("{}#{jobs}", event["egressInfo"]["roomId"].as_str().unwrap());
            let job = "INSERT INTO egresses (id, stream_id, session_sid, room_name, owner_id, project, object_key, bucket, endpoint, region, quality, \
                       layout, audio_only, part, status, requested_at) SELECT ?, ?, ?, ?, 'alice', '127.0.0.1:7880', ?, 'recordings', 'http://127.0.0.1:9000', \
                       'us-east-1', '720p', 'grid', 0, 1, 'requested', ? WHERE NOT EXISTS (SELECT 1 FROM egresses WHERE object_key = ?)";
            let id = format!("job-{jobs}");
            query(&world.db, &Statement::new(job, params![&id, room, &sid, room, key, delivery.at, key])).unwrap();
            query(&world.db, &Statement::new("UPDATE live_streams SET job_id = COALESCE(job_id, ?) WHERE id = ?", params![&id, room]))
                .unwrap();
        }
    }
    world
}

pub fn deliver(world: &World, delivery: &Delivery) -> u16 {
    world.clock.set(delivery.at);
    let headers = vec![("authorization".to_owned(), delivery.authorization.clone())];
    // Behind the answer LiveKit would be asked; here only what the webhooks themselves do is looked at.
    world.answer_only("POST", "/livekit-webhook", headers, delivery.body.clone().into_bytes()).status
}

pub fn state(world: &World) -> Vec<Value> {
    let mut rows = world.rows("SELECT object_key, egress_id, status, inferred, started_at, ended_at, duration_ms, size_bytes, error, file FROM egresses ORDER BY object_key");
    rows.extend(world.rows("SELECT sid, room_name, ended_at IS NOT NULL AS ended FROM sessions ORDER BY sid"));
    rows.extend(world.rows("SELECT id, viewer_count, unique_viewers FROM live_streams ORDER BY id"));
    rows.extend(world.rows("SELECT object_key, partial, status FROM assets ORDER BY object_key"));
    rows
}

#[test]
fn every_scenario_ends_as_it_was_seen_to_end() {
    let expected: &[(&str, &str, i64)] = &[
        ("mp4", "complete", 1),
        ("thumbs", "complete", 1),
        ("preset720", "complete", 1),
        ("audioonly", "complete", 1),
        ("autoegress", "complete", 1),
        ("tokenegress", "complete", 1),
        ("extrahook", "complete", 1),
        ("roomends", "complete", 1),
        ("deleteroom", "complete", 1),
        ("badsecret", "failed", 0),
        ("nobucket", "failed", 0),
        ("empty", "aborted", 0),
        ("emptylater", "aborted", 0),
        ("handlerkilled", "failed", 0),
        ("injectfailure", "failed", 0),
        ("servicekilled", "recording", 0),
    ];
    let scenarios = scenarios();
    assert_eq!(scenarios.values().map(Vec::len).sum::<usize>(), 287);
    for (name, status, recordings) in expected {
        let deliveries = &scenarios[*name];
        let world = ours(deliveries);
        for delivery in deliveries {
            assert_eq!(deliver(&world, delivery), 200, "{name}: {}", delivery.body);
        }
        let got = (world.one("SELECT status FROM egresses"), world.one("SELECT count(*) FROM assets"));
        assert_eq!(got, ((*status).into(), (*recordings).into()), "{name}");
    }
}

#[test]
fn the_mp4_scenario_to_the_last_number() {
    let deliveries = &scenarios()["mp4"];
    let world = ours(deliveries);
    deliveries.iter().for_each(|delivery| assert_eq!(deliver(&world, delivery), 200));
    let job = &world.rows("SELECT egress_id, started_at, ended_at, duration_ms, size_bytes, error FROM egresses")[0];
    let want = serde_json::json!({
        "egress_id": "EG_o8wCAE6mGJu5", "started_at": 1_795_397_404_895_i64, "ended_at": 1_795_397_420_268_i64,
        "duration_ms": 15_261, "size_bytes": 525_783, "error": null,
    });
    assert_eq!(job, &want);
    let stream =
        &world.rows("SELECT status, viewer_count, peak_viewers, unique_viewers, started_at IS NOT NULL AS started FROM live_streams")[0];
    // Bob watched; alice hosted; the recorder is nobody.
    let want = serde_json::json!({ "status": "ended", "viewer_count": 0, "peak_viewers": 1, "unique_viewers": 1, "started": 1 });
    assert_eq!(stream, &want);
}

#[test]
fn twice_and_in_the_opposite_order() {
    for (name, deliveries) in scenarios() {
        let world = ours(&deliveries);
        deliveries.iter().for_each(|delivery| assert_eq!(deliver(&world, delivery), 200, "{name}"));
        let right = state(&world);

        let twice = ours(&deliveries);
        for delivery in &deliveries {
            assert_eq!((deliver(&twice, delivery), deliver(&twice, delivery)), (200, 200), "{name}");
        }
        assert_eq!(state(&twice), right, "{name} twice");

        let backwards = ours(&deliveries);
        for delivery in deliveries.iter().rev() {
            assert_eq!(deliver(&backwards, delivery), 200, "{name}");
        }
        assert_eq!(state(&backwards), right, "{name} backwards");
    }
}

#[test]
fn nothing_secret_of_a_body_is_kept() {
    for deliveries in scenarios().values() {
        let world = ours(deliveries);
        deliveries.iter().for_each(|delivery| assert_eq!(deliver(&world, delivery), 200));
        let tables = ["live_streams", "sessions", "participants", "egresses", "assets", "webhook_events"];
        let kept: String =
            tables.iter().flat_map(|table| world.rows(&format!("SELECT * FROM {table}"))).map(|row| row.to_string()).collect();
        let password = deliveries.iter().find_map(|d| d.body.split("turnPassword\":\"").nth(1)?.split('"').next());
        assert!(password.is_none_or(|password| !kept.contains(password)));
        assert!(!kept.contains("{secret}"));
    }
}
