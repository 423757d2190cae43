//! The fields of the messages in Twirp replies, in the order and with the zero values of LiveKit's
//! published `.proto` files. Only what the stand-in can answer with: no ingress, no data tracks' contents.

use super::reply::Field::{Enum, Flag, List, Long, Many, Member, Number, One, ScalarMember, StringMap, Text};
use super::reply::Message;

/// An empty reply, such as DeleteRoom's.
pub(crate) static EMPTY: Message = Message(&[]);

pub(crate) static LIST_EGRESS: Message = Message(&[("items", Many(&EGRESS_INFO)), ("next_page_token", One(&PAGE_TOKEN))]);
pub(crate) static LIST_ROOMS: Message = Message(&[("rooms", Many(&ROOM))]);
pub(crate) static LIST_PARTICIPANTS: Message = Message(&[("participants", Many(&PARTICIPANT))]);

pub(crate) static EGRESS_INFO: Message = Message(&[
    ("egress_id", Text),
    ("room_id", Text),
    ("room_name", Text),
    ("source_type", Enum("EGRESS_SOURCE_TYPE_WEB")),
    ("status", Enum("EGRESS_STARTING")),
    ("started_at", Long),
    ("ended_at", Long),
    ("updated_at", Long),
    ("room_composite", Member(&ROOM_COMPOSITE)),
    ("stream_results", Many(&EMPTY)),
    ("file_results", Many(&FILE_INFO)),
    ("segment_results", Many(&SEGMENTS_INFO)),
    ("image_results", Many(&IMAGES_INFO)),
    ("error", Text),
    ("error_code", Number),
    ("details", Text),
    ("manifest_location", Text),
    ("backup_storage_used", Flag),
    ("retry_count", Number),
    ("file", Member(&FILE_INFO)),
]);

static FILE_INFO: Message =
    Message(&[("filename", Text), ("started_at", Long), ("ended_at", Long), ("duration", Long), ("size", Long), ("location", Text)]);

static SEGMENTS_INFO: Message = Message(&[
    ("playlist_name", Text),
    ("live_playlist_name", Text),
    ("duration", Long),
    ("size", Long),
    ("playlist_location", Text),
    ("live_playlist_location", Text),
    ("segment_count", Long),
    ("started_at", Long),
    ("ended_at", Long),
]);

static IMAGES_INFO: Message = Message(&[("filename_prefix", Text), ("image_count", Long), ("started_at", Long), ("ended_at", Long)]);

static ROOM_COMPOSITE: Message = Message(&[
    ("room_name", Text),
    ("layout", Text),
    ("audio_only", Flag),
    ("audio_mixing", Enum("DEFAULT_MIXING")),
    ("video_only", Flag),
    ("custom_base_url", Text),
    ("preset", ScalarMember),
    ("advanced", Member(&ENCODING)),
    ("file_outputs", Many(&FILE_OUTPUT)),
    ("stream_outputs", Many(&EMPTY)),
    ("segment_outputs", Many(&SEGMENT_OUTPUT)),
    ("image_outputs", Many(&IMAGE_OUTPUT)),
    ("webhooks", Many(&WEBHOOK)),
]);

static ENCODING: Message = Message(&[
    ("width", Number),
    ("height", Number),
    ("depth", Number),
    ("framerate", Number),
    ("audio_codec", Enum("DEFAULT_AC")),
    ("audio_bitrate", Number),
    ("audio_quality", Number),
    ("audio_frequency", Number),
    ("video_codec", Enum("DEFAULT_VC")),
    ("video_bitrate", Number),
    ("video_quality", Number),
    ("key_frame_interval", Number),
]);

static FILE_OUTPUT: Message =
    Message(&[("file_type", Enum("DEFAULT_FILETYPE")), ("filepath", Text), ("disable_manifest", Flag), ("s3", Member(&S3_UPLOAD))]);

static SEGMENT_OUTPUT: Message = Message(&[
    ("protocol", Enum("DEFAULT_SEGMENTED_FILE_PROTOCOL")),
    ("filename_prefix", Text),
    ("playlist_name", Text),
    ("live_playlist_name", Text),
    ("segment_duration", Number),
    ("filename_suffix", Enum("INDEX")),
    ("disable_manifest", Flag),
    ("s3", Member(&S3_UPLOAD)),
]);

