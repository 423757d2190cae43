//! Whole flows against the models: from the wish to the recording, and what happens when something fails.

use serde_json::{Value, json};

use super::models::Outcome;
use super::world::World;

fn status(world: &World) -> Value {
    let id = world.one("SELECT id FROM live_streams ORDER BY created_at DESC, id DESC");
    world.call("alice", "GET", &format!("/api/streams/{}", id.as_str().unwrap()), Value::Null).1["recording"].clone()
}

pub fn egress_event(world: &World, n: usize, event: &str, status: &'static str) -> Value {
    let mut livekit = world.livekit.borrow_mut();
    livekit.egresses[n].status = status;
    let egress = &livekit.egresses[n];
    json!({ "event": event, "egressInfo": camel(egress.info()) })
}

/// Webhooks are camelCase.
fn camel(value: Value) -> Value {
    let name = |text: &str| {
        let mut words = text.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
    };
    match value {
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (name(&key), camel(value))).collect(),
        Value::Array(items) => items.into_iter().map(camel).collect(),
        other => other,
    }
}

/// Alice's stream with its room open and herself publishing.
pub fn live(world: &World, record: bool) {
    let (code, _) = world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host", "record": record }));
    assert_eq!(code, 201);
    world.open_room("r", "RM_1", "alice", true);
    world.webhook(json!({ "event": "room_started", "room": world.room("r", "RM_1") }));
    let who = json!({ "sid": "PA_alice_RM_1", "identity": "alice" });
    world.webhook(json!({ "event": "participant_joined", "room": world.room("r", "RM_1"), "participant": who }));
    world.webhook(
        json!({ "event": "track_published", "room": { "sid": "RM_1", "name": "r" }, "participant": who, "track": { "sid": "TR_1" } }),
    );
}

pub fn starts(world: &World) -> usize {
    world.livekit.borrow().calls.iter().filter(|call| *call == "StartRoomCompositeEgress").count()
}

#[test]
fn from_a_token_to_a_recording_that_plays() {
    let world = World::new();
    live(&world, true);
    assert_eq!((status(&world)["status"].clone(), starts(&world)), (json!("starting"), 1));
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    assert_eq!(status(&world)["status"], "recording");
    let key = world.livekit.borrow().egresses[0].key.clone();
    world.storj.borrow_mut().bucket.objects.insert(key.clone(), 525_783);
    world.webhook(egress_event(&world, 0, "egress_ended", "EGRESS_COMPLETE"));
    let (_, list) = world.call("", "GET", "/api/recordings", Value::Null);
    let recording = &list["recordings"][0];
    assert_eq!((&recording["status"], &recording["sizeBytes"], &recording["partial"]), (&json!("ready"), &json!(525_783), &json!(false)));
    assert_eq!((&recording["filename"], &recording["egressId"]), (&Value::Null, &Value::Null), "public answers name no key");
    let (code, playback) = world.call("", "GET", &format!("/api/recordings/{}/playback", recording["id"].as_str().unwrap()), Value::Null);
    assert_eq!(code, 200);
    assert!(playback["url"].as_str().unwrap().starts_with(&format!("http://127.0.0.1:9000/recordings/{key}?")), "{playback}");
}

#[test]
fn the_request_that_livekit_gets() {
    let world =
        World::with(&[("STORJ_EGRESS_ACCESS_KEY_ID", "wk"), ("STORJ_EGRESS_SECRET_ACCESS_KEY", "ws"), ("STORJ_OBJECT_TTL", "720h")]);
    live(&world, true);
    let request = world.livekit.borrow().egresses[0].request.clone();
    let key = request["file_outputs"][0]["filepath"].as_str().unwrap().to_owned();
    assert!(key.starts_with("livekit-recordings/alice/r_") && key.ends_with(".mp4"), "{key}");
    let folder = key.trim_end_matches(".mp4");
    assert_eq!(
        request,
        json!({
            "room_name": "r", "layout": "speaker", "audio_only": false, "preset": "H264_1080P_30",
            "file_outputs": [{ "file_type": "MP4", "filepath": key, "disable_manifest": true, "s3": {
                "access_key": "wk", "secret": "ws", "region": "us-east-1", "endpoint": "http://127.0.0.1:9000",
                "bucket": "recordings", "force_path_style": true, "metadata": { "Object-Expires": "+720h" },
            } }],
            "segment_outputs": [{
                "filename_prefix": format!("{folder}/s"), "playlist_name": format!("{folder}/index.m3u8"), "segment_duration": 6,
                "disable_manifest": true, "s3": request["file_outputs"][0]["s3"],
            }],
            "webhooks": [{ "url": "https://rec.example/livekit-webhook", "signing_key": "devkey" }],
        })
    );
}

