//! One run of the schedule: whatever is due is tended, the longest waiting first, within what a free plan
//! allows.

use crate::error::Error;
use crate::flow::tend::tend;
use crate::ports::{Desk, Ports};
use crate::search;
use crate::store::search as words;
use crate::store::{events, schedule, wishes};
use crate::time::SECOND;

/// A free plan allows 50 outside calls and 50 queries an invocation (Cloudflare, "Limits", read 2026). A step
/// reads the database twice for each call outside, so counting batches bounds both. A stream that is under way
/// is brought to rest, which takes up to about 20, so no new one is begun after 25.
const BEGIN_BELOW: u32 = 25;
/// More cannot be reached within the budget: one that rests takes 2 queries. A stream that is due and not
/// reached is the first of the next run.
const STREAMS_A_RUN: i64 = 12;
/// A run that was cut off holds the lease for so long; runs are a minute apart.
const LEASE_MS: i64 = 50 * SECOND;

/// Runs the schedule once. Twice at once does no harm: the second finds the lease taken.
///
/// # Errors
/// 503 when D1 does not answer; trouble with one stream does not stop the others.
pub async fn sweep<P: Ports>(desk: &Desk<'_, P>) -> Result<(), Error> {
    let (now, holder, before) = (desk.now(), desk.new_id(), desk.ports.batches());
    let mut statements = schedule::lease("schedule", &holder, now, now.plus(LEASE_MS));
    statements.push(wishes::due(now, STREAMS_A_RUN));
    statements.push(words::without_words());
    let results = desk.batch(statements).await?;
    if desk.rows::<serde_json::Value>(&results, 1)?.is_empty() {
        desk.trail.decided("another run is at it");
        return Ok(());
    }
    let due: Vec<serde_json::Value> = desk.rows(&results, 2)?;
    let (mut tended, mut failed) = (0, 0);
    for id in due.iter().filter_map(|row| row["id"].as_str()) {
        if desk.ports.batches() - before >= BEGIN_BELOW {
            break;
        }
        tended += 1;
        desk.trail.decided(format!("stream {id}"));
        if let Err(error) = tend(desk, id, false).await {
            failed += 1;
            desk.trail.decided(format!("put off: {}", error.code));
        }
    }
    let note = format!("{} streams due, {tended} tended, {failed} put off", due.len());
    let end = desk.now();
    let mut statements = vec![events::forget(end), schedule::beat("schedule", end, &note), schedule::release("schedule", &holder)];
    for row in results.get(3).into_iter().flatten() {
        let text = |name: &str| row[name].as_str().unwrap_or_default();
        statements.push(words::index(text("id"), text("title"), search::words(desk.ports, text("title"), text("room_name"))));
    }
    desk.batch(statements).await?;
    desk.trail.note("due", due.len());
    desk.trail.note("tended", tended);
    Ok(())
}
