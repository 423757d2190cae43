//! What is told of one stream or recording, and by whom: the owner, LiveKit's webhooks and lists, Storj, this
//! Worker. Table `told` keeps which webhooks came; the rest stands in the rows themselves.
//!
//! The rows come as the API tells them, made of times by lists in SQL: in the bundle the same would weigh 4 kB.

use schemars::JsonSchema;

use super::events::NEWEST;
use super::row::{FromRow, Row};
use super::{Only, Statement};
use crate::names::Witness;
use crate::params;
use crate::time::Millis;

/// A webhook about a room of ours (by its sid) or a job of ours (by its egress id) came. One row for each kind of
/// event, however many come.
#[must_use]
pub fn heard(subject: &str, event: &str, only: &Only, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO told (subject, event, first_at, last_at, times) SELECT ?, ?, ?, ?, 1 WHERE (EXISTS (SELECT 1 FROM sessions WHERE sid = ?) \
         OR EXISTS (SELECT 1 FROM egresses WHERE egress_id = ?))",
        params![subject, event, now, now, subject, subject],
    )
    .only(only)
    .then(" ON CONFLICT DO UPDATE SET last_at = max(last_at, excluded.last_at), times = times + 1", vec![])
}

/// Of whom the story is.
#[derive(Clone, Copy, Debug)]
pub enum Of<'a> {
    /// A stream, with its 20 newest jobs.
    Stream(&'a str),
    /// A recording, with its one job.
    Recording(&'a str),
}

/// A time as the API tells it.
macro_rules! iso {
    ($at:literal) => {
        concat!("strftime('%Y-%m-%dT%H:%M:%fZ', ", $at, " / 1000.0, 'unixepoch')")
    };
}

/// Its jobs as `jobs`, its sessions as `sids`, its recordings as `files`, and its stream as `streams`.
const OF_STREAM: &str = "WITH jobs AS (SELECT id, egress_id, session_sid FROM egresses WHERE stream_id = ? ORDER BY requested_at DESC LIMIT 20), \
    streams AS (SELECT id, session_sid FROM live_streams WHERE id = ?), \
    files AS (SELECT id FROM assets WHERE stream_id = ? ORDER BY created_at DESC LIMIT 20), ";
const OF_RECORDING: &str = "WITH files AS (SELECT id, job_id FROM assets WHERE id = ?), \
    jobs AS (SELECT e.id, e.egress_id, e.session_sid FROM files k CROSS JOIN egresses e ON e.id = k.job_id), \
    streams AS (SELECT NULL AS id, NULL AS session_sid), ";
/// What their rows tell, the earliest first. D1 takes five parts of a compound.
const TOLD: &str = concat!(
    "sids AS (SELECT session_sid AS sid FROM streams k UNION SELECT session_sid FROM jobs k), all_told AS (\
    SELECT t.value FROM streams k CROSS JOIN live_streams s ON s.id = k.id, json_each(json_array(json_array(s.created_at, 'made', 'the owner'), \
    json_array(s.wish_at, 'recording wanted: ' || s.wish, 'the owner', s.wish_error), \
    json_array(s.started_at, 'the host published', 'LiveKit'), json_array(s.ended_at, 'ended', CASE s.ended_by WHEN 'owner' THEN 'the owner' ELSE 'LiveKit' END))) t UNION ALL \
    SELECT t.value FROM sids k CROSS JOIN sessions s ON s.sid = k.sid, json_each(json_array(json_array(s.started_at, 'the room opened', 'LiveKit', s.sid), \
    json_array(s.looked_at, 'the room was looked for', 'LiveKit''s list', s.sid), \
    json_array(s.absent_at, 'the room was not there', 'LiveKit''s list', s.sid), json_array(s.ended_at, 'the room closed', 'LiveKit', s.sid))) t UNION ALL \
    SELECT t.value FROM jobs k CROSS JOIN egresses e ON e.id = k.id, json_each(json_array(\
    json_array(e.requested_at, 'LiveKit was asked to record', 'this Worker', e.egress_id), \
    json_array(e.started_at, 'the first frame', 'LiveKit', e.egress_id), json_array(e.stop_sent_at, 'LiveKit was asked to stop', 'this Worker', e.egress_id), \
    json_array(e.looked_at, 'the job was looked for', 'LiveKit''s list', e.egress_id), \
    json_array(e.absent_at, 'the recorder was not there', 'LiveKit''s list', e.egress_id), \
    json_array(e.ended_at, 'the job ended: ' || e.status, CASE e.inferred WHEN 1 THEN 'this Worker' ELSE 'LiveKit' END, e.error), \
    json_array(e.checked_at, 'the file was looked for', 'Storj', e.file))) t UNION ALL \
    SELECT t.value FROM files k CROSS JOIN assets a ON a.id = k.id, json_each(json_array(\
    json_array(a.created_at, 'the recording was made', 'LiveKit', a.status), \
    json_array(a.checked_at, 'the file was looked for', 'Storj', a.status), json_array(a.expires_at, 'it expires', \
    CASE a.expires_at WHEN a.object_expires_at THEN 'Storj' ELSE 'this Worker' END, a.status))) t UNION ALL \
    SELECT t.value FROM (SELECT sid FROM sids k UNION SELECT egress_id FROM jobs k) k CROSS JOIN told w ON w.subject = k.sid, json_each(json_array(\
    json_array(w.first_at, w.event, 'webhook', w.times), json_array(CASE WHEN w.times > 1 THEN w.last_at END, w.event, 'webhook', w.times))) t) \
    SELECT ",
    iso!("(value ->> 0)"),
    " AS at, value ->> 1 AS what, value ->> 2 AS by, value ->> 3 AS detail FROM all_told k WHERE value ->> 0 > 0 ORDER BY value ->> 0"
);

/// Something that happened.
// A row of the story, which is told as the database makes it: nobody reads one into this.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StoryEvent {
    /// When; of what is to come, when it will.
    pub at: Millis,
    /// In words.
    pub what: String,
    /// By whose word.
    pub by: Witness,
    /// An id, a state, a code, or how often.
    pub detail: Option<Detail>,
}

