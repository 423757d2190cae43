//! Table `usage_months`: what was recorded, kept and downloaded, by month. Triggers keep it.

use super::Statement;
use super::row::{FromRow, Row};
use crate::params;
use crate::time::Millis;

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
    /// What went in this month, whenever it was recorded.
    pub removed_bytes: i64,
    pub downloads: i64,
    pub downloaded_bytes: i64,
}

impl FromRow for Month {
    fn from_row(row: &Row) -> Self {
        // A month in which nothing happened has no row.
        let number = |name| row.maybe_number(name).unwrap_or(0);
        Self {
            month: row.text("month"),
            recordings: number("recordings"),
            recorded_ms: number("recorded_ms"),
            minutes: number("minutes"),
            added_bytes: number("added_bytes"),
            copied_bytes: number("copied_bytes"),
            removed_bytes: number("removed_bytes"),
            downloads: number("downloads"),
            downloaded_bytes: number("downloaded_bytes"),
        }
    }
}

/// The months from the first with anything in it until now, the newest first. In one in which nothing happened what was
/// kept is still there, and billed.
#[must_use]
pub fn months(most: i64, now: Millis) -> Statement {
    Statement::new(
        "WITH RECURSIVE k(month) AS (SELECT min(month) FROM usage_months UNION ALL \
         SELECT strftime('%Y-%m', month || '-01', '+1 month') FROM k \
         WHERE month < max(strftime('%Y-%m', ? / 1000, 'unixepoch'), (SELECT max(month) FROM usage_months))) \
         SELECT month, recordings, recorded_ms, minutes, added_bytes, copied_bytes, removed_bytes, downloads, downloaded_bytes \
         FROM k LEFT JOIN usage_months USING (month) WHERE month IS NOT NULL ORDER BY month DESC LIMIT ?",
        params![now, most],
    )
}
