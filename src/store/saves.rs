//! Table `saves`: lasting copies under way. A row goes when the copy is there, or will never be.

use super::Statement;
use super::row::{FromRow, Row};
use crate::batch;
use crate::params;
use crate::storj::sign::Bucket;
use crate::time::{HOUR, MINUTE, Millis};

/// A copy under way, with its recording beside it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Save {
    pub asset_id: String,
    pub copy_key: String,
    pub size_bytes: i64,
    pub part_bytes: i64,
    pub upload_id: Option<String>,
    pub parts: i64,
    /// JSON: the ETags of all parts so far, in order.
    pub etags: String,
    pub tries: i64,
    pub error: Option<String>,
    pub holder: String,
    pub object_key: String,
    pub bucket: String,
    pub endpoint: String,
    pub region: String,
    /// Storj itself deletes the source some day, and would do so with a copy.
    pub expires: bool,
}

impl FromRow for Save {
    fn from_row(row: &Row) -> Self {
        Self {
            asset_id: row.text("asset_id"),
            copy_key: row.text("copy_key"),
            size_bytes: row.number("size_bytes"),
            part_bytes: row.number("part_bytes"),
            upload_id: row.maybe_text("upload_id"),
            parts: row.number("parts"),
            etags: row.text("etags"),
            tries: row.number("tries"),
            error: row.maybe_text("error"),
            holder: row.text("holder"),
            object_key: row.text("object_key"),
            bucket: row.text("bucket"),
            endpoint: row.text("endpoint"),
            region: row.text("region"),
            expires: row.flag("expires"),
        }
    }
}

impl Save {
    /// Where both lie.
    #[must_use]
    pub fn bucket(&self) -> Bucket {
        Bucket { endpoint: self.endpoint.clone(), region: self.region.clone(), name: self.bucket.clone() }
    }

    /// Bytes that are copied.
    #[must_use]
    pub fn copied_bytes(&self) -> i64 {
        self.parts.saturating_mul(self.part_bytes).min(self.size_bytes)
    }
}

/// Storj's own advice, its segment. Its answers to larger parts come later, to smaller ones cost more.
const PART_BYTES: i64 = 64 * 1024 * 1024;
/// S3's bound is 10,000 parts; 1,000 keep their ETags within 40 kB of a row.
const MOST_PARTS: i64 = 1_000;
/// A failed step is tried again after 1 minute, 2, 4 … up to an hour.
const LONGEST_WAIT_MS: i64 = HOUR;
/// Nobody else may go on for so long: a part's time-out and half a minute.
const HELD_MS: i64 = 150_000;

/// The size of a file's parts.
#[must_use]
pub const fn part_bytes(size_bytes: i64) -> i64 {
    let least = size_bytes / MOST_PARTS + 1;
    if least > PART_BYTES { least } else { PART_BYTES }
}

/// Somebody wants a lasting copy of a recording that is ready and not saved, and one object. Asked twice is asked once.
#[must_use]
pub fn ask(asset_id: &str, copy_key: &str, size_bytes: i64, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO saves (asset_id, copy_key, size_bytes, part_bytes, try_at, requested_at) \
         SELECT id, ?, ?, ?, ?, ? FROM assets WHERE id = ? AND status = 'ready' AND saved = 0 \
         AND (format = 'mp4' OR EXISTS (SELECT 1 FROM reels r WHERE r.job_id = assets.job_id AND r.joined = 1)) ON CONFLICT DO NOTHING",
        params![copy_key, size_bytes, part_bytes(size_bytes), now, now, asset_id],
    )
}

/// The same for a recording whose stream keeps its recordings, when the file itself does not last; if the recording is
/// `object_key` now.
#[must_use]
pub fn ask_if_wanted(asset_id: &str, object_key: &str, copy_key: &str, size_bytes: i64, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO saves (asset_id, copy_key, size_bytes, part_bytes, try_at, requested_at) \
         SELECT a.id, ?, ?, ?, ?, ? FROM assets a JOIN live_streams l ON l.id = a.stream_id \
         WHERE a.id = ? AND a.object_key = ? AND a.status = 'ready' AND a.saved = 0 AND l.save_to_storj = 1 ON CONFLICT DO NOTHING",
        params![copy_key, size_bytes, part_bytes(size_bytes), now, now, asset_id, object_key],
    )
}

