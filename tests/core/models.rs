//! LiveKit and Storj as models: just what the flows ask of them, answered as the real ones were seen to do.

use std::collections::{BTreeMap, BTreeSet};

use livekit_storj::http::{Incoming, Outgoing, Unanswered, Unpiped};
use serde_json::{Value, json};

use super::bucket::Bucket;
use super::world::START;

#[derive(Default)]
pub struct LiveKit {
    pub rooms: BTreeMap<String, (String, Vec<Value>)>,
    pub egresses: Vec<Egress>,
    /// Egresses as a real server listed them (webhook dialect is read as well as Twirp's).
    pub listed: Vec<Value>,
    pub start: Outcome,
    pub lists_down: bool,
    pub calls: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Egress {
    pub id: String,
    pub room: String,
    pub key: String,
    pub status: &'static str,
    pub request: Value,
    /// With its service: nobody is told.
    pub dead: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Outcome {
    #[default]
    Taken,
    /// LiveKit takes it, and its answer is lost.
    TakenInSilence,
    /// 503 "no response from servers": nothing was taken.
    NoRecorder,
    /// 401 in plain text.
    WrongKey,
}

#[derive(Default)]
pub struct Storj {
    pub bucket: Bucket,
    pub refuses: bool,
    /// The key may not write over what is there.
    pub only_adds: bool,
    /// So many times a second write is 429 first.
    pub slow_down: usize,
    pub down: bool,
    pub probes: usize,
    probed: BTreeSet<String>,
    /// Every request.
    pub asked: Vec<String>,
    /// Answers in the bucket's place, where it answers anything.
    pub refuse: Option<Refuse>,
}

/// Another answer than the bucket's own.
pub type Refuse = Box<dyn FnMut(&Outgoing) -> Option<Result<Incoming, Unanswered>>>;

fn answer(status: u16, body: &Value) -> Result<Incoming, Unanswered> {
    Ok(Incoming { status, body: body.to_string().into_bytes(), ..Incoming::default() })
}

impl Egress {
    /// As Twirp tells it: snake_case, zero values there.
    pub fn info(&self) -> Value {
        let over = !matches!(self.status, "EGRESS_STARTING" | "EGRESS_ACTIVE" | "EGRESS_ENDING");
        let done = self.status == "EGRESS_COMPLETE";
        json!({
            "egress_id": self.id, "room_name": self.room, "status": self.status, "started_at": "1795390001000000000",
            "ended_at": if over { "1795390061000000000" } else { "0" }, "error": "", "error_code": 0,
            "room_composite": self.request, "next": null,
            "file_results": [{
                "filename": self.key, "started_at": if self.status == "EGRESS_STARTING" { "0" } else { "1795390004000000000" },
                "duration": if done { "57000000000" } else { "0" }, "size": if done { "525783" } else { "0" }, "location": "",
            }],
        })
    }
}

impl LiveKit {
    pub fn answer(&mut self, request: &Outgoing) -> Result<Incoming, Unanswered> {
        let method = request.url.rsplit('/').next().unwrap().to_owned();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        self.calls.push(method.clone());
        let error = |status, code: &str, message: &str| answer(status, &json!({ "code": code, "msg": message }));
        if self.lists_down && method.starts_with("List") {
            return error(500, "internal", "down");
        }
        match method.as_str() {
            "ListRooms" => {
                let named = |n: &Value| {
                    self.rooms.get(n.as_str().unwrap()).map(|(sid, people)| {
                        // Made by whoever came first.
                        let began = people.first().map_or_else(|| json!((START.0 / 1000).to_string()), |first| first["joined_at"].clone());
                        json!({ "sid": sid, "name": n, "creation_time": began })
                    })
                };
                let rooms: Vec<Value> = body["names"].as_array().unwrap().iter().filter_map(named).collect();
                answer(200, &json!({ "rooms": rooms }))
            }
            "ListParticipants" => match self.rooms.get(body["room"].as_str().unwrap()) {
                Some((_, people)) => {
                    // A recorder waits in the room until somebody publishes.
                    let waiting = self
                        .egresses
                        .iter()
                        .filter(|egress| egress.status == "EGRESS_STARTING" && !egress.dead && body["room"] == egress.room);
                    let recorders =
                        waiting.map(|egress| json!({ "sid": format!("PA_{}", egress.id), "identity": egress.id, "kind": "EGRESS" }));
                    answer(200, &json!({ "participants": people.iter().cloned().chain(recorders).collect::<Vec<_>>() }))
                }
                None => error(404, "not_found", "requested room does not exist"),
            },
            "DeleteRoom" => {
                self.rooms.remove(body["room"].as_str().unwrap());
                answer(200, &json!({}))
            }
            "StartRoomCompositeEgress" => {
                let room = body["room_name"].as_str().unwrap().to_owned();
                match self.start {
                    Outcome::WrongKey => return Ok(Incoming { status: 401, body: b"invalid token: eyJ".to_vec(), ..Incoming::default() }),
                    Outcome::NoRecorder => return error(503, "unavailable", "no response from servers"),
                    _ if !self.rooms.contains_key(&room) => return error(404, "not_found", "requested room does not exist"),
                    _ => {}
                }
                let id = format!("EG_{}", self.egresses.len() + 1);
                let key = body["file_outputs"][0]["filepath"].as_str().unwrap().to_owned();
                self.egresses.push(Egress { id, room, key, status: "EGRESS_STARTING", request: body, dead: false });
                if self.start == Outcome::TakenInSilence {
                    return Err(Unanswered::Timeout);
                }
                answer(200, &self.egresses.last().unwrap().info())
            }
            "StopEgress" => {
                let id = body["egress_id"].as_str().unwrap();
                if let Some(listed) = self.listed.iter().find(|e| e["egressId"] == json!(id)) {
                    // Seen: over is 412; one whose service died is listed as it was for ever, and a stop answers 408.
                    return if listed["endedAt"].is_null() {
                        error(408, "deadline_exceeded", "request timed out")
                    } else {
                        error(412, "failed_precondition", "egress cannot be stopped")
                    };
                }
                let Some(egress) = self.egresses.iter_mut().find(|e| e.id == id) else {
                    return error(404, "not_found", "egress does not exist");
                };
                match egress.status {
                    "EGRESS_STARTING" => egress.status = "EGRESS_ABORTED",
                    "EGRESS_ACTIVE" | "EGRESS_ENDING" => egress.status = "EGRESS_ENDING",
                    _ => return error(412, "failed_precondition", "egress cannot be stopped"),
                }
                answer(200, &egress.info())
            }
            "ListEgress" => {
                let mut items: Vec<Value> = self.egresses.iter().filter(|e| body["room_name"] == json!(e.room)).map(Egress::info).collect();
                items.extend(self.listed.iter().filter(|e| body["room_name"] == e["roomName"]).cloned());
                answer(200, &json!({ "items": items, "next_page_token": null }))
            }
            other => panic!("no such call: {other}"),
        }
    }
}

impl Storj {
    /// Segments of a recording, each of `bytes`, and LiveKit's playlist of all of them.
    pub fn put_segments(&mut self, recording_key: &str, numbers: impl IntoIterator<Item = u32>, bytes: u64) {
        let folder = recording_key.trim_end_matches(".mp4");
        let mut index = "#EXTM3U\n".to_owned();
        for number in numbers {
            self.bucket.objects.insert(format!("{folder}/s_{number:05}.ts"), bytes);
            index += &format!("#EXTINF:6.000,\ns_{number:05}.ts\n");
        }
        let key = format!("{folder}/index.m3u8");
        self.bucket.objects.insert(key.clone(), index.len() as u64);
        self.bucket.texts.insert(key, index);
    }

    pub fn answer(&mut self, request: &Outgoing) -> Result<Incoming, Unanswered> {
        self.asked.push(format!("{} {}", request.method, request.url));
        if self.down {
            return Err(Unanswered::Timeout);
        }
        if let Some(refuse) = &mut self.refuse
            && let Some(answer) = refuse(request)
        {
            return answer;
        }
        if let Some(answer) = self.bucket.answer(request) {
            return Ok(answer);
        }
        let key = request.url.split_once("/recordings/").unwrap().1;
        if request.method == "DELETE" && key.starts_with("livekit-recordings/_doctor/") {
            self.bucket.objects.remove(key);
            return Ok(Incoming { status: 204, ..Incoming::default() });
        }
        if request.method == "PUT" && key.starts_with("thumbnails/") {
            self.bucket.objects.insert(key.to_owned(), request.body.len() as u64);
            return Ok(Incoming { status: 200, ..Incoming::default() });
        }
        assert!(request.method == "PUT" && key.starts_with("livekit-recordings/_probe/"), "{} {key}", request.method);
        self.probes += 1;
        let again = !self.probed.insert(key.to_owned());
        if again && self.slow_down > 0 {
            self.slow_down -= 1;
            return Ok(Incoming { status: 429, ..Incoming::default() });
        }
        let refused = self.refuses || (again && self.only_adds);
        Ok(Incoming { status: if refused { 403 } else { 200 }, ..Incoming::default() })
    }

    pub fn pipe(&mut self, sources: &[Outgoing], length: u64, sink: &Outgoing) -> Result<Incoming, Unpiped> {
        if self.down {
            return Err(Unpiped::Broken { source: 0 });
        }
        if let Some(refuse) = &mut self.refuse
            && let Some(answer) = refuse(sink)
        {
            return answer.map_err(Unpiped::Sink);
        }
        self.bucket.pipe(sources, length, sink)
    }
}
