//! Erasing a user: every stream, recording, object and row as a viewer. Bounded work a step; the schedule goes on
//! until nothing is left.

use crate::batch;
use crate::error::Error;
use crate::ports::{Desk, Ports};
use crate::store::erasures::{self, Left};
use crate::store::tombstones::{self, Doomed};

/// So many recordings and streams become tombstones in a step.
const RECORDINGS_A_STEP: i64 = 50;
const STREAMS_A_STEP: i64 = 10;

/// A step. Answers what is left.
///
/// # Errors
/// 503 when D1 does not answer.
pub async fn step<P: Ports>(desk: &Desk<'_, P>, user_id: &str) -> Result<Left, Error> {
    let results = desk
        .batch(batch![
            tombstones::doomed_of(user_id, RECORDINGS_A_STEP),
            erasures::streams_of(user_id, STREAMS_A_STEP),
            erasures::tried(user_id, desk.now()),
        ])
        .await?;
    let (recordings, streams): (Vec<Doomed>, Vec<serde_json::Value>) = (desk.rows(&results, 0)?, desk.rows(&results, 1)?);
    let now = desk.now();
    let mut statements = erasures::forget(user_id, now);
    if !recordings.is_empty() {
        statements.extend(tombstones::recordings(&recordings.iter().collect::<Vec<_>>(), "erased", now));
    }
    statements.extend(streams.iter().filter_map(|row| row["id"].as_str()).flat_map(|id| tombstones::stream(id, true, now)));
    statements.push(erasures::left(user_id));
    let last = statements.len() - 1;
    let results = desk.batch(statements).await?;
    let left: Left = desk.rows(&results, last)?.into_iter().next().ok_or_else(Error::internal)?;
    if left.is_nothing() {
        desk.batch(batch![erasures::done(user_id)]).await?;
    }
    Ok(left)
}
