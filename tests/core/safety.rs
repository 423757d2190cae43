//! The safety copy: when segments are asked for, when a recording is made of them, and how it plays.

use livekit_storj::ports::Ports as _;
use serde_json::{Value, json};

use super::flows::{egress_event, live, starts};
use super::world::World;

fn request(world: &World, n: usize) -> Value {
    world.livekit.borrow().egresses[n].request.clone()
}

fn has_segments(world: &World, n: usize) -> bool {
    request(world, n)["segment_outputs"].is_array()
}

/// A recording under way.
fn recording(vars: &[(&str, &str)]) -> World {
    let world = World::with(vars);
    live(&world, true);
    world.webhook(egress_event(&world, 0, "egress_updated", "EGRESS_ACTIVE"));
    world
}

fn key(world: &World, n: usize) -> String {
    world.livekit.borrow().egresses[n].key.clone()
}

/// LiveKit tells the n-th egress's end; `size`: of the file that it says it wrote.
fn ends(world: &World, n: usize, status: &'static str, error: &str, size: Option<(u64, i64)>) {
    let mut event = egress_event(world, n, "egress_ended", status);
    let info = &mut event["egressInfo"];
    info["error"] = json!(error);
    let told = size.map_or((0, 0), |(bytes, seconds)| (bytes, seconds * 1_000_000_000));
    info["fileResults"][0]["size"] = json!(told.0.to_string());
    info["fileResults"][0]["duration"] = json!(told.1.to_string());
    assert_eq!(world.webhook(event), 200);
}

fn recordings(world: &World) -> Vec<Value> {
    let (code, list) = world.call("alice", "GET", "/api/recordings", Value::Null);
    assert_eq!(code, 200);
    list["recordings"].as_array().unwrap().clone()
}

fn the_recording(world: &World) -> Value {
    let all = recordings(world);
    assert_eq!(all.len(), 1, "exactly one: {all:?}");
    all[0].clone()
}

fn shape(recording: &Value) -> (&str, &str, bool, i64, i64) {
    (
        recording["format"].as_str().unwrap(),
        recording["status"].as_str().unwrap(),
        recording["partial"].as_bool().unwrap(),
        recording["durationMs"].as_i64().unwrap_or(-1),
        recording["sizeBytes"].as_i64().unwrap_or(-1),
    )
}

fn schedule(world: &World, minutes: i64) {
    for _ in 0..minutes {
        world.advance(60_000);
        world.cron();
    }
}

/// A path and its query, of a link to the Worker.
fn local(url: &Value) -> String {
    url.as_str().unwrap().strip_prefix("https://rec.example").unwrap().to_owned()
}

#[test]
fn segments_are_asked_for_unless_they_are_off_or_would_end_the_recording() {
    assert!(has_segments(&recording(&[]), 0));
    let off = recording(&[("SAFETY_COPY", "off")]);
    assert!(!has_segments(&off, 0));
    assert_eq!(off.storj.borrow().probes, 1, "then nobody needs to know");
    let world = World::new();
    world.storj.borrow_mut().only_adds = true;
    live(&world, true);
    assert_eq!((starts(&world), has_segments(&world, 0)), (1, false), "a key that only adds starts all the same");
    assert_eq!(world.one("SELECT overwrites FROM storage_proofs"), 0);
    assert_eq!(world.one("SELECT segments FROM egresses"), "off");
}

#[test]
fn the_second_write_waits_a_second_and_is_asked_again_when_storj_is_busy() {
    let world = World::new();
    world.storj.borrow_mut().slow_down = 2;
    let before = world.clock.get();
    live(&world, true);
    assert!(world.clock.get().since(before) > 1_000 * 3);
    assert!(has_segments(&world, 0));
    assert_eq!(world.storj.borrow().probes, 4);
    let world = World::new();
    world.storj.borrow_mut().slow_down = 9;
    live(&world, true);
    assert_eq!((starts(&world), has_segments(&world, 0)), (1, false), "not known is no");
    assert_eq!(world.one("SELECT overwrites FROM storage_proofs"), Value::Null);
}

