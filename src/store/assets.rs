//! Table `assets`: recordings, each the file of one job.

use super::row::{FromRow, Row};
use super::{Only, Statement};
use crate::params;
use crate::storj::sign::Bucket;
use crate::time::Millis;

/// The row of a recording, made of what its job knows. It takes the stream's title and visibility of this moment; a
/// stream that is gone leaves a private one. Ends inside a WHERE.
pub(super) fn insert(object_key: &str, id: &str, format: &'static str, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO assets (id, livepeer_asset_id, job_id, stream_id, title, room_name, owner_id, part, status, visibility, \
         object_key, bucket, endpoint, region, duration_ms, size_bytes, quality, format, partial, saved, thumbnail_key, created_at, started_at, ended_at) \
         SELECT ?, e.egress_id, e.id, l.id, COALESCE(l.title, e.room_name), e.room_name, e.owner_id, e.part, 'processing', \
         COALESCE(l.visibility, 'private'), e.object_key, e.bucket, e.endpoint, e.region, e.duration_ms, e.size_bytes, e.quality, ?, \
         e.status = 'failed', COALESCE(l.save_to_storj, 0) = 1 AND e.object_ttl_ms IS NULL, l.thumbnail_key, ?, e.started_at, e.ended_at \
         FROM egresses e LEFT JOIN live_streams l ON l.id = e.stream_id WHERE e.object_key = ? AND e.deleted_at IS NULL",
        params![id, format, now, object_key],
    )
}

/// Makes the recording of a job that left a file, once. One that was made of its segments meanwhile is verified anew.
#[must_use]
pub fn make(object_key: &str, id: &str, now: Millis, only: &Only) -> Statement {
    insert(object_key, id, "mp4", now).then(" AND e.file = 'yes'", vec![]).only(only).then(" ON CONFLICT (job_id) DO NOTHING", vec![])
}

/// LiveKit's own ending came after its recording was made (of a file that we found ourselves): its numbers, and
/// whether the file is whole.
#[must_use]
pub fn fill_in(object_key: &str, only: &Only) -> Statement {
    Statement::new(
        "UPDATE assets SET livepeer_asset_id = COALESCE(assets.livepeer_asset_id, e.egress_id), \
         duration_ms = COALESCE(assets.duration_ms, e.duration_ms), started_at = COALESCE(assets.started_at, e.started_at), \
         ended_at = COALESCE(e.ended_at, assets.ended_at), \
         size_bytes = CASE WHEN assets.status = 'processing' THEN e.size_bytes ELSE assets.size_bytes END, \
         partial = e.status = 'failed' OR (assets.status = 'ready' AND COALESCE(assets.size_bytes <> e.size_bytes, 0)) \
         OR assets.format = 'segments' \
         FROM egresses e WHERE e.object_key = ? AND assets.job_id = e.id AND e.inferred = 0",
        params![object_key],
    )
    .only(only)
}

/// A recording whose file has not been verified.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Unverified {
    pub id: String,
    pub title: String,
    pub room_name: String,
    /// The file's, as LiveKit was asked for it.
    pub object_key: String,
    pub bucket: String,
    pub endpoint: String,
    pub region: String,
    /// As LiveKit reported it.
    pub size_bytes: Option<i64>,
    /// As LiveKit reported it.
    pub duration_ms: Option<i64>,
    pub failed: bool,
    /// `egresses.segments`
    pub segments: String,
    /// LiveKit was asked for a picture of it.
    pub picture: bool,
    /// What it is made of, if that is segments.
    pub reel: Option<String>,
    pub object_ttl_ms: Option<i64>,
    pub created_at: Millis,
    pub started_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    pub checks: i64,
    pub checked_at: Option<Millis>,
}

impl FromRow for Unverified {
    fn from_row(row: &Row) -> Self {
        Self {
            id: row.text("id"),
            title: row.text("title"),
            room_name: row.text("room_name"),
            object_key: row.text("object_key"),
            bucket: row.text("bucket"),
            endpoint: row.text("endpoint"),
            region: row.text("region"),
            size_bytes: row.maybe_number("size_bytes"),
            duration_ms: row.maybe_number("duration_ms"),
            failed: row.flag("failed"),
            segments: row.text("segments"),
            picture: row.flag("picture"),
            reel: row.maybe_text("reel"),
            object_ttl_ms: row.maybe_number("object_ttl_ms"),
            created_at: row.time("created_at"),
            started_at: row.maybe_time("started_at"),
            ended_at: row.maybe_time("ended_at"),
            checks: row.number("checks"),
            checked_at: row.maybe_time("checked_at"),
        }
    }
}

impl Unverified {
    /// Where its file lies.
    #[must_use]
    pub fn bucket(&self) -> Bucket {
        Bucket { endpoint: self.endpoint.clone(), region: self.region.clone(), name: self.bucket.clone() }
    }
}

/// The stream's recordings that are still to be verified: the ones never asked for first, then the longest
/// waiting, so that five which nobody can answer for do not hold up the rest. One made of segments is among them when
/// its file was named after all.
#[must_use]
pub fn unverified(stream_id: &str) -> Statement {
    Statement::new(
        "SELECT a.id, a.title, a.room_name, e.object_key, a.bucket, a.endpoint, a.region, e.size_bytes, e.duration_ms, e.status = 'failed' AS failed, e.segments, e.picture, \
         r.reel, e.object_ttl_ms, a.created_at, a.started_at, a.ended_at, a.checks, a.checked_at FROM assets a \
         JOIN egresses e ON e.id = a.job_id LEFT JOIN reels r ON r.job_id = a.job_id \
         WHERE a.stream_id = ? AND (a.status = 'processing' OR (a.format = 'segments' AND a.status = 'ready' AND a.saved_key IS NULL AND e.file = 'yes' AND r.settled = 0)) \
         ORDER BY a.checked_at, a.created_at, a.id LIMIT 5",
        params![stream_id],
    )
}

/// The object is there. Its true size is kept; another one than LiveKit's word makes it partial. What was made of
/// segments until now is its file from now on. Its expiry is fixed: Storj's own, or our retention, whichever
/// comes first ([`super::retention::fix`]). One whose lasting copy was finished meanwhile stays that copy.
#[must_use]
pub fn ready(id: &str, size_bytes: i64, expiry: Statement, now: Millis) -> Statement {
    Statement::new(
        "UPDATE assets SET status = 'ready', partial = e.status = 'failed' OR COALESCE(e.size_bytes <> ?, 0), \
         duration_ms = CASE WHEN format = 'mp4' THEN assets.duration_ms ELSE e.duration_ms END, format = 'mp4', \
         object_key = e.object_key, size_bytes = ?, ",
        params![size_bytes, size_bytes],
    )
    .then(&expiry.sql, expiry.params)
    .then(
        ", checks = checks + 1, checked_at = ? FROM egresses e WHERE assets.id = ? AND e.id = assets.job_id \
         AND assets.saved_key IS NULL AND (assets.status IN ('processing', 'missing') OR (assets.status = 'ready' AND assets.format = 'segments'))",
        params![now, id],
    )
}

/// The object is not there, confirmed twice over.
#[must_use]
pub fn missing(id: &str, now: Millis) -> Statement {
    Statement::new(
        "UPDATE assets SET status = 'missing', checks = checks + 1, checked_at = ? WHERE id = ? AND status = 'processing'",
        params![now, id],
    )
}

/// No clear answer: looked at again later.
#[must_use]
pub fn checked(id: &str, now: Millis) -> Statement {
    Statement::new("UPDATE assets SET checks = checks + 1, checked_at = ? WHERE id = ?", params![now, id])
}
