//! What the doctor reads, and what is noted for it: webhooks that were refused, signs of life, keys in use.

use super::row::{FromRow, Row};
use super::{Statement, literals};
use crate::params;
use crate::time::Millis;

/// Signers that are told apart; with more of them it is somebody who tries things.
const MOST_SIGNERS: i64 = 20;
/// Counting goes no further: the number of rows that one answer may read.
pub const MOST_COUNTED: i64 = 1_000;

/// A webhook was refused. Anybody can send such things, so each signer costs a write a minute at most and a row for
/// each reason.
#[must_use]
pub fn refuse(signer: &str, why: &str, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO webhook_refusals (signer, why, times, refused_at) \
         SELECT CASE WHEN (SELECT count(*) FROM (SELECT 1 FROM webhook_refusals LIMIT ?)) < ? THEN ? ELSE 'others' END, ?, 1, ? WHERE 1 \
         ON CONFLICT (signer, why) DO UPDATE SET times = times + 1, refused_at = excluded.refused_at WHERE refused_at <= excluded.refused_at - 60000",
        params![MOST_SIGNERS, MOST_SIGNERS, signer, why, now],
    )
}

/// Webhooks that were refused, by signer and reason.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Refusal {
    pub signer: String,
    /// In the words of `livekit::signature::Refused`.
    pub why: String,
    /// At least so often.
    pub times: i64,
}

impl FromRow for Refusal {
    fn from_row(row: &Row) -> Self {
        Self { signer: row.text("signer"), why: row.text("why"), times: row.number("times") }
    }
}

/// Those since a time, the newest first.
#[must_use]
pub fn refusals(since: Millis, most: i64) -> Statement {
    Statement::new(
        "SELECT signer, why, times FROM webhook_refusals WHERE refused_at >= ? ORDER BY refused_at DESC LIMIT ?",
        params![since, most],
    )
}

/// Refusals of a week ago are forgotten.
#[must_use]
pub fn forget_refusals(before: Millis) -> Statement {
    Statement::new("DELETE FROM webhook_refusals WHERE refused_at < ?", params![before])
}

/// What is noted here and there.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Noted {
    /// When the newest webhook of any kind came, also one that was sent for a try.
    pub any_webhook_at: Option<Millis>,
    /// When the newest room of ours opened.
    pub newest_session_at: Option<Millis>,
    /// Recordings under way that upload with another storage key.
    pub with_another_key: i64,
    /// Recordings that expire soon, counted up to [`MOST_COUNTED`].
    pub expiring: i64,
    /// Until when the present `RETENTION_DAYS` deletes nothing, if it is new.
    pub grace_ends_at: Option<Millis>,
}

impl FromRow for Noted {
    fn from_row(row: &Row) -> Self {
        Self {
            any_webhook_at: row.maybe_time("any_webhook_at"),
            newest_session_at: row.maybe_time("newest_session_at"),
            with_another_key: row.number("with_another_key"),
            expiring: row.number("expiring"),
            grace_ends_at: row.maybe_time("grace_ends_at"),
        }
    }
}

/// Reads [`Noted`]. `storage_key` is the hash of the present one. A file is uploaded when its job is stopping, so those count
/// too; what they are looked for among is the index of the jobs of which something is still to be learned.
#[must_use]
pub fn noted(storage_key: &str, soon: Millis) -> Statement {
    Statement::new(
        "SELECT (SELECT max(received_at) FROM webhook_events) AS any_webhook_at, \
         (SELECT max(session_at) FROM (SELECT session_at FROM live_streams ORDER BY created_at DESC, id DESC LIMIT ?)) AS newest_session_at, \
         (SELECT count(*) FROM egresses WHERE (file = 'unknown' OR (inferred = 1 AND heard < 3)) \
         AND status IN ('requested', 'starting', 'recording', 'stopping') AND storage_key <> ?) AS with_another_key, \
         (SELECT count(*) FROM (SELECT 1 FROM assets WHERE expires_at IS NOT NULL AND expires_at <= ? LIMIT ?)) AS expiring, \
         (SELECT grace_ends_at FROM retention WHERE days > 0) AS grace_ends_at",
        params![20, storage_key, soon, MOST_COUNTED],
    )
}

/// A sign of life.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Beat {
    pub name: String,
    pub at: Millis,
    pub note: String,
}

impl FromRow for Beat {
    fn from_row(row: &Row) -> Self {
        Self { name: row.text("name"), at: row.time("at"), note: row.maybe_text("note").unwrap_or_default() }
    }
}

/// Those that the doctor asks for.
#[must_use]
pub fn beats() -> Statement {
    let names = literals(["previous_key", "notify_delivered", "notify_failed", "notify_given_up"].into_iter());
    Statement::new(format!("SELECT name, at, note FROM pulse WHERE name IN ({names})"), vec![])
}

/// A rehearsal begins: ten seconds recorded for the doctor.
#[must_use]
pub fn rehearse(object_key: &str, room_name: &str, now: Millis) -> Statement {
    Statement::new("INSERT INTO rehearsals (object_key, room_name, begun_at) VALUES (?, ?, ?)", params![object_key, room_name, now])
}

/// It is over, and its object is gone.
#[must_use]
pub fn rehearsed(object_key: &str) -> Statement {
    Statement::new("DELETE FROM rehearsals WHERE object_key = ?", params![object_key])
}

/// Those that began before a time and are not over.
#[must_use]
pub fn cut_off(before: Millis, most: i64) -> Statement {
    Statement::new(
        "SELECT object_key, room_name, begun_at FROM rehearsals WHERE begun_at < ? ORDER BY begun_at LIMIT ?",
        params![before, most],
    )
}
