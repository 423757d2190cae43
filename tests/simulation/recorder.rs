//! LiveKit's recorder as a model: the life of an egress, as it was seen on the real one.

use std::rc::Rc;

use livekit_storj::http::{Incoming, Unanswered};
use serde_json::{Value, json};

use super::cutter::{Cut, cut};
use super::executor::Task;
use super::fault::{Edge, Fault};
use super::livekit::{join, leave};
use super::plan::Outage;
use super::storj::folder_of;
use super::webhooks::tell_of_egress;
use super::world::World;

/// One egress.
#[derive(Clone, Debug)]
pub struct Egress {
    pub id: String,
    pub room: String,
    pub room_sid: String,
    pub key: String,
    pub status: &'static str,
    /// Its recorder is gone and nobody noticed: listed as it was for ever.
    pub dead: bool,
    /// LiveKit's lists do not have it any more.
    pub forgotten: bool,
    /// The request asked for webhooks of its own.
    pub own_webhook: bool,
    /// The request asked for segments beside the file.
    pub segments: bool,
    /// How long Storj keeps its objects.
    pub ttl: Option<i64>,
    /// The stream it was started for.
    pub stream: String,
    pub asked_to_stop: bool,
    pub started: i64,
    pub first_frame: i64,
    pub ended: i64,
    pub size: u64,
    pub error: &'static str,
    pub error_code: u64,
    task: Task,
}

impl Egress {
    /// Whether it records or is about to.
    pub fn is_alive(&self) -> bool {
        !self.dead && matches!(self.status, "EGRESS_STARTING" | "EGRESS_ACTIVE")
    }

    pub fn is_over(&self) -> bool {
        !matches!(self.status, "EGRESS_STARTING" | "EGRESS_ACTIVE" | "EGRESS_ENDING")
    }

    /// As Twirp tells it: `snake_case`, zero values there.
    pub fn info(&self) -> Value {
        let nanos = |ms: i64| (ms * 1_000_000).to_string();
        let length = if self.size > 0 { nanos(self.ended - self.first_frame) } else { "0".to_owned() };
        json!({
            "egress_id": self.id, "room_id": self.room_sid, "room_name": self.room, "status": self.status,
            "started_at": nanos(self.started), "ended_at": nanos(self.ended), "error": self.error, "error_code": self.error_code,
            "room_composite": { "room_name": self.room, "file_outputs": [{ "filepath": self.key }] },
            "file_results": [{
                "filename": self.key, "started_at": nanos(self.first_frame), "ended_at": nanos(self.ended), "duration": length,
                "size": self.size.to_string(), "location": if self.size > 0 { "https://127.0.0.1:9000/x.mp4" } else { "" },
            }],
        })
    }

    /// As a webhook tells it: camelCase, zero values absent.
    pub fn event(&self) -> Value {
        let mut info = json!({
            "egressId": self.id, "roomId": self.room_sid, "roomName": self.room, "startedAt": (self.started * 1_000_000).to_string(),
            "roomComposite": { "roomName": self.room, "fileOutputs": [{ "filepath": self.key }] },
            "fileResults": [{ "filename": self.key }],
        });
        if self.status != "EGRESS_STARTING" {
            info["status"] = json!(self.status);
        }
        if self.first_frame > 0 {
            info["fileResults"][0]["startedAt"] = json!((self.first_frame * 1_000_000).to_string());
        }
        if self.is_over() {
            info["endedAt"] = json!((self.ended * 1_000_000).to_string());
            if !self.error.is_empty() {
                info["error"] = json!(self.error);
                info["errorCode"] = json!(self.error_code);
            }
            if self.size > 0 {
                let file = &mut info["fileResults"][0];
                file["endedAt"] = json!((self.ended * 1_000_000).to_string());
                file["duration"] = json!(((self.ended - self.first_frame) * 1_000_000).to_string());
                file["size"] = json!(self.size.to_string());
                file["location"] = json!("https://127.0.0.1:9000/x.mp4");
            }
        }
        info
    }
}

/// Looks again at every egress: something happened in a room.
pub fn wake_all(world: &World) {
    let tasks: Vec<Task> = world.livekit.borrow().egresses.iter().filter(|e| !e.is_over() && !e.dead).map(|e| e.task).collect();
    tasks.into_iter().for_each(|task| world.exec.wake(task));
}