/// The recording is another file from now on, and so is its copy: one that is under way begins anew.
#[must_use]
pub fn of_another_file(asset_id: &str, copy_key: &str, size_bytes: i64, now: Millis) -> Vec<Statement> {
    vec![
        Statement::new(
            "INSERT INTO trash (kind, endpoint, bucket, region, object_key, upload_id, why, try_at) \
             SELECT 'upload', a.endpoint, a.bucket, a.region, s.copy_key, s.upload_id, 'save', ? FROM saves s JOIN assets a ON a.id = s.asset_id \
             WHERE s.asset_id = ? AND s.copy_key <> ? AND s.upload_id IS NOT NULL ON CONFLICT DO NOTHING",
            params![now, asset_id, copy_key],
        ),
        Statement::new(
            "UPDATE saves SET copy_key = ?, size_bytes = ?, part_bytes = ?, upload_id = NULL, parts = 0, etags = '[]', tries = 0, \
             error = NULL, holder = '', free_at = 0, try_at = ? WHERE asset_id = ? AND copy_key <> ?",
            params![copy_key, size_bytes, part_bytes(size_bytes), now, asset_id, copy_key],
        ),
    ]
}

/// The copy under way of a recording, or none.
#[must_use]
pub fn of(asset_id: &str) -> Statement {
    Statement::new(
        "SELECT s.asset_id, s.copy_key, s.size_bytes, s.part_bytes, s.upload_id, s.parts, s.etags, s.tries, s.error, s.holder, \
         a.object_key, a.bucket, a.endpoint, a.region, a.object_expires_at IS NOT NULL AS expires \
         FROM saves s JOIN assets a ON a.id = s.asset_id WHERE s.asset_id = ?",
        params![asset_id],
    )
}

/// What is due and in nobody's hand, the longest waiting first.
#[must_use]
pub fn due(now: Millis, limit: i64) -> Statement {
    Statement::new("SELECT asset_id AS id FROM saves WHERE try_at <= ? AND free_at <= ? ORDER BY try_at LIMIT ?", params![now, now, limit])
}

/// Takes the copy in hand, if nobody has it and its next try is due: who asks again and again does not hammer Storj.
#[must_use]
pub fn hold(asset_id: &str, holder: &str, now: Millis) -> Statement {
    Statement::new(
        "UPDATE saves SET holder = ?, free_at = ? WHERE asset_id = ? AND free_at <= ? AND try_at <= ?",
        params![holder, now.plus(HELD_MS), asset_id, now, now],
    )
}

/// Gives it out of the hand; the next turn comes at `again`, with what went wrong.
#[must_use]
pub fn rest(save: &Save, again: Millis) -> Statement {
    Statement::new(
        "UPDATE saves SET free_at = 0, try_at = ? WHERE asset_id = ? AND holder = ?",
        params![again, &save.asset_id, &save.holder],
    )
}

/// A step failed: it is tried again later. `anew`: from the beginning, for the upload is lost.
#[must_use]
pub fn failed(save: &Save, error: &str, anew: bool, now: Millis) -> Statement {
    Statement::new(
        "UPDATE saves SET free_at = 0, tries = tries + 1, error = ?, try_at = ? + min(? << min(tries, 20), ?), \
         upload_id = CASE WHEN ? THEN NULL ELSE upload_id END, parts = CASE WHEN ? THEN 0 ELSE parts END, \
         etags = CASE WHEN ? THEN '[]' ELSE etags END WHERE asset_id = ? AND holder = ?",
        params![error, now, MINUTE, LONGEST_WAIT_MS, anew, anew, anew, &save.asset_id, &save.holder],
    )
}

