//! `/dev/*`: participants without media, faults on purpose, and what the server knows. Not part of
//! LiveKit; no authorization but the join token's own, as the port is for this machine only.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use livekit_protocol::participant_info::Kind;
use livekit_protocol::{DisconnectReason, TrackInfo, TrackType};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::faults::FaultChange;
use super::reply::{Message, complete};
use super::reply_fields::{EGRESS_INFO, PARTICIPANT, ROOM, TRACK};
use super::room::RoomSettings;
use super::{StandIn, dev_forget, participant};

/// A browser's tracks come this much after it, in LiveKit's seconds.
const PUBLISHES: f64 = 0.1;

pub(super) type Shared = State<Arc<StandIn>>;

/// An answer or a refusal, both JSON.
pub(super) type Answer = Result<Response, Refusal>;

pub(super) fn routes() -> Router<Arc<StandIn>> {
    Router::new()
        .route("/dev/join", post(join))
        .route("/dev/leave", post(leave))
        .route("/dev/publish", post(publish))
        .route("/dev/unpublish", post(unpublish))
        .route("/dev/faults", post(change_faults))
        .route("/dev/recorder", post(super::dev_recorder::change))
        .route("/dev/reset", post(reset))
        .route("/dev/state", get(state))
        .route("/dev/webhooks", get(|State(s): Shared| async move { json_of(&s.webhooks.log()) }))
        .route("/dev/s3", get(objects).post(dev_forget::remove_objects))
        .route("/dev/forget", post(dev_forget::forget))
}

pub(super) struct Refusal(pub(super) StatusCode, pub(super) String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, axum::Json(json!({"error": self.1}))).into_response()
    }
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|e| Refusal(StatusCode::BAD_REQUEST, e.to_string()))
}