#[test]
fn after_a_refused_output_the_next_part_goes_without_and_says_so() {
    let world = recording(&[]);
    ends(&world, 0, "EGRESS_FAILED", "S3 upload failed: StatusCode: 403, AccessDenied", None);
    schedule(&world, 1);
    assert_eq!((starts(&world), has_segments(&world, 1)), (2, false));
    world.webhook(egress_event(&world, 1, "egress_updated", "EGRESS_ACTIVE"));
    let id = world.one("SELECT id FROM live_streams");
    let told = world.call("alice", "GET", &format!("/api/streams/{}", id.as_str().unwrap()), Value::Null).1["recording"].clone();
    assert_eq!(told["status"], "recording");
    assert!(told["error"].as_str().unwrap().contains("without the safety copy"), "{told}");
    // A bucket that was away is no refusal.
    let world = recording(&[]);
    ends(&world, 0, "EGRESS_FAILED", "S3 upload failed: StatusCode: 503", None);
    schedule(&world, 1);
    assert_eq!((starts(&world), has_segments(&world, 1)), (2, true));
}

#[test]
fn a_recorder_that_is_killed_leaves_its_segments_and_they_play_at_once() {
    let world = recording(&[("STORJ_OBJECT_TTL", "720h")]);
    world.storj.borrow_mut().put_segments(&key(&world, 0), [0, 1, 3], 1_000);
    ends(&world, 0, "EGRESS_FAILED", "signal: killed", None);
    let recording = the_recording(&world);
    assert_eq!(shape(&recording), ("segments", "ready", true, 18_000, 3_000));
    let started = world.one("SELECT started_at FROM egresses").as_i64().unwrap();
    assert_eq!(world.one("SELECT expires_at FROM assets"), started + 720 * 3_600_000, "the first segment goes first");
    let (code, playback) = world.call("", "GET", &format!("/api/recordings/{}/playback", recording["id"].as_str().unwrap()), Value::Null);
    assert_eq!((code, &playback["type"]), (200, &json!("application/vnd.apple.mpegurl")));
    let reply = world.send_raw("GET", &local(&playback["url"]), vec![("origin".into(), "https://anywhere.example".into())], vec![]);
    let header = |name: &str| reply.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone());
    assert_eq!((reply.status, header("access-control-allow-origin").as_deref()), (200, Some("*")));
    let (kind, text) = reply.text.unwrap();
    assert_eq!(kind, "application/vnd.apple.mpegurl");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') || line.contains("GAP") || line.contains("END")).collect();
    let (_, query) = playback["url"].as_str().unwrap().split_once('?').unwrap();
    let segment = |n: u32| format!("segments/{n}.ts?{query}");
    assert_eq!(lines, [&segment(0), &segment(1), "#EXT-X-GAP", "gap.ts", &segment(3), "#EXT-X-ENDLIST"]);
    let base = local(&playback["url"]).split_once("playlist.m3u8").unwrap().0.to_owned();
    for (method, n, code) in [("GET", 3, 302), ("HEAD", 3, 302), ("GET", 2, 404), ("GET", 4, 404)] {
        let reply = world.send_raw(method, &format!("{base}{}", segment(n)), vec![], vec![]);
        assert_eq!(reply.status, code, "{method} {n}");
        if code == 302 {
            let (_, url) = reply.headers.iter().find(|(name, _)| *name == "location").unwrap();
            let folder = key(&world, 0).trim_end_matches(".mp4").to_owned();
            assert!(url.starts_with(&format!("http://127.0.0.1:9000/recordings/{folder}/s_00003.ts?")), "{url}");
        }
    }
}

