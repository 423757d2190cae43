//! `GET /api/doctor`, `POST /api/doctor/record`, `POST /api/doctor/webhook`: what is wrong with this installation, and
//! what to do about it.

use super::input::{Nothing, RoomName};
use super::{Reply, Request, input};
use crate::auth::caller::Caller;
use crate::doctor::rehearsal::rehearse;
use crate::doctor::{Check, examine};
use crate::error::Error;
use crate::input;
use crate::json;
use crate::livekit::signature::sign_body;
use crate::object;
use crate::ports::{Desk, Ports};
use crate::shape;
use crate::store::events::TEST_EVENT;
use crate::time::SECOND;

input! {
    /// Where to record.
    pub struct Rehearsal {
        /// A room in which somebody publishes now.
        "roomName" => room_name: RoomName,
    }
}

shape! {
    /// What every check found.
    pub struct Examination<'a> {
        /// Nothing is wrong. Advice alone does not make it false.
        "ok" => ok: bool,
        /// Each of them.
        "checks" => checks: &'a [Check],
    }

    /// A webhook, signed as LiveKit signs.
    pub struct SignedWebhook {
        /// Where it is sent to, by POST.
        "url" => url: String,
        /// The bytes that are signed.
        "body" => body: String,
        /// The header `Authorization`.
        "authorization" => authorization: String,
    }
}

/// Makes every check, which takes some seconds: it writes, reads and deletes an object with each key.
///
/// # Errors
/// 401, 403 for who is no admin.
pub async fn examination<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    admins(caller)?;
    let Nothing = input::query(request)?;
    let page = request.header("origin").filter(|origin| *origin != request.origin);
    let checks = examine(desk, &request.origin, page).await;
    Ok(told(desk, &checks))
}

/// `POST /api/doctor/record`: ten seconds recorded for real in a room where somebody publishes now.
///
/// # Errors
/// 400, 401, 403 for who is no admin, 404 `room_not_found`, 409 `nobody_publishes`, 502, 503.
pub async fn rehearsal<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    let Rehearsal { room_name: RoomName(room_name) } = input::body(request)?;
    admins(caller)?;
    desk.trail.note("room", room_name.clone());
    let checks = rehearse(desk, &room_name).await?;
    Ok(told(desk, &checks))
}

/// `POST /api/doctor/webhook`: a webhook signed as LiveKit signs, for the caller to send. It says nothing of any room, so
/// it changes nothing, and is never taken for one of LiveKit's. Its signature is good for five minutes.
///
/// # Errors
/// 401, 403 for who is no admin.
pub fn webhook<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    admins(caller)?;
    let now = desk.now();
    let event = object!({
        "event": TEST_EVENT,
        "id": format!("EV_{}", desk.new_id()),
       // LiveKit writes 64 bits as a text.
        "createdAt": (now.0 / SECOND).to_string(),
    });
    let body = json::write(&event);
    let authorization = sign_body(&desk.config.livekit_key, body.as_bytes(), now).map_err(|_| Error::internal())?;
    let worker = desk.config.public_url.as_deref().unwrap_or(&request.origin);
    let signed = SignedWebhook { url: format!("{worker}/livekit-webhook"), body, authorization };
    Ok(Reply { headers: vec![("cache-control", "no-store".to_owned())], ..Reply::json(200, &signed) })
}

fn admins(caller: &Caller) -> Result<(), Error> {
    caller.user_id().ok_or_else(Error::sign_in)?;
    if caller.is_admin() { Ok(()) } else { Err(Error::admins_only()) }
}

fn told<P: Ports>(desk: &Desk<'_, P>, checks: &[Check]) -> Reply {
    let wrong: Vec<&str> = checks.iter().filter(|check| !check.ok).map(|check| check.name).collect();
    desk.trail.note("wrong", wrong.join(", "));
    Reply::json(200, &Examination { ok: wrong.is_empty(), checks })
}
