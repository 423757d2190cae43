//! Table `reels`: the segments of which a recording is made, and how a recording comes to be made of them.

use super::row::{FromRow, Row};
use super::trash::{self, Kind, Thrown};
use super::{Only, Statement, assets, saves};
use crate::batch;
use crate::hls::Reel;
use crate::params;
use crate::storj::key::{folder_of, joined_key, saved_key};
use crate::storj::sign::Bucket;
use crate::time::{HOUR, MINUTE, Millis};

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

/// The file of that job is there, so its segments are not needed, nor what was made of them. (An upload that was begun is
/// thrown away by a trigger.)
#[must_use]
pub fn discard(object_key: &str, bucket: &Bucket, now: Millis) -> Vec<Statement> {
    // An hour later again: a recorder that LiveKit gave up may still be writing.
    let folder = folder_of(object_key);
    let thrown = Thrown { kind: Kind::Folder, bucket, key: &folder, why: "file_is_there", asset_id: None, again: true, at: now };
    let whole = joined_key(object_key);
    batch![
        trash::throw(&thrown, &Only::Always),
        trash::throw_rows(Statement::new(
            "SELECT 'object', e.endpoint, e.bucket, e.region, ?, '', 'file_is_there', NULL, 1, ? \
             FROM reels r JOIN egresses e ON e.id = r.job_id WHERE e.object_key = ? AND r.upload_id IS NOT NULL",
            params![&whole, now, object_key],
        )),
        Statement::new("DELETE FROM reels WHERE job_id = (SELECT id FROM egresses WHERE object_key = ?)", params![object_key]),
        Statement::new("UPDATE egresses SET segments = 'gone' WHERE object_key = ? AND segments <> 'off'", params![object_key]),
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

/// A recording whose segments are being joined.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Joining {
    pub job_id: String,
    pub asset_id: String,
    /// The key that the MP4 would have.
    pub recording_key: String,
    pub bucket: String,
    pub endpoint: String,
    pub region: String,
    pub expires_at: Option<Millis>,
    pub reel: String,
    /// When it is due, and the mark of who holds it: whoever has another one changes nothing.
    pub join_at: Millis,
    pub upload_id: Option<String>,
    pub etags: String,
    pub done: usize,
    pub carried: i64,
}

impl FromRow for Joining {
    fn from_row(row: &Row) -> Self {
        Self {
            job_id: row.text("job_id"),
            asset_id: row.text("asset_id"),
            recording_key: row.text("recording_key"),
            bucket: row.text("bucket"),
            endpoint: row.text("endpoint"),
            region: row.text("region"),
            expires_at: row.maybe_time("expires_at"),
            reel: row.text("reel"),
            join_at: row.time("join_at"),
            upload_id: row.maybe_text("upload_id"),
            etags: row.text("etags"),
            done: usize::try_from(row.number("done")).unwrap_or_default(),
            carried: row.number("carried"),
        }
    }
}

impl Joining {
    /// Where the segments lie, and the object will.
    #[must_use]
    pub fn bucket(&self) -> Bucket {
        Bucket { endpoint: self.endpoint.clone(), region: self.region.clone(), name: self.bucket.clone() }
    }
}

/// What is to be joined now, the longest waiting first.
#[must_use]
pub fn due(now: Millis, limit: i64) -> Statement {
    Statement::new(
        "SELECT r.job_id, a.id AS asset_id, e.object_key AS recording_key, a.bucket, a.endpoint, a.region, a.object_expires_at AS expires_at, r.reel, r.join_at, \
         r.upload_id, r.etags, r.done, r.carried FROM reels r JOIN egresses e ON e.id = r.job_id JOIN assets a ON a.job_id = r.job_id \
         WHERE r.join_at IS NOT NULL AND r.join_at <= ? ORDER BY r.join_at LIMIT ?",
        params![now, limit],
    )
}

/// Takes it in hand until then. The second statement answers one row if it was got.
#[must_use]
pub fn hold(joining: &Joining, until: Millis) -> Vec<Statement> {
    let Joining { job_id, join_at, .. } = joining;
    batch![
        Statement::new("UPDATE reels SET join_at = ? WHERE job_id = ? AND join_at = ?", params![until, job_id, *join_at]),
        Statement::new("SELECT job_id FROM reels WHERE job_id = ? AND join_at = ?", params![job_id, until]),
    ]
}

/// An upload is begun; if it is somebody else's turn by now, it is thrown away.
#[must_use]
pub fn begun(joining: &Joining, upload_id: &str, now: Millis) -> Vec<Statement> {
    let Joining { job_id, join_at, recording_key, endpoint, bucket, region, .. } = joining;
    batch![
        Statement::new(
            "UPDATE reels SET upload_id = ? WHERE job_id = ? AND join_at = ? AND upload_id IS NULL",
            params![upload_id, job_id, *join_at],
        ),
        trash::throw_rows(Statement::new(
            "SELECT 'upload', ?, ?, ?, ?, ?, 'not_joined', NULL, 0, ? WHERE NOT EXISTS (SELECT 1 FROM reels WHERE job_id = ? AND upload_id = ?)",
            params![endpoint, bucket, region, &joined_key(recording_key), upload_id, now, job_id, upload_id],
        )),
    ]
}

/// A piece is moved; `held_as` is the mark of before.
#[must_use]
pub fn moved(joining: &Joining, held_as: Millis) -> Statement {
    let done = i64::try_from(joining.done).unwrap_or(i64::MAX);
    Statement::new(
        "UPDATE reels SET join_at = ?, etags = ?, done = ?, carried = ?, tries = 0 WHERE job_id = ? AND join_at = ?",
        params![joining.join_at, &joining.etags, done, joining.carried, &joining.job_id, held_as],
    )
}

/// It goes on in the next run.
#[must_use]
pub fn goes_on(joining: &Joining, now: Millis) -> Statement {
    Statement::new("UPDATE reels SET join_at = ? WHERE job_id = ? AND join_at = ?", params![now, &joining.job_id, joining.join_at])
}

/// It did not go: tried again after 1, 2, 4 … minutes, up to 6 hours. With `anew` from the beginning, and what was
/// begun is thrown away.
#[must_use]
pub fn later(joining: &Joining, anew: bool, now: Millis) -> Vec<Statement> {
    let Joining { job_id, join_at, recording_key, .. } = joining;
    let mut statements = vec![];
    if anew {
        statements.push(unfinished(recording_key, now));
        statements.push(Statement::new(
            "UPDATE reels SET upload_id = NULL, etags = '', done = 0, carried = 0 WHERE job_id = ? AND join_at = ?",
            params![job_id, *join_at],
        ));
    }
    statements.push(Statement::new(
        "UPDATE reels SET tries = tries + 1, join_at = ? + min(? << min(tries, 20), ?) WHERE job_id = ? AND join_at = ?",
        params![now, MINUTE, 6 * HOUR, job_id, *join_at],
    ));
    statements
}

/// The one object is there: the recording is it from now on, and the segments go. If the recording is not made of them
/// any more, the object goes.
#[must_use]
pub fn joined(joining: &Joining, size_bytes: i64, now: Millis) -> Vec<Statement> {
    let Joining { job_id, join_at, asset_id, recording_key, endpoint, bucket, region, .. } = joining;
    let (whole, folder) = (joined_key(recording_key), folder_of(recording_key));
    let throw = |kind: &str, key: &str, condition: &str| {
        let rows =
            Statement::new("SELECT ?, ?, ?, ?, ?, '', 'joined', NULL, 0, ? WHERE ", params![kind, endpoint, bucket, region, key, now]);
        trash::throw_rows(rows.then(condition, params![job_id]))
    };
    batch![
        Statement::new("UPDATE reels SET joined = 1, join_at = NULL WHERE job_id = ? AND join_at = ?", params![job_id, *join_at]),
        Statement::new(
            "UPDATE assets SET object_key = ? WHERE id = ? AND format = 'segments' AND EXISTS (SELECT 1 FROM reels WHERE job_id = ? AND joined = 1)",
            params![&whole, asset_id, job_id],
        ),
        throw("folder", &folder, "EXISTS (SELECT 1 FROM reels WHERE job_id = ? AND joined = 1)"),
        throw("object", &whole, "NOT EXISTS (SELECT 1 FROM reels WHERE job_id = ?)"),
        Statement::new(
            "UPDATE egresses SET segments = 'gone' WHERE object_key = ? AND EXISTS (SELECT 1 FROM reels WHERE job_id = ? AND joined = 1)",
            params![recording_key, job_id],
        ),
        // Its stream may have been told to keep its recordings after this one had begun.
        saves::ask_if_wanted(asset_id, &whole, &saved_key(&whole), size_bytes, now),
    ]
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
