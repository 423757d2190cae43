//! `POST /livekit-webhook`: raw bytes → signature → event → one batch → 200.
//!
//! Nothing is asked of LiveKit or Storj before the answer: the batch stores what happened and wakes the
//! stream, the work follows behind the answer, and the schedule finishes what is cut off there.

use serde_json::json;

use super::{Background, Reply, Request};
use crate::batch;
use crate::config::{Config, Fault};
use crate::error::Error;
use crate::livekit::event::{Event, What};
use crate::livekit::info::{EgressInfo, Participant, Room};
use crate::livekit::signature::{self, Refused};
use crate::params;
use crate::ports::{Desk, Ports};
use crate::route::{self, Route};
use crate::shape;
use crate::store::row::{FromRow, Row};
use crate::store::sessions::{self, Seen};
use crate::store::{Only, Statement, assets, doctor, egresses, events, participants, schedule, story, wishes};
use crate::time::{DAY, Millis};

shape! {
    /// A webhook was taken, whatever it told.
    pub struct WebhookTaken {
        /// `true`.
        "success" => success: bool,
    }
}

struct Owner {
    stream_id: String,
    host: bool,
}

impl FromRow for Owner {
    fn from_row(row: &Row) -> Self {
        Self { stream_id: row.text("stream_id"), host: row.flag("host") }
    }
}

/// Takes a webhook in.
///
/// # Errors
/// 401 for a signature that is not one of ours, 400 for a signed body that is no event, 503 when D1 does
/// not answer, so that LiveKit sends it again.
pub async fn receive<P: Ports>(desk: &Desk<'_, P>, body: &[u8], authorization: Option<&str>) -> Result<Reply, Error> {
    let now = desk.now();
    // (1) The signature, over the bytes as they came.
    let keys = desk.config.webhook_keys();
    let verified = match signature::verify(body, authorization, &keys, now) {
        Ok(verified) => verified,
        Err(refused) => {
            let signer = signature::unverified_issuer(authorization);
            desk.trail.note("signed_by", signer.clone());
            desk.trail.decided(format!("refused: {refused}"));
            // For the doctor. D1 not answering changes nothing: the webhook is refused all the same.
            let noted = doctor::refuse(signer.as_deref().unwrap_or("nobody"), &refused.to_string(), now);
            let _ = desk.ports.batch(batch![doctor::forget_refusals(now.plus(-7 * DAY)), noted]).await;
            return Err(unsigned(&refused));
        }
    };
    if verified.key_index > 0 {
        desk.trail.decided("signed with the previous key");
    }
    // (2) The event.
    let event = Event::parse(body).map_err(|why| {
        desk.trail.decided(why);
        Error::invalid("the signature is right and the body is no webhook event of LiveKit's")
    })?;
    desk.trail.note("event", event.name.clone());
    desk.trail.note("event_id", event.id.clone());
    if let Some((room, session)) = event.room() {
        desk.trail.note("room", room);
        desk.trail.note("session", session);
    }
    // (3) One batch: the event id and all of its effect.
    let receipt = desk.new_id();
    let (filed, only) = events::receive(&event.id, &event.name, &receipt, now);
    let effect = effect(desk, &event, &only, now);
    let mut statements = batch![filed];
    if verified.key_index > 0 {
        statements.push(schedule::beat("previous_key", now, ""));
    }
    statements.extend(effect.statements);
    let subject = match &event.what {
        What::Egress(info) => Some(info.egress_id.clone()),
        _ => event.room().map(|(_, session)| session.to_owned()),
    };
    statements.extend(subject.map(|subject| story::heard(&subject, &event.name, &only, now)));
    statements
        .push(Statement::new("SELECT count(*) AS fresh FROM webhook_events WHERE id = ? AND receipt = ?", params![&event.id, &receipt]));
    let fresh_at = statements.len() - 1;
    statements.extend(effect.owner);
    let results = desk.batch(statements).await?;
    // (4) Committed. What follows, follows behind the answer.
    let fresh = results.get(fresh_at).and_then(|rows| rows.first()).is_some_and(|row| row["fresh"] == json!(1));
    let owner: Option<Owner> = desk.rows(&results, fresh_at + 1)?.into_iter().next();
    let background = match (fresh, owner) {
        (false, _) => {
            desk.trail.decided("seen before: nothing to do");
            None
        }
        (true, None) => {
            desk.trail.decided("not ours");
            None
        }
        (true, Some(owner)) => {
            desk.trail.note("stream", owner.stream_id.clone());
            effect.follow_up.and_then(|follow_up| follow_up(owner))
        }
    };
    Ok(Reply { background, ..Reply::json(200, &WebhookTaken { success: true }) })
}

