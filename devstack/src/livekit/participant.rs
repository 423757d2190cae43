//! Participants and their tracks, with the fields that the real server filled for a browser.

use livekit_api::access_token::{Claims, VideoGrants};
use livekit_protocol::participant_info::{Kind, State};
use livekit_protocol::video_layer::Mode;
use livekit_protocol::{
    AudioTrackFeature, BackupCodecPolicy, ParticipantInfo, ParticipantPermission, SimulcastCodecInfo, TimedVersion, TrackInfo, TrackSource,
    TrackType, VideoLayer, VideoQuality,
};
use rand::Rng;

use crate::ids;
use crate::pace;

/// A participant who joins with these claims, already connected.
pub(crate) fn from_token(claims: &Claims, kind: Kind) -> ParticipantInfo {
    ParticipantInfo {
        name: claims.name.clone(),
        metadata: claims.metadata.clone(),
        attributes: claims.attributes.clone(),
        ..connected(&claims.sub, kind, permission(&claims.video))
    }
}

/// The recorder of an egress: hidden, and its identity is the egress id.
pub(crate) fn recorder(egress_id: &str) -> ParticipantInfo {
    #[allow(deprecated)] // `recorder` is what the real server still sends.
    let permission = ParticipantPermission { can_subscribe: true, hidden: true, recorder: true, ..Default::default() };
    connected(egress_id, Kind::Egress, permission)
}

fn connected(identity: &str, kind: Kind, permission: ParticipantPermission) -> ParticipantInfo {
    ParticipantInfo {
        sid: ids::new("PA_"),
        identity: identity.to_owned(),
        state: State::Active.into(),
        joined_at: pace::now_s(),
        joined_at_ms: pace::now_ms(),
        version: 2,
        permission: Some(permission),
        kind: kind.into(),
        client_protocol: 2,
        ..Default::default()
    }
}

#[allow(deprecated)] // `recorder` and `agent` are what the real server still sends.
fn permission(grants: &VideoGrants) -> ParticipantPermission {
    ParticipantPermission {
        can_subscribe: grants.can_subscribe(),
        can_publish: grants.can_publish(),
        can_publish_data: grants.can_publish_data(),
        can_publish_sources: grants.can_publish_sources.iter().map(|name| source(name)).collect(),
        hidden: grants.hidden,
        recorder: grants.recorder,
        can_update_metadata: grants.can_update_own_metadata(),
        agent: grants.agent,
        ..Default::default()
    }
}

fn source(name: &str) -> i32 {
    TrackSource::from_str_name(&name.to_ascii_uppercase()).unwrap_or_default().into()
}

/// Whether the room lives on without them: recorders and agents do not keep it open and are not
/// counted.
pub(crate) fn is_dependent(participant: &ParticipantInfo) -> bool {
    #[allow(deprecated)] // See `permission`.
    let by_grant = participant.permission.as_ref().is_some_and(|p| p.recorder || p.agent);
    by_grant || matches!(participant.kind(), Kind::Egress | Kind::Agent)
}

/// Whether they may publish from that source.
pub(crate) fn may_publish(participant: &ParticipantInfo, source: TrackSource) -> bool {
    participant.permission.as_ref().is_some_and(|permission| {
        let sources = &permission.can_publish_sources;
        permission.can_publish && (sources.is_empty() || sources.contains(&source.into()))
    })
}

/// A new microphone track.
pub(crate) fn microphone() -> TrackInfo {
    TrackInfo {
        sid: ids::new("TR_AM"),
        r#type: TrackType::Audio.into(),
        source: TrackSource::Microphone.into(),
        mime_type: "audio/red".into(),
        mid: "7".into(),
        codecs: vec![SimulcastCodecInfo { mime_type: "audio/red".into(), mid: "7".into(), cid: ids::uuid(), ..Default::default() }],
        audio_features: vec![
            AudioTrackFeature::TfAutoGainControl.into(),
            AudioTrackFeature::TfEchoCancellation.into(),
            AudioTrackFeature::TfNoiseSuppression.into(),
        ],
        backup_codec_policy: BackupCodecPolicy::Simulcast.into(),
        ..track()
    }
}

/// A new camera track.
pub(crate) fn camera() -> TrackInfo {
    let layer = VideoLayer {
        quality: VideoQuality::High.into(),
        width: 640,
        height: 360,
        bitrate: 400_000,
        ssrc: rand::rng().random(),
        ..Default::default()
    };
    #[allow(deprecated)] // `layers` is what the real server still sends.
    TrackInfo {
        sid: ids::new("TR_VC"),
        r#type: TrackType::Video.into(),
        width: 640,
        height: 360,
        source: TrackSource::Camera.into(),
        layers: vec![layer.clone()],
        mime_type: "video/VP8".into(),
        mid: "8".into(),
        codecs: vec![SimulcastCodecInfo {
            mime_type: "video/VP8".into(),
            mid: "8".into(),
            cid: ids::uuid(),
            layers: vec![layer],
            video_layer_mode: Mode::OneSpatialLayerPerStream.into(),
            ..Default::default()
        }],
        ..track()
    }
}

fn track() -> TrackInfo {
    TrackInfo {
        stream: "camera".into(),
        version: Some(TimedVersion { unix_micro: pace::now_ns() / 1000, ..Default::default() }),
        ..Default::default()
    }
}
