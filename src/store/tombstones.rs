//! Tombstones: the statements that make a recording or a stream one that is being deleted.
//!
//! A tombstone is one batch. From then on nothing that comes late (a webhook, LiveKit's list, the schedule, a copy
//! under way) brings the recording back: its job is marked, and every key that can exist is in the trash.

use serde_json::{Value, json};

use super::row::{FromRow, Row};
use super::{Statement, sessions};
use crate::batch;
use crate::object;
use crate::params;
use crate::storj::key::{folder_of, joined_key, manifest_key, picture_key, saved_key};
use crate::time::{MINUTE, Millis};

/// After its stream is deleted a room's name is nobody else's for so long: the tokens that went out for it live ten minutes
/// (`api::token`), and LiveKit takes them a minute longer. Whoever holds one would get into the next owner's room.
pub const NAME_HELD_MS: i64 = 11 * MINUTE;

/// A recording, as far as its deletion needs to know it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Doomed {
    pub id: String,
    pub owner_id: String,
    pub visibility: String,
    /// The key that its job was to write; what it plays from may be another one.
    pub object_key: String,
    pub egress_id: Option<String>,
    /// LiveKit was asked for a picture.
    pub picture: bool,
}

impl FromRow for Doomed {
    fn from_row(row: &Row) -> Self {
        Self {
            id: row.text("id"),
            owner_id: row.text("owner_id"),
            visibility: row.text("visibility"),
            object_key: row.text("object_key"),
            egress_id: row.maybe_text("livepeer_asset_id"),
            picture: row.flag("picture"),
        }
    }
}

impl Doomed {
    /// Every key that can exist of it, whether or not it does: a copy or an upload may be under way.
    fn keys(&self) -> Vec<(&'static str, String)> {
        let mut keys = vec![
            ("object", self.object_key.clone()),
            ("object", joined_key(&self.object_key)),
            ("object", saved_key(&self.object_key)),
            ("object", saved_key(&joined_key(&self.object_key))),
            ("folder", folder_of(&self.object_key)),
        ];
        keys.extend(self.egress_id.as_deref().map(|id| ("object", manifest_key(&self.object_key, id))));
        keys.extend(self.picture.then(|| ("object", picture_key(&self.object_key))));
        keys
    }
}

const DOOMED: &str = "SELECT a.id, a.owner_id, a.visibility, COALESCE(e.object_key, a.object_key) AS object_key, a.livepeer_asset_id, \
    COALESCE(e.picture, 0) AS picture \
    FROM assets a LEFT JOIN egresses e ON e.id = a.job_id ";

/// These recordings, as far as they are there.
#[must_use]
pub fn doomed(ids: &[&str]) -> Statement {
    Statement::new(DOOMED, vec![]).then("WHERE a.id IN (SELECT value FROM json_each(?))", params![list(ids)])
}

/// A user's recordings that are not being deleted yet.
#[must_use]
pub fn doomed_of(owner_id: &str, limit: i64) -> Statement {
    Statement::new(DOOMED, vec![]).then(
        "WHERE a.owner_id = ? AND a.status IN ('processing', 'ready', 'missing') ORDER BY a.created_at LIMIT ?",
        params![owner_id, limit],
    )
}

/// Recordings whose time is over, the longest first. One that is saved is never deleted by us, nor is one that is being
/// saved; whether Storj does, the saving finds out.
#[must_use]
pub fn expired(now: Millis, limit: i64) -> Statement {
    // `+` keeps D1's planner off the index of statuses: with a bound LIMIT it would walk every ready recording.
    Statement::new(DOOMED, vec![]).then(
        "WHERE +a.status = 'ready' AND a.saved = 0 AND a.expires_at <= ? AND NOT EXISTS (SELECT 1 FROM saves s WHERE s.asset_id = a.id) \
         ORDER BY a.expires_at LIMIT ?",
        params![now, limit],
    )
}