/// Whether the body of a request is to be read: that of a webhook whose header is not LiveKit's is not, be it 8 MiB.
#[must_use]
pub fn is_worth_reading(head: &Request, config: &Result<Config, Vec<Fault>>, now: Millis) -> bool {
    let is_webhook = route::find(&head.method, &head.path).is_ok_and(|found| found.route == Route::Webhook);
    let is_signed = |config: &Config| signature::is_signed(head.header("authorization"), &config.webhook_keys(), now);
    !is_webhook || config.as_ref().is_ok_and(is_signed)
}

fn unsigned(refused: &Refused) -> Error {
    Error::new(401, "webhook_signature_refused", format!("the webhook's signature was refused: {refused}"))
        .hint("in LiveKit's dashboard, sign this webhook with the API key that LIVEKIT_API_KEY names")
}

struct Effect {
    statements: Vec<Statement>,
    /// Asks which stream it concerns.
    owner: Option<Statement>,
    follow_up: Option<FollowUp>,
}

/// What the answer to `owner` leads to.
type FollowUp = fn(Owner) -> Option<Background>;

fn if_host(owner: Owner) -> Option<Background> {
    owner.host.then_some(Background::AwaitHost(owner.stream_id))
}

fn if_host_tend(owner: Owner) -> Option<Background> {
    owner.host.then_some(Background::Tend(owner.stream_id))
}

fn if_host_look(owner: Owner) -> Option<Background> {
    owner.host.then_some(Background::Look(owner.stream_id))
}

fn effect<P: Ports>(desk: &Desk<'_, P>, event: &Event, only: &Only, now: Millis) -> Effect {
    let at = event.at.unwrap_or(now);
    let of_room = |room: &Room, who: Option<&Participant>, rest: Vec<Statement>, follow_up: Option<FollowUp>| {
        let identity = who.map(|who| who.identity.as_str());
        let seen = seen(desk, room, at);
        let mut statements = batch![
            sessions::see(&seen, only, now),
            sessions::end_older(seen.name, seen.sid, seen.began, only, now),
            sessions::enter(&room.sid, identity, only, now),
        ];
        statements.extend(rest);
        Effect { statements, owner: Some(sessions::stream_of(&room.sid, identity)), follow_up }
    };
    let always: FollowUp = |owner| Some(Background::Tend(owner.stream_id));
    match &event.what {
        What::RoomStarted(room) => of_room(room, None, vec![], Some(always)),
        What::RoomFinished(room) => of_room(room, None, sessions::end(&room.sid, at, only, now), Some(always)),
        What::Joined(room, who) => {
            // With the guide's seven events nothing more comes of a host: the Worker looks for itself.
            of_room(room, Some(who), participants::joined(&room.sid, who, at, only, now), Some(if_host))
        }
        What::Published(room, who) => of_room(room, Some(who), participants::published(&room.sid, who, at, only, now), Some(if_host_tend)),
        What::Left(room, who) => of_room(room, None, participants::left(&room.sid, who, at, true, only, now), None),
        What::Aborted(room, who) => of_room(room, None, participants::left(&room.sid, who, at, false, only, now), None),
        // One track of two may be gone: whether the host still publishes is LiveKit's to say.
        What::Unpublished(room, who) => of_room(room, Some(who), participants::unpublished(&room.sid, who, at, only), Some(if_host_look)),
        What::Egress(info) => egress(desk, info, only, now),
        What::Other => Effect { statements: vec![], owner: None, follow_up: None },
    }
}

fn seen<'a, P: Ports>(desk: &'a Desk<'_, P>, room: &'a Room, at: Millis) -> Seen<'a> {
    Seen { sid: &room.sid, name: &room.name, project: &desk.config.project, began: room.created_at().unwrap_or(at) }
}

fn egress<P: Ports>(desk: &Desk<'_, P>, info: &EgressInfo, only: &Only, now: Millis) -> Effect {
    let Some(facts) = info.facts() else {
        return Effect { statements: vec![], owner: None, follow_up: None };
    };
    desk.trail.note("egress_id", facts.egress_id.clone());
    let mut statements = egresses::hear(&facts, only);
    if facts.names_a_file {
        statements.push(assets::make(&facts.object_key, &desk.new_id(), now, only));
    }
    if facts.word.depth() == 3 {
        statements.push(assets::fill_in(&facts.object_key, only));
    }
    statements.push(wishes::wake_for_key(&facts.object_key, now).only(only));
    Effect {
        statements,
        owner: Some(egresses::stream_of_key(&facts.object_key)),
        follow_up: Some(|owner| Some(Background::Tend(owner.stream_id))),
    }
}
