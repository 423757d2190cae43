//! The parts of LiveKit's messages that we read: an allow-list, in both of its JSON dialects.
//!
//! Webhooks are camelCase with zero values absent; Twirp answers are snake_case with zero values
//! present, 64-bit integers as strings and `null` for unset messages (livekit/protocol, protojson).
//! Everything else is dropped while parsing, for `room` holds a TURN password and a failed start may
//! hold the S3 secret.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::recording::Word;
use crate::time::Millis;

/// `livekit.Room`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Room {
    /// One life of the room.
    #[serde(deserialize_with = "or_default")]
    pub sid: String,
    /// Its name, which the next life shares.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(alias = "creation_time", deserialize_with = "int64")]
    creation_time: i64,
    #[serde(alias = "creation_time_ms", deserialize_with = "int64")]
    creation_time_ms: i64,
}

impl Room {
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Participant {
    /// One connection of a participant.
    #[serde(deserialize_with = "or_default")]
    pub sid: String,
    /// Who it is, as the token said.
    #[serde(deserialize_with = "or_default")]
    pub identity: String,
    /// Absent means `STANDARD`.
    #[serde(deserialize_with = "enum_name")]
    pub kind: String,
    #[serde(alias = "joined_at", deserialize_with = "int64")]
    joined_at: i64,
    #[serde(alias = "joined_at_ms", deserialize_with = "int64")]
    joined_at_ms: i64,
    #[serde(deserialize_with = "or_default")]
    permission: Permission,
    /// Its tracks; only lists have them.
    #[serde(deserialize_with = "or_default")]
    pub tracks: Vec<Track>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Permission {
    hidden: bool,
    recorder: bool,
    agent: bool,
}

/// `livekit.TrackInfo`: that it is there is all we need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Track {
    /// Its sid.
    #[serde(deserialize_with = "or_default")]
    pub sid: String,
}

impl Participant {
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EgressInfo {
    /// `EG_…`
    #[serde(alias = "egress_id", deserialize_with = "or_default")]
    pub egress_id: String,
    /// The session it records.
    #[serde(alias = "room_id", deserialize_with = "or_default")]
    pub room_id: String,
    /// The room's name.
    #[serde(alias = "room_name", deserialize_with = "or_default")]
    pub room_name: String,
    #[serde(deserialize_with = "enum_name")]
    status: String,
    #[serde(alias = "ended_at", deserialize_with = "int64")]
    ended_at: i64,
    #[serde(deserialize_with = "or_default")]
    error: String,
    #[serde(alias = "error_code", deserialize_with = "int64")]
    error_code: i64,
    #[serde(alias = "file_results", deserialize_with = "or_default")]
    file_results: Vec<File>,
    #[serde(deserialize_with = "or_default")]
    file: Option<File>,
    #[serde(alias = "room_composite", deserialize_with = "or_default")]
    room_composite: Option<RoomComposite>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RoomComposite {
    #[serde(alias = "file_outputs", deserialize_with = "or_default")]
    file_outputs: Vec<FileOutput>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct FileOutput {
    #[serde(deserialize_with = "or_default")]
    filepath: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    #[serde(deserialize_with = "or_default")]
    filename: String,
    #[serde(alias = "started_at", deserialize_with = "int64")]
    started_at: i64,
    #[serde(alias = "ended_at", deserialize_with = "int64")]
    ended_at: i64,
    #[serde(deserialize_with = "int64")]
    duration: i64,
    #[serde(deserialize_with = "int64")]
    size: i64,
    #[serde(deserialize_with = "or_default")]
    location: String,
}

/// What an `EgressInfo` tells about a job of ours, in our units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// `EG_…`
    pub egress_id: String,
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
    /// Reads the facts. `None`: not a room composite with a file output, or a status that we do not
    /// know: nothing of ours.
    #[must_use]
    pub fn facts(&self) -> Option<Facts> {
        let word = if self.status.is_empty() { Word::Starting } else { Word::from_wire(&self.status)? };
        let file = self.file_results.first().or(self.file.as_ref());
        let asked = self.room_composite.as_ref().and_then(|request| request.file_outputs.first());
        let object_key = asked.map(|output| output.filepath.clone()).or_else(|| file.map(|f| f.filename.clone()))?;
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
            "storage_refused"
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

/// `null` and absent are the default.
fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Int(i64),
    Text(String),
    Null(()),
}

/// A 64-bit integer: a string in protojson, a number where somebody wrote it by hand.
fn int64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    match Loose::deserialize(deserializer)? {
        Loose::Int(number) => Ok(number),
        Loose::Text(text) => text.parse().map_err(D::Error::custom),
        Loose::Null(()) => Ok(0),
    }
}

/// An enum: its name, or its number as text.
fn enum_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Int(number) => number.to_string(),
        Loose::Text(text) => text,
        Loose::Null(()) => String::new(),
    })
}
