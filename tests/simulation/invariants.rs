//! What must hold, whatever happened.

use std::collections::BTreeMap;

use livekit_storj::hls::Reel;
use livekit_storj::params;
use serde_json::{Value, json};

use super::keeping::What;
use super::kept::{self, asked_to_delete, gone};
use super::numbers;
use super::storj::{pass, segments_of};
use super::world::World;

pub fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

/// Nothing is left to do.
pub fn is_drained(world: &World) -> bool {
    let open = "SELECT (SELECT count(*) FROM live_streams WHERE tend_at IS NOT NULL) + (SELECT count(*) FROM trash) \
                + (SELECT count(*) FROM reels WHERE join_at IS NOT NULL) + (SELECT count(*) FROM saves) \
                + (SELECT count(*) FROM assets WHERE status = 'deleting' OR (status = 'ready' AND expires_at IS NOT NULL))";
    world.db.one(open, vec![]) == json!(0) && world.livekit.borrow().egresses.iter().all(|egress| egress.is_over() || egress.dead)
}

/// After each calm.
pub fn at_any_time(world: &World) {
    pass(world);
    for row in world.db.rows("SELECT what FROM violations", vec![]) {
        world.violated("no state goes backwards", text(&row, "what"));
    }
    jobs_and_egresses_are_the_same(world);
    every_file_has_its_recording(world);
    numbers::are_lower_bounds(world);
    kept::at_any_time(world);
}

/// Each egress that LiveKit has is filed as a job, and a job's ending is LiveKit's.
fn jobs_and_egresses_are_the_same(world: &World) {
    let jobs = world.db.rows("SELECT id, egress_id, object_key, status, inferred, heard, error FROM egresses", vec![]);
    for egress in world.livekit.borrow().egresses.iter().filter(|egress| !egress.forgotten) {
        let Some(job) = jobs.iter().find(|job| text(job, "object_key") == egress.key) else {
            if !asked_to_delete(world, What::DeleteStream, &egress.stream) {
                world.violated("every egress has its job", egress.id.clone());
            }
            continue;
        };
        if text(job, "egress_id") != egress.id {
            world.violated("every egress has its job", format!("{} is not known: {job}", egress.id));
        }
        let ending = match egress.status {
            "EGRESS_COMPLETE" => "complete",
            "EGRESS_FAILED" => "failed",
            "EGRESS_ABORTED" => "aborted",
            "EGRESS_LIMIT_REACHED" => "limit_reached",
            _ => continue,
        };
        if text(job, "status") != ending || job["inferred"] != json!(0) {
            world.violated("a job ends as LiveKit says", format!("{} is {}: {job}", egress.id, egress.status));
        }
    }
}

/// Exactly one recording for each file of ours and for each one that left segments alone, and its status is true.
fn every_file_has_its_recording(world: &World) {
    let sql = "SELECT a.object_key, a.status, a.size_bytes, a.partial, a.format, a.livepeer_asset_id, a.saved_key, a.expires_at, e.egress_id, a.job_id, e.id AS job, \
               a.stream_id, e.object_key AS asked_for, r.reel, e.file, e.segments FROM assets a \
               LEFT JOIN egresses e ON e.id = a.job_id LEFT JOIN reels r ON r.job_id = a.job_id";
    let assets = world.db.rows(sql, vec![]);
    let objects = world.storj.borrow().objects.clone();
    let egresses = world.livekit.borrow().egresses.clone();
    let (gone, expired) = (gone(world), world.expired.borrow().clone());
    for egress in &egresses {
        // What is not kept has no recording any more.
        if gone.contains(&egress.key) || egress.ttl.is_some() && expired.iter().any(|key| key.starts_with(stem(&egress.key))) {
            continue;
        }
        let segments = world.cut.borrow().get(&egress.key).cloned().unwrap_or_default();
        let (file, folder) = (objects.get(&egress.key), Some(&segments).filter(|segments| !segments.is_empty()));
        if file.is_none() && (folder.is_none() || egress.is_alive() || egress.status == "EGRESS_ENDING" && !egress.dead) {
            continue;
        }
        let is_saved = |asset: &Value| !asset["saved_key"].is_null();
        let asset = match assets.iter().filter(|asset| text(asset, "asked_for") == egress.key).collect::<Vec<_>>().as_slice() {
            [asset] => *asset,
            others => {
                let how = format!("{}: {} recordings for file {file:?}, segments {}", egress.key, others.len(), folder.is_some());
                world.violated("every file has one recording", how);
                continue;
            }
        };
        let true_file =
            |size: u64| text(asset, "format") == "mp4" && asset["size_bytes"] == json!(size) && is_partial(world, &egress.key, size, asset);
        let true_segments = |folder: &BTreeMap<u32, u64>| {
            let reel = Reel::read(&text(asset, "reel"));
            let there = (reel.first..).zip(&reel.segments).filter(|(_, segment)| segment.bytes > 0);
            let there: Vec<_> = there.map(|(number, segment)| (number, segment.bytes.unsigned_abs())).collect();
            text(asset, "format") == "segments"
                && asset["partial"] == json!(1)
                && asset["size_bytes"] == json!(folder.values().sum::<u64>())
                && there == folder.iter().map(|(number, bytes)| (*number, *bytes)).collect::<Vec<_>>()
                && (segments_of(&world.storj.borrow(), &egress.key) == *folder || is_joined(world, &egress.key, folder, asset))
        };
        let is_true = match (file, folder) {
            (Some(size), Some(folder)) => {
                // What LiveKit told decides whether the file may be a part; what it never told, nobody knows.
                let knows = egress.is_over() && !egress.forgotten;
                let short = knows && *size * 10 < egress.size * 9 && folder.len() > 5;
                // Of a file that LiveKit told nothing of nothing can be said against it.
                let may_be_a_part = !knows || (egress.size > 0 && (egress.status == "EGRESS_FAILED" || *size != egress.size));
                (true_file(*size) && !short) || (may_be_a_part && true_segments(folder))
            }
            (Some(size), None) => true_file(*size),
            (None, Some(folder)) => true_segments(folder),
            (None, None) => true,
        };
        if text(asset, "status") != "ready" || !(is_true || is_saved(asset)) {
            let how = format!("{} has a file of {file:?} bytes and segments of {:?}: {asset}", egress.key, folder.map(BTreeMap::len));
            world.violated("a recording tells the truth", how);
        }
    }
    for asset in &assets {
        if asset["job"].is_null() {
            world.violated("a recording is a job's", asset.to_string());
        }
        let key = if asset["saved_key"].is_null() { "object_key" } else { "saved_key" };
        let is_there = objects.contains_key(&text(asset, key)) || text(asset, "format") == "segments";
        // What Storj deleted is deleted here with the next run of the schedule.
        let is_expired = expired.contains(&text(asset, "object_key")) && !asset["expires_at"].is_null();
        if !is_there && !is_expired && !matches!(text(asset, "status").as_str(), "missing" | "deleting") {
            world.violated("a recording without its file is missing", asset.to_string());
        }
        let partial = if asset["partial"] == json!(1) { " partial" } else { "" };
        world.count(format!("recording {} {}{partial}", text(asset, "status"), text(asset, "format")));
    }
}

