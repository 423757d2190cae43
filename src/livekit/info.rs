//! The parts of LiveKit's messages that we read: an allow-list, in both of its JSON dialects.
//!
//! Webhooks are camelCase with zero values absent; Twirp answers are snake_case with zero values
//! present, 64-bit integers as strings and `null` for unset messages (livekit/protocol, protojson).
//! Everything else stays behind in the parsed text, for `room` holds a TURN password and a failed start
//! may hold the S3 secret. A member of another type than LiveKit's counts as absent: the rest is heard.

use serde_json::Value;

use crate::json;
use crate::recording::Word;
use crate::time::Millis;

/// `livekit.Room`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// One life of the room.
    pub sid: String,
    /// Its name, which the next life shares.
    pub name: String,
    creation_time: i64,
    creation_time_ms: i64,
}

impl Room {
    /// Reads it in either dialect.
    #[must_use]
    pub fn read(value: &Value) -> Self {
        Self {
            sid: json::string(value, &["sid"]),
            name: json::string(value, &["name"]),
            creation_time: json::int64(value, &["creationTime", "creation_time"]),
            creation_time_ms: json::int64(value, &["creationTimeMs", "creation_time_ms"]),
        }
    }

    /// When this life began. Track events do not say.
    #[must_use]
    pub fn created_at(&self) -> Option<Millis> {
        match (self.creation_time_ms, self.creation_time) {
            (0, 0) => None,
            (0, secs) => Some(Millis::from_secs(secs)),
            (ms, _) => Some(Millis(ms)),
        }
    }
}

/// `livekit.ParticipantInfo`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Participant {
    /// One connection of a participant.
    pub sid: String,
    /// Who it is, as the token said.
    pub identity: String,
    /// Absent means `STANDARD`.
    pub kind: String,
    joined_at: i64,
    joined_at_ms: i64,
    permission: Permission,
    /// Its tracks; only lists have them.
    pub tracks: Vec<Track>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Permission {
    hidden: bool,
    recorder: bool,
    agent: bool,
}

/// `livekit.TrackInfo`: that it is there is all we need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// Its sid.
    pub sid: String,
}

impl Track {
    fn read(value: &Value) -> Self {
        Self { sid: json::string(value, &["sid"]) }
    }
}

impl Participant {
    /// Reads it in either dialect.
    #[must_use]
    pub fn read(value: &Value) -> Self {
        let permission = json::object(value, &["permission"]).unwrap_or(&Value::Null);
        Self {
            sid: json::string(value, &["sid"]),
            identity: json::string(value, &["identity"]),
            kind: json::enum_name(value, &["kind"]),
            joined_at: json::int64(value, &["joinedAt", "joined_at"]),
            joined_at_ms: json::int64(value, &["joinedAtMs", "joined_at_ms"]),
            permission: Permission {
                hidden: json::flag(permission, &["hidden"]),
                recorder: json::flag(permission, &["recorder"]),
                agent: json::flag(permission, &["agent"]),
            },
            tracks: json::list(value, &["tracks"]).iter().map(Track::read).collect(),
        }
    }

    /// A person: no recorder, agent, ingress or bridge, and nobody hidden. People on the telephone
    /// (`SIP`) are people.
    #[must_use]
    pub fn is_person(&self) -> bool {
        let person = matches!(self.kind.as_str(), "" | "STANDARD" | "0" | "SIP" | "3");
        person && !self.permission.hidden && !self.permission.recorder && !self.permission.agent
    }

    /// Whether what it publishes is content: a recorder and an agent of LiveKit's own are none.
    #[must_use]
    pub fn is_recorder(&self) -> bool {
        matches!(self.kind.as_str(), "EGRESS" | "2") || self.permission.recorder
    }

    /// When it joined.
    #[must_use]
    pub fn joined_at(&self) -> Option<Millis> {
        match (self.joined_at_ms, self.joined_at) {
            (0, 0) => None,
            (0, secs) => Some(Millis::from_secs(secs)),
            (ms, _) => Some(Millis(ms)),
        }
    }
}

/// `livekit.EgressInfo`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressInfo {
    /// `EG_…`
    pub egress_id: String,
    /// The session it records.
    pub room_id: String,
    /// The room's name.
    pub room_name: String,
    status: String,
    ended_at: i64,
    error: String,
    error_code: i64,
    /// The first result, or what older servers call `file`.
    file: Option<File>,
    /// The path that the room composite's first output was asked for.
    filepath: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct File {
    filename: String,
    started_at: i64,
    ended_at: i64,
    duration: i64,
    size: i64,
    location: String,
}

