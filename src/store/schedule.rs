//! Small tables that the schedule lives by: leases, signs of life, proofs of the storage key.

use super::Statement;
use super::events::NEWEST;
use super::row::{FromRow, Row};
use crate::params;
use crate::time::Millis;

/// Takes the lease `name` for `holder` until `until` if nobody else has it; answers one row if it was got. Repeated it
/// is got again.
#[must_use]
pub fn lease(name: &str, holder: &str, now: Millis, until: Millis) -> Statement {
    Statement::new(
        "INSERT INTO leases (name, holder, until) VALUES (?, ?, ?) \
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
         WHERE leases.until <= ? OR leases.holder = excluded.holder RETURNING holder",
        params![name, holder, until, now],
    )
}

/// Gives the lease back.
#[must_use]
pub fn release(name: &str, holder: &str) -> Statement {
    Statement::new("UPDATE leases SET until = 0 WHERE name = ? AND holder = ?", params![name, holder])
}

/// `name` is alive.
#[must_use]
pub fn beat(name: &str, now: Millis, note: &str) -> Statement {
    Statement::new(
        "INSERT INTO pulse (name, at, note) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at, note = excluded.note",
        params![name, now, note],
    )
}

/// When the schedule last ran and a webhook of LiveKit's last came.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Health {
    pub schedule_at: Option<Millis>,
    pub webhook_at: Option<Millis>,
}

impl FromRow for Health {
    fn from_row(row: &Row) -> Self {
        Self { schedule_at: row.maybe_time("schedule_at"), webhook_at: row.maybe_time("webhook_at") }
    }
}

/// Reads [`Health`].
#[must_use]
pub fn health() -> Statement {
    Statement::new("SELECT (SELECT at FROM pulse WHERE name = 'schedule') AS schedule_at, ", vec![])
        .then(NEWEST, vec![])
        .then(" AS webhook_at", vec![])
}

/// What is known of a storage key.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Proof {
    pub proved_at: Option<Millis>,
    pub refused: Option<String>,
    pub tried_at: Millis,
    /// Whether it may write over what is there.
    pub overwrites: Option<bool>,
}

impl FromRow for Proof {
    fn from_row(row: &Row) -> Self {
        Self {
            proved_at: row.maybe_time("proved_at"),
            refused: row.maybe_text("refused"),
            tried_at: row.time("tried_at"),
            overwrites: row.maybe_number("overwrites").map(|overwrites| overwrites != 0),
        }
    }
}

/// Reads a [`Proof`].
#[must_use]
pub fn proof(id: &str) -> Statement {
    Statement::new("SELECT proved_at, refused, tried_at, overwrites FROM storage_proofs WHERE id = ?", params![id])
}

/// The probe was written, or refused for that reason. No clear answer changes nothing but the try.
#[must_use]
pub fn prove(id: &str, refused: Option<&str>, clear: bool, overwrites: Option<bool>, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO storage_proofs (id, proved_at, refused, tried_at, overwrites) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET tried_at = excluded.tried_at, overwrites = COALESCE(excluded.overwrites, overwrites), \
         proved_at = CASE WHEN ? THEN excluded.proved_at ELSE proved_at END, \
         refused = CASE WHEN ? THEN excluded.refused ELSE refused END",
        params![id, (clear && refused.is_none()).then_some(now), refused, now, overwrites, clear, clear],
    )
}
