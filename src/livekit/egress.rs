//! LiveKit's Egress service: the calls that start, stop and list recordings.

use super::info::EgressInfo;
use super::token::VideoGrants;
use super::twirp::{self, Failed};
use crate::config::Config;
use crate::error::Error;
use crate::http::{Incoming, Outgoing, Unanswered};
use crate::json;
use crate::names::Named as _;
use crate::object;
use crate::quality::Quality;
use crate::store::egresses::Job;
use crate::store::streams::Stream;
use crate::storj::key::{INDEX, SEGMENT, folder_of, picture_prefix};
use crate::time::Millis;

/// Every method of the service asks for `roomRecord`. It is not bound to a room, so it never leaves
/// this Worker.
fn grants() -> VideoGrants {
    VideoGrants { room_record: true, ..VideoGrants::default() }
}

/// Of one segment. A recorder that dies loses the last one or two.
const SEGMENT_SECONDS: i64 = 6;

/// A picture is written again so often: the last one shows what was on at most so long before the end.
const PICTURE_SECONDS: i64 = 30;
/// As large as a card of the pages on a dense screen; 16:9 as every quality is.
const PICTURE_SIZE: (i64, i64) = (640, 360);

/// `StartRoomCompositeEgress` for a claimed attempt: one MP4 under our own key, segments beside it if the attempt
/// has a safety copy, a picture if it has one, no manifests, and this stream's own webhook, so that its events arrive
/// even when nobody set up the dashboard.
///
/// # Errors
/// The token could not be signed.
pub fn start(config: &Config, stream: &Stream, job: &Job, now: Millis) -> Result<Outgoing, Error> {
    let (encoding, value) = Quality::from_name(&job.quality).unwrap_or_default().encoding();
    let mut upload = object!({
        "access_key": config.storj_egress.access_key_id,
        "secret": config.storj_egress.secret_access_key.reveal(),
        "region": job.region,
        // With its scheme: without one LiveKit builds an address of bucket and endpoint run together.
        "endpoint": job.endpoint,
        "bucket": job.bucket,
        "force_path_style": true,
    });
    // Without an expiry of its own: it is shown as long as the recording is there, which may be saved.
    let picture = job.picture.then(|| {
        object!({
            "capture_interval": PICTURE_SECONDS,
            "width": PICTURE_SIZE.0,
            "height": PICTURE_SIZE.1,
            "filename_prefix": picture_prefix(&job.object_key),
            "filename_suffix": "IMAGE_SUFFIX_NONE_OVERWRITE",
            "disable_manifest": true,
            "s3": upload,
        })
    });
    // LiveKit sends metadata as `x-amz-meta-…`, and Storj's gateway reads this one as the object's expiry.
    if let (Some(ttl), true, Some(upload)) = (&config.object_ttl, job.object_ttl_ms.is_some(), upload.as_object_mut()) {
        upload.insert("metadata".to_owned(), object!({ "Object-Expires": ttl.header }));
    }
    let mut body = object!({
        "room_name": job.room_name,
        "layout": job.layout,
        "audio_only": job.audio_only,
        "file_outputs": [object!({
            "file_type": "MP4",
            "filepath": job.object_key,
            "disable_manifest": true,
            "s3": upload,
        })],
        "webhooks": stream.public_url.as_ref().map_or_else(Vec::new, |url| vec![object!({
            "url": format!("{url}/livekit-webhook"),
            "signing_key": config.livekit_key.key,
        })]),
    });
    if let (true, Some(body)) = (job.has_copy(), body.as_object_mut()) {
        let folder = folder_of(&job.object_key);
        let output = object!({
            "filename_prefix": format!("{folder}{SEGMENT}"),
            "playlist_name": format!("{folder}{INDEX}"),
            "segment_duration": SEGMENT_SECONDS,
            "disable_manifest": true,
            "s3": upload,
        });
        body.insert("segment_outputs".to_owned(), vec![output].into());
    }
    if let (Some(picture), Some(body)) = (picture, body.as_object_mut()) {
        body.insert("image_outputs".to_owned(), vec![picture].into());
    }
    if let Some(body) = body.as_object_mut() {
        body.insert(encoding.to_owned(), value);
    }
    twirp::call(config, "Egress", "StartRoomCompositeEgress", grants(), &body, now)
}

/// `StartRoomCompositeEgress` for the doctor: the smallest picture, to a key of its own, without webhooks.
///
/// # Errors
/// The token could not be signed.
pub fn start_rehearsal(config: &Config, room_name: &str, object_key: &str, now: Millis) -> Result<Outgoing, Error> {
    let body = object!({
        "room_name": room_name,
        "layout": "speaker",
        "preset": "H264_720P_30",
        "file_outputs": [object!({
            "file_type": "MP4",
            "filepath": object_key,
            "disable_manifest": true,
            "s3": object!({
                "access_key": config.storj_egress.access_key_id,
                "secret": config.storj_egress.secret_access_key.reveal(),
                "region": config.bucket.region,
                "endpoint": config.bucket.endpoint,
                "bucket": config.bucket.name,
                "force_path_style": true,
            }),
        })],
    });
    twirp::call(config, "Egress", "StartRoomCompositeEgress", grants(), &body, now)
}

/// `StopEgress`.
///
/// # Errors
/// The token could not be signed.
pub fn stop(config: &Config, egress_id: &str, now: Millis) -> Result<Outgoing, Error> {
    twirp::call(config, "Egress", "StopEgress", grants(), &object!({ "egress_id": egress_id }), now)
}

/// `ListEgress` of one room: what runs and, for 24 hours, what ran.
///
/// # Errors
/// The token could not be signed.
pub fn list(config: &Config, room_name: &str, now: Millis) -> Result<Outgoing, Error> {
    twirp::call(config, "Egress", "ListEgress", grants(), &object!({ "room_name": room_name }), now)
}

/// The answer to [`start`] and [`stop`].
///
/// # Errors
/// See [`Failed`].
pub fn info(result: Result<Incoming, Unanswered>) -> Result<EgressInfo, Failed> {
    twirp::answer(result).map(|answer| EgressInfo::read(&answer))
}

/// The answer to [`list`].
#[derive(Debug, Default)]
pub struct Listed(Vec<EgressInfo>);

impl Listed {
    /// Reads it.
    ///
    /// # Errors
    /// See [`Failed`].
    pub fn read(result: Result<Incoming, Unanswered>) -> Result<Self, Failed> {
        let answer = twirp::answer(result)?;
        let items = json::member(&answer, &["items"]).map(|items| items.as_array().ok_or(twirp::UNREADABLE)).transpose()?;
        Ok(Self(items.into_iter().flatten().filter(|item| item.is_object()).map(EgressInfo::read).collect()))
    }

    /// The egresses that can be read; one in a shape of another kind does not hide the others.
    #[must_use]
    pub fn egresses(self) -> Vec<EgressInfo> {
        self.0
    }
}