impl File {
    fn read(value: &Value) -> Self {
        Self {
            filename: json::string(value, &["filename"]),
            started_at: json::int64(value, &["startedAt", "started_at"]),
            ended_at: json::int64(value, &["endedAt", "ended_at"]),
            duration: json::int64(value, &["duration"]),
            size: json::int64(value, &["size"]),
            location: json::string(value, &["location"]),
        }
    }
}

/// What an `EgressInfo` tells about a job of ours, in our units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// `EG_…`
    pub egress_id: String,
    /// The session that it records; empty if LiveKit does not say.
    pub room_id: String,
    /// By which the attempt is known again: the file name that we asked for.
    pub object_key: String,
    /// LiveKit's status.
    pub word: Word,
    /// The first frame.
    pub started_at: Option<Millis>,
    /// The end of the job.
    pub ended_at: Option<Millis>,
    /// Of the file, as LiveKit measured it: 0.5 to 1.2 s shorter than the file's own length.
    pub duration_ms: Option<i64>,
    /// Of the file; only where one was uploaded.
    pub size_bytes: Option<i64>,
    /// LiveKit says that there is a file: a size or a location.
    pub names_a_file: bool,
    /// Why it failed, in our words.
    pub error: Option<&'static str>,
}

impl EgressInfo {
    /// Reads it in either dialect.
    #[must_use]
    pub fn read(value: &Value) -> Self {
        let file = json::list(value, &["fileResults", "file_results"]).first().or_else(|| json::object(value, &["file"]));
        let asked = json::object(value, &["roomComposite", "room_composite"]);
        let asked = asked.and_then(|request| json::list(request, &["fileOutputs", "file_outputs"]).first());
        Self {
            egress_id: json::string(value, &["egressId", "egress_id"]),
            room_id: json::string(value, &["roomId", "room_id"]),
            room_name: json::string(value, &["roomName", "room_name"]),
            status: json::enum_name(value, &["status"]),
            ended_at: json::int64(value, &["endedAt", "ended_at"]),
            error: json::string(value, &["error"]),
            error_code: json::int64(value, &["errorCode", "error_code"]),
            file: file.map(File::read),
            filepath: asked.map(|output| json::string(output, &["filepath"])),
        }
    }

    /// Reads the facts. `None`: not a room composite with a file output, or a status that we do not
    /// know: nothing of ours.
    #[must_use]
    pub fn facts(&self) -> Option<Facts> {
        let word = if self.status.is_empty() { Word::Starting } else { Word::from_wire(&self.status)? };
        let file = self.file.as_ref();
        let object_key = self.filepath.clone().or_else(|| file.map(|f| f.filename.clone()))?;
        if object_key.is_empty() || self.egress_id.is_empty() {
            return None;
        }
        let time = |nanos: i64| (nanos > 0).then(|| Millis::from_nanos(nanos));
        let over = word.depth() == 3;
        let started_at = file.and_then(|f| time(f.started_at)).filter(|_| word != Word::Aborted);
        let size_bytes = file.map(|f| f.size).filter(|size| over && *size > 0);
        // Seen in the field: a negative duration beside a missing end. Then the times decide.
        let duration_ms = file.filter(|_| over && word != Word::Aborted).and_then(|f| {
            if f.duration > 0 {
                return Some(f.duration / 1_000_000);
            }
            let (from, to) = (time(f.started_at)?, time(f.ended_at).or_else(|| time(self.ended_at))?);
            (to > from).then(|| to.since(from))
        });
        Some(Facts {
            egress_id: self.egress_id.clone(),
            room_id: self.room_id.clone(),
            object_key,
            word,
            started_at,
            ended_at: time(self.ended_at).filter(|_| over),
            duration_ms,
            size_bytes,
            names_a_file: over
                && word != Word::Aborted
                && (word == Word::Complete
                    || word == Word::LimitReached
                    || size_bytes.is_some()
                    || file.is_some_and(|f| !f.location.is_empty())),
            error: (matches!(word, Word::Failed | Word::Aborted)).then(|| self.failure()),
        })
    }

    /// LiveKit's error in our words. Its own text stays here: it may repeat keys and tokens.
    fn failure(&self) -> &'static str {
        let text = self.error.to_ascii_lowercase();
        if text.contains("start signal not received") {
            "nobody_published"
        } else if text.contains("upload failed") {
            // Its five tries are over, or the bucket said no: the AWS SDK's words for a 4xx.
            if text.contains("statuscode: 4") { "storage_refused" } else { "storage_unavailable" }
        } else if text.contains("signal: killed") {
            "recorder_crashed"
        } else if text.contains("limit") {
            "livekit_limit"
        } else if self.error_code == 412 {
            "stopped_before_start"
        } else if self.error_code == 503 {
            "recorder_lost_room"
        } else {
            "recorder_failed"
        }
    }
}
