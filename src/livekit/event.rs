//! A webhook's body to what happened.
//!
//! The guide's `egress_failed` is no event of LiveKit's (failure is `egress_ended` with its status);
//! if something sends it, it is read the same.

use serde_json::Value;

use super::info::{EgressInfo, Participant, Room};
use crate::json;
use crate::time::Millis;

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
        let wire: Value = serde_json::from_slice(body).map_err(|e| format!("not a webhook event: {e}"))?;
        let (name, id) = (json::string(&wire, &["event"]), json::string(&wire, &["id"]));
        if name.is_empty() || id.is_empty() || name.len() > 64 || id.len() > 128 {
            return Err("no `event` or no `id`".to_owned());
        }
        let fits = |text: &str| !text.is_empty() && text.len() <= LONGEST_NAME;
        let room = json::object(&wire, &["room"]).map(Room::read).filter(|room| fits(&room.sid) && fits(&room.name));
        let participant = json::object(&wire, &["participant"]).map(Participant::read).filter(|p| fits(&p.sid) && fits(&p.identity));
        let egress = json::object(&wire, &["egressInfo", "egress_info"]).map(EgressInfo::read);
        let what = match (name.as_str(), room, participant, egress) {
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
        let seconds = json::int64(&wire, &["createdAt", "created_at"]);
        Ok(Self { id, name, at: (seconds > 0).then(|| Millis::from_secs(seconds)), what })
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use serde_json::json;

    use super::*;

    fn parse(event: &Value) -> Result<Event, String> {
        Event::parse(event.to_string().as_bytes())
    }

    #[test]
    fn one_member_of_another_type_does_not_lose_the_event() {
        let event = parse(&json!({
            "event": "participant_joined", "id": "EV_1", "createdAt": [],
            "room": { "sid": "RM_1", "name": "lobby", "creationTime": {}, "enabledCodecs": [{ "mime": "x" }] },
            "participant": { "sid": "PA_1", "identity": "alice", "permission": "all", "joinedAt": "soon", "tracks": null },
            "egressInfo": 5,
        }))
        .unwrap();
        assert_eq!((event.id.as_str(), event.at), ("EV_1", None));
        let What::Joined(room, who) = event.what else { panic!() };
        assert_eq!((room.name.as_str(), room.created_at(), who.identity.as_str(), who.joined_at()), ("lobby", None, "alice", None));
        assert!(who.is_person() && !who.is_recorder());
    }

    #[test]
    fn without_a_name_or_an_id_it_is_no_event() {
        for bad in [
            json!({ "event": 1, "id": "EV_1" }),
            json!({ "event": "room_started", "id": null }),
            json!(["room_started", "EV_1"]),
            json!(""),
        ] {
            assert!(parse(&bad).is_err(), "{bad}");
        }
        assert!(matches!(parse(&json!({ "event": "room_started", "id": "EV_1", "room": [] })).unwrap().what, What::Other));
    }
}
