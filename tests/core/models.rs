//! LiveKit and Storj as models: just what the flows ask of them, answered as the real ones were seen to do.

use std::collections::BTreeMap;

use livekit_storj::http::{Incoming, Outgoing, Unanswered};
use serde_json::{Value, json};

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
    pub objects: BTreeMap<String, u64>,
    pub refuses: bool,
    pub down: bool,
    pub probes: usize,
}

fn answer(status: u16, body: &Value) -> Result<Incoming, Unanswered> {
    Ok(Incoming { status, content_length: None, body: body.to_string().into_bytes() })
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
                    self.rooms
                        .get(n.as_str().unwrap())
                        .map(|(sid, _)| json!({ "sid": sid, "name": n, "creation_time": (START.0 / 1000).to_string() }))
                };
                let rooms: Vec<Value> = body["names"].as_array().unwrap().iter().filter_map(named).collect();
                answer(200, &json!({ "rooms": rooms }))
            }
            "ListParticipants" => match self.rooms.get(body["room"].as_str().unwrap()) {
                Some((_, people)) => answer(200, &json!({ "participants": people })),
                None => error(404, "not_found", "requested room does not exist"),
            },
            "DeleteRoom" => {
                self.rooms.remove(body["room"].as_str().unwrap());
                answer(200, &json!({}))
            }
            "StartRoomCompositeEgress" => {
                let room = body["room_name"].as_str().unwrap().to_owned();
                match self.start {
                    Outcome::WrongKey => return Ok(Incoming { status: 401, content_length: None, body: b"invalid token: eyJ".to_vec() }),
                    Outcome::NoRecorder => return error(503, "unavailable", "no response from servers"),
                    _ if !self.rooms.contains_key(&room) => return error(404, "not_found", "requested room does not exist"),
                    _ => {}
                }
                let id = format!("EG_{}", self.egresses.len() + 1);
                let key = body["file_outputs"][0]["filepath"].as_str().unwrap().to_owned();
                self.egresses.push(Egress { id, room, key, status: "EGRESS_STARTING", request: body });
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
    pub fn answer(&mut self, request: &Outgoing) -> Result<Incoming, Unanswered> {
        let status = |status, length| Ok(Incoming { status, content_length: length, body: vec![] });
        if self.down {
            return Err(Unanswered::Timeout);
        }
        let key = request.url.split_once("/recordings/").unwrap().1.to_owned();
        match request.method {
            "PUT" => {
                self.probes += 1;
                assert!(key.starts_with("livekit-recordings/_probe/"), "{key}");
                status(if self.refuses { 403 } else { 200 }, None)
            }
            "HEAD" => match self.objects.get(&key) {
                Some(size) => status(200, Some(*size)),
                None => status(404, None),
            },
            "GET" => Ok(Incoming { status: 404, content_length: None, body: b"<Error><Code>NoSuchKey</Code></Error>".to_vec() }),
            other => panic!("no such request: {other}"),
        }
    }
}
