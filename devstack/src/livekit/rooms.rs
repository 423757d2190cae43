//! What happens to rooms: they open, people come, publish and leave, they close; each with its
//! webhooks in the order that was seen.

use std::sync::Arc;
use std::time::Duration;

use livekit_protocol::participant_info::{Kind, State};
use livekit_protocol::{DisconnectReason, ParticipantInfo, TrackInfo, TrackType};

use super::participant::is_dependent;
use super::room::{Room, RoomSettings, publishable, short_participant};
use super::{StandIn, webhook};

/// A recording notices that its room is gone a moment after room_finished.
const RECORDER_NOTICES: Duration = Duration::from_millis(20);

impl StandIn {
    /// Makes the room unless it exists.
    pub(super) fn open_room(self: &Arc<Self>, name: &str, settings: &RoomSettings) {
        let mut world = self.world();
        if world.rooms.contains_key(name) {
            return;
        }
        let room = Room::new(name, settings);
        let mut event = webhook::event("room_started");
        event.room = Some(room.uncounted());
        self.webhooks.send(name, &event, &[]);
        self.close_later(&room, room.empty_timeout());
        world.rooms.insert(name.to_owned(), room);
    }

    /// Somebody joins a room that exists; whoever had the same identity is thrown out. `None` when
    /// the room has gone.
    pub(super) fn join(&self, room_name: &str, participant: ParticipantInfo) -> Option<String> {
        let mut world = self.world();
        let room = world.rooms.get_mut(room_name)?;
        self.take_out(room, &participant.identity, DisconnectReason::DuplicateIdentity);
        let is_recorder = participant.kind() == Kind::Egress;
        if !is_dependent(&participant) {
            room.arrivals += 1;
        }
        room.participants.push(participant.clone());
        let mut event = webhook::event("participant_joined");
        event.room = Some(if is_recorder { room.current() } else { room.uncounted() });
        event.participant = Some(participant);
        self.webhooks.send(room_name, &event, &[]);
        Some(room.sid().to_owned())
    }

    /// Publishes what the participant may and does not publish yet. `None` when nobody of that name
    /// is there; an empty list when nothing is allowed.
    pub(super) fn publish(&self, room_name: &str, identity: &str) -> Option<Vec<TrackInfo>> {
        let mut world = self.world();
        let room = world.rooms.get_mut(room_name)?;
        let shown_room = room.short();
        let participant = room.find_mut(identity)?;
        let mut published = Vec::new();
        for track in publishable(participant) {
            if participant.tracks.iter().any(|known| known.r#type == track.r#type) {
                continue;
            }
            participant.is_publisher = true;
            participant.version += 1;
            participant.tracks.push(track.clone());
            self.send_track("track_published", &shown_room, participant, &track);
            published.push(track);
        }
        Some(published)
    }

    /// Unpublishes the tracks of that kind, or all. `None` when nobody of that name is there.
    pub(super) fn unpublish(&self, room_name: &str, identity: &str, kind: Option<TrackType>) -> Option<Vec<TrackInfo>> {
        let mut world = self.world();
        let room = world.rooms.get_mut(room_name)?;
        let shown_room = room.short();
        let participant = room.find_mut(identity)?;
        let concerned = |track: &TrackInfo| kind.is_none_or(|kind| track.r#type() == kind);
        let (gone, kept) = std::mem::take(&mut participant.tracks).into_iter().partition(concerned);
        participant.tracks = kept;
        for track in &gone {
            participant.version += 1;
            self.send_track("track_unpublished", &shown_room, participant, track);
        }
        Some(gone)
    }

    /// Somebody leaves; the room closes after its departure timeout when that was the last one.
    /// `false` when nobody of that name is there.
    pub(super) fn leave(self: &Arc<Self>, room_name: &str, identity: &str, reason: DisconnectReason) -> bool {
        let mut world = self.world();
        let Some(room) = world.rooms.get_mut(room_name) else {
            return false;
        };
        let Some(gone) = self.take_out(room, identity, reason) else {
            return false;
        };
        if room.people() == 0 && !is_dependent(&gone) {
            self.close_later(room, room.departure_timeout());
        }
        true
    }

    /// Everybody is disconnected and the room is gone. `false` when there is no such room.
    pub(super) fn close_room(self: &Arc<Self>, name: &str, reason: DisconnectReason) -> bool {
        let mut world = self.world();
        let Some(mut room) = world.rooms.remove(name) else {
            return false;
        };
        let (recorders, people): (Vec<_>, Vec<_>) = room.participants.iter().partition(|participant| is_dependent(participant));
        let identities: Vec<String> = people.into_iter().chain(recorders).map(|p| p.identity.clone()).collect();
        for identity in identities {
            self.take_out(&mut room, &identity, reason);
        }
        let mut event = webhook::event("room_finished");
        event.room = Some(room.uncounted());
        self.webhooks.send(name, &event, &[]);
        let stand_in = Arc::clone(self);
        let sid = room.sid().to_owned();
        tokio::spawn(async move {
            tokio::time::sleep(RECORDER_NOTICES).await;
            stand_in.source_closed(&sid);
        });
        true
    }

    /// Removes a participant with its events: its tracks first, then itself.
    fn take_out(&self, room: &mut Room, identity: &str, reason: DisconnectReason) -> Option<ParticipantInfo> {
        let index = room.participants.iter().position(|p| p.identity == identity)?;
        // While people leave, the room still counts the recorder and no longer the one who leaves.
        let mut participant = room.participants.remove(index);
        for track in std::mem::take(&mut participant.tracks) {
            participant.version += 1;
            self.send_track("track_unpublished", &room.short(), &participant, &track);
        }
        participant.version += 1;
        participant.state = State::Disconnected.into();
        participant.disconnect_reason = reason.into();
        let mut event = webhook::event("participant_left");
        event.room = Some(room.current());
        event.participant = Some(participant.clone());
        self.webhooks.send(room.name(), &event, &[]);
        Some(participant)
    }

    fn send_track(&self, name: &str, room: &livekit_protocol::Room, participant: &ParticipantInfo, track: &TrackInfo) {
        let mut event = webhook::event(name);
        event.room = Some(room.clone());
        event.participant = Some(short_participant(participant));
        event.track = Some(track.clone());
        self.webhooks.send(&room.name, &event, &[]);
    }

    /// Closes this very room after that many of LiveKit's seconds unless somebody comes.
    fn close_later(self: &Arc<Self>, room: &Room, seconds: f64) {
        let stand_in = Arc::clone(self);
        let (name, sid, arrivals) = (room.name().to_owned(), room.sid().to_owned(), room.arrivals);
        tokio::spawn(async move {
            stand_in.pace.sleep(seconds).await;
            let still_empty =
                stand_in.world().rooms.get(&name).is_some_and(|room| room.sid() == sid && room.arrivals == arrivals && room.people() == 0);
            if still_empty {
                stand_in.close_room(&name, DisconnectReason::RoomClosed);
            }
        });
    }
}
