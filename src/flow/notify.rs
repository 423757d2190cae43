//! Telling the operator's own programs: what lies in the outbox is delivered, again and again up to a limit.
//!
//! At least once: a receiver knows a message again by its `webhook-id`.

use serde_json::Value;

use crate::batch;
use crate::error::Error;
use crate::http::Outgoing;
use crate::notify::{self, Notify};
use crate::object;
use crate::ports::{Desk, Ports};
use crate::store::outbox::{self, Message};
use crate::store::schedule;
use crate::time::{HOUR, MINUTE, Millis};

/// After which time each try follows the one before: Standard Webhooks' own suggestion from the third on; the
/// schedule comes each minute. Ten tries in three days and three hours, then the message is given up.
const AGAIN_AFTER: [i64; 9] = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/// A try takes up to 10 s.
const IN_HAND_MS: i64 = MINUTE;
/// How many are told behind one answer, and in one run of the schedule.
pub const AT_ONCE: i64 = 4;

/// Delivers a few of those that are due; answers how many were tried. Without `NOTIFY_URL` they are forgotten, so that
/// nothing old is told once there is somebody to tell.
///
/// # Errors
/// 503 when D1 does not answer.
pub async fn deliver<P: Ports>(desk: &Desk<'_, P>) -> Result<usize, Error> {
    let Some(to) = &desk.config.notify else {
        return desk.batch(batch![outbox::clear(500)]).await.map(|_| 0);
    };
    let now = desk.now();
    let results = desk.batch(batch![outbox::take(AT_ONCE, now, now.plus(IN_HAND_MS))]).await?;
    let messages: Vec<Message> = desk.rows(&results, 0)?;
    for message in &messages {
        let status = desk.ports.send(request(to, message, desk.now())).await.map_or(0, |answer| answer.status);
        let now = desk.now();
        let again = usize::try_from(message.tries).ok().and_then(|tries| AGAIN_AFTER.get(tries));
        let statements = match (status, again) {
            (200..=299, _) => {
                desk.trail.decided(format!("told {} {}", message.event, message.id));
                vec![outbox::done(&message.id), schedule::beat("notify_delivered", now, "")]
            }
            // 410: whoever is there does not want to be told this any more.
            (410, _) | (_, None) => {
                desk.trail.decided(format!("gave up telling {} {}: {status}", message.event, message.id));
                vec![outbox::done(&message.id), schedule::beat("notify_given_up", now, &status.to_string())]
            }
            (_, Some(wait)) => {
                desk.trail.decided(format!("could not tell {} {}: {status}", message.event, message.id));
                vec![outbox::put_off(&message.id, now.plus(*wait)), schedule::beat("notify_failed", now, &status.to_string())]
            }
        };
        desk.batch(statements).await?;
    }
    Ok(messages.len())
}

/// The same body at each try.
fn request(to: &Notify, message: &Message, now: Millis) -> Outgoing {
    let mut data: Value = serde_json::from_slice(message.data.as_bytes()).unwrap_or_default();
    for (name, value) in data.as_object_mut().into_iter().flatten() {
        if let (true, Some(at)) = (name.ends_with("At"), value.as_i64()) {
            *value = Millis(at).iso().into();
        }
    }
    let body = object!({ "type": message.event.as_str(), "timestamp": message.first_at.iso(), "data": data });
    notify::request(to, &message.id, &crate::json::write(&body), now)
}
