//! An egress of LiveKit's, and the calls that start and stop one.

use std::rc::Rc;

use livekit_storj::http::{Incoming, Unanswered};
use livekit_storj::storj::key::picture_prefix;
use serde_json::{Value, json};

use super::executor::Task;
use super::recorder::life;
use super::storj::folder_of;
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
    /// And for a picture.
    pub picture: bool,
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
    let pictures = body["image_outputs"].as_array().cloned().unwrap_or_default();
    let picture = !pictures.is_empty();
    if pictures.iter().any(|output| output["filename_prefix"] != json!(picture_prefix(&key))) {
        world.violated("two recordings share no picture", body["image_outputs"].to_string());
    }
    let room_sid = world.livekit.borrow().rooms.get(room)?.sid.clone();
    // LiveKit may take an attempt minutes after it was made, and of a stream's jobs the newest eight are known.
    // The picture is given up first.
    let refused = |what: &str| {
        let sql = format!(
            "SELECT count(*) FROM egresses o JOIN egresses e ON e.object_key = ? WHERE o.session_sid = ? AND o.stream_id = e.stream_id \
             AND {what} AND o.error = 'storage_refused' AND o.ended_at < e.requested_at - 60000 \
             AND (SELECT count(*) FROM egresses n WHERE n.stream_id = o.stream_id AND n.requested_at >= o.requested_at) <= 8"
        );
        world.db.one(&sql, livekit_storj::params![&key, &room_sid]) != json!(0)
    };
    if (segments && refused("o.segments <> 'off' AND o.picture = 0")) || (picture && refused("(o.segments <> 'off' OR o.picture = 1)")) {
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
        picture,
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

/// What the request says of the expiry: `+30m`.
fn ttl(body: &Value) -> Option<i64> {
    let text = body["file_outputs"][0]["s3"]["metadata"]["Object-Expires"].as_str()?;
    Some(text.strip_prefix('+')?.strip_suffix('m')?.parse::<i64>().unwrap() * 60_000)
}
