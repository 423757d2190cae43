//! Table `egresses`: attempts to record. The guarded statements are made from the table in
//! [`crate::recording`], so there is one truth about what moves what.

use super::row::{FromRow, Row};
use super::{Only, Param, Statement, literals};
use crate::batch;
use crate::livekit::info::Facts;
use crate::params;
use crate::recording::{Input, STATUSES, Status, Word, moves};
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

/// A new attempt.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    /// Its id, ours.
    pub id: &'a str,
    /// For which stream.
    pub stream_id: &'a str,
    /// In which session.
    pub session_sid: &'a str,
    /// The whole object name.
    pub object_key: &'a str,
    /// On which LiveKit.
    pub project: &'a str,
    /// The newest attempt before it, as it was when this one was decided on.
    pub after: Option<&'a str>,
    /// Into which bucket.
    pub bucket: &'a Bucket,
    /// How long Storj keeps an object, unless the stream's are kept for good.
    pub object_ttl_ms: Option<i64>,
    /// Whether segments are asked for beside the file.
    pub safety_copy: bool,
    /// Whether a picture is, unless there is nothing to see.
    pub picture: bool,
    /// What is to be said while it records.
    pub note: Option<&'a str>,
    /// How many of its owner's may be at once.
    pub at_once: Option<i64>,
}

/// Files an attempt before LiveKit is asked, if it is still wanted, its session is open, nothing of ours holds the
/// place, and nobody has tried meanwhile: what LiveKit said then (that it is at its limit) is waited for first. The last statement answers one row if this attempt got it.
#[must_use]
pub fn claim(attempt: &Attempt, now: Millis) -> Vec<Statement> {
    let holding = holding();
    batch![
        Statement::new(
            "INSERT INTO egresses (id, stream_id, session_sid, room_name, owner_id, project, object_key, bucket, endpoint, \
             region, quality, layout, audio_only, object_ttl_ms, segments, picture, error, part, status, requested_at) \
             SELECT ?, l.id, s.sid, l.room_name, l.owner_id, ?, ?, ?, ?, ?, l.quality, l.layout, l.audio_only, \
             CASE WHEN l.save_to_storj = 0 THEN ? END, ?, ? AND NOT l.audio_only, ?, \
             1 + (SELECT count(*) FROM egresses e WHERE e.stream_id = l.id AND e.heard >= 1), 'requested', ? \
             FROM live_streams l JOIN sessions s ON s.sid = l.session_sid \
             WHERE l.id = ? AND s.sid = ? AND s.ended_at IS NULL AND l.ended_at IS NULL AND l.wish IN ('auto', 'asked') \
             AND l.job_id IS ?",
            params![
                attempt.id,
                attempt.project,
                attempt.object_key,
                &attempt.bucket.name,
                &attempt.bucket.endpoint,
                &attempt.bucket.region,
                attempt.object_ttl_ms,
                if attempt.safety_copy { "unknown" } else { "off" },
                attempt.picture,
                attempt.note,
                now,
                attempt.stream_id,
                attempt.session_sid,
                attempt.after,
            ],
        )
        .then(
            &format!(
                " AND (? IS NULL OR (SELECT count(*) FROM egresses o WHERE o.owner_id = l.owner_id AND o.status IN ({holding})) < ?) \
                 ON CONFLICT DO NOTHING"
            ),
            params![attempt.at_once, attempt.at_once],
        ),
        Statement::new(
            "UPDATE live_streams SET job_id = ?, wish_error = NULL WHERE id = ? AND EXISTS (SELECT 1 FROM egresses WHERE id = ?)",
            params![attempt.id, attempt.stream_id, attempt.id],
        ),
        Statement::new("SELECT id FROM egresses WHERE id = ?", params![attempt.id]),
    ]
}

