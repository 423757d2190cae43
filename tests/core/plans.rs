//! Every statement that a route, a webhook or the schedule runs has an index to walk.

use livekit_storj::params;
use livekit_storj::store::lists::{self, After, Filter, Seer};
use livekit_storj::store::{Param, Statement};
use livekit_storj::time::Millis;
use serde_json::{Value, json};

use super::world::{World, query};

/// Uses every route once, and the schedule, so that all statements have run.
fn used() -> World {
    let world = World::with(&[("RECORD_FOREIGN_ROOMS", "publisher"), ("ANONYMOUS_VIEWERS", "true")]);
    let room = world.room("r", "RM_1");
    let (_, token) =
        world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host", "record": true, "title": "t" }));
    let id = token["streamId"].as_str().unwrap().to_owned();
    world.open_room("r", "RM_1", "alice", true);
    let alice = json!({ "sid": "PA_alice_RM_1", "identity": "alice" });
    let bob = json!({ "sid": "PA_b", "identity": "bob~a" });
    world.webhook(json!({ "event": "room_started", "room": room }));
    for (event, who) in [
        ("participant_joined", &alice),
        ("track_published", &alice),
        ("participant_joined", &bob),
        ("participant_left", &bob),
        ("track_unpublished", &alice),
        ("participant_connection_aborted", &bob),
    ] {
        world.webhook(json!({ "event": event, "room": room, "participant": who, "track": { "sid": "TR_1" } }));
    }
    world.call("bob", "POST", "/livekit-token", json!({ "roomName": "r" }));
    world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r", "streamId": id }));
    world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "record": false, "title": "u" }));
    world.call("alice", "PATCH", &format!("/api/streams/{id}"), json!({ "description": null }));
    world.call("bob", "GET", &format!("/api/streams/{id}/viewers"), Value::Null);
    world.call("alice", "GET", &format!("/api/streams/{id}/why"), Value::Null);
    world.livekit.borrow_mut().egresses[0].status = "EGRESS_ACTIVE";
    world.call("alice", "POST", "/livekit-egress/stop", json!({ "egressId": "EG_1" }));
    for who in ["", "alice", "admin"] {
        for mine in ["", "&mine=true"] {
            for narrow in [
                "",
                "&q=a+b&status=ready",
                "&status=ready",
                "&streamId=abc",
                "&from=2026-01-01&to=2027-01-01",
                "&cursor=MTc5NTM5NzQwMDcxMyBiN2MxLXg",
            ] {
                world.call(who, "GET", &format!("/api/recordings?limit=3{mine}{narrow}"), Value::Null);
            }
            for narrow in ["", "&status=live", "&cursor=MTc5NTM5NzQwMDcxMyBiN2MxLXg"] {
                world.call(who, "GET", &format!("/api/streams?limit=3{mine}{narrow}"), Value::Null);
            }
        }
    }
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().bucket.objects.insert(key, 525_783);
    world.livekit.borrow_mut().egresses[0].status = "EGRESS_COMPLETE";
    world.advance(60_000);
    world.cron();
    let recording = world.one("SELECT id FROM assets");
    let recording = recording.as_str().unwrap();
    world.call("alice", "PATCH", &format!("/api/recordings/{recording}"), json!({ "title": "x" }));
    world.call("", "GET", &format!("/api/recordings/{recording}/playback"), Value::Null);
    world.call("", "GET", &format!("/api/recordings/{recording}/download"), Value::Null);
    world.call("alice", "GET", &format!("/api/recordings/{recording}/why"), Value::Null);
    world.call("alice", "POST", &format!("/api/streams/{id}/end"), Value::Null);
    let (_, other) = world.call("alice", "POST", "/api/streams", json!({ "title": "u" }));
    world.call("alice", "POST", &format!("/api/recordings/{recording}/save"), Value::Null);
    world.call("alice", "POST", "/api/recordings/delete", json!({ "ids": [recording] }));
    world.call("alice", "DELETE", &format!("/api/recordings/{recording}"), Value::Null);
    world.call("alice", "DELETE", &format!("/api/streams/{}?stop=true", other["id"].as_str().unwrap()), Value::Null);
    world.call("admin", "DELETE", "/api/users/dave", Value::Null);
    world.open_room("foreign", "RM_9", "carol", true);
    world.call("carol", "POST", "/livekit-egress", json!({ "roomName": "foreign", "streamId": "mine" }));
    // A recorder that is killed: its segments are looked at, played and joined.
    let killed = world.livekit.borrow().egresses[1].key.clone();
    world.storj.borrow_mut().put_segments(&killed, 0..40, 3_450_000);
    world.webhook(super::flows::egress_event(&world, 1, "egress_ended", "EGRESS_FAILED"));
    let made = world.one("SELECT id FROM assets WHERE format = 'segments'");
    let (_, playback) = world.call("admin", "GET", &format!("/api/recordings/{}/playback", made.as_str().unwrap()), Value::Null);
    world.send_raw("GET", playback["url"].as_str().unwrap().trim_start_matches("https://rec.example"), vec![], vec![]);
    world.livekit.borrow_mut().rooms.clear();
    for _ in 0..8 {
        world.advance(300_000);
        world.cron();
    }
    for path in ["/healthz", "/watch/r", "/watch/live/s"] {
        world.call("", "GET", path, Value::Null);
    }
    world.call("admin", "GET", "/api/usage", Value::Null);
    world.call("admin", "GET", "/api/doctor", Value::Null);
    world.send_raw("POST", "/livekit-webhook", vec![], vec![]);
    world
}

