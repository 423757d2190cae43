//! Table `erasures`: users of whom everything is being deleted.

use super::Statement;
use super::row::{FromRow, Row};
use crate::batch;
use crate::params;
use crate::shape;
use crate::time::Millis;

/// So many of a table's rows are looked through in one statement: the rows of viewers have no index by person, for
/// each index would be written with every viewer that comes, and a user is erased once.
const WINDOW: i64 = 20_000;

shape! {
    /// What is left of a user.
    #[derive(Clone)]
    #[schemars(inline)]
    pub struct Left {
        /// Recordings, with their objects; more than 1,000 are told as 1,000.
        "recordings" => pub recordings: i64,
        /// Streams; more than 1,000 are told as 1,000.
        "streams" => pub streams: i64,
        /// Rows of viewers that are still to be looked through.
        "viewerRows" => pub viewer_rows: i64,
    }
}

impl FromRow for Left {
    fn from_row(row: &Row) -> Self {
        Self { recordings: row.number("recordings"), streams: row.number("streams"), viewer_rows: row.number("viewer_rows") }
    }
}

impl Left {
    /// Everything is gone.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.recordings == 0 && self.streams == 0 && self.viewer_rows == 0
    }
}

/// Somebody is to be erased. Asked again, all is looked through again.
#[must_use]
pub fn ask(user_id: &str, now: Millis) -> Statement {
    Statement::new("INSERT INTO erasures (user_id, requested_at) VALUES (?, ?) ON CONFLICT (user_id) DO NOTHING", params![user_id, now])
}

/// Who is being erased: those never tried first, then the longest ago, so that three that cannot be finished do not hold up
/// the rest.
#[must_use]
pub fn due(limit: i64) -> Statement {
    Statement::new("SELECT user_id AS id FROM erasures ORDER BY tried_at, requested_at LIMIT ?", params![limit])
}

/// Another step of it is made. Filed before the step, so that one that fails takes its turn too.
#[must_use]
pub fn tried(user_id: &str, now: Millis) -> Statement {
    Statement::new("UPDATE erasures SET tried_at = ? WHERE user_id = ?", params![now, user_id])
}

/// A user's streams that are not being deleted yet.
#[must_use]
pub fn streams_of(user_id: &str, limit: i64) -> Statement {
    Statement::new(
        "SELECT id FROM live_streams WHERE owner_id = ? AND deleted_at IS NULL ORDER BY created_at LIMIT ?",
        params![user_id, limit],
    )
}

/// Deletes the user's own rows as a viewer from the next window of each table.
#[must_use]
pub fn forget(user_id: &str, now: Millis) -> Vec<Statement> {
    // A viewer's identity is the user id, `~` and 8 letters; the host's is the user id, which may have a `~` of its own.
    let who = "rowid > (SELECT seen_participants FROM erasures WHERE user_id = ?) \
               AND rowid <= (SELECT seen_participants + ? FROM erasures WHERE user_id = ?) \
               AND (identity = ? OR (substr(identity, -9, 1) = '~' AND substr(identity, 1, length(identity) - 9) = ?))";
    let params = || params![user_id, WINDOW, user_id, user_id, user_id];
    batch![
        // Who is there now goes first, so that nobody is counted who is not on file.
        Statement::new("UPDATE participants SET left_at = ? WHERE left_at IS NULL AND ", params![now]).then(who, params()),
        Statement::new("DELETE FROM participants WHERE ", vec![]).then(who, params()),
        Statement::new(
            "DELETE FROM audience WHERE rowid > (SELECT seen_audience FROM erasures WHERE user_id = ?) \
             AND rowid <= (SELECT seen_audience + ? FROM erasures WHERE user_id = ?) AND viewer = ?",
            params![user_id, WINDOW, user_id, user_id],
        ),
        Statement::new("DELETE FROM downloads WHERE viewer = ?", params![user_id]),
        Statement::new(
            // Not past the last one: who is filed while this goes on is looked at too.
            "UPDATE erasures SET \
             seen_participants = min(seen_participants + ?, COALESCE((SELECT rowid FROM participants ORDER BY rowid DESC LIMIT 1), 0)), \
             seen_audience = min(seen_audience + ?, COALESCE((SELECT rowid FROM audience ORDER BY rowid DESC LIMIT 1), 0)) WHERE user_id = ?",
            params![WINDOW, WINDOW, user_id],
        ),
    ]
}

/// What is left of a user, each counted up to a thousand.
#[must_use]
pub fn left(user_id: &str) -> Statement {
    Statement::new(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM assets WHERE owner_id = ? LIMIT 1000)) AS recordings, \
         (SELECT count(*) FROM (SELECT 1 FROM live_streams WHERE owner_id = ? LIMIT 1000)) AS streams, \
         max(0, COALESCE((SELECT rowid FROM participants ORDER BY rowid DESC LIMIT 1), 0) - COALESCE(max(e.seen_participants), 0)) \
         + max(0, COALESCE((SELECT rowid FROM audience ORDER BY rowid DESC LIMIT 1), 0) - COALESCE(max(e.seen_audience), 0)) AS viewer_rows \
         FROM erasures e WHERE e.user_id = ?",
        params![user_id, user_id, user_id],
    )
}

/// Everything of the user is gone.
#[must_use]
pub fn done(user_id: &str) -> Statement {
    Statement::new("DELETE FROM erasures WHERE user_id = ?", params![user_id])
}
