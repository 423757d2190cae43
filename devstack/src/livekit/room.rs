//! One room: who is in it, and the three ways in which the real server shows it in webhooks.

use livekit_protocol as proto;
use livekit_protocol::participant_info::Kind;

use super::participant;
use super::participant::is_dependent;
use crate::ids;
use crate::pace;

/// LiveKit's defaults, in seconds.
const EMPTY_TIMEOUT: u32 = 300;
const DEPARTURE_TIMEOUT: u32 = 20;

/// The codecs that the real server enables without being asked.
const CODECS: [&str; 10] =
    ["audio/PCMU", "audio/PCMA", "audio/opus", "audio/red", "video/VP8", "video/H264", "video/VP9", "video/AV1", "video/H265", "video/rtx"];

/// What may be asked of a room that is made; zero is LiveKit's default.
#[derive(Clone, Debug, Default)]
pub(crate) struct RoomSettings {
    pub(crate) empty_timeout: u32,
    pub(crate) departure_timeout: u32,
    pub(crate) max_participants: u32,
    pub(crate) metadata: String,
}

/// A room that exists.
#[derive(Debug)]
pub(crate) struct Room {
    /// Without the counts, which [`Room::current`] adds.
    info: proto::Room,
    pub(crate) participants: Vec<proto::ParticipantInfo>,
    /// Goes up with each person's arrival, so that a closing time set before it does not count any
    /// more.
    pub(crate) arrivals: u64,
}

impl Room {
    pub(crate) fn new(name: &str, settings: &RoomSettings) -> Self {
        let or_default = |value: u32, default: u32| if value == 0 { default } else { value };
        let codec = |mime: &str| proto::Codec { mime: mime.to_owned(), ..Default::default() };
        let info = proto::Room {
            sid: ids::new("RM_"),
            name: name.to_owned(),
            empty_timeout: or_default(settings.empty_timeout, EMPTY_TIMEOUT),
            departure_timeout: or_default(settings.departure_timeout, DEPARTURE_TIMEOUT),
            max_participants: settings.max_participants,
            creation_time: pace::now_s(),
            creation_time_ms: pace::now_ms(),
            turn_password: ids::letters(43),
            enabled_codecs: CODECS.into_iter().map(codec).collect(),
            metadata: settings.metadata.clone(),
            ..Default::default()
        };
        Self { info, participants: Vec::new(), arrivals: 0 }
    }

    pub(crate) fn sid(&self) -> &str {
        &self.info.sid
    }

    pub(crate) fn name(&self) -> &str {
        &self.info.name
    }

    pub(crate) fn empty_timeout(&self) -> f64 {
        self.info.empty_timeout.into()
    }

    pub(crate) fn departure_timeout(&self) -> f64 {
        self.info.departure_timeout.into()
    }

    pub(crate) fn find(&self, identity: &str) -> Option<&proto::ParticipantInfo> {
        self.participants.iter().find(|participant| participant.identity == identity)
    }

    pub(crate) fn find_mut(&mut self, identity: &str) -> Option<&mut proto::ParticipantInfo> {
        self.participants.iter_mut().find(|participant| participant.identity == identity)
    }

    /// How many keep the room open.
    pub(crate) fn people(&self) -> usize {
        self.participants.iter().filter(|participant| !is_dependent(participant)).count()
    }

    /// Whether a recorder would have something to record.
    pub(crate) fn has_tracks(&self) -> bool {
        self.participants.iter().any(|participant| !participant.tracks.is_empty())
    }

    /// With its counts, as in lists, at a recorder's arrival and when somebody leaves.
    pub(crate) fn current(&self) -> proto::Room {
        let publishers = self.participants.iter().filter(|p| p.is_publisher && !is_dependent(p));
        proto::Room {
            num_participants: u32::try_from(self.people()).unwrap_or(u32::MAX),
            num_publishers: u32::try_from(publishers.count()).unwrap_or(u32::MAX),
            active_recording: self.participants.iter().any(|p| p.kind() == Kind::Egress),
            ..self.info.clone()
        }
    }

    /// Without its counts: so it stands in room_started, in room_finished, and (seen in all 26) when
    /// a person joins, the second one too.
    pub(crate) fn uncounted(&self) -> proto::Room {
        self.info.clone()
    }

    /// Only sid and name, as in track events.
    pub(crate) fn short(&self) -> proto::Room {
        proto::Room { sid: self.info.sid.clone(), name: self.info.name.clone(), ..Default::default() }
    }
}

/// A participant in track events: only sid and identity.
pub(crate) fn short_participant(of: &proto::ParticipantInfo) -> proto::ParticipantInfo {
    proto::ParticipantInfo { sid: of.sid.clone(), identity: of.identity.clone(), ..Default::default() }
}

/// The tracks that a browser publishes, of those the participant may; the microphone comes first.
pub(crate) fn publishable(of: &proto::ParticipantInfo) -> Vec<proto::TrackInfo> {
    let mut tracks = Vec::new();
    if participant::may_publish(of, proto::TrackSource::Microphone) {
        tracks.push(participant::microphone());
    }
    if participant::may_publish(of, proto::TrackSource::Camera) {
        tracks.push(participant::camera());
    }
    tracks
}
