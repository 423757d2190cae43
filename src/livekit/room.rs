//! LiveKit's `RoomService`: which rooms there are, who is in them, and closing one.

use serde::Deserialize;
use serde_json::json;

use super::info::{Participant, Room};
use super::token::VideoGrants;
use super::twirp;
use crate::config::Config;
use crate::error::Error;
use crate::http::Outgoing;
use crate::time::Millis;

/// `ListRooms` of one name: needs `roomList`.
///
/// # Errors
/// The token could not be signed.
pub fn find(config: &Config, name: &str, now: Millis) -> Result<Outgoing, Error> {
    let grants = VideoGrants { room_list: true, ..VideoGrants::default() };
    twirp::call(config, "RoomService", "ListRooms", grants, &json!({ "names": [name] }), now)
}

/// `ListParticipants`: needs `roomAdmin` of that very room.
///
/// # Errors
/// The token could not be signed.
pub fn participants(config: &Config, name: &str, now: Millis) -> Result<Outgoing, Error> {
    let grants = VideoGrants { room_admin: true, room: Some(name.to_owned()), ..VideoGrants::default() };
    twirp::call(config, "RoomService", "ListParticipants", grants, &json!({ "room": name }), now)
}

/// `DeleteRoom`: needs `roomCreate`. It goes by name, so the caller has checked the sid.
///
/// # Errors
/// The token could not be signed.
pub fn close(config: &Config, name: &str, now: Millis) -> Result<Outgoing, Error> {
    let grants = VideoGrants { room_create: true, ..VideoGrants::default() };
    twirp::call(config, "RoomService", "DeleteRoom", grants, &json!({ "room": name }), now)
}

/// The answer to [`find`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Rooms {
    rooms: Option<Vec<Room>>,
}

impl Rooms {
    /// The room of that name. LiveKit filters by name itself; a server that does not is not believed.
    #[must_use]
    pub fn named(self, name: &str) -> Option<Room> {
        self.rooms.unwrap_or_default().into_iter().find(|room| room.name == name && !room.sid.is_empty())
    }
}

/// The answer to [`participants`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Present {
    participants: Option<Vec<Participant>>,
}

impl Present {
    /// Everybody in the room.
    #[must_use]
    pub fn all(self) -> Vec<Participant> {
        self.participants.unwrap_or_default()
    }
}
