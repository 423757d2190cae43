//! Table `viewer_steps`: how the number of a stream's viewers changed, in steps of ten seconds. Triggers on
//! `participants` fill it. Coming counts in its step, going in the step after: a step has all who were there in it.

use super::Statement;
use crate::params;
use crate::time::{Millis, SECOND};

/// A step's length, in milliseconds; the triggers have the same number.
pub const STEP_MS: i64 = 10 * SECOND;
/// Points in some ten lives of a room: more say nothing new.
const MOST_ROWS: i64 = 2_000;

/// The step of a time, since 1970.
#[must_use]
pub const fn step(at: Millis) -> i64 {
    at.0.div_euclid(STEP_MS)
}

/// The first step in which somebody is no longer counted who was there until then.
#[must_use]
pub const fn after(at: Millis) -> i64 {
    step(at.plus(-1)) + 1
}

/// The first and the last step of a stream: `first` and `last`, NULL if nobody came.
#[must_use]
pub fn ends(stream_id: &str) -> Statement {
    Statement::new(
        "SELECT (SELECT min(step) FROM viewer_steps WHERE stream_id = ?) AS first, \
         (SELECT max(step) FROM viewer_steps WHERE stream_id = ?) AS last",
        params![stream_id, stream_id],
    )
}

/// By how much the number changed up to each point, `width` steps apart from `first` on, and when the session was
/// over: whoever was there then was gone. D1 binds numbers as doubles, so what is divided by one has to be made whole.
#[must_use]
pub fn changes(stream_id: &str, first: i64, last: i64, width: i64) -> Statement {
    Statement::new(
        "SELECT CAST((v.step - ? + ? - 1) / ? AS INTEGER) AS point, s.ended_at, sum(v.change) AS change FROM viewer_steps v \
         LEFT JOIN sessions s ON s.sid = v.session_sid WHERE v.stream_id = ? AND v.step <= ? \
         AND (s.ended_at IS NULL OR v.step <= (s.ended_at - 1) / ?) GROUP BY 1, v.session_sid ORDER BY 1 LIMIT ?",
        params![first, width, width, stream_id, last, STEP_MS, MOST_ROWS],
    )
}
