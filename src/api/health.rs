//! `GET /healthz`: whether this Worker can do its work, without telling anything secret.

use serde_json::Value;

use super::Reply;
use crate::batch;
use crate::config::Fault;
use crate::object;
use crate::ports::Ports;
use crate::store::{read, schedule};
use crate::time::{MINUTE, Millis};

/// The schedule runs each minute; after five without it something is wrong with the cron trigger.
const SCHEDULE_LATE_MS: i64 = 5 * MINUTE;

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
    let faults: Vec<Value> = faults.iter().map(|f| object!({ "name": f.name, "expected": f.expected })).collect();
    let database = if row.is_some() { "ok" } else { "unavailable" };
    let healthy = faults.is_empty() && row.is_some();
    Reply {
        headers: vec![("cache-control", "no-store".to_owned())],
        ..Reply::json(
            if healthy { 200 } else { 503 },
            object!({
                "ok": healthy,
                "version": env!("CARGO_PKG_VERSION"),
                "faults": faults,
                "database": database,
                "scheduleAgeSeconds": age(schedule_at),
                "scheduleLate": late,
                "webhookAgeSeconds": age(webhook_at),
            }),
        )
    }
}