/// An upload was begun. If the copy is not wanted any more, or in another hand, it is thrown away.
#[must_use]
pub fn begun(save: &Save, upload_id: &str, now: Millis) -> Vec<Statement> {
    vec![
        Statement::new(
            "UPDATE saves SET upload_id = ?, parts = 0, etags = '[]' WHERE asset_id = ? AND holder = ? AND upload_id IS NULL",
            params![upload_id, &save.asset_id, &save.holder],
        ),
        Statement::new(
            "INSERT INTO trash (kind, endpoint, bucket, region, object_key, upload_id, why, try_at) \
             SELECT 'upload', ?, ?, ?, ?, ?, 'save', ? WHERE NOT EXISTS (SELECT 1 FROM saves WHERE asset_id = ? AND upload_id = ?) \
             ON CONFLICT DO NOTHING",
            params![&save.endpoint, &save.bucket, &save.region, &save.copy_key, upload_id, now, &save.asset_id, upload_id],
        ),
    ]
}

/// A lost upload is thrown away all the same: what is not there costs nothing to ask for.
#[must_use]
pub fn throw_upload(save: &Save, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO trash (kind, endpoint, bucket, region, object_key, upload_id, why, try_at) \
         SELECT 'upload', ?, ?, ?, ?, ?, 'save', ? WHERE 1 ON CONFLICT DO NOTHING",
        params![&save.endpoint, &save.bucket, &save.region, &save.copy_key, save.upload_id.as_deref().unwrap_or_default(), now],
    )
}

/// A part is there.
#[must_use]
pub fn part_taken(save: &Save, etag: &str, now: Millis) -> Statement {
    Statement::new(
        "UPDATE saves SET etags = json_insert(etags, '$[#]', ?), parts = parts + 1, tries = 0, error = NULL, free_at = ? \
         WHERE asset_id = ? AND holder = ? AND parts = ? AND upload_id = ?",
        params![etag, now.plus(HELD_MS), &save.asset_id, &save.holder, save.parts, save.upload_id.as_deref()],
    )
}

/// The copy is there and whole. From now on it is the recording, and no expiry touches it. If the recording was
/// deleted meanwhile, the deletion wins and the copy goes too; so it does if the recording is another file by now. The original stays beside it; one that only our own
/// retention would have deleted goes when it would have.
#[must_use]
pub fn done(save: &Save, now: Millis) -> Vec<Statement> {
    vec![
        Statement::new(
            "INSERT INTO trash (kind, endpoint, bucket, region, object_key, why, try_at) \
             SELECT 'object', endpoint, bucket, region, object_key, 'saved', expires_at FROM assets \
             WHERE id = ? AND status = 'ready' AND expires_at IS NOT NULL AND object_expires_at IS NULL ON CONFLICT DO NOTHING",
            params![&save.asset_id],
        ),
        Statement::new(
            "UPDATE assets SET saved = 1, saved_key = ?, expires_at = NULL, retention_days = NULL, \
             copy_bytes = CASE WHEN expires_at IS NULL AND object_expires_at IS NULL THEN ? ELSE 0 END WHERE id = ? AND status = 'ready' \
             AND EXISTS (SELECT 1 FROM saves s WHERE s.asset_id = assets.id AND s.copy_key = ?)",
            params![&save.copy_key, save.size_bytes, &save.asset_id, &save.copy_key],
        ),
        Statement::new("DELETE FROM saves WHERE asset_id = ? AND copy_key = ?", params![&save.asset_id, &save.copy_key]),
        Statement::new(
            "INSERT INTO trash (kind, endpoint, bucket, region, object_key, why, try_at) \
             SELECT 'object', ?, ?, ?, ?, 'save', ? WHERE NOT EXISTS (SELECT 1 FROM assets WHERE id = ? AND saved_key = ?) \
             ON CONFLICT DO NOTHING",
            params![&save.endpoint, &save.bucket, &save.region, &save.copy_key, now, &save.asset_id, &save.copy_key],
        ),
    ]
}

/// The source is gone, in S3's own words: there is nothing to copy.
#[must_use]
pub fn source_gone(save: &Save, now: Millis) -> Vec<Statement> {
    let mut statements = batch![
        Statement::new(
            "UPDATE assets SET status = 'missing', checked_at = ? WHERE id = ? AND status = 'ready' AND saved = 0",
            params![now, &save.asset_id],
        ),
        Statement::new("DELETE FROM saves WHERE asset_id = ? AND holder = ?", params![&save.asset_id, &save.holder]),
    ];
    if save.upload_id.is_some() {
        statements.push(throw_upload(save, now));
    }
    statements
}