/// What more is known of it.
#[derive(Debug, JsonSchema)]
#[schemars(inline, untagged)]
pub enum Detail {
    /// How often.
    Times(i64),
    /// An id, a state or a code.
    Text(String),
}

/// The whole story: rows of [`StoryEvent`], at most some 300.
#[must_use]
pub fn story(of: Of) -> Statement {
    match of {
        Of::Stream(id) => Statement::new(OF_STREAM, params![id, id, id]),
        Of::Recording(id) => Statement::new(OF_RECORDING, params![id]),
    }
    .then(TOLD, vec![])
}

/// What comes next of a recording.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Coming {
    pub what: String,
    pub at: Millis,
}

impl FromRow for Coming {
    fn from_row(row: &Row) -> Self {
        Self { what: row.text("what"), at: row.time("at") }
    }
}

/// What is to come of a recording, the next first: its file is looked for (also of one that is made of segments, until it is
/// sure that no file comes), its segments are joined, its copy goes on, it expires, it is deleted.
#[must_use]
pub fn to_come(id: &str) -> Statement {
    Statement::new(
        "SELECT 'Storj is asked for the file' AS what, l.tend_at AS at FROM assets a JOIN live_streams l ON l.id = a.stream_id \
         WHERE a.id = ? AND l.tend_at IS NOT NULL AND (a.status = 'processing' \
         OR EXISTS (SELECT 1 FROM reels r WHERE r.job_id = a.job_id AND r.join_at IS NULL AND r.joined = 0)) UNION ALL \
         SELECT 'its segments are joined', r.join_at FROM assets a JOIN reels r ON r.job_id = a.job_id \
         WHERE a.id = ? AND r.join_at IS NOT NULL UNION ALL \
         SELECT 'its lasting copy goes on', max(try_at, free_at) FROM saves WHERE asset_id = ? UNION ALL \
         SELECT 'it expires', expires_at FROM assets WHERE id = ? AND status = 'ready' AND expires_at IS NOT NULL UNION ALL \
         SELECT * FROM (SELECT 'Storj is asked to delete it', try_at FROM trash WHERE asset_id = ? ORDER BY try_at LIMIT 1) \
         ORDER BY at",
        params![id, id, id, id, id],
    )
}

/// What is known of the storage key with that proof's id, and when LiveKit's newest webhook of all came: `refused` and
/// `webhook_at`.
#[must_use]
pub fn facts(proof_id: &str) -> Statement {
    Statement::new("SELECT (SELECT refused FROM storage_proofs WHERE id = ?) AS refused, ", params![proof_id])
        .then("strftime('%Y-%m-%dT%H:%M:%fZ', ", vec![])
        .then(NEWEST, vec![])
        .then(" / 1000.0, 'unixepoch') AS webhook_at", vec![])
}