/// The tombstones of recordings. `why` is a code of ours.
#[must_use]
pub fn recordings(doomed: &[&Doomed], why: &str, now: Millis) -> Vec<Statement> {
    let ids = list(&doomed.iter().map(|one| one.id.as_str()).collect::<Vec<_>>());
    let things: Vec<Value> = doomed
        .iter()
        .flat_map(|one| one.keys().into_iter().map(|(kind, key)| object!({ "a": one.id, "kind": kind, "key": key })))
        .collect();
    batch![
        // First: the month of the bill in which it goes is told by it.
        Statement::new(
            "UPDATE egresses SET deleted_at = COALESCE(deleted_at, ?) \
             WHERE id IN (SELECT job_id FROM assets WHERE id IN (SELECT value FROM json_each(?)))",
            params![now, &ids],
        ),
        // Private: others do not see what is only left because the bucket has not answered.
        Statement::new(
            "UPDATE assets SET status = 'deleting', visibility = 'private' WHERE id IN (SELECT value FROM json_each(?))",
            params![&ids],
        ),
        Statement::new(
            "INSERT INTO trash (kind, endpoint, bucket, region, object_key, why, asset_id, again, try_at) \
             SELECT k.value ->> 'kind', a.endpoint, a.bucket, a.region, k.value ->> 'key', ?, a.id, 1, ? \
             FROM json_each(?) k JOIN assets a ON a.id = k.value ->> 'a' WHERE 1 \
             ON CONFLICT (bucket, object_key, endpoint, kind, upload_id) DO UPDATE SET \
             try_at = min(try_at, excluded.try_at), passed = 0, again = 1, asset_id = excluded.asset_id",
            params![why, now, crate::json::write(&Value::from(things))],
        ),
        // A copy under way: its upload is thrown away, and what a last part leaves behind an hour later.
        Statement::new(
            "INSERT INTO trash (kind, endpoint, bucket, region, object_key, upload_id, why, asset_id, again, try_at) \
             SELECT 'upload', a.endpoint, a.bucket, a.region, s.copy_key, s.upload_id, ?, a.id, 1, ? \
             FROM saves s JOIN assets a ON a.id = s.asset_id \
             WHERE s.asset_id IN (SELECT value FROM json_each(?)) AND s.upload_id IS NOT NULL ON CONFLICT DO NOTHING",
            params![why, now, &ids],
        ),
        Statement::new("DELETE FROM saves WHERE asset_id IN (SELECT value FROM json_each(?))", params![&ids]),
    ]
}

/// Which of these are still there.
#[must_use]
pub fn left(ids: &[&str]) -> Statement {
    Statement::new("SELECT id FROM assets WHERE id IN (SELECT value FROM json_each(?))", params![list(ids)])
}

/// The tombstone of a stream: it has ended, nobody finds it, its room's name is free (for others a while later), and it is
/// tended until all is over. Without `stop` only if it is not live and nothing of it records.
#[must_use]
pub fn stream(id: &str, stop: bool, now: Millis) -> Vec<Statement> {
    let guard = "deleted_at IS NULL AND (? OR (status <> 'live' AND NOT EXISTS (SELECT 1 FROM egresses e \
                 WHERE e.stream_id = live_streams.id AND e.status IN ('requested', 'starting', 'recording', 'stopping'))))";
    batch![
        sessions::leave_foreign(id, now).then(
            &format!(" AND EXISTS (SELECT 1 FROM live_streams WHERE id = ? AND {guard})"),
            params![id, stop]
        ),
        Statement::new(
            "UPDATE live_streams SET deleted_at = ?, owns_room = 0, status = 'ended', ended_at = COALESCE(ended_at, ?), ended_by = 'owner', \
             wish = 'stopped', wish_at = ?, viewer_count = 0, thumbnail_key = NULL, tend_at = ? WHERE id = ? AND ",
            params![now, now, now, now, id],
        )
        .then(guard, params![stop]),
    ]
}

/// Nothing more is to come of a deleted stream: it goes, its recordings stay. Its sessions stay too, so that a late
/// word about them is never taken for one about somebody else's new stream of the name.
#[must_use]
pub fn finish_stream(id: &str, now: Millis) -> Vec<Statement> {
    vec![
        Statement::new("DELETE FROM audience WHERE rowid IN (SELECT rowid FROM audience WHERE stream_id = ? LIMIT 1000)", params![id]),
        Statement::new("DELETE FROM viewer_steps WHERE stream_id = ?", params![id]),
        Statement::new("UPDATE assets SET stream_id = NULL WHERE stream_id = ?", params![id]),
        Statement::new(
            "DELETE FROM egresses WHERE stream_id = ? AND NOT EXISTS (SELECT 1 FROM assets a WHERE a.job_id = egresses.id)",
            params![id],
        ),
        Statement::new(
            "DELETE FROM live_streams WHERE id = ? AND deleted_at <= ? AND NOT EXISTS (SELECT 1 FROM audience WHERE stream_id = ?)",
            params![id, now.plus(-NAME_HELD_MS), id],
        ),
        // A thousand viewers a run, and its name. Of somebody who is being erased nothing but the name is left.
        Statement::new(
            "UPDATE live_streams SET title = '', about = NULL, \
             owner_id = CASE WHEN EXISTS (SELECT 1 FROM erasures WHERE user_id = owner_id) THEN '' ELSE owner_id END, \
             tend_at = CASE WHEN EXISTS (SELECT 1 FROM audience WHERE stream_id = ?) THEN ? \
             ELSE max(?, deleted_at + ?) END WHERE id = ? AND deleted_at IS NOT NULL",
            params![id, now.plus(MINUTE), now.plus(MINUTE), NAME_HELD_MS, id],
        ),
    ]
}

fn list(ids: &[&str]) -> String {
    crate::json::write(&json!(ids))
}