/// What all keys of a recording begin with.
fn stem(key: &str) -> &str {
    key.strip_suffix(".mp4").unwrap_or(key)
}

/// Whether the recording is one object that is made of all of its segments, in order.
fn is_joined(world: &World, key: &str, segments: &BTreeMap<u32, u64>, asset: &Value) -> bool {
    let (storj, whole) = (world.storj.borrow(), key.replace(".mp4", ".ts"));
    let folder = key.replace(".mp4", "/");
    let made_of = segments.iter().map(|(number, bytes)| (format!("{folder}s_{number:05}.ts"), *bytes));
    asset["object_key"] == json!(whole)
        && storj.objects.contains_key(&whole)
        && storj.pieces(&whole).into_iter().map(|piece| (piece.of, piece.length)).eq(made_of)
}

/// Whether `partial` says what is so: the egress failed, or the object has another size than LiveKit told. Of
/// an egress that LiveKit never told the end of nobody knows.
fn is_partial(world: &World, key: &str, size: u64, asset: &Value) -> bool {
    let livekit = world.livekit.borrow();
    let Some(egress) = livekit.egresses.iter().find(|egress| egress.key == key) else { return false };
    let knows = egress.is_over() && !egress.forgotten;
    let partial = egress.status == "EGRESS_FAILED" || egress.size != size;
    asset["livepeer_asset_id"] == asset["egress_id"] && (!knows || asset["partial"] == json!(i64::from(partial)))
}

/// Everybody went home, and the schedule had half a day.
pub fn when_all_is_over(world: &World) {
    pass(world);
    kept::when_all_is_over(world);
    for stream in world.db.rows("SELECT id, status, wish, tend_at, viewer_count FROM live_streams", vec![]) {
        if !stream["tend_at"].is_null() {
            let sql = "SELECT egress_id, status, inferred, heard, error, file FROM egresses WHERE stream_id = ? AND (heard IS NULL OR heard < 3 OR file = 'unknown')";
            let jobs = world.db.rows(sql, params![&text(&stream, "id")]);
            world.violated("nothing is tended for ever", format!("{stream}, its open jobs {}", json!(jobs)));
        }
        if stream["status"] == json!("live") {
            world.violated("live means that the host publishes", stream.to_string());
        }
        if stream["viewer_count"] != json!(0) {
            world.violated("nobody watches what is over", stream.to_string());
        }
        // A wish of that moment ends: it came true, its hour is over, or its session is.
        if stream["wish"] == json!("asked") {
            world.violated("every wish ends", stream.to_string());
        }
        world.count(format!("stream {} {}", text(&stream, "status"), text(&stream, "wish")));
    }
    for job in world.db.rows("SELECT id, egress_id, status, inferred, error, part FROM egresses", vec![]) {
        if matches!(text(&job, "status").as_str(), "requested" | "starting" | "recording" | "stopping") {
            world.violated("every job ends", job.to_string());
        }
        if matches!(text(&job, "status").as_str(), "failed" | "aborted") && text(&job, "error").is_empty() {
            world.violated("every failure says why", job.to_string());
        }
        world.count(format!("job {} {}", text(&job, "status"), text(&job, "error")));
        if job["part"].as_u64() > Some(1) {
            world.count("job of a further part");
        }
    }
    for upload in world.storj.borrow().uploads.values().filter(|upload| !upload.parts.is_empty()) {
        world.violated("no upload is left half-done", upload.key.clone());
    }
    for egress in &world.livekit.borrow().egresses {
        let mp4 = "SELECT count(*) FROM assets a JOIN egresses e ON e.id = a.job_id WHERE e.object_key = ? AND a.format = 'mp4' AND a.status = 'ready'";
        let left = segments_of(&world.storj.borrow(), &egress.key).len();
        if left > 0 && world.db.one(mp4, params![&egress.key]) == json!(1) {
            world.violated("segments go once the file is verified", format!("{}: {left} are left", egress.key));
        }
    }
    for egress in world.livekit.borrow().egresses.iter().filter(|egress| egress.is_alive()) {
        world.violated("nothing records without a room", egress.id.clone());
    }
}