static IMAGE_OUTPUT: Message = Message(&[
    ("capture_interval", Number),
    ("width", Number),
    ("height", Number),
    ("filename_prefix", Text),
    ("filename_suffix", Enum("IMAGE_SUFFIX_INDEX")),
    ("image_codec", Enum("IC_DEFAULT")),
    ("disable_manifest", Flag),
    ("s3", Member(&S3_UPLOAD)),
]);

static S3_UPLOAD: Message = Message(&[
    ("access_key", Text),
    ("secret", Text),
    ("session_token", Text),
    ("assume_role_arn", Text),
    ("assume_role_external_id", Text),
    ("region", Text),
    ("endpoint", Text),
    ("bucket", Text),
    ("force_path_style", Flag),
    ("metadata", StringMap),
    ("tagging", Text),
    ("content_disposition", Text),
    ("proxy", One(&PROXY)),
]);

static PROXY: Message = Message(&[("url", Text), ("username", Text), ("password", Text)]);

static WEBHOOK: Message = Message(&[("url", Text), ("signing_key", Text), ("filter_params", One(&FILTER))]);

static FILTER: Message = Message(&[("include_events", List), ("exclude_events", List)]);

static PAGE_TOKEN: Message = Message(&[("token", Text)]);

pub(crate) static ROOM: Message = Message(&[
    ("sid", Text),
    ("name", Text),
    ("empty_timeout", Number),
    ("departure_timeout", Number),
    ("max_participants", Number),
    ("creation_time", Long),
    ("creation_time_ms", Long),
    ("turn_password", Text),
    ("enabled_codecs", Many(&CODEC)),
    ("metadata", Text),
    ("num_participants", Number),
    ("num_publishers", Number),
    ("active_recording", Flag),
    ("version", One(&TIMED_VERSION)),
]);

static CODEC: Message = Message(&[("mime", Text), ("fmtp_line", Text)]);

static TIMED_VERSION: Message = Message(&[("unix_micro", Long), ("ticks", Number)]);

pub(crate) static PARTICIPANT: Message = Message(&[
    ("sid", Text),
    ("identity", Text),
    ("state", Enum("JOINING")),
    ("tracks", Many(&TRACK)),
    ("metadata", Text),
    ("joined_at", Long),
    ("joined_at_ms", Long),
    ("name", Text),
    ("version", Number),
    ("permission", One(&PERMISSION)),
    ("region", Text),
    ("is_publisher", Flag),
    ("kind", Enum("STANDARD")),
    ("attributes", StringMap),
    ("disconnect_reason", Enum("UNKNOWN_REASON")),
    ("kind_details", List),
    ("data_tracks", Many(&EMPTY)),
    ("client_protocol", Number),
    ("capabilities", List),
]);

static PERMISSION: Message = Message(&[
    ("can_subscribe", Flag),
    ("can_publish", Flag),
    ("can_publish_data", Flag),
    ("can_publish_sources", List),
    ("hidden", Flag),
    ("recorder", Flag),
    ("can_update_metadata", Flag),
    ("agent", Flag),
    ("can_subscribe_metrics", Flag),
    ("can_manage_agent_session", Flag),
]);

pub(crate) static TRACK: Message = Message(&[
    ("sid", Text),
    ("type", Enum("AUDIO")),
    ("name", Text),
    ("muted", Flag),
    ("width", Number),
    ("height", Number),
    ("simulcast", Flag),
    ("disable_dtx", Flag),
    ("source", Enum("UNKNOWN")),
    ("layers", Many(&LAYER)),
    ("mime_type", Text),
    ("mid", Text),
    ("codecs", Many(&TRACK_CODEC)),
    ("stereo", Flag),
    ("disable_red", Flag),
    ("encryption", Enum("NONE")),
    ("stream", Text),
    ("version", One(&TIMED_VERSION)),
    ("audio_features", List),
    ("backup_codec_policy", Enum("PREFER_REGRESSION")),
    ("packet_trailer_features", List),
]);

static TRACK_CODEC: Message = Message(&[
    ("mime_type", Text),
    ("mid", Text),
    ("cid", Text),
    ("layers", Many(&LAYER)),
    ("video_layer_mode", Enum("MODE_UNUSED")),
    ("sdp_cid", Text),
]);

static LAYER: Message = Message(&[
    ("quality", Enum("LOW")),
    ("width", Number),
    ("height", Number),
    ("bitrate", Number),
    ("ssrc", Number),
    ("spatial_layer", Number),
    ("rid", Text),
    ("repair_ssrc", Number),
]);
