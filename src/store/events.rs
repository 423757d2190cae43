//! Table `webhook_events`: each event counts once.

use super::{Only, Statement};
use crate::params;
use crate::time::{HOUR, Millis};

/// A webhook's JWT is valid for 5 minutes and LiveKit gives up after 15 s: an hour is ample, and keeps
/// the table small.
const KEEP_MS: i64 = HOUR;

/// The event of a webhook that an administrator sends for a try: it proves nothing of LiveKit.
pub const TEST_EVENT: &str = "webhook_test";

/// SQL: when the newest webhook of LiveKit's came.
pub const NEWEST: &str = "(SELECT received_at FROM webhook_events WHERE event <> 'webhook_test' ORDER BY received_at DESC LIMIT 1)";

/// Files the event. `receipt` is new for each delivery; whoever's receipt stays has the event.
#[must_use]
pub fn receive(event_id: &str, event: &str, receipt: &str, now: Millis) -> (Statement, Only) {
    let statement = Statement::new(
        "INSERT INTO webhook_events (id, receipt, event, received_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        params![event_id, receipt, event, now],
    );
    let only = Only::Receipt { event_id: event_id.to_owned(), receipt: receipt.to_owned() };
    (statement, only)
}

/// Forgets old events, 500 at a time, but never LiveKit's newest: `/healthz` tells its age.
#[must_use]
pub fn forget(now: Millis) -> Statement {
    Statement::new(
        "DELETE FROM webhook_events WHERE id IN (SELECT id FROM webhook_events WHERE received_at < ?",
        params![now.plus(-KEEP_MS)],
    )
    .then(" AND (event = ? OR received_at < ", params![TEST_EVENT])
    .then(NEWEST, vec![])
    .then(") ORDER BY received_at LIMIT 500)", vec![])
}
