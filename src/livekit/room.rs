//! LiveKit's `RoomService`: which rooms there are, who is in them, and closing one.

use super::info::{Participant, Room};
use super::token::VideoGrants;
use super::twirp::{self, Failed};
use crate::config::Config;
use crate::error::Error;
use crate::http::{Incoming, Outgoing, Unanswered};
use crate::json;
use crate::object;
use crate::time::Millis;

/// `ListRooms` of one name: needs `roomList`.
///
/// # Errors
/// The token could not be signed.
pub fn find(config: &Config, name: &str, now: Millis) -> Result<Outgoing, Error> {
    let grants = VideoGrants { room_list: true, ..VideoGrants::default() };
    twirp::call(config, "RoomService", "ListRooms", grants, &object!({ "names": [name] }), now)
}

/// `ListParticipants`: needs `roomAdmin` of that very room.
///
/// # Errors
/// The token could not be signed.
pub fn participants(config: &Config, name: &str, now: Millis) -> Result<Outgoing, Error> {
    let grants = VideoGrants { room_admin: true, room: Some(name.to_owned()), ..VideoGrants::default() };
    twirp::call(config, "RoomService", "ListParticipants", grants, &object!({ "room": name }), now)
}

/// `DeleteRoom`: needs `roomCreate`. It goes by name, so the caller has checked the sid.
///
/// # Errors
/// The token could not be signed.
pub fn close(config: &Config, name: &str, now: Millis) -> Result<Outgoing, Error> {
    let grants = VideoGrants { room_create: true, ..VideoGrants::default() };
    twirp::call(config, "RoomService", "DeleteRoom", grants, &object!({ "room": name }), now)
}

/// The answer to [`find`].
#[derive(Debug, Default)]
pub struct Rooms(Vec<Room>);

impl Rooms {
    /// Reads it. A list with a room that cannot be read is none: it would prove that a room is gone.
    ///
    /// # Errors
    /// See [`Failed`].
    pub fn read(result: Result<Incoming, Unanswered>) -> Result<Self, Failed> {
        let answer = twirp::answer(result)?;
        let rooms = json::whole_list(&answer, "rooms", &["sid", "name"]).ok_or(twirp::UNREADABLE)?;
        Ok(Self(rooms.iter().map(Room::read).collect()))
    }

    /// The room of that name. LiveKit filters by name itself; a server that does not is not believed.
    #[must_use]
    pub fn named(self, name: &str) -> Option<Room> {
        self.0.into_iter().find(|room| room.name == name && !room.sid.is_empty())
    }
}

/// The answer to [`participants`].
#[derive(Debug, Default)]
pub struct Present(Vec<Participant>);

impl Present {
    /// Reads it. A list with somebody who cannot be read is none: it would prove that people are gone.
    ///
    /// # Errors
    /// See [`Failed`].
    pub fn read(result: Result<Incoming, Unanswered>) -> Result<Self, Failed> {
        let answer = twirp::answer(result)?;
        let people = json::whole_list(&answer, "participants", &["sid", "identity"]).ok_or(twirp::UNREADABLE)?;
        Ok(Self(people.iter().map(Participant::read).collect()))
    }

    /// Everybody in the room.
    #[must_use]
    pub fn all(self) -> Vec<Participant> {
        self.0
    }
}
