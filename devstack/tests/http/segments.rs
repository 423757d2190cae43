//! Segments beside the file, and what becomes of both under faults: the table of `real-livekit.md`, line by line.

use serde_json::{Value, json};

use crate::devstack::{ADD_ONLY, Devstack, FULL, records};
use crate::receiver::Receiver;

/// A recording with segments that is ACTIVE.
struct Scene {
    devstack: Devstack,
    receiver: Receiver,
    id: String,
}

impl Scene {
    async fn new(s3_key: (&str, &str), faults: Value) -> Self {
        let receiver = Receiver::start().await;
        // Ten times as fast as LiveKit: a segment takes 0.6 s.
        let devstack = Devstack::start(&["--webhook-url", &receiver.url, "--speed", "10"]);
        devstack.join("r", "alice", true).await;
        assert_eq!(devstack.post("/dev/faults", faults).await.status, 200);
        let started = devstack.start_egress(devstack.composite_with_segments("r", s3_key)).await;
        assert_eq!(started.status, 200, "{}", started.text());
        let id = started.json()["egress_id"].as_str().unwrap().to_owned();
        receiver.wait_for("egress_updated ACTIVE").await;
        Self { devstack, receiver, id }
    }

    async fn leap(&self, seconds: f64) {
        let answer = self.devstack.post("/dev/recorder", json!({"room": "r", "leap_seconds": seconds})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    async fn stop(&self) {
        assert_eq!(self.devstack.stop_egress(&self.id).await.status, 200);
    }

    /// What `egress_ended` says.
    async fn ended(&self, status: &str) -> Value {
        self.receiver.wait_for(&format!("egress_ended {status}")).await.json()["egressInfo"].clone()
    }

    async fn playlist(&self) -> String {
        String::from_utf8(self.devstack.object("x/index.m3u8").await.to_vec()).unwrap()
    }
}

fn number(value: &Value) -> i64 {
    value.as_str().unwrap().parse().unwrap()
}

/// A fault of the S3 server.
fn storage(on: &str, status: u16, times: Option<u32>) -> Value {
    json!({"storage": [{"on": on, "status": status, "times": times}]})
}

fn names(playlist: &str) -> Vec<&str> {
    playlist.lines().filter(|line| !line.starts_with('#')).collect()
}

#[tokio::test]
async fn segments_and_playlist_come_while_it_records() {
    let scene = Scene::new(FULL, json!({})).await;
    // By itself, at the stand-in's speed.
    scene.devstack.wait_for_objects(&["x/index.m3u8", "x/s_00000.ts"]).await;
    let first = scene.playlist().await;
    assert_eq!(names(&first), ["s_00000.ts"]);
    assert!(!first.contains("ENDLIST"), "{first}");
    scene.leap(12.0).await;
    scene.devstack.wait_for_objects(&["x/index.m3u8", "x/s_00000.ts", "x/s_00001.ts", "x/s_00002.ts"]).await;
    scene.stop().await;
    let info = scene.ended("COMPLETE").await;
    let playlist = scene.playlist().await;
    let head = "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-ALLOW-CACHE:NO\n#EXT-X-TARGETDURATION:6\n\
                #EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PROGRAM-DATE-TIME:20";
    assert!(playlist.starts_with(head) && playlist.ends_with("\n#EXT-X-ENDLIST\n"), "{playlist}");
    assert_eq!(names(&playlist)[..3], ["s_00000.ts", "s_00001.ts", "s_00002.ts"]);
    assert!(playlist.contains("\n#EXTINF:6.000,\ns_00002.ts\n"), "{playlist}");

    // What is told: counts, sizes and times as strings, and no deprecated `file` beside two outputs.
    let results = &info["segmentResults"][0];
    assert_eq!(results["playlistName"], "x/index.m3u8");
    assert!(results["playlistLocation"].as_str().unwrap().ends_with("/recordings/x/index.m3u8"), "{results}");
    assert_eq!(number(&results["segmentCount"]), i64::try_from(names(&playlist).len()).unwrap());
    let mut size = 0;
    for name in names(&playlist) {
        let segment = scene.devstack.object(&format!("x/{name}")).await;
        assert_eq!((segment[0], segment.len() % 188), (0x47, 0));
        size += i64::try_from(segment.len()).unwrap();
    }
    assert_eq!(number(&results["size"]), size);
    assert_eq!(results["duration"], info["fileResults"][0]["duration"]);
    assert_eq!(results["endedAt"], info["fileResults"][0]["endedAt"]);
    let listed: f64 = playlist.lines().filter_map(|line| line.strip_prefix("#EXTINF:")?.strip_suffix(',')?.parse::<f64>().ok()).sum();
    #[allow(clippy::cast_precision_loss)] // A minute in nanoseconds.
    let told = number(&results["duration"]) as f64 / 1e9;
    assert!((listed - told).abs() < 0.05, "{listed} s listed, {told} s told");
    assert!(number(&info["fileResults"][0]["size"]) > 0);
    assert_eq!((info.get("file"), info.get("manifestLocation")), (None, None));
    let list = scene.devstack.call("Egress/ListEgress", records(), json!({"egress_id": scene.id})).await.json();
    assert_eq!(list["items"][0]["segment_results"][0]["segment_count"], results["segmentCount"]);
    let shown = &list["items"][0]["room_composite"]["segment_outputs"][0]["s3"];
    assert_eq!((&shown["access_key"], &shown["secret"]), (&json!("{access_key}"), &json!("{secret}")));
}

#[tokio::test]
async fn before_the_first_frame_only_names_are_told() {
    let scene = Scene::new(FULL, json!({})).await;
    let event = |label: &'static str| scene.receiver.wait_for(label);
    let started = event("egress_started").await.json();
    assert_eq!(started["egressInfo"]["segmentResults"], json!([{"playlistName": "x/index.m3u8"}]));
    let active = event("egress_updated ACTIVE").await.json()["egressInfo"]["segmentResults"][0].clone();
    assert_eq!(active.as_object().unwrap().keys().collect::<Vec<_>>(), ["playlistName", "startedAt"]);
}

#[tokio::test]
async fn a_killed_recorder_leaves_its_segments_and_no_file() {
    let scene = Scene::new(FULL, json!({})).await;
    scene.leap(12.0).await;
    let there = ["x/index.m3u8", "x/s_00000.ts", "x/s_00001.ts"];
    scene.devstack.wait_for_objects(&there).await;
    let killed = scene.devstack.post("/dev/recorder", json!({"egress_id": scene.id, "kill": "handler"})).await;
    assert_eq!(killed.status, 200, "{}", killed.text());
    let info = scene.ended("FAILED").await;
    assert_eq!((&info["error"], &info["errorCode"]), (&json!("signal: killed"), &json!(500)));
    assert_eq!(info["fileResults"], json!([{"filename": "x.mp4"}]));
    assert_eq!(info["segmentResults"], json!([{"playlistName": "x/index.m3u8"}]));
    assert_eq!(info.get("details"), None);
    // Nothing comes later, and the playlist has no end.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(scene.devstack.keys().await, there);
    assert!(!scene.playlist().await.contains("ENDLIST"));
}

#[tokio::test]
async fn a_file_that_cannot_be_written_leaves_all_segments() {
    let scene = Scene::new(FULL, storage("PUT x.mp4", 503, None)).await;
    scene.leap(12.0).await;
    scene.stop().await;
    let info = scene.ended("FAILED").await;
    assert_eq!(info["fileResults"][0].get("size"), None);
    assert!(info["error"].as_str().unwrap().contains("StatusCode: 503"), "{info}");
    let playlist = scene.playlist().await;
    assert!(playlist.ends_with("#EXT-X-ENDLIST\n"), "{playlist}");
    let keys = scene.devstack.keys().await;
    assert!(names(&playlist).len() >= 3 && keys.len() == names(&playlist).len() + 1, "{keys:?}");
}

#[tokio::test]
async fn a_segment_refused_once_is_tried_again() {
    let scene = Scene::new(FULL, storage("PUT s_00001.ts", 503, Some(1))).await;
    scene.leap(18.0).await;
    scene.stop().await;
    scene.ended("COMPLETE").await;
    let keys = scene.devstack.keys().await;
    assert!(keys.contains(&"x/s_00001.ts".to_owned()) && keys.contains(&"x.mp4".to_owned()), "{keys:?}");
}

#[tokio::test]
async fn a_segment_that_never_gets_through_fails_it_after_the_stop() {
    let scene = Scene::new(FULL, storage("PUT s_00001.ts", 503, None)).await;
    scene.leap(12.0).await;
    scene.stop().await;
    let info = scene.ended("FAILED").await;
    // The whole file, and every segment but that one, which the playlist names all the same.
    assert!(number(&info["fileResults"][0]["size"]) > 0);
    let keys = scene.devstack.keys().await;
    assert!(keys.contains(&"x.mp4".to_owned()) && keys.contains(&"x/s_00002.ts".to_owned()), "{keys:?}");
    assert!(!keys.contains(&"x/s_00001.ts".to_owned()), "{keys:?}");
    assert!(names(&scene.playlist().await).contains(&"s_00001.ts"));
}

#[tokio::test]
async fn a_refused_segment_ends_the_recording_at_once() {
    let scene = Scene::new(FULL, storage("PUT s_00002.ts", 403, None)).await;
    scene.leap(18.0).await;
    let info = scene.ended("FAILED").await;
    assert!(info["error"].as_str().unwrap().contains("AccessDenied"), "{info}");
    assert_eq!((&info["errorCode"], &info["details"]), (&json!(400), &json!("End reason: Failure")));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(scene.devstack.keys().await, ["x/index.m3u8", "x/s_00000.ts", "x/s_00001.ts"]);
    let again = scene.devstack.stop_egress(&scene.id).await;
    assert_eq!(again.status, 412);
}

#[tokio::test]
async fn a_key_that_may_not_overwrite_keeps_the_first_playlist_and_fails_at_the_end() {
    let scene = Scene::new(ADD_ONLY, json!({})).await;
    scene.leap(12.0).await;
    scene.devstack.wait_for_objects(&["x/index.m3u8", "x/s_00000.ts", "x/s_00001.ts"]).await;
    scene.stop().await;
    let info = scene.ended("FAILED").await;
    assert!(info["error"].as_str().unwrap().contains("AccessDenied"), "{info}");
    assert!(number(&info["fileResults"][0]["size"]) > 0);
    assert_eq!(names(&scene.playlist().await), ["s_00000.ts"]);
}

#[tokio::test]
async fn what_is_not_written_is_refused() {
    let devstack = Devstack::start(&[]);
    devstack.join("r", "alice", true).await;
    let cases = [
        ("live_playlist_name", json!("x/index.m3u8"), 400),
        ("live_playlist_name", json!("y/live.m3u8"), 400),
        ("filename_prefix", json!("y/s"), 400),
        ("filename_prefix", json!("{room_name}/s"), 400),
        ("filename_suffix", json!("TIMESTAMP"), 501),
        ("s3", json!(null), 400),
        ("segment_seconds", json!(6), 400),
    ];
    for (field, value, status) in cases {
        let mut request = devstack.composite_with_segments("r", FULL);
        request["segment_outputs"][0][field] = value.clone();
        let answer = devstack.start_egress(request).await;
        assert_eq!(answer.status, status, "{field} {value}: {}", answer.text());
    }
    let mut alone = devstack.composite_with_segments("r", FULL);
    alone["file_outputs"] = json!([]);
    assert_eq!(devstack.start_egress(alone).await.status, 501);
    let nobody = devstack.post("/dev/recorder", json!({"room": "r", "leap_seconds": 1.0})).await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn a_live_playlist_and_manifests_when_asked_for() {
    let receiver = Receiver::start().await;
    let devstack = Devstack::start(&["--webhook-url", &receiver.url, "--speed", "10"]);
    devstack.join("r", "alice", true).await;
    let mut request = devstack.composite_with_segments("r", FULL);
    request["segment_outputs"][0]["live_playlist_name"] = json!("x/live.m3u8");
    request["segment_outputs"][0]["disable_manifest"] = json!(false);
    let id = devstack.start_egress(request).await.json()["egress_id"].as_str().unwrap().to_owned();
    receiver.wait_for("egress_updated ACTIVE").await;
    devstack.post("/dev/recorder", json!({"room": "r", "leap_seconds": 42.0})).await;
    devstack.stop_egress(&id).await;
    let info = receiver.wait_for("egress_ended COMPLETE").await.json()["egressInfo"].clone();
    assert_eq!(info["segmentResults"][0]["livePlaylistName"], "x/live.m3u8");
    assert!(info["manifestLocation"].as_str().unwrap().ends_with(&format!("/x/{id}.json")), "{info}");
    let live = String::from_utf8(devstack.object("x/live.m3u8").await.to_vec()).unwrap();
    assert_eq!(names(&live).len(), 5);
    assert!(live.ends_with("#EXT-X-ENDLIST\n") && !live.contains("EVENT"), "{live}");
    assert!(devstack.keys().await.contains(&format!("x/{id}.json")));
}
