//! Deleting: a tombstone first, then the objects, then the rows; and nothing that comes late brings it back.

use livekit_storj::http::{Incoming, Unanswered};
use livekit_storj::time::{HOUR, MINUTE};
use serde_json::{Value, json};

use super::flows::{egress_event, live};
use super::world::World;

/// Alice's recording, ready, with all that may lie beside it; its id and its key.
pub fn recorded(world: &World) -> (String, String) {
    live(world, true);
    world.webhook(egress_event(world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().bucket.objects.insert(key.clone(), 525_783);
    world.webhook(egress_event(world, 0, "egress_ended", "EGRESS_COMPLETE"));
    let id = world.one("SELECT id FROM assets WHERE status = 'ready'").as_str().unwrap().to_owned();
    (id, key)
}

fn put(world: &World, key: &str) {
    world.storj.borrow_mut().bucket.objects.insert(key.to_owned(), 1);
}

fn objects(world: &World) -> Vec<String> {
    world.storj.borrow().bucket.objects.keys().cloned().collect()
}

/// Deletions at the bucket go unanswered, or not any more.
fn bucket_is_away(world: &World, away: bool) {
    world.storj.borrow_mut().refuse =
        away.then(|| Box::new(|r: &livekit_storj::http::Outgoing| (r.method != "HEAD").then_some(Err(Unanswered::Timeout))) as _);
}

fn delete(world: &World, user: &str, id: &str) -> (u16, Value) {
    world.call(user, "DELETE", &format!("/api/recordings/{id}"), Value::Null)
}

#[test]
fn everything_of_a_recording_goes_and_nothing_else() {
    let world = World::new();
    let (id, key) = recorded(&world);
    let stem = key.strip_suffix(".mp4").unwrap().to_owned();
    for beside in ["/index.m3u8", "/s_00000.ts", ".ts"] {
        put(&world, &format!("{stem}{beside}"));
    }
    put(&world, &key.replace("livekit-recordings/", "saved/"));
    put(&world, "livekit-recordings/alice/EG_1.json");
    let others = [format!("{stem}0.mp4"), format!("{stem}0/s_00000.ts"), "livekit-recordings/alice/EG_11.json".to_owned()];
    others.iter().for_each(|key| put(&world, key));
    for (user, status) in [("", 401), ("bob", 403), ("alice", 200), ("alice", 404)] {
        assert_eq!(delete(&world, user, &id).0, status, "{user}");
    }
    let mut left = others.to_vec();
    left.sort();
    assert_eq!(objects(&world), left);
    assert_eq!(world.one("SELECT count(*) FROM assets"), json!(0));
}

#[test]
fn nothing_that_comes_late_brings_it_back() {
    let world = World::new();
    let (id, key) = recorded(&world);
    assert_eq!(delete(&world, "alice", &id), (200, json!({ "success": true, "id": id, "status": "deleted" })));
    // LiveKit says it again, its list says it, its uploader writes it once more.
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    put(&world, &key);
    for _ in 0..20 {
        world.advance(5 * MINUTE);
        world.cron();
        world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_COMPLETE"));
    }
    assert_eq!(world.one("SELECT count(*) FROM assets"), json!(0));
    assert_eq!(objects(&world), Vec::<String>::new(), "what was written after the deletion goes too");
    assert_eq!(world.one("SELECT count(*) FROM trash"), json!(0));
}

#[test]
fn a_bucket_that_is_away_makes_it_deleting_until_it_is_back() {
    let world = World::new();
    let (id, key) = recorded(&world);
    bucket_is_away(&world, true);
    assert_eq!(delete(&world, "alice", &id), (202, json!({ "success": true, "id": id, "status": "deleting" })));
    let (status, shown) = world.call("alice", "GET", &format!("/api/recordings/{id}"), Value::Null);
    assert_eq!((status, &shown["status"], &shown["visibility"]), (200, &json!("deleting"), &json!("private")));
    assert_eq!(world.call("bob", "GET", &format!("/api/recordings/{id}"), Value::Null).0, 404, "it is nobody else's affair any more");
    assert_eq!(world.call("alice", "GET", &format!("/api/recordings/{id}/playback"), Value::Null).0, 410);
    for _ in 0..10 {
        world.advance(MINUTE);
        world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
        world.cron();
    }
    assert_eq!((world.one("SELECT status FROM assets"), objects(&world)), (json!("deleting"), vec![key]));
    bucket_is_away(&world, false);
    world.advance(HOUR);
    world.cron();
    assert_eq!((world.one("SELECT count(*) FROM assets"), objects(&world)), (json!(0), vec![]));
}

#[test]
fn the_row_stays_while_one_of_its_objects_does() {
    let world = World::new();
    let (id, key) = recorded(&world);
    let body = format!("<DeleteResult><Error><Key>{key}</Key><Code>AccessDenied</Code></Error></DeleteResult>");
    world.storj.borrow_mut().refuse = Some(Box::new(move |request| {
        let answer = Incoming { status: 200, body: body.clone().into_bytes(), ..Incoming::default() };
        request.url.contains("delete=").then_some(Ok(answer))
    }));
    assert_eq!(delete(&world, "alice", &id).0, 202);
    assert_eq!(world.one("SELECT error FROM trash WHERE passed = 0 AND kind = 'object'"), json!("storage_key_refused"));
    world.storj.borrow_mut().refuse = None;
    // Asked again by somebody: at once.
    assert_eq!(delete(&world, "alice", &id).0, 200);
}

#[test]
fn a_deletion_that_is_cut_off_anywhere_is_finished_by_the_schedule() {
    for batch in 0..6 {
        let world = World::new();
        let (id, _) = recorded(&world);
        world.fail_batch.set(Some(batch));
        let (status, _) = delete(&world, "alice", &id);
        world.fail_batch.set(None);
        // Before the tombstone nothing has happened; after it, it is finished.
        let begun = world.one("SELECT count(*) FROM assets WHERE status <> 'deleting'") == json!(0);
        assert!(begun || status == 503, "batch {batch}: {status}");
        world.advance(2 * MINUTE);
        world.cron();
        world.cron();
        assert_eq!(world.one("SELECT count(*) FROM assets") == json!(0), begun, "batch {batch}");
        assert_eq!(objects(&world).is_empty(), begun, "batch {batch}");
    }
}

#[test]
fn many_at_once_each_with_its_own_answer() {
    let world = World::new();
    let (id, _) = recorded(&world);
    for (other, owner, visibility) in [("mine", "alice", "public"), ("bobs", "bob", "public"), ("hidden", "bob", "private")] {
        world
            .db
            .execute_batch(&format!(
                "INSERT INTO assets (id, job_id, title, room_name, owner_id, part, status, visibility, object_key, bucket, endpoint, region, \
                 quality, created_at) VALUES ('{other}', 'job-{other}', 't', 'r', '{owner}', 1, 'ready', '{visibility}', \
                 'livekit-recordings/x/{other}_1.mp4', 'recordings', 'http://127.0.0.1:9000', 'us-east-1', '1080p', 1)"
            ))
            .unwrap();
    }
    let asked = json!({ "ids": [id, "mine", "bobs", "hidden", "nowhere", "mine"] });
    let (status, answer) = world.call("alice", "POST", "/api/recordings/delete", asked);
    let mut told: Vec<(String, String)> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].as_str().unwrap().to_owned(), one["status"].as_str().unwrap().to_owned()))
        .collect();
    told.sort();
    let mut right: Vec<(String, String)> =
        [(&*id, "deleted"), ("mine", "deleted"), ("bobs", "not_owner"), ("hidden", "not_found"), ("nowhere", "not_found")]
            .map(|(id, status)| (id.to_owned(), status.to_owned()))
            .into();
    right.sort();
    assert_eq!((status, &answer["success"], told), (200, &json!(false), right));
    assert_eq!(world.one("SELECT count(*) FROM assets"), json!(2));
    let many: Vec<String> = (0..101).map(|n| format!("r{n}")).collect();
    for bad in [
        json!({}),
        json!({ "ids": [] }),
        json!({ "ids": "mine" }),
        json!({ "ids": [1] }),
        json!({ "ids": ["a b"] }),
        json!({ "ids": many }),
    ] {
        let (status, answer) = world.call("alice", "POST", "/api/recordings/delete", bad);
        assert_eq!(status, 400);
        assert!(answer["message"].as_str().unwrap().contains("`ids`") && answer["message"].as_str().unwrap().contains("100"), "{answer}");
    }
    assert_eq!(world.call("", "POST", "/api/recordings/delete", json!({ "ids": ["mine"] })).0, 401);
}