pub(super) fn json_of(value: &impl serde::Serialize) -> Response {
    axum::Json(value).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JoinRequest {
    token: String,
    #[serde(default)]
    publish: bool,
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Somebody {
    room: String,
    identity: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnpublishRequest {
    room: String,
    identity: String,
    kind: Option<String>,
}

/// Joins with a token, checked as LiveKit does at its signalling port.
async fn join(State(stand_in): Shared, body: Bytes) -> Answer {
    let request: JoinRequest = read(&body)?;
    let unauthorized = |text: String| Refusal(StatusCode::UNAUTHORIZED, text);
    let claims = stand_in.keys.verify(&request.token).map_err(unauthorized)?;
    let room_name = claims.video.room.clone();
    if !claims.video.room_join || room_name.is_empty() {
        return Err(unauthorized("permissions denied: the token wants roomJoin and room".into()));
    }
    if claims.sub.is_empty() {
        return Err(Refusal(StatusCode::BAD_REQUEST, "identity cannot be empty".into()));
    }
    let participant = participant::from_token(&claims, kind(&request.kind, &claims.kind)?);
    if request.publish && super::room::publishable(&participant).is_empty() {
        let text = "the token does not allow to publish";
        return Err(Refusal(StatusCode::FORBIDDEN, text.into()));
    }
    let settings = claims.room_config.as_ref().map(|config| RoomSettings {
        empty_timeout: config.empty_timeout,
        departure_timeout: config.departure_timeout,
        max_participants: config.max_participants,
        metadata: config.metadata.clone(),
    });
    stand_in.open_room(&room_name, &settings.unwrap_or_default());
    let (sid, identity) = (participant.sid.clone(), participant.identity.clone());
    let room_sid = stand_in.join(&room_name, participant).ok_or_else(nobody)?;
    let mut tracks = Vec::new();
    if request.publish {
        stand_in.pace.sleep(PUBLISHES).await;
        tracks = stand_in.publish(&room_name, &identity).ok_or_else(nobody)?;
    }
    Ok(json_of(&json!({
        "room": {"sid": room_sid, "name": room_name},
        "participant": {"sid": sid, "identity": identity},
        "tracks": shown_tracks(&tracks),
    })))
}

/// What is asked for, else what the token says, else a person.
fn kind(asked: &Option<String>, in_token: &str) -> Result<Kind, Refusal> {
    match asked.as_deref().unwrap_or(in_token).to_ascii_lowercase().as_str() {
        "" | "standard" => Ok(Kind::Standard),
        "ingress" => Ok(Kind::Ingress),
        "sip" => Ok(Kind::Sip),
        "agent" => Ok(Kind::Agent),
        "connector" => Ok(Kind::Connector),
        "bridge" => Ok(Kind::Bridge),
        other => Err(Refusal(StatusCode::BAD_REQUEST, format!("nobody joins as kind {other:?}"))),
    }
}

async fn leave(State(stand_in): Shared, body: Bytes) -> Answer {
    let request: Somebody = read(&body)?;
    let reason = DisconnectReason::ClientInitiated;
    if stand_in.leave(&request.room, &request.identity, reason) { Ok(json_of(&json!({}))) } else { Err(nobody()) }
}

async fn publish(State(stand_in): Shared, body: Bytes) -> Answer {
    let request: Somebody = read(&body)?;
    {
        let world = stand_in.world();
        let room = world.rooms.get(&request.room).ok_or_else(nobody)?;
        let participant = room.find(&request.identity).ok_or_else(nobody)?;
        if super::room::publishable(participant).is_empty() {
            return Err(Refusal(StatusCode::FORBIDDEN, "may not publish".into()));
        }
    }
    let tracks = stand_in.publish(&request.room, &request.identity).ok_or_else(nobody)?;
    Ok(json_of(&json!({"tracks": shown_tracks(&tracks)})))
}

async fn unpublish(State(stand_in): Shared, body: Bytes) -> Answer {
    let request: UnpublishRequest = read(&body)?;
    let kind = match request.kind.as_deref() {
        None => None,
        Some("audio") => Some(TrackType::Audio),
        Some("video") => Some(TrackType::Video),
        Some(_) => {
            return Err(Refusal(StatusCode::BAD_REQUEST, "kind is audio or video".into()));
        }
    };
    let tracks = stand_in.unpublish(&request.room, &request.identity, kind).ok_or_else(nobody)?;
    Ok(json_of(&json!({"tracks": shown_tracks(&tracks)})))
}

fn nobody() -> Refusal {
    Refusal(StatusCode::NOT_FOUND, "no such participant in such a room".into())
}

async fn change_faults(State(stand_in): Shared, body: Bytes) -> Answer {
    let change: FaultChange = read(&body)?;
    Ok(json_of(&stand_in.faults.merge(change)))
}

/// Forgets everything, without a webhook. Objects stay.
async fn reset(State(stand_in): Shared) -> Response {
    stand_in.faults.clear();
    stand_in.world().forget_everything();
    stand_in.webhooks.reset();
    json_of(&json!({}))
}

async fn state(State(stand_in): Shared) -> Response {
    let world = stand_in.world();
    let rooms: Vec<Value> = world
        .rooms
        .values()
        .map(|room| {
            let participants = room.participants.iter().map(|p| shown(&PARTICIPANT, p));
            let mut shown_room = shown(&ROOM, &room.current());
            if let Some(fields) = shown_room.as_object_mut() {
                fields.insert("participants".into(), participants.collect());
            }
            shown_room
        })
        .collect();
    let egresses: Vec<Value> = world.egresses.values().map(|egress| shown(&EGRESS_INFO, &egress.info)).collect();
    json_of(&json!({"rooms": rooms, "egresses": egresses}))
}

fn shown_tracks(tracks: &[TrackInfo]) -> Vec<Value> {
    tracks.iter().map(|track| shown(&TRACK, track)).collect()
}

fn shown(message: &'static Message, value: &impl serde::Serialize) -> Value {
    complete(message, value).unwrap_or_default()
}

async fn objects(State(stand_in): Shared) -> Answer {
    let storage = stand_in.storage.as_ref();
    let storage = storage.ok_or_else(dev_forget::no_storage)?;
    Ok(json_of(&json!({"objects": storage.objects()})))
}