#[test]
fn a_link_that_was_altered_or_is_old_is_worth_nothing() {
    let world = recording(&[]);
    world.storj.borrow_mut().put_segments(&key(&world, 0), [0], 1_000);
    ends(&world, 0, "EGRESS_FAILED", "signal: killed", None);
    let id = the_recording(&world)["id"].as_str().unwrap().to_owned();
    let playback = world.call("", "GET", &format!("/api/recordings/{id}/playback"), Value::Null).1;
    let path = local(&playback["url"]);
    let code = |path: &str| {
        let reply = world.send_raw("GET", path, vec![], vec![]);
        (reply.status, reply.body.unwrap_or_default()["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(code(&path).0, 200);
    let (start, query) = path.split_once('?').unwrap();
    let other_exp = query.replacen("exp=1", "exp=2", 1);
    assert_ne!(other_exp, query);
    for bad in ["", "exp=9999999999", "sig=", &other_exp, &query.replace("sig=", "sig=00"), &format!("{query}0")] {
        assert_eq!(code(&format!("{start}?{bad}")), (403, "link_invalid".to_owned()), "{bad}");
    }
    let other = start.replace(&id, "another");
    assert_eq!(code(&format!("{other}?{query}")), (403, "link_invalid".to_owned()), "it counts for one recording");
    world.advance(2 * 3_600_000);
    assert_eq!(code(&path), (403, "link_expired".to_owned()));
    let segment = path.replace("playlist.m3u8", "segments/0.ts");
    assert_eq!(code(&segment), (403, "link_expired".to_owned()));
}

#[test]
fn what_is_not_in_the_playlist_yet_is_played_and_later_looks_find_more() {
    let world = recording(&[]);
    world.storj.borrow_mut().put_segments(&key(&world, 0), [0, 1], 1_000);
    let folder = key(&world, 0).trim_end_matches(".mp4").to_owned();
    world.storj.borrow_mut().bucket.objects.insert(format!("{folder}/s_00002.ts"), 500);
    ends(&world, 0, "EGRESS_FAILED", "signal: killed", None);
    assert_eq!(shape(&the_recording(&world)), ("segments", "ready", true, 18_000, 2_500));
    world.storj.borrow_mut().bucket.objects.insert(format!("{folder}/s_00003.ts"), 500);
    schedule(&world, 8);
    assert_eq!(shape(&the_recording(&world)), ("segments", "ready", true, 24_000, 3_000));
    assert_eq!(world.one("SELECT joined FROM reels"), 1);
}

#[test]
fn a_long_recording_is_listed_by_pages() {
    let world = recording(&[]);
    world.storj.borrow_mut().put_segments(&key(&world, 0), 0..1_800, 3_450_000);
    ends(&world, 0, "EGRESS_FAILED", "signal: killed", None);
    assert_eq!(shape(&the_recording(&world)), ("segments", "ready", true, 10_800_000, 1_800 * 3_450_000));
}

#[test]
fn an_mp4_that_turns_up_whole_after_all_wins() {
    for told in [false, true] {
        let world = recording(&[]);
        world.storj.borrow_mut().put_segments(&key(&world, 0), [0, 1], 1_000);
        ends(&world, 0, "EGRESS_FAILED", "signal: killed", None);
        let before = the_recording(&world);
        assert_eq!(shape(&before).0, "segments");
        world.storj.borrow_mut().bucket.objects.insert(key(&world, 0), 525_783);
        schedule(&world, if told { 0 } else { 2 });
        if told {
            // It is never told twice; the list may say so.
            world.db.execute_batch("UPDATE egresses SET file = 'yes', size_bytes = 525783, duration_ms = 57000 WHERE egress_id = 'EG_1'; UPDATE live_streams SET tend_at = 0").unwrap();
            schedule(&world, 1);
        }
        let after = the_recording(&world);
        assert_eq!((&after["format"], &after["status"], &after["sizeBytes"]), (&json!("mp4"), &json!("ready"), &json!(525_783)));
        assert_eq!(after["id"], before["id"]);
        assert_eq!(world.one("SELECT count(*) FROM reels"), 0);
        assert_eq!(world.one("SELECT segments FROM egresses WHERE egress_id = 'EG_1'"), "gone");
    }
}

#[test]
fn complete_and_not_there_or_cut_short_is_made_of_segments() {
    // LiveKit says complete, and the file is not there.
    let world = recording(&[]);
    world.storj.borrow_mut().put_segments(&key(&world, 0), 0..10, 1_000);
    ends(&world, 0, "EGRESS_COMPLETE", "", Some((525_783, 57)));
    assert_eq!(shape(&the_recording(&world)).1, "processing");
    schedule(&world, 3);
    assert_eq!(shape(&the_recording(&world)), ("segments", "ready", true, 60_000, 10_000));
    // Half of it is.
    let world = recording(&[]);
    world.storj.borrow_mut().put_segments(&key(&world, 0), 0..10, 1_000);
    world.storj.borrow_mut().bucket.objects.insert(key(&world, 0), 260_000);
    ends(&world, 0, "EGRESS_COMPLETE", "", Some((525_783, 57)));
    assert_eq!(shape(&the_recording(&world)), ("segments", "ready", true, 60_000, 10_000));
    // The file of a failed job holds as much as its segments: the file it is.
    let world = recording(&[]);
    world.storj.borrow_mut().put_segments(&key(&world, 0), 0..9, 1_000);
    world.storj.borrow_mut().bucket.objects.insert(key(&world, 0), 525_783);
    ends(&world, 0, "EGRESS_FAILED", "lost the room", Some((525_783, 57)));
    assert_eq!(shape(&the_recording(&world)), ("mp4", "ready", true, 57_000, 525_783));
    // Nothing at all.
    let world = recording(&[]);
    ends(&world, 0, "EGRESS_COMPLETE", "", Some((525_783, 57)));
    schedule(&world, 3);
    assert_eq!(shape(&the_recording(&world)).1, "missing");
}

#[test]
fn a_list_that_does_not_come_proves_nothing() {
    let world = recording(&[]);
    world.storj.borrow_mut().put_segments(&key(&world, 0), 0..10, 1_000);
    world.storj.borrow_mut().down = true;
    ends(&world, 0, "EGRESS_FAILED", "signal: killed", None);
    schedule(&world, 8);
    assert!(recordings(&world).is_empty());
    assert_eq!(world.one("SELECT file || segments FROM egresses WHERE egress_id = 'EG_1'"), "unknownunknown");
    world.storj.borrow_mut().down = false;
    schedule(&world, 61);
    assert_eq!(shape(&the_recording(&world)).0, "segments");
}

#[test]
fn a_whole_mp4_is_verified_without_a_look_at_the_segments() {
    let world = recording(&[]);
    world.storj.borrow_mut().put_segments(&key(&world, 0), 0..10, 1_000);
    world.storj.borrow_mut().bucket.objects.insert(key(&world, 0), 525_783);
    ends(&world, 0, "EGRESS_COMPLETE", "", Some((525_783, 57)));
    assert_eq!(shape(&the_recording(&world)), ("mp4", "ready", false, 57_000, 525_783));
    assert!(!world.storj.borrow().asked.iter().any(|asked| asked.contains("list-type")));
    let left = || world.storj.borrow().bucket.objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(left().len(), 12, "the schedule deletes them");
    schedule(&world, 1);
    assert_eq!(left(), [key(&world, 0)]);
    let (code, playback) =
        world.call("", "GET", &format!("/api/recordings/{}/playback", the_recording(&world)["id"].as_str().unwrap()), Value::Null);
    assert_eq!((code, &playback["type"]), (200, &json!("video/mp4")));
}

/// A killed recording of so many segments; answers how many runs of the schedule it took to join them.
fn joins(world: &World, count: u32, bytes: u64) -> usize {
    world.storj.borrow_mut().put_segments(&key(world, 0), 0..count, bytes);
    world.call("alice", "POST", "/livekit-egress/stop", json!({ "egressId": "EG_1" }));
    ends(world, 0, "EGRESS_FAILED", "signal: killed", None);
    let mut runs = 0;
    for _ in 0..200 {
        let batches = world.batches();
        schedule(world, 1);
        assert!(world.calls() <= 40 && world.batches() - batches <= 40, "{} calls, {} batches", world.calls(), world.batches() - batches);
        runs += usize::from(world.one("SELECT done FROM reels") != json!(0));
        if world.one("SELECT joined FROM reels") == json!(1) {
            return runs;
        }
    }
    panic!("never joined: {:?}", world.rows("SELECT * FROM reels"));
}

#[test]
fn the_schedule_joins_them_into_one_object_that_the_playlist_then_names() {
    let world = recording(&[("STORJ_OBJECT_TTL", "720h")]);
    let runs = joins(&world, 100, 3_450_000);
    assert!((3..=6).contains(&runs), "{runs}");
    let recording = the_recording(&world);
    let whole = key(&world, 0).replace(".mp4", ".ts");
    assert_eq!(recording["filename"], json!(whole));
    assert_eq!(shape(&recording), ("segments", "ready", true, 600_000, 345_000_000));
    let folder = key(&world, 0).replace(".mp4", "/");
    let pieces = world.storj.borrow().bucket.pieces(&whole);
    let made_of: Vec<_> = pieces.iter().map(|piece| piece.of.clone()).collect();
    assert_eq!(made_of, (0..100).map(|n| format!("{folder}s_{n:05}.ts")).collect::<Vec<_>>());
    assert!(world.storj.borrow().bucket.uploads.is_empty());
    // A playlist of before lives as long as the recording and an hour: 70 minutes here.
    schedule(&world, 68);
    let segments = world.storj.borrow().bucket.objects.keys().filter(|key| key.starts_with(&folder) && key.ends_with(".ts")).count();
    assert_eq!(segments, 100, "whoever plays it by such a list goes on");
    schedule(&world, 4);
    assert_eq!(world.storj.borrow().bucket.objects.keys().cloned().collect::<Vec<_>>(), vec![whole.clone()], "the segments are gone");
    let playback = world.call("", "GET", &format!("/api/recordings/{}/playback", recording["id"].as_str().unwrap()), Value::Null).1;
    let (_, text) = world.send_raw("GET", &local(&playback["url"]), vec![], vec![]).text.unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[5..8].iter().map(|line| line.split('?').next().unwrap()).collect::<Vec<_>>(),
        ["#EXTINF:6.000,", "#EXT-X-BYTERANGE:3450000@0", &format!("http://127.0.0.1:9000/recordings/{whole}"),]
    );
    assert!(text.contains("#EXT-X-BYTERANGE:3450000@341550000\n"), "the last one");
    assert_eq!(lines.iter().filter(|line| line.starts_with("http")).collect::<std::collections::BTreeSet<_>>().len(), 1);
}

#[test]
fn three_hours_are_joined_within_the_budget_whatever_they_weigh() {
    for bytes in [3_450_000, 105_000] {
        let world = recording(&[]);
        let runs = joins(&world, 1_800, bytes);
        assert!(runs <= 65, "{runs} runs for segments of {bytes} bytes");
        println!("1800 segments of {bytes} bytes: {runs} runs");
        let pieces = world.storj.borrow().bucket.pieces(&key(&world, 0).replace(".mp4", ".ts"));
        assert_eq!(pieces.len(), 1_800);
        assert!(pieces.iter().enumerate().all(|(n, piece)| piece.of.ends_with(&format!("/s_{n:05}.ts")) && piece.length == bytes));
        assert!(world.storj.borrow().bucket.uploads.is_empty());
    }
}

#[test]
fn an_mp4_that_comes_while_they_are_joined_or_later_takes_everything_along() {
    for late in [2, 30] {
        let world = recording(&[]);
        world.storj.borrow_mut().put_segments(&key(&world, 0), 0..300, 3_450_000);
        world.call("alice", "POST", "/livekit-egress/stop", json!({ "egressId": "EG_1" }));
        ends(&world, 0, "EGRESS_FAILED", "signal: killed", None);
        schedule(&world, 8 + late);
        assert_eq!(world.one("SELECT joined FROM reels"), i64::from(late == 30));
        world.storj.borrow_mut().bucket.objects.insert(key(&world, 0), 525_783);
        world
            .db
            .execute_batch(
                "UPDATE egresses SET file = 'yes', size_bytes = 525783, status = 'complete'; UPDATE live_streams SET tend_at = 0",
            )
            .unwrap();
        schedule(&world, 65);
        let recording = the_recording(&world);
        assert_eq!((&recording["format"], &recording["filename"]), (&json!("mp4"), &json!(key(&world, 0))));
        assert_eq!(world.storj.borrow().bucket.objects.keys().cloned().collect::<Vec<_>>(), [key(&world, 0)]);
        assert!(world.storj.borrow().bucket.uploads.is_empty());
        assert_eq!(world.one("SELECT count(*) FROM trash"), 0);
    }
}

#[test]
fn a_recording_that_is_deleted_while_it_is_joined_leaves_no_upload_and_does_not_come_back() {
    let world = recording(&[]);
    world.storj.borrow_mut().put_segments(&key(&world, 0), 0..300, 3_450_000);
    world.call("alice", "POST", "/livekit-egress/stop", json!({ "egressId": "EG_1" }));
    ends(&world, 0, "EGRESS_FAILED", "signal: killed", None);
    schedule(&world, 9);
    assert_eq!(world.storj.borrow().bucket.uploads.len(), 1);
    world
        .db
        .execute_batch("UPDATE assets SET status = 'deleting'; UPDATE live_streams SET tend_at = 0; UPDATE egresses SET file = 'unknown'")
        .unwrap();
    assert_eq!(world.rows("SELECT kind FROM trash"), [json!({ "kind": "upload" })]);
    schedule(&world, 30);
    assert!(world.storj.borrow().bucket.uploads.is_empty());
    assert_eq!(world.rows("SELECT status FROM assets"), [json!({ "status": "deleting" })]);
    assert_eq!(world.one("SELECT count(*) FROM reels"), 0);
}