fn stream(world: &World) -> String {
    world.one("SELECT id FROM live_streams ORDER BY created_at DESC").as_str().unwrap().to_owned()
}

#[test]
fn a_live_stream_is_deleted_only_when_asked_to_stop_it() {
    let world = World::new();
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let id = stream(&world);
    let path = format!("/api/streams/{id}");
    for (user, query, status) in [("bob", "?stop=true", 403), ("", "?stop=true", 401), ("alice", "", 409), ("alice", "?stop=maybe", 400)] {
        assert_eq!(world.call(user, "DELETE", &format!("{path}{query}"), Value::Null).0, status, "{user} {query}");
    }
    assert_eq!(world.one("SELECT deleted_at FROM live_streams"), Value::Null);
    assert_eq!(world.call("alice", "DELETE", &format!("{path}?stop=true"), Value::Null).0, 200);
    assert_eq!(world.livekit.borrow().egresses[0].status, "EGRESS_ENDING", "what recorded was stopped");
    assert!(world.livekit.borrow().rooms.is_empty(), "its room was closed");
    for path in [path.clone(), format!("{path}?x")] {
        assert!(matches!(world.call("alice", "GET", &path, Value::Null).0, 400 | 404));
    }
    assert_eq!(world.call("alice", "GET", "/api/streams?mine=true", Value::Null).1["streams"], json!([]));
    // Its file comes, and is kept.
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().bucket.objects.insert(key, 525_783);
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    for _ in 0..6 {
        world.advance(3 * MINUTE);
        world.cron();
    }
    assert_eq!(world.one("SELECT count(*) FROM live_streams"), json!(0));
    let (_, list) = world.call("alice", "GET", "/api/recordings", Value::Null);
    assert_eq!((&list["recordings"][0]["status"], &list["recordings"][0]["streamId"]), (&json!("ready"), &Value::Null));
}

