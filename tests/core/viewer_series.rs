//! The series of viewers for a plot: sums that do not depend on the order of words, and stay when people's rows go.

use livekit_storj::store::Statement;
use livekit_storj::time::Millis;
use serde_json::{Value, json};

use super::world::{START, World, query};

/// A live stream of alice's; its id.
fn live(world: &World) -> String {
    super::flows::live(world, false);
    world.one("SELECT id FROM live_streams").as_str().unwrap().to_owned()
}

fn came_and_went(world: &World, n: usize, came: i64, went: Option<i64>) {
    let room = world.room("r", "RM_1");
    let who = |at: i64| json!({ "sid": format!("PA_{n}"), "identity": format!("bob{n}~x"), "joinedAtMs": (START.0 + came * 1_000).to_string(), "state": at });
    let event = |event: &str, at: i64| json!({ "event": event, "room": room, "participant": who(at), "createdAt": (START.secs() + at).to_string() });
    world.webhook(event("participant_joined", came));
    if let Some(went) = went {
        world.webhook(event("participant_left", went));
    }
}

fn series(world: &World, id: &str) -> (i64, Vec<(i64, i64)>) {
    let (status, body) = world.call("", "GET", &format!("/api/streams/{id}/viewers"), Value::Null);
    assert_eq!(status, 200, "{body}");
    let at = |point: &Value| (Millis::parse_iso(point["at"].as_str().unwrap()).unwrap().0 - START.0) / 1_000;
    let points = body["points"].as_array().unwrap().iter().map(|point| (at(point), point["viewers"].as_i64().unwrap())).collect();
    (body["stepSeconds"].as_i64().unwrap(), points)
}

#[test]
fn it_tells_who_was_there_when_whatever_came_first() {
    let world = World::new();
    let id = live(&world);
    assert_eq!(series(&world, &id), (10, vec![]));
    world.advance(100_000);
    came_and_went(&world, 1, 0, Some(60));
    came_and_went(&world, 2, 20, Some(40));
    came_and_went(&world, 3, 30, None);
    // LiveKit's `left` comes before its `joined`.
    let room = world.room("r", "RM_1");
    let at = |seconds: i64| (START.secs() + seconds).to_string();
    let who = json!({ "sid": "PA_4", "identity": "dave~x" });
    world.webhook(json!({ "event": "participant_left", "room": room, "participant": who, "createdAt": at(80) }));
    world.webhook(json!({ "event": "participant_joined", "room": room, "participant": who, "createdAt": at(50) }));
    let right = vec![(0, 1), (10, 1), (20, 2), (30, 3), (40, 2), (50, 3), (60, 2), (70, 2), (80, 1), (90, 1), (100, 1)];
    assert_eq!(series(&world, &id), (10, right.clone()));
    // The rows of people are purged; the plot stays.
    world.db.execute_batch("DELETE FROM participants; DELETE FROM audience").unwrap();
    assert_eq!(series(&world, &id), (10, right));
}

#[test]
fn who_was_there_when_the_room_closed_is_gone() {
    let world = World::new();
    let id = live(&world);
    world.advance(60_000);
    came_and_went(&world, 1, 0, None);
    came_and_went(&world, 2, 10, Some(30));
    let end = json!({ "event": "room_finished", "room": world.room("r", "RM_1"), "createdAt": (START.secs() + 50).to_string() });
    world.webhook(end);
    world.advance(3_600_000);
    assert_eq!(series(&world, &id).1, [(0, 1), (10, 2), (20, 2), (30, 1), (40, 1), (50, 0)]);
    assert_eq!(world.call("", "GET", "/api/streams/never-there/viewers", Value::Null).0, 404);
    world.call("alice", "PATCH", &format!("/api/streams/{id}"), json!({ "visibility": "private" }));
    assert_eq!(world.call("bob", "GET", &format!("/api/streams/{id}/viewers"), Value::Null).0, 404);
}

#[test]
fn a_long_broadcast_has_no_more_points_than_a_short_one_and_loses_nobody() {
    let world = World::new();
    let id = live(&world);
    // A day in which somebody comes each 20 s and stays for an hour.
    let crowd = format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4319) INSERT INTO participants \
         (sid, session_sid, stream_id, identity, role, joined_at, left_at) SELECT 'PA_x' || i, 'RM_1', '{id}', 'x' || i, 'viewer', \
         {0} + i * 20000, {0} + i * 20000 + 3600000 FROM n",
        START.0
    );
    query(&world.db, &Statement::new(crowd, vec![])).unwrap();
    world.advance(24 * 3_600_000);
    let (step, points) = series(&world, &id);
    assert!((150..=200).contains(&points.len()), "{} points", points.len());
    assert!(step % 10 == 0 && points.windows(2).all(|pair| pair[1].0 - pair[0].0 == step));
    for (at, viewers) in &points[10..points.len() - 10] {
        assert!((viewers - 180).abs() <= 1, "{viewers} at {at}");
    }
    let batches = livekit_storj::ports::Ports::batches(&world);
    series(&world, &id);
    assert_eq!(livekit_storj::ports::Ports::batches(&world) - batches, 3);
}
