//! Table `egresses`: attempts to record. The guarded statements are made from the table in
//! [`crate::recording`], so there is one truth about what moves what.

mod claim;
mod hear;

pub use claim::{Attempt, at_once, claim, uploads_with};
pub use hear::{Which, apply, hear};

use super::row::{FromRow, Row};
use super::{Only, Statement, literals};
use crate::params;
use crate::recording::{Input, STATUSES, Status};
use crate::storj::sign::Bucket;
use crate::time::Millis;

/// A row.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Job {
    pub id: String,
    pub egress_id: Option<String>,
    pub session_sid: String,
    pub room_name: String,
    pub project: String,
    pub object_key: String,
    pub bucket: String,
    pub endpoint: String,
    pub region: String,
    pub quality: String,
    pub layout: String,
    pub audio_only: bool,
    pub status: String,
    pub inferred: bool,
    pub heard: Option<i64>,
    pub requested_at: Millis,
    pub started_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    pub size_bytes: Option<i64>,
    pub error: Option<String>,
    pub stop_sent_at: Option<Millis>,
    pub looked_at: Option<Millis>,
    pub absent_at: Option<Millis>,
    pub file: String,
    pub file_checks: i64,
    pub checked_at: Option<Millis>,
    pub object_ttl_ms: Option<i64>,
    pub segments: String,
    /// LiveKit was asked for a picture beside its file.
    pub picture: bool,
}

impl FromRow for Job {
    fn from_row(row: &Row) -> Self {
        Self {
            id: row.text("id"),
            egress_id: row.maybe_text("egress_id"),
            session_sid: row.text("session_sid"),
            room_name: row.text("room_name"),
            project: row.text("project"),
            object_key: row.text("object_key"),
            bucket: row.text("bucket"),
            endpoint: row.text("endpoint"),
            region: row.text("region"),
            quality: row.text("quality"),
            layout: row.text("layout"),
            audio_only: row.flag("audio_only"),
            status: row.text("status"),
            inferred: row.flag("inferred"),
            heard: row.maybe_number("heard"),
            requested_at: row.time("requested_at"),
            started_at: row.maybe_time("started_at"),
            ended_at: row.maybe_time("ended_at"),
            size_bytes: row.maybe_number("size_bytes"),
            error: row.maybe_text("error"),
            stop_sent_at: row.maybe_time("stop_sent_at"),
            looked_at: row.maybe_time("looked_at"),
            absent_at: row.maybe_time("absent_at"),
            file: row.text("file"),
            file_checks: row.number("file_checks"),
            checked_at: row.maybe_time("checked_at"),
            object_ttl_ms: row.maybe_number("object_ttl_ms"),
            segments: row.text("segments"),
            picture: row.flag("picture"),
        }
    }
}

impl Job {
    /// Where it stands. A name that this version does not know is over.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::from_name(&self.status).unwrap_or(Status::Failed)
    }

    /// LiveKit said that it is over, or never heard of it.
    #[must_use]
    pub fn is_over_at_livekit(&self) -> bool {
        self.heard == Some(3) || self.egress_id.is_none()
    }

    /// There may be segments of it.
    #[must_use]
    pub fn has_copy(&self) -> bool {
        has_copy(&self.segments)
    }

    /// Where its file lies.
    #[must_use]
    pub fn bucket(&self) -> Bucket {
        Bucket { endpoint: self.endpoint.clone(), region: self.region.clone(), name: self.bucket.clone() }
    }
}

/// Whether `egresses.segments` says that there may be segments.
#[must_use]
pub fn has_copy(segments: &str) -> bool {
    matches!(segments, "unknown" | "yes")
}

/// Every status that holds its session's one place, as SQL literals.
fn holding() -> String {
    literals(STATUSES.into_iter().filter(|s| s.holds_the_place()).map(Status::name))
}

/// The Worker itself stops it, and says why. A stop of somebody's that came first has the word.
#[must_use]
pub fn cut_off(id: &str, why: &str) -> Vec<Statement> {
    vec![
        Statement::new(format!("UPDATE egresses SET stop_reason = ? WHERE id = ? AND status IN ({})", holding()), params![why, id]),
        apply(Which::Id(id), Input::StopAsked, None, None, &Only::Always),
    ]
}

