//! `…/why`: the story of a stream and of a recording, by each witness's word, and the guide's *Common issues*.

use livekit_storj::http::Unanswered;
use livekit_storj::time::MINUTE;
use serde_json::{Value, json};

use super::deletion::recorded;
use super::flows::{egress_event, live};
use super::models::Outcome;
use super::world::World;

fn why(world: &World, path: &str) -> Value {
    let (status, body) = world.call("alice", "GET", path, Value::Null);
    assert_eq!(status, 200, "{body}");
    let times: Vec<&str> = body["events"].as_array().unwrap().iter().map(|event| event["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    body
}

fn of_stream(world: &World) -> Value {
    let id = world.one("SELECT id FROM live_streams");
    why(world, &format!("/api/streams/{}/why", id.as_str().unwrap()))
}

fn of_recording(world: &World) -> Value {
    let id = world.one("SELECT id FROM assets");
    why(world, &format!("/api/recordings/{}/why", id.as_str().unwrap()))
}

/// Who said it, how often.
fn told(story: &Value, what: &str) -> Vec<(String, Value)> {
    let events = story["events"].as_array().unwrap().iter().filter(|event| event["what"] == what);
    events.map(|event| (event["by"].as_str().unwrap().to_owned(), event["detail"].clone())).collect()
}

fn issue(story: &Value, name: &str) -> Option<String> {
    let issue = story["issues"].as_array().unwrap().iter().find(|issue| issue["issue"] == name).unwrap();
    assert_eq!(issue["found"], json!(issue["answer"].is_string()));
    issue["answer"].as_str().map(str::to_owned)
}

#[test]
fn a_recording_tells_its_whole_life_and_nothing_is_wrong_with_it() {
    let world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let repeated = egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE");
    world.webhook(repeated);
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().bucket.objects.insert(key, 525_783);
    world.advance(60_000);
    world.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" }));
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    for story in [of_stream(&world), of_recording(&world)] {
        assert_eq!(told(&story, "LiveKit was asked to record"), [("this Worker".to_owned(), json!("EG_1"))]);
        assert_eq!(told(&story, "the job ended: complete"), [("LiveKit".to_owned(), Value::Null)]);
        assert_eq!(told(&story, "the recording was made"), [("LiveKit".to_owned(), json!("ready"))]);
        assert_eq!(told(&story, "egress_updated")[0], ("webhook".to_owned(), json!(2)));
        assert_eq!(story["witnesses"]["webhook"]["what"], "egress_ended");
        let storj = &story["witnesses"]["storj"];
        assert_eq!((&storj["what"], &storj["detail"]), (&json!("the file was looked for"), &json!("ready")), "{story}");
        for name in ["recording_not_starting", "recording_file_not_found", "webhook_not_firing"] {
            assert_eq!(issue(&story, name), None, "{story}");
        }
    }
    assert_eq!(told(&of_stream(&world), "the host published").len(), 1);
    assert!(told(&of_recording(&world), "the host published").is_empty(), "a recording's story is its own");
}

#[test]
fn what_comes_next_of_a_recording_is_told_and_is_nobodys_word() {
    let next = |world: &World| {
        let story = of_recording(world);
        assert_eq!(story["next"].is_string(), story["nextAt"].is_string(), "{story}");
        (story["next"].as_str().unwrap_or_default().to_owned(), story)
    };
    // It expires: by our hand, or by Storj's.
    for (name, value, by) in [("RETENTION_DAYS", "30", "this Worker"), ("STORJ_OBJECT_TTL", "720h", "Storj")] {
        let world = World::with(&[(name, value)]);
        recorded(&world);
        let (what, story) = next(&world);
        assert_eq!((what.as_str(), told(&story, "it expires")[0].0.as_str()), ("it expires", by));
        assert_eq!(story["witnesses"]["storj"]["what"], "the file was looked for", "{name}");
    }
    // A copy of what Storj deletes is made of its bytes, which may take a while.
    let world = World::with(&[("STORJ_OBJECT_TTL", "720h")]);
    let (id, _) = recorded(&world);
    world.storj.borrow_mut().refuse = Some(Box::new(|request| request.url.contains("uploads=").then_some(Err(Unanswered::Timeout))));
    assert_eq!(world.call("alice", "POST", &format!("/api/recordings/{id}/save"), Value::Null).0, 202);
    assert_eq!(next(&world).0, "its lasting copy goes on");
    // The bucket does not delete it now.
    world.storj.borrow_mut().refuse =
        Some(Box::new(|request| matches!(request.method, "DELETE" | "POST").then_some(Err(Unanswered::Timeout))));
    assert_eq!(world.call("alice", "DELETE", &format!("/api/recordings/{id}"), Value::Null).0, 202);
    assert_eq!(next(&world).0, "Storj is asked to delete it");

    let world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().put_segments(&key, 0..40, 3_450_000);
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_FAILED"));
    assert_eq!(next(&world).0, "Storj is asked for the file", "it plays, and the file may still come");
    world.storj.borrow_mut().refuse = Some(Box::new(|request| request.url.contains("uploads=").then_some(Err(Unanswered::Timeout))));
    for _ in 0..3 {
        world.advance(6 * MINUTE);
        world.cron();
    }
    assert_eq!(next(&world).0, "its segments are joined");
}

#[test]
fn a_recording_that_does_not_start_says_why_and_what_comes_next() {
    let world = World::new();
    world.call("alice", "POST", "/api/streams", json!({ "title": "t", "roomName": "r" }));
    assert!(issue(&of_stream(&world), "recording_not_starting").unwrap().starts_with("nobody asked for one"));
    world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host", "record": true }));
    let story = of_stream(&world);
    assert_eq!(issue(&story, "recording_not_starting").unwrap(), "it starts when the host publishes a camera or microphone");
    assert!(story["next"].is_string() && story["nextAt"].is_string(), "{story}");

    let world = World::new();
    world.storj.borrow_mut().refuses = true;
    live(&world, true);
    let story = of_stream(&world);
    assert!(issue(&story, "recording_not_starting").unwrap().contains("STORJ_EGRESS_ACCESS_KEY_ID"), "{story}");

    let world = World::new();
    world.livekit.borrow_mut().start = Outcome::NoRecorder;
    live(&world, true);
    let story = of_stream(&world);
    assert!(issue(&story, "recording_not_starting").unwrap().contains("no recorder free"), "{story}");
    world.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" }));
    assert!(issue(&of_stream(&world), "recording_not_starting").is_some());
}

#[test]
fn a_file_that_is_gone_and_webhooks_that_never_came_are_named() {
    let world = World::new();
    live(&world, true);
    world.db.execute_batch("DELETE FROM told").unwrap();
    let story = of_stream(&world);
    assert!(issue(&story, "webhook_not_firing").unwrap().contains("/livekit-webhook"), "{story}");
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    assert_eq!(issue(&of_stream(&world), "webhook_not_firing"), None);
    world.db.execute_batch("UPDATE assets SET status = 'missing'").unwrap();
    for story in [of_stream(&world), of_recording(&world)] {
        assert!(issue(&story, "recording_file_not_found").unwrap().contains("does not have it"));
    }
}

#[test]
fn it_is_the_owners_and_nobody_elses() {
    let world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    let path = |table: &str, of: &str| format!("/api/{of}/{}/why", world.one(&format!("SELECT id FROM {table}")).as_str().unwrap());
    for path in [path("live_streams", "streams"), path("assets", "recordings")] {
        for (user, status) in [("", 401), ("bob", 403), ("alice", 200), ("admin", 200)] {
            assert_eq!(world.call(user, "GET", &path, Value::Null).0, status, "{user} {path}");
        }
    }
    world.db.execute_batch("UPDATE live_streams SET visibility = 'private'; UPDATE assets SET visibility = 'private'").unwrap();
    for path in [path("live_streams", "streams"), path("assets", "recordings")] {
        assert_eq!(world.call("bob", "GET", &path, Value::Null).0, 404);
    }
}

#[test]
fn a_thousand_webhooks_of_a_session_are_a_row_for_each_kind_and_none_of_other_backends() {
    let world = World::new();
    live(&world, false);
    let kinds = world.rows("SELECT * FROM told").len();
    for n in 0..30 {
        let who = json!({ "sid": format!("PA_{n}"), "identity": format!("bob{n}~x") });
        for (name, sid) in [("r", "RM_1"), ("elsewhere", "RM_other")] {
            world.webhook(json!({ "event": "participant_joined", "room": world.room(name, sid), "participant": who }));
        }
    }
    assert_eq!(world.rows("SELECT * FROM told").len(), kinds);
    assert_eq!(world.one("SELECT times FROM told WHERE event = 'participant_joined'"), 31);
    world.db.execute_batch("DELETE FROM sessions").unwrap();
    assert_eq!(world.one("SELECT count(*) FROM told"), 0);
}