#[test]
fn no_statement_walks_a_whole_table() {
    let world = used();
    let ran = world.ran.borrow();
    assert!(ran.len() > 60, "only {} statements ran", ran.len());
    let mut scans = vec![];
    for sql in ran.iter() {
        let params = vec![rusqlite::types::Null; sql.matches('?').count()];
        let mut explain = world.db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan: Vec<String> =
            explain.query_map(rusqlite::params_from_iter(params), |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        for line in &plan {
            // A page walks an index from its newest end and stops at its limit; a subquery's rows are few.
            let paged = (line.contains("USING INDEX") || line.contains("USING COVERING INDEX")) && sql.contains("LIMIT ?");
            let few = line.contains("(subquery")
                || line.contains("SCAN k")
                || line.contains("json_each")
                || line.contains("VIRTUAL TABLE")
                || line.contains("CONSTANT ROW");
            // The oldest rows, by the order in which they came.
            let oldest = sql.contains("ORDER BY rowid LIMIT") || sql.contains("ORDER BY rowid DESC LIMIT");
            // The whole table is one row each, or a handful; the schema does not grow with what people do.
            let small =
                ["sqlite_schema", "pulse", "leases", "storage_proofs", "retention", "erasures"].iter().any(|table| line.contains(table));
            // The newest event's age: the end of an index.
            let newest = line.contains("webhook_events_by_time");
            if line.contains("SCAN") && !paged && !few && !small && !newest && !oldest {
                scans.push(format!("{line}\n    in {sql}"));
            }
        }
    }
    assert!(scans.is_empty(), "{}", scans.join("\n"));
}

fn fill(world: &World, from: i64, to: i64) {
    let fill = "WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?) \
                INSERT INTO assets (id, job_id, title, room_name, owner_id, part, status, visibility, object_key, bucket, endpoint, region, quality, created_at, stream_id) \
                SELECT 'r' || i, 'j' || i, 't', 'r', 'user' || (i % 3), 1, CASE WHEN i % 5 THEN 'ready' ELSE 'processing' END, \
                CASE WHEN i % 2 THEN 'public' ELSE 'private' END, 'k', 'b', 'e', 'x', '1080p', i * 1000, 's' || (i / 10) FROM n";
    query(&world.db, &Statement::new(fill, params![from, to])).unwrap();
    let fill = "WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?) \
                INSERT INTO live_streams (id, title, room_name, owner_id, visibility, status, record, quality, created_at, ended_at) \
                SELECT 's' || i, 't', 'room' || i, 'user' || (i % 3), CASE WHEN i % 2 THEN 'public' ELSE 'private' END, \
                CASE WHEN i % 5 THEN 'ended' ELSE 'live' END, 1, '1080p', i * 1000, 1 FROM n";
    query(&world.db, &Statement::new(fill, params![from, to])).unwrap();
}

/// Steps of SQLite's machine for one page.
pub fn steps(world: &World, statement: &Statement) -> (i32, usize) {
    let mut prepared = world.db.prepare(&statement.sql).unwrap();
    let params: Vec<rusqlite::types::Value> = statement
        .params
        .iter()
        .map(|param| match param {
            Param::Null => rusqlite::types::Value::Null,
            Param::Number(number) => number.get().into(),
            Param::Text(text) => text.clone().into(),
        })
        .collect();
    let mut rows = prepared.query(rusqlite::params_from_iter(params)).unwrap();
    let mut found = 0;
    while rows.next().unwrap().is_some() {
        found += 1;
    }
    drop(rows);
    (prepared.get_status(rusqlite::StatementStatus::VmStep), found)
}

#[test]
fn a_page_costs_the_same_whatever_the_table_holds() {
    let world = World::new();
    fill(&world, 1, 300);
    let user = || "user1".to_owned();
    let after = After { created_at: Millis(200_000), id: "r200".to_owned() };
    let mut pages = vec![];
    for seer in [Seer::Anyone, Seer::User(user()), Seer::Mine(user()), Seer::Admin] {
        for status in [None, Some("ready"), Some("live")] {
            for (from, to) in [(None, None), (Some(Millis(50_000)), Some(Millis(250_000)))] {
                for stream_id in [None, Some("s7".to_owned())] {
                    for after in [None, Some(&after)] {
                        let filter = Filter { status: status.map(str::to_owned), stream_id: stream_id.clone(), from, to };
                        if status != Some("live") {
                            pages.push(lists::recordings(&seer, &filter, after, 21));
                        }
                        if status != Some("ready") && stream_id.is_none() {
                            pages.push(lists::streams(&seer, &Filter { from: None, to: None, ..filter }, after, 21));
                        }
                    }
                }
            }
        }
    }
    let small: Vec<_> = pages.iter().map(|page| steps(&world, page)).collect();
    fill(&world, 301, 30_000);
    for (page, (before, found)) in pages.iter().zip(small) {
        let (now, _) = steps(&world, page);
        // A hundred times the rows; a page that was short before may be full now.
        assert!(now <= before * 2 || (found < 21 && now < 6_000), "{before} steps became {now}: {}", page.sql);
    }
}
