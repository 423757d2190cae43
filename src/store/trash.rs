//! Table `trash`: what is to be deleted in a bucket, before it is.

use super::row::{FromRow, Row};
use super::{Only, Statement};
use crate::batch;
use crate::params;
use crate::storj::sign::Bucket;
use crate::time::{HOUR, MINUTE, Millis};

/// A try that failed is made again after 1 minute, 2, 4 … up to 6 hours, and never given up: what nobody
/// deletes is billed for ever.
const LONGEST_WAIT_MS: i64 = 6 * HOUR;
/// What was gone is asked for again after so long, where an upload may have been under way: the longest that a
/// recorder is waited for, twice over.
const AGAIN_AFTER_MS: i64 = HOUR;

/// What kind of thing is thrown away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One object.
    Object,
    /// Every object whose key begins so; the key ends in `/`.
    Folder,
}

/// Something to throw away.
#[derive(Clone, Copy, Debug)]
pub struct Thrown<'a> {
    /// An object or a folder.
    pub kind: Kind,
    /// Where.
    pub bucket: &'a Bucket,
    /// Its key, one that was computed here and stored.
    pub key: &'a str,
    /// A code of ours.
    pub why: &'a str,
    /// The recording that goes when all of its things are gone.
    pub asset_id: Option<&'a str>,
    /// Deleted a second time an hour later: an upload may be under way now.
    pub again: bool,
    /// Not before this time.
    pub at: Millis,
}

const INSERT: &str = "INSERT INTO trash (kind, endpoint, bucket, region, object_key, upload_id, why, asset_id, again, try_at) ";
/// Thrown away twice is thrown away once, at the earlier time, and from the beginning.
const TWICE: &str = " ON CONFLICT (bucket, object_key, endpoint, kind, upload_id) DO UPDATE SET try_at = min(try_at, excluded.try_at), \
    passed = 0, again = max(again, excluded.again), asset_id = COALESCE(asset_id, excluded.asset_id)";

/// Throws something away. The schedule works it off, [`crate::flow::discard`].
#[must_use]
pub fn throw(thrown: &Thrown, only: &Only) -> Statement {
    let kind = if thrown.kind == Kind::Folder { "folder" } else { "object" };
    let Bucket { endpoint, region, name } = thrown.bucket;
    Statement::new(INSERT, vec![])
        .then(
            "SELECT ?, ?, ?, ?, ?, '', ?, ?, ?, ? WHERE 1",
            params![kind, endpoint, name, region, thrown.key, thrown.why, thrown.asset_id, thrown.again, thrown.at],
        )
        .only(only)
        .then(TWICE, vec![])
}

/// Throws away what `rows` selects, in the order of the columns: kind, endpoint, bucket, region, key, upload id, why,
/// recording, again, not before. It ends inside a WHERE.
#[must_use]
pub(super) fn throw_rows(rows: Statement) -> Statement {
    Statement::new(INSERT, vec![]).then(&rows.sql, rows.params).then(TWICE, vec![])
}

/// A row.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Item {
    pub id: i64,
    pub kind: String,
    pub endpoint: String,
    pub bucket: String,
    pub region: String,
    pub object_key: String,
    pub upload_id: String,
    pub asset_id: Option<String>,
}

impl FromRow for Item {
    fn from_row(row: &Row) -> Self {
        Self {
            id: row.number("id"),
            kind: row.text("kind"),
            endpoint: row.text("endpoint"),
            bucket: row.text("bucket"),
            region: row.text("region"),
            object_key: row.text("object_key"),
            upload_id: row.text("upload_id"),
            asset_id: row.maybe_text("asset_id"),
        }
    }
}

impl Item {
    /// Where it lies.
    #[must_use]
    pub fn bucket(&self) -> Bucket {
        Bucket { endpoint: self.endpoint.clone(), region: self.region.clone(), name: self.bucket.clone() }
    }
}

const COLUMNS: &str = "SELECT id, kind, endpoint, bucket, region, object_key, upload_id, asset_id FROM trash ";

/// What is due, the longest waiting first.
#[must_use]
pub fn due(now: Millis, limit: i64) -> Statement {
    Statement::new(COLUMNS, vec![]).then("WHERE try_at <= ? ORDER BY try_at LIMIT ?", params![now, limit])
}

/// What is due of these recordings.
#[must_use]
pub fn due_of(asset_ids: &[&str], now: Millis) -> Statement {
    let ids = crate::json::write(&serde_json::json!(asset_ids));
    Statement::new(COLUMNS, vec![])
        .then("WHERE asset_id IN (SELECT value FROM json_each(?)) AND try_at <= ? ORDER BY try_at LIMIT 1000", params![ids, now])
}

/// These are gone. Recordings of which everything is gone go with them.
#[must_use]
pub fn gone(items: &[&Item], now: Millis) -> Vec<Statement> {
    let ids = crate::json::write(&items.iter().map(|item| item.id).collect::<Vec<_>>().into());
    let assets: Vec<&str> = items.iter().filter_map(|item| item.asset_id.as_deref()).collect();
    let assets = crate::json::write(&serde_json::json!(assets));
    let over = "id IN (SELECT value FROM json_each(?)) AND status = 'deleting' \
                AND NOT EXISTS (SELECT 1 FROM trash t WHERE t.asset_id = assets.id AND t.passed = 0)";
    batch![
        // Asked for a second time: gone for good. Not so by two at once, which both ask for the first time.
        Statement::new(
            "DELETE FROM trash WHERE id IN (SELECT value FROM json_each(?)) AND (again = 0 OR (passed = 1 AND try_at <= ?))",
            params![&ids, now],
        ),
        Statement::new(
            "UPDATE trash SET passed = 1, tries = 0, error = NULL, try_at = ? WHERE id IN (SELECT value FROM json_each(?))",
            params![now.plus(AGAIN_AFTER_MS), &ids],
        ),
        // Its job stays, for its stream to tell of; of a stream that is gone too it has nothing more to say.
        Statement::new("DELETE FROM egresses WHERE id IN (SELECT job_id FROM assets WHERE ", vec![])
            .then(over, params![&assets])
            .then(") AND NOT EXISTS (SELECT 1 FROM live_streams l WHERE l.id = egresses.stream_id)", vec![]),
        Statement::new("DELETE FROM downloads WHERE asset_id IN (SELECT id FROM assets WHERE ", vec![])
            .then(over, params![&assets])
            .then(")", vec![]),
        Statement::new("DELETE FROM assets WHERE ", vec![]).then(over, params![&assets]),
    ]
}

/// A folder is not empty yet: what waits longer comes first.
#[must_use]
pub fn goes_on(id: i64, now: Millis) -> Statement {
    Statement::new("UPDATE trash SET try_at = ? WHERE id = ?", params![now, id])
}

/// These are still there, or nobody knows: tried again later.
#[must_use]
pub fn stays(ids: &[i64], error: &str, now: Millis) -> Statement {
    Statement::new(
        "UPDATE trash SET tries = tries + 1, error = ?, try_at = ? + min(? << min(tries, 20), ?) \
         WHERE id IN (SELECT value FROM json_each(?))",
        params![error, now, MINUTE, LONGEST_WAIT_MS, crate::json::write(&ids.to_vec().into())],
    )
}
