//! What is known when it is decided what comes next.

use crate::store::assets::Unverified;
use crate::store::egresses::Job;
use crate::store::row::{FromRow, Row};
use crate::store::streams::Stream;
use crate::time::Millis;

/// All that is known of one stream.
#[derive(Clone, Debug)]
pub struct View {
    /// Its row.
    pub stream: Stream,
    /// Its current session.
    pub session: Option<Session>,
    /// Its newest jobs, the newest first.
    pub jobs: Vec<Job>,
    /// Its recordings whose files are still to be verified.
    pub unverified: Vec<Unverified>,
    /// How many recordings of its owner hold a place, here and elsewhere. Known where that is limited.
    pub at_once: i64,
    /// What the operator allows.
    pub limits: Limits,
}

/// Where a recording that runs away is stopped. `None`: nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The longest recording, in milliseconds, all its parts together (`MAX_RECORDING_MINUTES`).
    pub recording_ms: Option<i64>,
    /// A user's recordings at once (`MAX_RECORDINGS_PER_USER`).
    pub at_once: Option<i64>,
}

/// A row of `sessions`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Session {
    pub sid: String,
    pub room_name: String,
    pub project: String,
    pub started_at: Millis,
    pub ended_at: Option<Millis>,
    pub looked_at: Option<Millis>,
    pub absent_at: Option<Millis>,
}

impl FromRow for Session {
    fn from_row(row: &Row) -> Self {
        Self {
            sid: row.text("sid"),
            room_name: row.text("room_name"),
            project: row.text("project"),
            started_at: row.time("started_at"),
            ended_at: row.maybe_time("ended_at"),
            looked_at: row.maybe_time("looked_at"),
            absent_at: row.maybe_time("absent_at"),
        }
    }
}

/// What was looked at already in this round of tending: each look once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Looked {
    /// LiveKit's rooms and participants.
    pub room: bool,
    /// LiveKit's egresses were asked for.
    pub egresses: bool,
    /// And the list came.
    pub listed: bool,
    /// A stop was sent, or a file asked for: not twice in a round.
    pub stop: bool,
    /// An attempt to start was made.
    pub start: bool,
}
