//! Rows to the shapes of answers. Absent is `null`, never missing; in public answers what only the owner
//! may know is `null`, and `error` is a code.

mod shapes;

pub use shapes::{RecordingState, RecordingView, StreamView};

use super::{Request, thumbnail};
use crate::auth::caller::Caller;
use crate::config::Config;
use crate::names::Named as _;
use crate::ports::{Desk, Ports};
use crate::prices::Prices;
use crate::quality::Quality;
use crate::store::lists::Recording;
use crate::store::streams::Stream;
use crate::store::thumbnails::Of;
use crate::time::Millis;

/// Who reads an answer, from where and when.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    caller: &'a Caller,
    config: &'a Config,
    /// `https://host` that the caller used: links of ours begin with it.
    origin: &'a str,
    now: Millis,
}

impl<'a> Reader<'a> {
    /// The caller of this request.
    #[must_use]
    pub fn new<P: Ports>(desk: &Desk<'a, P>, caller: &'a Caller, request: &'a Request) -> Self {
        Self { caller, config: desk.config, origin: &request.origin, now: desk.now() }
    }

    fn thumbnail_url(&self, of: Of<'_>, visibility: &str, key: Option<&str>) -> Option<String> {
        key.map(|key| thumbnail::address(self.config, self.origin, of, visibility, key, self.now))
    }
}

/// Whether `caller` may see what `owner` made `visibility`.
#[must_use]
pub fn may_see(caller: &Caller, owner: &str, visibility: &str) -> bool {
    visibility == "public" || may_change(caller, owner)
}

/// Whether `caller` may change what `owner` made.
#[must_use]
pub fn may_change(caller: &Caller, owner: &str) -> bool {
    caller.is_admin() || caller.user_id() == Some(owner)
}

/// Whether a recording is wanted and no job has taken it up: none was made since, or LiveKit never took
/// the last one.
fn is_awaited(stream: &Stream) -> bool {
    let since_wish = |at: Millis| stream.wish_at.is_none_or(|wish| at >= wish);
    let status = stream.job_status.as_deref();
    // An attempt of unknown outcome that is older than the wish fulfils it when it records after all.
    let taken_up = matches!(status, Some("starting" | "recording"))
        || (stream.job_requested_at.is_some_and(since_wish)
            && (stream.job_egress_id.is_some() || !matches!(status, Some("failed" | "aborted"))));
    stream.is_wanted() && !taken_up
}

/// A recorder that somebody publishes for is active within 5.5 s (seen). After 90 s in `starting`, nobody
/// publishes, and LiveKit waits.
const STARTS_WITHIN_MS: i64 = 90_000;

/// The state of a stream's recording.
#[must_use]
pub fn recording_state(stream: &Stream, full: bool, prices: &Prices, now: Millis) -> RecordingState {
    let awaited = is_awaited(stream);
    let status = match (awaited, &stream.job_status) {
        (true, _) => "requested".to_owned(),
        (false, Some(status)) => status.clone(),
        (false, None) => "none".to_owned(),
    };
    let over = matches!(status.as_str(), "complete" | "failed" | "aborted" | "limit_reached");
    let started_at = stream.job_started_at.filter(|_| !awaited);
    let ms = match (started_at, stream.job_duration_ms) {
        (Some(_), Some(ms)) if over => ms,
        (Some(from), _) => (if over { stream.job_ended_at.unwrap_or(from) } else { now }).since(from).max(0),
        (None, _) => 0,
    };
    let quality = stream.job_quality.as_deref().and_then(Quality::from_name).unwrap_or_default();
    let estimated_bytes = match stream.job_size_bytes {
        Some(bytes) if over => bytes,
        _ => quality.estimated_bytes(stream.job_audio_only == Some(1), ms),
    };
    let waits_long = status == "starting" && stream.job_requested_at.is_some_and(|at| now.since(at) > STARTS_WITHIN_MS);
    let code = if waits_long {
        Some("nobody_publishes_yet")
    } else if over || matches!(status.as_str(), "recording" | "stopping") {
        stream.job_stop_reason.as_deref().or(stream.job_error.as_deref())
    } else {
        stream.wish_error.as_deref().filter(|_| matches!(status.as_str(), "none" | "requested"))
    };
    RecordingState {
        egress_id: stream.job_egress_id.clone().filter(|_| full && !awaited),
        started_at,
        seconds: ms / 1_000,
        estimated_bytes,
        estimated_micro_dollars: prices.so_far(ms, estimated_bytes),
        error: code.map(|code| if full { explain(code).to_owned() } else { code.to_owned() }),
        status,
    }
}