#[test]
fn the_name_of_a_deleted_stream_is_free_and_a_late_word_is_not_the_new_ones() {
    let world = World::new();
    let (recording, _) = recorded(&world);
    let id = stream(&world);
    // The next part has begun, and ends with its room.
    world.webhook(egress_event(&world, 1, "egress_ended", "EGRESS_ABORTED"));
    world.livekit.borrow_mut().rooms.clear();
    world.webhook(json!({ "event": "room_finished", "room": world.room("r", "RM_1") }));
    assert_eq!(world.call("alice", "DELETE", &format!("/api/streams/{id}"), Value::Null).0, 200);
    // Whoever has a token for the room from before gets into nobody else's.
    let claim = |user: &str| world.call(user, "POST", "/api/streams", json!({ "title": "t", "roomName": "r" }));
    for _ in 0..10 {
        assert_eq!(claim("bob").0, 409);
        world.advance(MINUTE);
        world.cron();
    }
    world.advance(MINUTE + 1);
    let (status, made) = claim("bob");
    assert_eq!(status, 201, "{made}");
    world.webhook(json!({ "event": "room_finished", "room": world.room("r", "RM_1") }));
    world.webhook(
        json!({ "event": "participant_joined", "room": world.room("r", "RM_1"), "participant": { "sid": "PA_x", "identity": "bob" } }),
    );
    world.advance(10 * MINUTE);
    world.cron();
    let (_, new) = world.call("bob", "GET", &format!("/api/streams/{}", made["id"].as_str().unwrap()), Value::Null);
    assert_eq!((&new["status"], &new["startedAt"]), (&json!("created"), &Value::Null), "{new}");
    // The job of the recording that stayed goes with it.
    assert_eq!(world.one("SELECT count(*) FROM egresses"), json!(1));
    assert_eq!(delete(&world, "alice", &recording).0, 200);
    assert_eq!(world.one("SELECT count(*) FROM egresses"), json!(0));
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    assert_eq!(world.one("SELECT count(*) FROM assets"), json!(0));
}

