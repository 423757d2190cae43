//! What must hold, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use livekit_storj::hls::Reel;
use livekit_storj::params;
use serde_json::{Value, json};

use super::keeping::What;
use super::kept::{self, asked_to_delete, gone};
use super::livekit::Stay;
use super::people::{HOST, Said, Word};
use super::storj::{pass, segments_of};
use super::world::{Dashboard, World};

fn text(row: &Value, name: &str) -> String {
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
    numbers_are_lower_bounds(world);
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

/// Whom an identity is of, as the contract has it: not the core's own reading of it.
fn person(identity: &str) -> &str {
    identity.split('~').next().unwrap()
}

/// Viewers who were in the sessions of a stream.
fn viewers(world: &World, stream: &str) -> Vec<Stay> {
    let sql = "SELECT sid FROM sessions WHERE stream_id = ? UNION SELECT session_sid FROM participants WHERE stream_id = ?";
    let sids: BTreeSet<String> = world.db.rows(sql, params![stream, stream]).iter().map(|row| text(row, "sid")).collect();
    let livekit = world.livekit.borrow();
    livekit.stays.iter().filter(|stay| sids.contains(&stay.room_sid) && stay.identity != HOST).cloned().collect()
}

/// Unique viewers and watch time are never more than there were; nor is the peak, unless a leaving was
/// never told.
fn numbers_are_lower_bounds(world: &World) {
    for stream in world.db.rows("SELECT id, peak_viewers, unique_viewers, watch_ms FROM live_streams", vec![]) {
        let stays = viewers(world, &text(&stream, "id"));
        let people: BTreeSet<&str> = stays.iter().map(|stay| person(&stay.identity)).collect();
        let watched: i64 = stays.iter().map(|stay| stay.left.unwrap_or(world.livekit_now()) - stay.joined).sum();
        if stream["unique_viewers"].as_u64() > Some(people.len() as u64) {
            world.violated("unique viewers are a lower bound", format!("{} there were: {stream}", people.len()));
        }
        // Of who went without a word the last look's time is taken, which is by the Worker's clock, not LiveKit's.
        let clocks = (world.livekit_now() - world.now()).abs() * i64::try_from(stays.len()).unwrap();
        if stream["watch_ms"].as_i64() > Some(watched + clocks) {
            world.violated("watch time is a lower bound", format!("{watched} ms there were: {stream}"));
        }
        let mut moments: Vec<(i64, i64)> = stays.iter().flat_map(|s| [(s.joined, 1), (s.left.unwrap_or(i64::MAX), -1)]).collect();
        // Who comes in the moment in which another goes counts beside him.
        moments.sort_by_key(|(at, change)| (*at, -change));
        let most = moments
            .iter()
            .scan(0, |now, (_, change)| {
                *now += change;
                Some(*now)
            })
            .max()
            .unwrap_or(0);
        if stream["peak_viewers"].as_i64() > Some(most)
            && !world.counts.borrow().contains_key("webhooks lost")
            && no_leaving_was_lost(world)
        {
            world.violated("the peak is a lower bound", format!("{most} there were: {stream}"));
        }
    }
}

fn no_leaving_was_lost(world: &World) -> bool {
    !world.counts.borrow().keys().any(|what| {
        what.contains("Dropped")
            || what.contains("Overtaken")
            || what.contains("outage D1")
            || what.contains("outage Webhooks")
            || what.contains("fault d1")
    })
}

/// Rooms are as they were after the storm, and had 45 minutes.
pub fn while_rooms_are_open(world: &World) {
    at_most_one_egress_a_session(world);
    what_was_stopped_does_not_record(world);
    a_start_after_a_stop_is_a_new_one(world);
    what_is_wished_records(world);
    streams_are_live_and_counted(world);
}

fn at_most_one_egress_a_session(world: &World) {
    let mut alive: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for egress in world.livekit.borrow().egresses.iter().filter(|egress| egress.is_alive()) {
        alive.entry(egress.room_sid.clone()).or_default().push(egress.id.clone());
    }
    for (sid, egresses) in alive.iter().filter(|(_, egresses)| egresses.len() > 1) {
        world.violated("one egress a session", format!("{sid}: {egresses:?}"));
    }
}

/// A word is undone only by one that was said, or may have arrived, later.
fn stands<'a>(all: &'a [Said], said: &'a Said, others: &'a [Word]) -> bool {
    let ended = |other: &Said| other.answered.map_or(i64::MAX, |(at, _)| at);
    !all.iter()
        .any(|other| other.room == said.room && others.contains(&other.word) && ended(other) >= said.sent && !std::ptr::eq(other, said))
}