/// An error's code in words for the owner, with the remedy. The texts are ours: LiveKit's may repeat keys.
#[must_use]
pub fn explain(code: &str) -> &str {
    match code {
        "storage_refused" => {
            "the bucket refuses the key that LiveKit records with: check STORJ_EGRESS_ACCESS_KEY_ID, STORJ_BUCKET and the grant"
        }
        "storage_unavailable" => "the bucket did not take the upload: check that STORJ_ENDPOINT answers and has STORJ_BUCKET",
        "safety_copy_refused" => "recording without the safety copy: the bucket refused a file of the part before, which ended it",
        "picture_refused" => "recording without a picture of LiveKit's: the bucket refused a file of the part before, which ended it",
        "nobody_publishes_yet" => "the recorder is ready and waits: nobody publishes a camera or microphone yet",
        "nobody_published" => "nobody published a camera or microphone, so there was nothing to record",
        "max_recording_minutes" => "it was as long as MAX_RECORDING_MINUTES allows, so it was stopped",
        "nobody_publishes" => "nobody published a camera or microphone for 5 minutes, so it was stopped; it goes on when somebody does",
        "too_many_recordings" => "its owner has as many recordings at once as MAX_RECORDINGS_PER_USER allows",
        "stopped_before_start" => "it was stopped before the first frame",
        "no_recorder" => "LiveKit has no recorder free; it is asked again",
        "livekit_timeout" | "livekit_unreachable" | "livekit_unavailable" | "livekit_answer_unreadable" | "livekit_answer_too_long" => {
            "LiveKit did not answer; it is asked again"
        }
        "livekit_key_refused" => "LiveKit refuses the API key: check LIVEKIT_API_KEY and LIVEKIT_API_SECRET",
        "livekit_limit" => "the limits of the LiveKit project are reached",
        "livekit_not_found" => "LiveKit does not have the room",
        "livekit_refused" => "LiveKit refused the recording",
        "livekit_lost_it" => "LiveKit does not know this recording job any more",
        "recorder_crashed" => "LiveKit's recorder crashed",
        "recorder_lost_room" => "LiveKit's recorder lost the room; what it had is kept",
        "recorder_failed" => "LiveKit's recorder failed",
        other => other,
    }
}

/// A stream as its reader sees it.
#[must_use]
pub fn stream(row: &Stream, reader: &Reader<'_>) -> StreamView {
    let full = may_change(reader.caller, &row.owner_id);
    StreamView {
        id: row.id.clone(),
        title: row.title.clone(),
        description: row.about.clone(),
        room_name: row.room_name.clone(),
        owner_id: full.then(|| row.owner_id.clone()),
        visibility: row.visibility.clone(),
        status: row.status.clone(),
        viewer_count: row.viewer_count,
        peak_viewers: row.peak_viewers,
        unique_viewers: row.unique_viewers,
        watch_seconds: row.watch_ms / 1_000,
        created_at: row.created_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
        recording: recording_state(row, full, &reader.config.prices, reader.now),
        thumbnail_url: reader.thumbnail_url(Of::Stream(&row.id), &row.visibility, row.thumbnail_key.as_deref()),
    }
}

/// A recording as its reader sees it.
#[must_use]
pub fn recording(row: &Recording, reader: &Reader<'_>) -> RecordingView {
    let full = may_change(reader.caller, &row.owner_id);
    RecordingView {
        id: row.id.clone(),
        title: row.title.clone(),
        stream_id: row.stream_id.clone(),
        room_name: row.room_name.clone(),
        owner_id: full.then(|| row.owner_id.clone()),
        egress_id: row.livepeer_asset_id.clone().filter(|_| full),
        part: row.part,
        status: row.status.clone(),
        visibility: row.visibility.clone(),
        filename: full.then(|| row.object_key.clone()),
        bucket: full.then(|| row.bucket.clone()),
        duration_ms: row.duration_ms,
        size_bytes: row.size_bytes,
        quality: row.quality.clone(),
        format: row.format.clone(),
        partial: row.partial,
        thumbnail_url: reader.thumbnail_url(Of::Recording(&row.id), &row.visibility, row.thumbnail_key.as_deref()),
        saved: row.saved,
        downloads: row.downloads,
        created_at: row.created_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
        expires_at: row.expires_at,
    }
}