/// `StartRoomCompositeEgress`. `None`: there is no such room.
pub fn start(world: &Rc<World>, room: &str, body: &Value) -> Option<Value> {
    let key = body["file_outputs"][0]["filepath"].as_str().unwrap().to_owned();
    let on_file = world.db.one("SELECT count(*) FROM egresses WHERE object_key = ?", livekit_storj::params![&key]);
    if on_file != json!(1) {
        world.violated("an attempt is on file before LiveKit is asked", key.clone());
    }
    if world.livekit.borrow().egresses.iter().any(|egress| egress.key == key) {
        world.violated("a key is used once", key.clone());
    }
    let hasty = "SELECT count(*) FROM egresses e JOIN egresses o ON o.session_sid = e.session_sid WHERE e.object_key = ? AND o.egress_id IS NULL \
                 AND o.error = 'livekit_unavailable' AND o.ended_at - o.requested_at < 90000 AND o.ended_at <= e.requested_at";
    if world.db.one(hasty, livekit_storj::params![&key]) != json!(0) {
        world.violated("an unknown outcome is waited for", key.clone());
    }
    let outputs = body["segment_outputs"].as_array().cloned().unwrap_or_default();
    let segments = !outputs.is_empty();
    for output in &outputs {
        let folder = folder_of(&key);
        if output["filename_prefix"] != json!(format!("{folder}s")) || output["playlist_name"] != json!(format!("{folder}index.m3u8")) {
            world.violated("two recordings share no playlist", output.to_string());
        }
    }
    let room_sid = world.livekit.borrow().rooms.get(room)?.sid.clone();
    // LiveKit may take an attempt minutes after it was made, and of a stream's jobs the newest eight are known.
    let refused = "SELECT count(*) FROM egresses o JOIN egresses e ON e.object_key = ? \
                   WHERE o.session_sid = ? AND o.segments <> 'off' AND o.error = 'storage_refused' AND o.ended_at < e.requested_at - 60000 \
                   AND (SELECT count(*) FROM egresses n WHERE n.stream_id = o.stream_id AND n.requested_at >= o.requested_at) <= 8";
    if segments && world.db.one(refused, livekit_storj::params![&key, &room_sid]) != json!(0) {
        world.violated("what the bucket refused is not asked for again", key.clone());
    }
    let stream = world.db.one("SELECT stream_id FROM egresses WHERE object_key = ?", livekit_storj::params![&key]);
    let stream = stream.as_str().unwrap_or_default().to_owned();
    let number = world.livekit.borrow().egresses.len();
    let id = format!("EG_{}", number + 1);
    let own_webhook = body["webhooks"].as_array().is_some_and(|hooks| !hooks.is_empty());
    let task = {
        let world = world.clone();
        world.clone().exec.spawn(async move { life(world, number).await })
    };
    let egress = Egress {
        id,
        room: room.to_owned(),
        room_sid,
        key,
        status: "EGRESS_STARTING",
        dead: false,
        forgotten: false,
        own_webhook,
        segments,
        ttl: ttl(body),
        stream,
        asked_to_stop: false,
        started: world.livekit_now(),
        first_frame: 0,
        ended: 0,
        size: 0,
        error: "",
        error_code: 0,
        task,
    };
    let info = egress.info();
    world.livekit.borrow_mut().egresses.push(egress);
    Some(info)
}

/// `StopEgress`
pub fn stop(world: &Rc<World>, id: &str) -> Result<Incoming, Unanswered> {
    let answer = |status, body: Value| Ok(Incoming { status, body: body.to_string().into_bytes(), ..Incoming::default() });
    let mut livekit = world.livekit.borrow_mut();
    let Some(egress) = livekit.egresses.iter_mut().find(|e| e.id == id && !e.forgotten) else {
        return answer(404, json!({ "code": "not_found", "msg": "egress does not exist" }));
    };
    if egress.is_over() {
        return answer(412, json!({ "code": "failed_precondition", "msg": "egress cannot be stopped" }));
    }
    if egress.dead {
        return answer(408, json!({ "code": "deadline_exceeded", "msg": "request timed out" }));
    }
    egress.asked_to_stop = true;
    egress.status = if egress.status == "EGRESS_STARTING" { "EGRESS_ABORTED" } else { "EGRESS_ENDING" };
    if egress.is_over() {
        (egress.ended, egress.error, egress.error_code) = (world.livekit_now(), "Start signal not received", 412);
    }
    let (info, task) = (egress.info(), egress.task);
    drop(livekit);
    world.exec.wake(task);
    answer(200, info)
}

