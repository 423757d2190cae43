//! Segments that are being joined into one object: whose turn it is, how far it is, and what becomes of them.

use super::unfinished;
use crate::batch;
use crate::hls::Reel;
use crate::params;
use crate::store::row::{FromRow, Row};
use crate::store::{Statement, saves, trash};
use crate::storj::key::{folder_of, joined_key, saved_key};
use crate::storj::object::PAUSES_MS;
use crate::storj::sign::Bucket;
use crate::time::{HOUR, MINUTE, Millis};

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

/// The one object is there: the recording is it from now on, and the segments go, once nobody plays them any more by a
/// playlist of before. If the recording is not made of them any more, the object goes.
#[must_use]
pub fn joined(joining: &Joining, reel: &Reel, now: Millis) -> Vec<Statement> {
    let Joining { job_id, join_at, asset_id, recording_key, endpoint, bucket, region, .. } = joining;
    let (whole, folder) = (joined_key(recording_key), folder_of(recording_key));
    let throw = |kind: &str, key: &str, at: Millis, condition: &str| {
        let rows =
            Statement::new("SELECT ?, ?, ?, ?, ?, '', 'joined', NULL, 0, ? WHERE ", params![kind, endpoint, bucket, region, key, at]);
        trash::throw_rows(rows.then(condition, params![job_id]))
    };
    batch![
        Statement::new("UPDATE reels SET joined = 1, join_at = NULL WHERE job_id = ? AND join_at = ?", params![job_id, *join_at]),
        Statement::new(
            "UPDATE assets SET object_key = ? WHERE id = ? AND format = 'segments' AND EXISTS (SELECT 1 FROM reels WHERE job_id = ? AND joined = 1)",
            params![&whole, asset_id, job_id],
        ),
        throw("folder", &folder, now.plus(reel.ms() + PAUSES_MS), "EXISTS (SELECT 1 FROM reels WHERE job_id = ? AND joined = 1)"),
        throw("object", &whole, now, "NOT EXISTS (SELECT 1 FROM reels WHERE job_id = ?)"),
        Statement::new(
            "UPDATE egresses SET segments = 'gone' WHERE object_key = ? AND EXISTS (SELECT 1 FROM reels WHERE job_id = ? AND joined = 1)",
            params![recording_key, job_id],
        ),
        // Its stream may have been told to keep its recordings after this one had begun.
        saves::ask_if_wanted(asset_id, &whole, &saved_key(&whole), reel.bytes(), now),
    ]
}
