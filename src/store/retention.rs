//! Table `retention`: since when `RETENTION_DAYS` has its value, so that a typo deletes nothing for a week; and the
//! personal data of viewers, which stays for 30 days.

use super::Statement;
use crate::batch;
use crate::params;
use crate::time::{DAY, Millis};

/// Nothing expires under a shorter `RETENTION_DAYS` for so long after that value was first seen.
pub const GRACE_MS: i64 = 7 * DAY;
/// Rows about single viewers are kept for so long; a stream's totals stay.
const VIEWERS_KEPT_MS: i64 = 30 * DAY;

/// When a recording expires by `days` after its end, never within the week in which that value is new; NULL for none.
/// A row that is not there yet is a value that is new now.
const BY_DAYS: &str =
    "max(COALESCE(assets.ended_at, assets.created_at) + ? * 86400000, COALESCE((SELECT grace_ends_at FROM retention WHERE days = ?), ?))";

/// The value that is configured now (`None`: keep for ever). A new one is noted, with its week of grace if it is
/// shorter; recordings whose expiry was fixed under a value that did not outlive its week are fixed anew.
#[must_use]
pub fn seen(days: Option<i64>, now: Millis) -> Vec<Statement> {
    let value = days.unwrap_or(0);
    batch![
        Statement::new(
            "INSERT INTO retention (name, days, since_at, grace_ends_at) VALUES ('RETENTION_DAYS', ?, ?, ?) \
             ON CONFLICT (name) DO UPDATE SET days = excluded.days, since_at = excluded.since_at, \
             grace_ends_at = CASE WHEN retention.days = 0 OR excluded.days < retention.days THEN excluded.grace_ends_at ELSE 0 END, \
             undone = CASE WHEN retention.grace_ends_at > excluded.since_at THEN retention.days END WHERE retention.days <> excluded.days",
            params![value, now, now.plus(GRACE_MS)],
        ),
        // CROSS JOIN and `+` hold D1's planner to the one row of `retention` and the index of days: it would begin with
        // every ready recording.
        Statement::new("UPDATE assets SET expires_at = ", vec![])
            .then(&format!("CASE WHEN ? = 0 THEN object_expires_at ELSE COALESCE(min(object_expires_at, {BY_DAYS}), {BY_DAYS}) END, "), params![
                value, value, value, now, value, value, now
            ])
            .then(
                "retention_days = CASE WHEN ? = 0 THEN NULL ELSE ? END WHERE id IN (SELECT a.id FROM retention \
                 CROSS JOIN assets a ON a.retention_days = retention.undone WHERE retention.undone <> retention.days AND +a.status = 'ready' LIMIT 200)",
                params![value, value],
            ),
    ]
}

/// The statement that fixes a recording's expiry when it is ready, [`super::assets::ready`]: its text and parameters. What is
/// saved has none, whatever the stream's wish is by now, so the row itself is asked.
#[must_use]
pub fn fix(object_expires_at: Option<Millis>, days: Option<i64>, now: Millis) -> Statement {
    let Some(days) = days else {
        return Statement::new(
            "expires_at = iif(assets.saved = 1, NULL, ?), object_expires_at = ?, retention_days = NULL",
            params![object_expires_at, object_expires_at],
        );
    };
    Statement::new("expires_at = iif(assets.saved = 1, NULL, ", vec![]).then(
        &format!("COALESCE(min(?, {BY_DAYS}), {BY_DAYS})), object_expires_at = ?, retention_days = iif(assets.saved = 1, NULL, ?)"),
        params![object_expires_at, days, days, now.plus(GRACE_MS), days, days, now.plus(GRACE_MS), object_expires_at, days],
    )
}

/// Forgets single viewers after 30 days, 500 a run, by the order in which they came. Who is still there stays.
#[must_use]
pub fn forget_viewers(now: Millis) -> Vec<Statement> {
    let before = now.plus(-VIEWERS_KEPT_MS);
    batch![
        Statement::new(
            "DELETE FROM participants WHERE rowid IN (SELECT rowid FROM participants WHERE \
             (SELECT COALESCE(left_at, joined_at) FROM participants ORDER BY rowid LIMIT 1) < ? ORDER BY rowid LIMIT 500) \
             AND COALESCE(left_at, joined_at) < ? AND (left_at IS NOT NULL \
             OR NOT EXISTS (SELECT 1 FROM sessions s WHERE s.sid = participants.session_sid AND s.ended_at IS NULL))",
            params![before, before],
        ),
        Statement::new(
            "DELETE FROM audience WHERE rowid IN (SELECT rowid FROM audience WHERE \
             (SELECT seen_at FROM audience ORDER BY rowid LIMIT 1) < ? ORDER BY rowid LIMIT 500) AND seen_at < ?",
            params![before, before],
        ),
        Statement::new(
            "DELETE FROM downloads WHERE rowid IN (SELECT rowid FROM downloads WHERE downloaded_at < ? ORDER BY downloaded_at LIMIT 500)",
            params![before],
        ),
    ]
}