fn what_was_stopped_does_not_record(world: &World) {
    let all = world.said.borrow();
    for said in all.iter().filter(|said| said.word != Word::Start && said.answered.is_some_and(|(_, status)| status == 200)) {
        if !stands(&all, said, &[Word::Start]) {
            continue;
        }
        let Some(stream) = &said.stream else { continue };
        let keys: Vec<String> = world
            .db
            .rows("SELECT object_key FROM egresses WHERE stream_id = ?", params![stream])
            .iter()
            .map(|row| text(row, "object_key"))
            .collect();
        for egress in world.livekit.borrow().egresses.iter().filter(|egress| egress.is_alive() && keys.contains(&egress.key)) {
            world.violated("what was stopped does not record", format!("{} after {said:?}", egress.id));
        }
        world.count("a last word was stop");
    }
}

/// Asked again after a stop, it is a new one that records.
fn a_start_after_a_stop_is_a_new_one(world: &World) {
    let all = world.said.borrow();
    for start in all.iter().filter(|said| said.word == Word::Start && matches!(said.answered, Some((_, 200)))) {
        let before = |stop: &&Said| stop.word != Word::Start && stop.answered.is_some_and(|(at, status)| status == 200 && at <= start.sent);
        if let Some(stop) = all.iter().filter(before).find(|stop| start.egresses.iter().any(|id| stop.egresses.contains(id))) {
            world.violated("a start after a stop is a new one", format!("{stop:?} {start:?}"));
        }
    }
}

fn what_is_wished_records(world: &World) {
    let livekit = world.livekit.borrow();
    for room in livekit.rooms.values().filter(|room| room.people.iter().any(|p| p.identity == HOST && p.publishes)) {
        let sql = "SELECT l.id, l.status, l.wish, l.wish_error, l.session_sid, l.tend_at, l.ended_by, j.status AS job, j.egress_id, j.error \
                   FROM live_streams l LEFT JOIN egresses j ON j.id = l.job_id WHERE l.room_name = ? \
                   ORDER BY l.ended_at IS NULL DESC, l.created_at DESC, l.id DESC";
        let Some(stream) = world.db.rows(sql, params![&room.name]).into_iter().next() else { continue };
        let recording = livekit.egresses.iter().any(|e| e.room_sid == room.sid && e.status == "EGRESS_ACTIVE" && !e.dead);
        let wanted = matches!(stream["wish"].as_str(), Some("auto" | "asked")) && stream["ended_by"].is_null();
        // Without any webhook nobody tells that the host came.
        let told = world.dashboard != Dashboard::Nothing || text(&stream, "wish") == "asked";
        // A life of a room of which every word was lost, after one that is over, nobody knows of ("Not covered").
        let life = world.db.one("SELECT count(*) FROM sessions WHERE sid = ?", params![&room.sid]);
        let unheard = life == json!(0) && !stream["session_sid"].is_null() && text(&stream, "wish") == "auto";
        if wanted && told && !recording && unheard && world.counts.borrow().contains_key("webhooks lost") {
            world.count("a life of a room that nobody told of");
            continue;
        }
        if wanted && told && !recording {
            world.violated("what is wished records", format!("{}: {stream}", room.sid));
        }
        if wanted && recording {
            world.count("a wish came true");
            let job = world.db.one("SELECT count(*) FROM egresses WHERE session_sid = ? AND status = 'recording'", params![&room.sid]);
            if job != json!(1) {
                world.violated("what records is filed as recording", format!("{}: {stream}", room.sid));
            }
        }
        let all = world.said.borrow();
        let asked = all.iter().find(|said| {
            let taken = matches!(said.answered, Some((_, 200 | 202)));
            said.word == Word::Start
                && taken
                && said.session.as_ref() == Some(&room.sid)
                && stands(&all, said, &[Word::Stop, Word::End, Word::Start])
        });
        if let Some(asked) = asked
            && !recording
        {
            world.violated("what was asked for is not forgotten", format!("{asked:?}: {stream}"));
        }
    }
}

fn streams_are_live_and_counted(world: &World) {
    let sql = "SELECT l.id, l.status, l.viewer_count, l.session_sid, s.ended_at AS over, l.room_name, l.tend_at, l.ended_at FROM live_streams l \
               LEFT JOIN sessions s ON s.sid = l.session_sid";
    for stream in world.db.rows(sql, vec![]) {
        let livekit = world.livekit.borrow();
        let room = livekit.rooms.values().find(|room| room.sid == text(&stream, "session_sid"));
        let publishes = room.is_some_and(|room| room.people.iter().any(|p| p.identity == HOST && p.publishes));
        let status = text(&stream, "status");
        if status == "live" && !publishes {
            world.violated("live means that the host publishes", stream.to_string());
        }
        if status == "created" && publishes && stream["over"].is_null() {
            world.violated("a host who publishes is live", stream.to_string());
        }
        let watching = |room: &super::livekit::Room| room.people.iter().filter(|p| !p.recorder && p.identity != HOST).count();
        let present = room.filter(|_| stream["ended_at"].is_null()).map_or(0, watching);
        if stream["viewer_count"] != json!(present) {
            world.violated("viewers are counted", format!("{present} are there: {stream}"));
        }
    }
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
