//! The `livekit.RoomService` service: rooms and participants, as far as a recorder's owner asks.

use std::sync::Arc;

use axum::response::Response;
use livekit_protocol::{
    CreateRoomRequest, DeleteRoomRequest, DeleteRoomResponse, DisconnectReason, ListParticipantsRequest, ListParticipantsResponse,
    ListRoomsRequest, ListRoomsResponse, RemoveParticipantResponse, RoomParticipantIdentity,
};

use super::auth::Caller;
use super::egress_service::fail_list;
use super::reply_fields::{EMPTY, LIST_PARTICIPANTS, LIST_ROOMS, PARTICIPANT, ROOM};
use super::room::RoomSettings;
use super::twirp::{self, TwirpError};
use super::{StandIn, no_route};

/// Longer room names are refused.
const NAME_LENGTH: usize = 256;

/// Does one call.
pub(super) async fn call(stand_in: &Arc<StandIn>, caller: &Caller, method: &str, body: &[u8]) -> Result<Response, TwirpError> {
    match method {
        "CreateRoom" => create(stand_in, caller, body),
        "ListRooms" => {
            let request: ListRoomsRequest = twirp::decode(body)?;
            caller.may_list_rooms()?;
            fail_list(stand_in).await?;
            twirp::answer(&LIST_ROOMS, &list_rooms(stand_in, &request))
        }
        "DeleteRoom" => {
            let request: DeleteRoomRequest = twirp::decode(body)?;
            caller.may_create_rooms()?;
            if !stand_in.close_room(&request.room, DisconnectReason::RoomDeleted) {
                return Err(TwirpError::not_found("requested room does not exist"));
            }
            twirp::answer(&EMPTY, &DeleteRoomResponse::default())
        }
        "ListParticipants" => {
            let request: ListParticipantsRequest = twirp::decode(body)?;
            caller.may_administer(&request.room)?;
            fail_list(stand_in).await?;
            twirp::answer(&LIST_PARTICIPANTS, &list_participants(stand_in, &request.room))
        }
        "GetParticipant" => {
            let request: RoomParticipantIdentity = twirp::decode(body)?;
            caller.may_administer(&request.room)?;
            fail_list(stand_in).await?;
            let world = stand_in.world();
            let room = world.rooms.get(&request.room).ok_or_else(nobody)?;
            twirp::answer(&PARTICIPANT, room.find(&request.identity).ok_or_else(nobody)?)
        }
        "RemoveParticipant" => {
            let request: RoomParticipantIdentity = twirp::decode(body)?;
            caller.may_administer(&request.room)?;
            let reason = DisconnectReason::ParticipantRemoved;
            if !stand_in.leave(&request.room, &request.identity, reason) {
                return Err(TwirpError::new("not_found", "participant not found"));
            }
            twirp::answer(&EMPTY, &RemoveParticipantResponse::default())
        }
        "MutePublishedTrack"
        | "UpdateParticipant"
        | "UpdateSubscriptions"
        | "SendData"
        | "UpdateRoomMetadata"
        | "ForwardParticipant"
        | "MoveParticipant" => Err(TwirpError::new("unimplemented", format!("the stand-in has no {method}"))),
        _ => Err(no_route("livekit.RoomService", method)),
    }
}

fn nobody() -> TwirpError {
    TwirpError::not_found("participant does not exist")
}

/// A room that exists is answered as it is.
fn create(stand_in: &Arc<StandIn>, caller: &Caller, body: &[u8]) -> Result<Response, TwirpError> {
    let request: CreateRoomRequest = twirp::decode(body)?;
    caller.may_create_rooms()?;
    if request.name.is_empty() {
        // The real server makes a room without a name; nobody wants one.
        return Err(TwirpError::invalid("name"));
    }
    if request.name.len() > NAME_LENGTH {
        let text = "twirp error unknown: room name length exceeds limits: max length 256";
        return Err(TwirpError::new("invalid_argument", text));
    }
    if request.egress.is_some() || !request.agents.is_empty() || !request.room_preset.is_empty() {
        let text = "the stand-in makes rooms without egress, agents and presets only";
        return Err(TwirpError::new("unimplemented", text));
    }
    let settings = RoomSettings {
        empty_timeout: request.empty_timeout,
        departure_timeout: request.departure_timeout,
        max_participants: request.max_participants,
        metadata: request.metadata,
    };
    stand_in.open_room(&request.name, &settings);
    let world = stand_in.world();
    let room = world.rooms.get(&request.name).ok_or_else(|| TwirpError::not_found("requested room does not exist"))?;
    twirp::answer(&ROOM, &room.current())
}

fn list_rooms(stand_in: &StandIn, request: &ListRoomsRequest) -> ListRoomsResponse {
    let world = stand_in.world();
    let named = |name: &String| request.names.is_empty() || request.names.contains(name);
    let rooms = world.rooms.iter().filter(|(name, _)| named(name));
    ListRoomsResponse { rooms: rooms.map(|(_, room)| room.current()).collect() }
}

/// A room that does not exist has no participants; that is not an error at LiveKit.
fn list_participants(stand_in: &StandIn, room: &str) -> ListParticipantsResponse {
    let world = stand_in.world();
    let participants = world.rooms.get(room).map(|room| room.participants.clone());
    ListParticipantsResponse { participants: participants.unwrap_or_default() }
}
