//! A webhook's body to what happened.
//!
//! The guide's `egress_failed` is no event of LiveKit's (failure is `egress_ended` with its status);
//! if something sends it, it is read the same.

use serde::Deserialize;

use super::info::{EgressInfo, Participant, Room};
use crate::time::Millis;

/// `livekit.WebhookEvent`, the parts that we read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wire {
    event: String,
    id: String,
    created_at: Option<serde_json::Value>,
    room: Option<Room>,
    participant: Option<Participant>,
    egress_info: Option<EgressInfo>,
}

/// A webhook event.
#[derive(Clone, Debug)]
pub struct Event {
    /// `EV_…`: the same on each try, and on a second webhook address.
    pub id: String,
    /// LiveKit's name of it.
    pub name: String,
    /// When it happened, to the second.
    pub at: Option<Millis>,
    /// What it says.
    pub what: What,
}

/// What a webhook says.
#[derive(Clone, Debug)]
pub enum What {
    /// A room opened.
    RoomStarted(Room),
    /// A room closed.
    RoomFinished(Room),
    /// Somebody came.
    Joined(Room, Participant),
    /// Somebody went.
    Left(Room, Participant),
    /// Somebody never got through.
    Aborted(Room, Participant),
    /// A track is there.
    Published(Room, Participant),
    /// A track is gone.
    Unpublished(Room, Participant),
    /// A recording job moved.
    Egress(Box<EgressInfo>),
    /// Nothing that concerns us.
    Other,
}

/// LiveKit's ids have 15 characters, names at most 256 bytes: longer ones are not LiveKit's.
const LONGEST_NAME: usize = 512;

impl Event {
    /// Reads a verified body.
    ///
    /// # Errors
    /// A text for the log: the body is not JSON, or has no event name or id. LiveKit itself never
    /// sends such a thing.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let wire: Wire = serde_json::from_slice(body).map_err(|e| format!("not a webhook event: {e}"))?;
        if wire.event.is_empty() || wire.id.is_empty() || wire.event.len() > 64 || wire.id.len() > 128 {
            return Err("no `event` or no `id`".to_owned());
        }
        let fits = |text: &str| !text.is_empty() && text.len() <= LONGEST_NAME;
        let room = wire.room.filter(|room| fits(&room.sid) && fits(&room.name));
        let participant = wire.participant.filter(|p| fits(&p.sid) && fits(&p.identity));
        let what = match (wire.event.as_str(), room, participant, wire.egress_info) {
            ("room_started", Some(room), _, _) => What::RoomStarted(room),
            ("room_finished", Some(room), _, _) => What::RoomFinished(room),
            ("participant_joined", Some(room), Some(who), _) => What::Joined(room, who),
            ("participant_left", Some(room), Some(who), _) => What::Left(room, who),
            ("participant_connection_aborted", Some(room), Some(who), _) => What::Aborted(room, who),
            ("track_published", Some(room), Some(who), _) => What::Published(room, who),
            ("track_unpublished", Some(room), Some(who), _) => What::Unpublished(room, who),
            ("egress_started" | "egress_updated" | "egress_ended" | "egress_failed", _, _, Some(info)) => What::Egress(Box::new(info)),
            _ => What::Other,
        };
        let seconds = match wire.created_at {
            Some(serde_json::Value::String(text)) => text.parse::<i64>().ok(),
            Some(serde_json::Value::Number(number)) => number.as_i64(),
            _ => None,
        };
        Ok(Self { id: wire.id, name: wire.event, at: seconds.filter(|s| *s > 0).map(Millis::from_secs), what })
    }

    /// The room's name and its session, for the log.
    #[must_use]
    pub fn room(&self) -> Option<(&str, &str)> {
        match &self.what {
            What::RoomStarted(room)
            | What::RoomFinished(room)
            | What::Joined(room, _)
            | What::Left(room, _)
            | What::Aborted(room, _)
            | What::Published(room, _)
            | What::Unpublished(room, _) => Some((&room.name, &room.sid)),
            What::Egress(info) => Some((&info.room_name, &info.room_id)),
            What::Other => None,
        }
    }
}