/// How a job is named in a statement.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// By our id.
    Id(&'a str),
    /// By the file that it writes: how LiveKit's words are matched.
    Key(&'a str),
    /// All that hold a place for a stream.
    HoldingForStream(&'a str),
}

impl Which<'_> {
    fn clause(self) -> (String, Vec<Param>) {
        match self {
            Self::Id(id) => ("id = ?".to_owned(), params![id]),
            Self::Key(key) => ("object_key = ?".to_owned(), params![key]),
            Self::HoldingForStream(stream) => (format!("stream_id = ? AND status IN ({})", holding()), params![stream]),
        }
    }
}

/// One input to one job: the transition table as a guarded UPDATE.
#[must_use]
pub fn apply(which: Which, input: Input, error: Option<&str>, ended_at: Option<Millis>, only: &Only) -> Statement {
    let moves = moves(input);
    let from: Vec<String> = moves.iter().map(|(state, _)| format!("{}{}", state.status.name(), i64::from(state.inferred))).collect();
    let to = moves.first().map(|(_, to)| *to);
    let (clause, params) = which.clause();
    let (status, inferred) = to.map_or(("failed", false), |to| (to.status.name(), to.inferred));
    let over = to.is_some_and(|to| to.status.is_over());
    Statement::new(
        if over {
            "UPDATE egresses SET status = ?, inferred = ?, error = ?, ended_at = COALESCE(?, ended_at)"
        } else {
            "UPDATE egresses SET status = ?, inferred = ?"
        },
        if over { params![status, inferred, error, ended_at] } else { params![status, inferred] },
    )
    .then(&format!(" WHERE {clause}"), params)
    .then(&format!(" AND status || inferred IN ({})", literals(from.iter().map(String::as_str))), vec![])
    .only(only)
}

/// All that LiveKit's words about a job change: facts that only fill in, then the transition, then the
/// numbers that belong to the ending. In any order of words the row ends the same.
#[must_use]
pub fn hear(facts: &Facts, only: &Only) -> Vec<Statement> {
    let key = facts.object_key.as_str();
    let mut statements = batch![
        Statement::new(
            "UPDATE egresses SET egress_id = COALESCE(egress_id, ?), started_at = COALESCE(started_at, ?), \
             heard = max(COALESCE(heard, 0), ?) WHERE object_key = ? AND (egress_id IS NULL OR egress_id = ?)",
            params![&facts.egress_id, facts.started_at, facts.word.depth(), key, &facts.egress_id],
        )
        .only(only),
        apply(Which::Key(key), Input::Heard(facts.word), facts.error, facts.ended_at, only),
    ];
    if !facts.room_id.is_empty() {
        statements.insert(0, moved(facts).only(only));
    }
    if facts.word.depth() == 3 {
        let file = match (facts.names_a_file, facts.word) {
            (true, _) => "yes",
            (false, Word::Aborted) => "no",
            (false, _) => "unknown",
        };
        statements.push(
            Statement::new(
                "UPDATE egresses SET duration_ms = COALESCE(duration_ms, ?), size_bytes = COALESCE(?, size_bytes), \
                 file = CASE WHEN file = 'yes' THEN file ELSE ? END WHERE object_key = ? AND status = ? AND inferred = 0",
                params![facts.duration_ms, facts.size_bytes, file, key, facts.word.status().name()],
            )
            .only(only),
        );
    }
    statements
}

/// A start goes by the room's name, so what was claimed in one life of a room may record the next: LiveKit
/// says which. Where that life's place is taken, this one is surplus and is stopped.
fn moved(facts: &Facts) -> Statement {
    let holding = holding();
    Statement::new(
        format!(
            "UPDATE egresses SET session_sid = ?, status = CASE WHEN status IN ({holding}) AND EXISTS \
             (SELECT 1 FROM egresses o WHERE o.session_sid = ? AND o.status IN ({holding})) THEN '{}' ELSE status END \
             WHERE object_key = ? AND session_sid <> ? AND (egress_id IS NULL OR egress_id = ?)",
            Status::Stopping.name()
        ),
        params![&facts.room_id, &facts.room_id, &facts.object_key, &facts.room_id, &facts.egress_id],
    )
}

/// Which storage key it is handed, hashed: that key has to live as long as the recording.
#[must_use]
pub fn uploads_with(id: &str, storage_key: &str) -> Statement {
    Statement::new("UPDATE egresses SET storage_key = ? WHERE id = ?", params![storage_key, id])
}

/// How many recordings of a stream's owner hold a place, in whatever stream.
#[must_use]
pub fn at_once(stream_id: &str) -> Statement {
    Statement::new(
        format!(
            "SELECT count(*) AS at_once FROM egresses WHERE owner_id = (SELECT owner_id FROM live_streams WHERE id = ?) AND status IN ({})",
            holding()
        ),
        params![stream_id],
    )
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
         WHERE stream_id = (SELECT stream_id FROM sessions WHERE sid = ?) AND session_sid = ? AND heard IN (1, 2)",
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