#[test]
fn an_admin_erases_a_user_whole() {
    let world = World::new();
    let (_, key) = recorded(&world);
    for (identity, sid) in
        [("alice~abcdefgh", "PA_1"), ("alicent~abcdefgh", "PA_2"), ("bob~abcdefgh", "PA_3"), ("alice~bob~abcdefgh", "PA_5")]
    {
        let who = json!({ "sid": sid, "identity": identity });
        world.webhook(json!({ "event": "participant_joined", "room": world.room("r", "RM_1"), "participant": who }));
    }
    world.call("bob", "POST", "/api/streams", json!({ "title": "t", "roomName": "bobs" }));
    world.open_room("bobs", "RM_2", "bob", true);
    world.webhook(json!({ "event": "participant_joined", "room": world.room("bobs", "RM_2"), "participant": { "sid": "PA_4", "identity": "alice~zyxwvuts" } }));
    for (user, status) in [("", 401), ("alice", 403)] {
        assert_eq!(world.call(user, "DELETE", "/api/users/alice", Value::Null).0, status, "{user}");
    }
    bucket_is_away(&world, true);
    let (status, answer) = world.call("admin", "DELETE", "/api/users/alice", Value::Null);
    assert_eq!((status, &answer["status"], &answer["left"]["viewerRows"]), (202, &json!("erasing"), &json!(0)), "{answer}");
    bucket_is_away(&world, false);
    for _ in 0..40 {
        world.advance(2 * MINUTE);
        world.cron();
    }
    let (status, answer) = world.call("admin", "DELETE", "/api/users/alice", Value::Null);
    assert_eq!((status, &answer["status"]), (200, &json!("erased")), "{answer}");
    for (table, column) in [("assets", "owner_id"), ("live_streams", "owner_id"), ("egresses", "owner_id"), ("erasures", "user_id")] {
        assert_eq!(world.one(&format!("SELECT count(*) FROM {table} WHERE {column} = 'alice'")), json!(0), "{table}");
    }
    assert_eq!(
        world.rows("SELECT identity FROM participants WHERE identity LIKE 'alice%' ORDER BY identity"),
        ["alicent~abcdefgh", "alice~bob~abcdefgh"].map(|identity| json!({ "identity": identity })),
        "others whose ids begin so"
    );
    assert_eq!(world.rows("SELECT viewer FROM audience WHERE viewer = 'alice'"), Vec::<Value>::new());
    assert!(!objects(&world).contains(&key));
    // Others are untouched; who was there is not counted for ever.
    assert_eq!(world.one("SELECT viewer_count FROM live_streams WHERE owner_id = 'bob'"), json!(0));
    assert_eq!(world.one("SELECT count(*) FROM live_streams WHERE owner_id = 'bob'"), json!(1));
}

#[test]
fn the_owner_has_the_name_of_a_deleted_stream_again_at_once_and_nobody_ever_has_its_id() {
    let world = World::new();
    recorded(&world);
    let id = stream(&world);
    assert_eq!(world.call("alice", "DELETE", &format!("/api/streams/{id}?stop=true"), Value::Null).0, 200);
    world.livekit.borrow_mut().rooms.clear();
    let (status, made) = world.call("alice", "POST", "/api/streams", json!({ "title": "t", "roomName": "r" }));
    assert_eq!(status, 201, "{made}");
    for _ in 0..20 {
        world.advance(MINUTE);
        world.cron();
    }
    assert_eq!(world.one(&format!("SELECT count(*) FROM live_streams WHERE id = '{id}'")), json!(0));
    // Mallory's room, ended and opened again behind our back, recorded under that id.
    let (_, token) = world.call("mallory", "POST", "/livekit-token", json!({ "roomName": "m", "role": "host" }));
    let mine = token["streamId"].as_str().unwrap();
    assert_eq!(world.call("mallory", "POST", &format!("/api/streams/{mine}/end"), Value::Null).0, 200);
    world.open_room("m", "RM_9", "mallory", true);
    let (status, started) = world.call("mallory", "POST", "/livekit-egress", json!({ "roomName": "m", "streamId": id }));
    assert!(matches!(status, 200 | 202), "{started}");
    assert_ne!(started["streamId"], json!(id));
}
