//! Table `outbox`: what is still to be told at `NOTIFY_URL`. Triggers fill it, in the very transaction that
//! makes it so.

use super::Statement;
use super::row::{FromRow, Row};
use crate::params;
use crate::time::Millis;

/// A message.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Message {
    pub id: String,
    /// `recording.ready`, `recording.failed`, `recording.deleted`.
    pub event: String,
    /// As JSON; times in it are Unix milliseconds.
    pub data: String,
    pub tries: i64,
    pub first_at: Millis,
}

impl FromRow for Message {
    fn from_row(row: &Row) -> Self {
        Self {
            id: row.text("id"),
            event: row.text("event"),
            data: row.text("data"),
            tries: row.number("tries"),
            first_at: row.time("first_at"),
        }
    }
}

/// Whether something is due: up to so many ids.
#[must_use]
pub fn due(now: Millis, most: i64) -> Statement {
    Statement::new("SELECT id FROM outbox WHERE due_at <= ? ORDER BY due_at LIMIT ?", params![now, most])
}

/// Takes the messages that are due, the longest waiting first. Until `again` nobody else takes them: who is cut off in between
/// has them tried again then, and what was not tried counts as no try.
#[must_use]
pub fn take(most: i64, now: Millis, again: Millis) -> Statement {
    Statement::new(
        "UPDATE outbox SET first_at = COALESCE(first_at, ?), due_at = ? \
         WHERE id IN (SELECT id FROM outbox WHERE due_at <= ? ORDER BY due_at LIMIT ?) RETURNING id, event, data, tries, first_at",
        params![now, again, now, most],
    )
}

/// It was delivered, or is given up.
#[must_use]
pub fn done(id: &str) -> Statement {
    Statement::new("DELETE FROM outbox WHERE id = ?", params![id])
}

/// It was tried, and is tried again.
#[must_use]
pub fn put_off(id: &str, until: Millis) -> Statement {
    Statement::new("UPDATE outbox SET tries = tries + 1, due_at = ? WHERE id = ?", params![until, id])
}

/// Nobody wants to be told: what the triggers wrote goes, at most so many at a time.
#[must_use]
pub fn clear(most: i64) -> Statement {
    Statement::new("DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY due_at LIMIT ?)", params![most])
}