/// Why it does not go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Stopped,
    RoomOver,
    Dead,
    Ready,
}

async fn life(world: Rc<World>, n: usize) {
    let id = world.livekit.borrow().egresses[n].id.clone();
    let fate = world.fault(&id, Edge::Egress);
    tell(&world, n, "egress_started", |_| {});
    // (1) The recorder joins and waits for somebody who publishes.
    let met = wait(&world, n, None, |world, egress| world.livekit.borrow().is_published_in(&egress.room_sid)).await;
    let warm_up = world.now() + world.dice.ms(&id, "warm-up", 3_200, 4_000);
    let met = if met == Some(Until::Ready) { wait(&world, n, Some(warm_up), |_, _| false).await } else { met };
    match met {
        Some(Until::Dead) => return,
        Some(Until::Stopped | Until::RoomOver) => return end(&world, n, "EGRESS_ABORTED", "Start signal not received", 412, 0),
        _ => {}
    }
    if fate == Some(Fault::NeverStarts) {
        return end(&world, n, "EGRESS_FAILED", "Chrome exited", 500, 0);
    }
    // (2) It records.
    let room = world.livekit.borrow().egresses[n].room.clone();
    join(&world, &room, &id, true);
    tell(&world, n, "egress_updated", |egress| (egress.status, egress.first_frame) = ("EGRESS_ACTIVE", world.livekit_now()));
    let segments = world.livekit.borrow().egresses[n].segments;
    let fate = fate.filter(|fate| segments || !matches!(fate, Fault::SegmentRefused | Fault::SegmentLost));
    let fated = matches!(
        fate,
        Some(
            Fault::RecorderFails
                | Fault::RecorderLosesRoom
                | Fault::RecorderDies
                | Fault::LimitReached
                | Fault::SegmentRefused
                | Fault::FileAfterAll
        )
    );
    let until = fated.then(|| world.now() + world.dice.ms(&id, "fate", 500, 150_000));
    let met = wait(&world, n, until, |_, _| false).await;
    let length = world.livekit_now() - world.livekit.borrow().egresses[n].first_frame;
    let size = 1_000 + length.unsigned_abs() * 300;
    if met == Some(Until::Dead) {
        return;
    }
    let gone = {
        let (world, id, room) = (world.clone(), id.clone(), room.clone());
        async move {
            world.exec.sleep(20_000).await;
            leave(&world, &room, &id);
        }
    };
    world.exec.spawn(gone);
    match (met, fate) {
        (None, Some(Fault::RecorderDies)) => {
            world.livekit.borrow_mut().egresses[n].dead = true;
            return cut(&world, n, Cut::Off);
        }
        (None, Some(Fault::RecorderFails)) => {
            cut(&world, n, Cut::Off);
            return end(&world, n, "EGRESS_FAILED", "signal: killed", 500, 0);
        }
        (None, Some(Fault::FileAfterAll)) => {
            cut(&world, n, Cut::Off);
            upload(&world, n, size, fate);
            return end(&world, n, "EGRESS_FAILED", "signal: killed", 500, 0);
        }
        (None, Some(Fault::SegmentRefused)) => {
            cut(&world, n, Cut::Off);
            return end(&world, n, "EGRESS_FAILED", "S3 upload failed: StatusCode: 403", 400, 0);
        }
        (None, Some(Fault::RecorderLosesRoom)) => {
            cut(&world, n, Cut::Whole);
            let size = upload(&world, n, size, fate);
            return end(&world, n, "EGRESS_FAILED", "lost the room", 503, size);
        }
        _ => {}
    }
    // (3) It uploads.
    let fate = fate.filter(|fate| *fate != Fault::FileAfterAll);
    cut(&world, n, if fate == Some(Fault::SegmentLost) { Cut::WithAHole } else { Cut::Whole });
    tell(&world, n, "egress_updated", |egress| egress.status = "EGRESS_ENDING");
    world.exec.sleep(world.dice.ms(&id, "upload", 280, 6_000)).await;
    if world.livekit.borrow().egresses[n].dead {
        return;
    }
    if fate == Some(Fault::UploadFails) || world.is_away(Outage::Storj) || world.is_away(Outage::Key) {
        return end(
            &world,
            n,
            "EGRESS_FAILED",
            if world.is_away(Outage::Storj) { "S3 upload failed: StatusCode: 503" } else { "S3 upload failed: StatusCode: 403" },
            400,
            0,
        );
    }
    let size = upload(&world, n, size, fate);
    match fate {
        Some(Fault::DiesAfterUpload) => {
            world.livekit.borrow_mut().egresses[n].dead = true;
            return;
        }
        Some(Fault::SegmentLost) => return end(&world, n, "EGRESS_FAILED", "S3 upload failed: StatusCode: 503", 400, size),
        Some(Fault::UploadUntold) => return end(&world, n, "EGRESS_FAILED", "signal: killed", 500, 0),
        _ => {}
    }
    let limit = met.is_none() && fate == Some(Fault::LimitReached);
    end(&world, n, if limit { "EGRESS_LIMIT_REACHED" } else { "EGRESS_COMPLETE" }, "", 0, size);
}

