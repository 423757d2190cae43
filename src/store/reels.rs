//! Table `reels`: the segments of which a recording is made, and how a recording comes to be made of them.

mod joining;

pub use joining::{Joining, begun, due, goes_on, hold, joined, later, moved};

use super::row::{FromRow, Row};
use super::{Statement, assets, trash};
use crate::batch;
use crate::hls::Reel;
use crate::params;
use crate::storj::key::{folder_of, joined_key};
use crate::time::Millis;

/// The recording of the job that writes `object_key` is made of its segments: it plays at once. It makes the
/// recording, or changes one whose file did not come; one that has its file stays as it is, and so does one of segments
/// that are being joined. `expiry` is [`super::retention::fix`]'s. `settled`: the file that LiveKit named was looked at.
#[must_use]
pub fn make(object_key: &str, id: &str, reel: &Reel, expiry: Statement, settled: bool, now: Millis) -> Vec<Statement> {
    let text = reel.text();
    batch![
        assets::insert(object_key, id, "segments", now)
            .then(" AND e.segments IN ('unknown', 'yes')", vec![])
            .then(" ON CONFLICT (job_id) DO UPDATE SET format = 'segments' WHERE assets.status IN ('processing', 'missing')", vec![]),
        Statement::new(
            "INSERT INTO reels (job_id, reel, settled) SELECT e.id, ?, ? FROM egresses e JOIN assets a ON a.job_id = e.id \
             WHERE e.object_key = ? AND a.format = 'segments' AND e.segments IN ('unknown', 'yes') \
             ON CONFLICT (job_id) DO UPDATE SET reel = excluded.reel, settled = excluded.settled WHERE reels.join_at IS NULL AND reels.joined = 0",
            params![&text, settled, object_key],
        ),
        Statement::new(
            "UPDATE assets SET status = 'ready', partial = 1, duration_ms = ?, size_bytes = ?, ",
            params![reel.ms(), reel.bytes()],
        )
        .then(&expiry.sql, expiry.params)
        .then(
            ", checks = checks + 1, checked_at = ? \
             FROM egresses e JOIN reels r ON r.job_id = e.id WHERE e.object_key = ? AND assets.job_id = e.id AND r.reel = ? \
             AND assets.format = 'segments' AND assets.status <> 'deleting'",
            params![now, object_key, &text],
        ),
        Statement::new(
            "UPDATE egresses SET segments = 'yes' WHERE object_key = ? AND segments = 'unknown' \
             AND EXISTS (SELECT 1 FROM reels r WHERE r.job_id = egresses.id)",
            params![object_key],
        ),
    ]
}

/// The file that LiveKit named after all is less than what the recording is made of.
#[must_use]
pub fn settle(object_key: &str) -> Statement {
    Statement::new("UPDATE reels SET settled = 1 WHERE job_id = (SELECT id FROM egresses WHERE object_key = ?)", params![object_key])
}

/// There are no segments of that job: they are not looked for again.
#[must_use]
pub fn none(object_key: &str) -> Statement {
    Statement::new("UPDATE egresses SET segments = 'gone' WHERE object_key = ? AND segments = 'unknown'", params![object_key])
}

/// The file of that job is there and its recording is made of it, so its segments are not needed, nor what was made of them.
/// One that stays made of them, because a lasting copy of that was finished meanwhile, plays by its reel. (An upload that was
/// begun is thrown away by a trigger.)
#[must_use]
pub fn discard(object_key: &str, now: Millis) -> Vec<Statement> {
    const ITS_FILE: &str = "WHERE e.object_key = ? AND EXISTS (SELECT 1 FROM assets a WHERE a.job_id = e.id AND a.format = 'mp4')";
    let throw = |kind: &str, key: &str, from: &str| {
        // An hour later again: a recorder that LiveKit gave up may still be writing.
        let rows = Statement::new("SELECT ?, e.endpoint, e.bucket, e.region, ?, '', 'file_is_there', NULL, 1, ? ", params![kind, key, now]);
        trash::throw_rows(rows.then(from, vec![]).then(ITS_FILE, params![object_key]))
    };
    batch![
        throw("folder", &folder_of(object_key), "FROM egresses e "),
        throw("object", &joined_key(object_key), "FROM egresses e JOIN reels r ON r.job_id = e.id AND r.upload_id IS NOT NULL "),
        Statement::new("DELETE FROM reels WHERE job_id = (SELECT e.id FROM egresses e ", vec![])
            .then(ITS_FILE, params![object_key])
            .then(")", vec![]),
        Statement::new("UPDATE egresses AS e SET segments = 'gone' ", vec![])
            .then(ITS_FILE, params![object_key])
            .then(" AND segments <> 'off'", vec![]),
    ]
}

/// Throws away the upload that joining has begun and not ended.
fn unfinished(object_key: &str, now: Millis) -> Statement {
    trash::throw_rows(Statement::new(
        "SELECT 'upload', e.endpoint, e.bucket, e.region, ?, r.upload_id, 'not_joined', NULL, 0, ? \
         FROM reels r JOIN egresses e ON e.id = r.job_id WHERE e.object_key = ? AND r.upload_id IS NOT NULL AND r.joined = 0",
        params![&joined_key(object_key), now, object_key],
    ))
}

/// The file of that job is not waited for any more: its segments are joined, if its recording is made of them.
#[must_use]
pub fn to_be_joined(object_key: &str, now: Millis) -> Statement {
    Statement::new(
        "UPDATE reels SET join_at = ? WHERE job_id = (SELECT id FROM egresses WHERE object_key = ?) AND join_at IS NULL AND joined = 0 \
         AND (settled = 1 OR EXISTS (SELECT 1 FROM egresses WHERE object_key = ? AND file = 'no'))",
        params![now, object_key, object_key],
    )
}

/// What a player is given of a recording made of segments.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Played {
    pub status: String,
    /// Where the segments lie: the key that the MP4 would have.
    pub recording_key: String,
    /// The one object, once it is made.
    pub object_key: String,
    pub joined: bool,
    pub bucket: String,
    pub endpoint: String,
    pub region: String,
    pub reel: String,
}

impl FromRow for Played {
    fn from_row(row: &Row) -> Self {
        Self {
            status: row.text("status"),
            recording_key: row.text("recording_key"),
            object_key: row.text("object_key"),
            joined: row.flag("joined"),
            bucket: row.text("bucket"),
            endpoint: row.text("endpoint"),
            region: row.text("region"),
            reel: row.text("reel"),
        }
    }
}

/// The [`Played`] of a recording.
#[must_use]
pub fn played(asset_id: &str) -> Statement {
    Statement::new(
        "SELECT a.status, e.object_key AS recording_key, COALESCE(a.saved_key, a.object_key) AS object_key, r.joined, a.bucket, a.endpoint, a.region, r.reel \
         FROM assets a JOIN egresses e ON e.id = a.job_id JOIN reels r ON r.job_id = a.job_id WHERE a.id = ? AND a.format = 'segments'",
        params![asset_id],
    )
}
