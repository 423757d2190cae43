//! Table `usage_months`: what was recorded, kept and downloaded, by month. Triggers keep it.

use super::Statement;
use super::row::{FromRow, Row};
use crate::params;

/// A row.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Month {
    /// `2026-11`, UTC.
    pub month: String,
    pub recordings: i64,
    pub recorded_ms: i64,
    /// Each recording rounded up.
    pub minutes: i64,
    pub added_bytes: i64,
    /// Safety copies, as many bytes as the recordings have that had one.
    pub copied_bytes: i64,
    /// Of `added_bytes`, what is still there.
    pub kept_bytes: i64,
    pub downloads: i64,
    pub downloaded_bytes: i64,
}

impl FromRow for Month {
    fn from_row(row: &Row) -> Self {
        Self {
            month: row.text("month"),
            recordings: row.number("recordings"),
            recorded_ms: row.number("recorded_ms"),
            minutes: row.number("minutes"),
            added_bytes: row.number("added_bytes"),
            copied_bytes: row.number("copied_bytes"),
            kept_bytes: row.number("kept_bytes"),
            downloads: row.number("downloads"),
            downloaded_bytes: row.number("downloaded_bytes"),
        }
    }
}

/// The newest months, the newest first.
#[must_use]
pub fn months(most: i64) -> Statement {
    Statement::new(
        "SELECT month, recordings, recorded_ms, minutes, added_bytes, copied_bytes, kept_bytes, downloads, downloaded_bytes \
         FROM usage_months ORDER BY month DESC LIMIT ?",
        params![most],
    )
}
