//! `GET /healthz`: whether this Worker can do its work, without telling anything secret.

use super::Reply;
use crate::batch;
use crate::config::Fault;
use crate::names::Database;
use crate::ports::Ports;
use crate::shape;
use crate::store::{read, schedule};
use crate::time::{MINUTE, Millis};

/// The schedule runs each minute; after five without it something is wrong with the cron trigger.
const SCHEDULE_LATE_MS: i64 = 5 * MINUTE;

shape! {
    /// Whether the Worker can do its work.
    pub struct Health<'a> {
        /// Nothing is faulty, and the database answers.
        "ok" => ok: bool,
        /// This Worker's.
        "version" => version: &'static str,
        /// Variables that are missing or faulty.
        "faults" => faults: &'a [Fault],
        /// Whether the database answers.
        "database" => database: Database,
        /// Seconds since the schedule last ran; `null` if it never did, or the database does not answer.
        "scheduleAgeSeconds" => schedule_age_seconds: Option<i64>,
        /// Whether that is more than five minutes ago; it runs every minute.
        "scheduleLate" => schedule_late: bool,
        /// Seconds since LiveKit's last webhook; `null` if none came yet, or the database does not answer.
        "webhookAgeSeconds" => webhook_age_seconds: Option<i64>,
    }
}

/// 200, or 503 with what is wrong. It needs no configuration: a faulty one is what it tells.
pub async fn health<P: Ports>(ports: &P, faults: &[Fault]) -> Reply {
    let now = ports.now();
    let row: Option<schedule::Health> = match ports.batch(batch![schedule::health()]).await {
        Ok(results) => read(&results, 0).ok().and_then(|rows| rows.into_iter().next()),
        Err(_) => None,
    };
    let age = |at: Option<Millis>| at.map(|at| now.since(at).max(0) / 1_000);
    let (schedule_at, webhook_at) = row.as_ref().map_or((None, None), |r| (r.schedule_at, r.webhook_at));
    let late = schedule_at.is_some_and(|at| now.since(at) > SCHEDULE_LATE_MS);
    let database = if row.is_some() { Database::OK } else { Database::UNAVAILABLE };
    let healthy = faults.is_empty() && row.is_some();
    Reply {
        headers: vec![("cache-control", "no-store".to_owned())],
        ..Reply::json(
            if healthy { 200 } else { 503 },
            &Health {
                ok: healthy,
                version: env!("CARGO_PKG_VERSION"),
                faults,
                database,
                schedule_age_seconds: age(schedule_at),
                schedule_late: late,
                webhook_age_seconds: age(webhook_at),
            },
        )
    }
}