/// LiveKit was asked to stop it.
#[must_use]
pub fn stop_sent(id: &str, now: Millis) -> Statement {
    Statement::new("UPDATE egresses SET stop_sent_at = ? WHERE id = ?", params![now, id])
}

/// LiveKit says that it is over: its list tells how, and is asked at once.
#[must_use]
pub fn look_now(id: &str) -> Statement {
    Statement::new("UPDATE egresses SET looked_at = 0, heard = max(COALESCE(heard, 0), 2) WHERE id = ?", params![id])
}

/// LiveKit does not know it any more: nothing further is to be heard.
#[must_use]
pub fn over_at_livekit(id: &str) -> Statement {
    Statement::new("UPDATE egresses SET heard = 3 WHERE id = ?", params![id])
}

/// Whose recorders LiveKit's list of participants, asked for at `looked`, has, and whose of those `known` to record before
/// that it lacks: since when. A recorder is known by its identity, the egress id.
#[must_use]
pub fn recorders(session_sid: &str, present: &[&str], known: &[&str], looked: Millis) -> Statement {
    let (present, known) = (crate::json::write(&serde_json::json!(present)), crate::json::write(&serde_json::json!(known)));
    Statement::new(
        "UPDATE egresses SET absent_at = CASE WHEN egress_id IN (SELECT value FROM json_each(?)) THEN NULL \
         WHEN egress_id IN (SELECT value FROM json_each(?)) THEN COALESCE(absent_at, ?) ELSE absent_at END \
         WHERE stream_id = (SELECT stream_id FROM sessions WHERE sid = ?) AND session_sid = ? AND heard < 3",
        params![present, known, looked, session_sid, session_sid],
    )
}

/// LiveKit's list was asked about every unfinished job of a room, and about the attempts without a word since
/// `untold_since`.
#[must_use]
pub fn looked(stream_id: &str, untold_since: Millis, now: Millis) -> Statement {
    Statement::new(
        "UPDATE egresses SET looked_at = ? WHERE stream_id = ? AND (heard < 3 OR (heard IS NULL AND file <> 'no' AND requested_at > ?))",
        params![now, stream_id, untold_since],
    )
}

/// A HEAD found the file of a failed job, or did not, at the check after so many `checks`: three at once are one.
#[must_use]
pub fn file_checked(id: &str, checks: i64, found: Option<i64>, last_try: bool, now: Millis) -> Statement {
    let file = match (found.is_some(), last_try) {
        (true, _) => "yes",
        (false, true) => "no",
        (false, false) => "unknown",
    };
    Statement::new(
        "UPDATE egresses SET file = ?, size_bytes = COALESCE(size_bytes, ?), file_checks = file_checks + 1, checked_at = ? \
         WHERE id = ? AND file = 'unknown' AND (file_checks = ? OR ? = 'yes')",
        params![file, found, now, id, checks, file],
    )
}

/// Which stream a job belongs to, by its file: one row, or none for jobs that are not ours.
#[must_use]
pub fn stream_of_key(object_key: &str) -> Statement {
    Statement::new("SELECT stream_id, 0 AS host FROM egresses WHERE object_key = ?", params![object_key])
}

/// The stream of a job, by LiveKit's id.
#[must_use]
pub fn stream_of_egress(egress_id: &str) -> Statement {
    Statement::new("SELECT stream_id FROM egresses WHERE egress_id = ?", params![egress_id])
}

/// A stream's eight newest jobs, and the eight oldest of which something is still to be learned: what a storm
/// of failing attempts leaves behind is looked after too.
#[must_use]
pub fn newest(stream_id: &str) -> Statement {
    Statement::new(
        "SELECT id, egress_id, session_sid, room_name, project, object_key, bucket, endpoint, region, quality, layout, audio_only, \
         status, inferred, heard, requested_at, started_at, ended_at, size_bytes, error, stop_sent_at, looked_at, absent_at, file, \
         file_checks, checked_at, segments, picture, object_ttl_ms FROM egresses WHERE id IN (\
         SELECT id FROM (SELECT id FROM egresses WHERE stream_id = ? ORDER BY requested_at DESC LIMIT 8) UNION ALL \
         SELECT id FROM (SELECT id FROM egresses WHERE stream_id = ? AND (file = 'unknown' OR (inferred = 1 AND heard < 3)) \
         ORDER BY egress_id IS NULL, requested_at LIMIT 8)) ORDER BY requested_at DESC",
        params![stream_id, stream_id],
    )
}
