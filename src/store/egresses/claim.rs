//! A new attempt, on file before LiveKit is asked.

use super::holding;
use crate::batch;
use crate::params;
use crate::store::Statement;
use crate::storj::sign::Bucket;
use crate::time::Millis;

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
/// place, and nobody has tried meanwhile: what LiveKit said then (that it is at its limit) is waited for first. The last
/// statement answers one row if this attempt got it.
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
                " AND (? IS NULL OR (SELECT count(*) FROM egresses o WHERE o.owner_id = l.owner_id AND o.status IN ({holding}) {OPEN}) < ?) \
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

/// Which storage key it is handed, hashed: that key has to live as long as the recording.
#[must_use]
pub fn uploads_with(id: &str, storage_key: &str) -> Statement {
    Statement::new("UPDATE egresses SET storage_key = ? WHERE id = ?", params![storage_key, id])
}

/// With its room a recording is over, whoever has not told so yet.
const OPEN: &str = "AND NOT EXISTS (SELECT 1 FROM sessions x WHERE x.sid = o.session_sid AND x.ended_at IS NOT NULL)";

/// How many recordings of a stream's owner hold a place, in whatever stream.
#[must_use]
pub fn at_once(stream_id: &str) -> Statement {
    Statement::new(
        format!(
            "SELECT count(*) AS at_once FROM egresses o WHERE owner_id = (SELECT owner_id FROM live_streams WHERE id = ?) \
             AND status IN ({}) {OPEN}",
            holding()
        ),
        params![stream_id],
    )
}