/// Waits for `ready`, a stop, the room's end, its own death, or `until` (then `None`).
async fn wait(world: &Rc<World>, n: usize, until: Option<i64>, ready: impl Fn(&World, &Egress) -> bool) -> Option<Until> {
    let look = || {
        let egress = world.livekit.borrow().egresses[n].clone();
        let over = !world.livekit.borrow().has_room(&egress.room_sid);
        match () {
            () if egress.dead => Some(Until::Dead),
            () if egress.asked_to_stop => Some(Until::Stopped),
            () if over => Some(Until::RoomOver),
            () if ready(world, &egress) => Some(Until::Ready),
            () => None,
        }
    };
    world.exec.park(until, look).await
}

/// The object is there before anybody is told. Answers the size that LiveKit tells.
fn upload(world: &Rc<World>, n: usize, size: u64, fate: Option<Fault>) -> u64 {
    let key = world.livekit.borrow().egresses[n].key.clone();
    let half = world.dice.chance(&key, "half", 500);
    let written = match fate {
        Some(Fault::UploadShort) if half => size / 2,
        Some(Fault::UploadShort) => size - 500,
        _ => size,
    };
    match fate {
        Some(Fault::UploadMissing) => {}
        Some(Fault::UploadLate | Fault::FileAfterAll) => {
            let (least, most) = if fate == Some(Fault::UploadLate) { (1_000, 50_000) } else { (1_000, 200_000) };
            let (world, late) = (world.clone(), world.dice.ms(&key, "late", least, most));
            world.clone().exec.spawn(async move {
                world.exec.sleep(late).await;
                put(&world, n, key, written);
            });
        }
        _ => put(world, n, key, written),
    }
    size
}

/// The object is there from now on, until its time is over.
fn put(world: &World, n: usize, key: String, bytes: u64) {
    let (ttl, mut storj) = (world.livekit.borrow().egresses[n].ttl, world.storj.borrow_mut());
    storj.expires.extend(ttl.map(|ttl| (key.clone(), world.now() + ttl)));
    storj.objects.insert(key, bytes);
}

/// What the request says of the expiry: `+30m`.
fn ttl(body: &Value) -> Option<i64> {
    let text = body["file_outputs"][0]["s3"]["metadata"]["Object-Expires"].as_str()?;
    Some(text.strip_prefix('+')?.strip_suffix('m')?.parse::<i64>().unwrap() * 60_000)
}

fn end(world: &Rc<World>, n: usize, status: &'static str, error: &'static str, code: u64, size: u64) {
    world.count(format!("egress ends {status}"));
    let ended = world.livekit_now();
    tell(world, n, "egress_ended", |egress| {
        (egress.status, egress.error, egress.error_code, egress.size, egress.ended) = (status, error, code, size, ended);
    });
}

fn tell(world: &Rc<World>, n: usize, event: &str, change: impl FnOnce(&mut Egress)) {
    change(&mut world.livekit.borrow_mut().egresses[n]);
    let egress = world.livekit.borrow().egresses[n].clone();
    tell_of_egress(world, &egress, event);
}