#[test]
fn with_the_guides_seven_events_the_worker_looks_for_itself() {
    let world = World::new();
    assert_eq!(world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host", "record": true })).0, 201);
    world.open_room("r", "RM_1", "alice", true);
    let who = json!({ "sid": "PA_alice_RM_1", "identity": "alice" });
    world.webhook(json!({ "event": "participant_joined", "room": world.room("r", "RM_1"), "participant": who }));
    assert_eq!((status(&world)["status"].clone(), starts(&world)), (json!("starting"), 1));
}

#[test]
fn what_the_background_did_not_do_the_schedule_does() {
    let world = World::new();
    assert_eq!(world.call("alice", "POST", "/livekit-token", json!({ "roomName": "r", "role": "host", "record": true })).0, 201);
    world.open_room("r", "RM_1", "alice", true);
    let body = world.numbered(json!({ "event": "participant_joined", "room": world.room("r", "RM_1"), "participant": { "sid": "PA_alice_RM_1", "identity": "alice" } }));
    let signed = livekit_storj::livekit::signature::sign_body(&world.config.livekit_key, &body, world.clock.get()).unwrap();
    // Killed right after its answer.
    assert_eq!(world.answer_only("POST", "/livekit-webhook", vec![("authorization".into(), signed)], body).status, 200);
    assert_eq!(starts(&world), 0);
    world.advance(60_000);
    world.cron();
    assert_eq!((status(&world)["status"].clone(), starts(&world)), (json!("starting"), 1));
}

#[test]
fn asked_before_the_room_is_there_it_starts_when_it_opens() {
    let world = World::new();
    assert_eq!(world.call("alice", "POST", "/api/streams", json!({ "title": "t", "roomName": "r" })).0, 201);
    let (code, answer) = world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" }));
    assert_eq!((code, &answer["egressId"], &answer["status"]), (202, &json!(""), &json!("requested")));
    world.open_room("r", "RM_1", "alice", false);
    world.webhook(json!({ "event": "room_started", "room": world.room("r", "RM_1") }));
    assert_eq!((status(&world)["status"].clone(), starts(&world)), (json!("starting"), 1));
}

#[test]
fn asked_twice_it_is_the_same_egress_and_after_a_stop_a_new_one() {
    let world = World::new();
    live(&world, false);
    let ask = || world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" }));
    let (first, second) = (ask(), ask());
    assert_eq!((first.0, second.0), (200, 200));
    assert_eq!((first.1["egressId"].clone(), first.1["filename"].clone()), (second.1["egressId"].clone(), second.1["filename"].clone()));
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    let (code, stopped) = world.call("alice", "POST", "/livekit-egress/stop", json!({ "egressId": "EG_1" }));
    assert_eq!((code, &stopped["stopped"], &stopped["status"]), (200, &json!(["EG_1"]), &json!("stopping")));
    world.advance(1_000);
    assert_eq!(ask().1["egressId"], "EG_2");
    assert_eq!(world.livekit.borrow().egresses[0].status, "EGRESS_ENDING");
}

#[test]
fn a_lost_answer_is_found_in_livekits_list_and_started_once() {
    let world = World::new();
    world.livekit.borrow_mut().start = Outcome::TakenInSilence;
    live(&world, true);
    assert_eq!(status(&world)["status"], "requested");
    world.advance(60_000);
    world.cron();
    assert_eq!(
        (status(&world)["status"].clone(), status(&world)["egressId"].clone(), starts(&world)),
        (json!("starting"), json!("EG_1"), 1)
    );
}

#[test]
fn no_recorder_free_is_asked_until_there_is_one() {
    let world = World::new();
    world.livekit.borrow_mut().start = Outcome::NoRecorder;
    live(&world, true);
    let (code, answer) = world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" }));
    assert_eq!((code, &answer["egressId"]), (202, &json!("")));
    for _ in 0..2 {
        world.advance(60_000);
        world.cron();
    }
    assert!(status(&world)["error"].as_str().unwrap().contains("no recorder free"), "{}", status(&world));
    world.livekit.borrow_mut().start = Outcome::Taken;
    for _ in 0..3 {
        world.advance(60_000);
        world.cron();
    }
    assert_eq!(status(&world)["status"], "starting");
    assert_eq!(world.livekit.borrow().egresses.len(), 1);
}

#[test]
fn a_stop_while_the_answer_is_lost_stops_what_livekit_took() {
    let world = World::new();
    world.livekit.borrow_mut().start = Outcome::TakenInSilence;
    live(&world, true);
    let (code, stopped) = world.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" }));
    assert_eq!((code, &stopped["success"]), (200, &json!(true)));
    world.livekit.borrow_mut().egresses[0].status = "EGRESS_ACTIVE";
    world.advance(60_000);
    world.cron();
    assert_eq!(world.livekit.borrow().egresses[0].status, "EGRESS_ENDING");
    assert_eq!(starts(&world), 1, "nothing starts after a stop");
}

#[test]
fn a_key_that_cannot_write_is_refused_before_the_stream_is_lost() {
    let world = World::new();
    live(&world, false);
    world.storj.borrow_mut().refuses = true;
    let (code, answer) = world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" }));
    assert_eq!((code, &answer["code"]), (502, &json!("storage_refused")));
    assert_eq!(starts(&world), 0);
    assert!(status(&world)["error"].as_str().unwrap().contains("STORJ_EGRESS_ACCESS_KEY_ID"));
    world.advance(60_000);
    world.storj.borrow_mut().refuses = false;
    world.cron();
    assert_eq!(starts(&world), 0, "who was told no is not recorded later by surprise");
    assert_eq!(world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" })).0, 200);
}

#[test]
fn the_probe_holds_for_ten_minutes() {
    let world = World::new();
    live(&world, true);
    for _ in 0..2 {
        world.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" }));
        world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" }));
    }
    // Twice the same object: whether the key may write over it, which holds for ever.
    assert_eq!(world.storj.borrow().probes, 2);
    world.advance(11 * 60_000);
    world.call("alice", "POST", "/livekit-egress/stop", json!({ "roomName": "r" }));
    world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" }));
    assert_eq!(world.storj.borrow().probes, 3);
}

#[test]
fn livekits_key_refused_is_told() {
    let world = World::new();
    live(&world, false);
    world.livekit.borrow_mut().start = Outcome::WrongKey;
    let (code, answer) = world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" }));
    assert_eq!((code, &answer["code"]), (502, &json!("livekit_refused")));
    assert!(!answer.to_string().contains("eyJ"), "LiveKit's message repeats the token");
}
