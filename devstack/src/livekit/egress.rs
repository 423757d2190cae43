//! One recording as events and lists show it, and how its status changes.

use std::sync::Arc;

use livekit_protocol::egress_info::{Request, Result as OnlyResult};
use livekit_protocol::{EgressInfo, EgressStatus, FileInfo, ImagesInfo, SegmentsInfo};

use tokio::task::AbortHandle;

use super::World;
use super::egress_request::Recording;
use super::ending::Ending;
use super::images::ImageTask;
use super::media_clock::MediaClock;
use super::segments::SegmentTask;
use crate::ids;
use crate::pace::{Pace, now_ns};

/// LiveKit takes `startedAt` twice: egress_started and the answer have the first, all else the
/// second, seen 22 to 38 ms later.
const SECOND_START_NS: i64 = 28_480_000;
/// Entries are forgotten a day after their end, whatever `--speed` says.
const REMEMBERED_NS: i64 = 24 * 3_600 * 1_000_000_000;

/// A recording that was started.
#[derive(Debug)]
pub(super) struct Egress {
    pub(super) info: EgressInfo,
    pub(super) recording: Recording,
    /// From the first frame on.
    pub(super) clock: Option<Arc<MediaClock>>,
    pub(super) segments: Option<SegmentTask>,
    pub(super) images: Option<ImageTask>,
    /// What uploads the rest.
    pub(super) finishing: Option<AbortHandle>,
    /// Its service was killed: nothing more is heard of it.
    pub(super) dead: bool,
    /// Why it ends, once it ends.
    ending: Option<Ending>,
    first_start: i64,
    last_frame: Option<LastFrame>,
}

/// When the recording ended, and how long it is; both in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct LastFrame {
    at: i64,
    duration: i64,
}

impl Egress {
    /// STARTING.
    pub(super) fn new(recording: Recording, room_sid: &str) -> Self {
        let now = now_ns();
        let shown = recording.shown.clone();
        let info = EgressInfo {
            egress_id: ids::new("EG_"),
            room_id: room_sid.to_owned(),
            room_name: shown.room_name.clone(),
            status: EgressStatus::EgressStarting.into(),
            started_at: now,
            updated_at: now,
            request: Some(Request::RoomComposite(shown)),
            ..Default::default()
        };
        let mut egress = Self {
            info,
            recording,
            clock: None,
            segments: None,
            images: None,
            finishing: None,
            dead: false,
            ending: None,
            first_start: now,
            last_frame: None,
        };
        egress.forget_results();
        egress
    }

    pub(super) fn is_over(&self) -> bool {
        use EgressStatus::{EgressActive, EgressEnding, EgressStarting};
        !matches!(self.info.status(), EgressStarting | EgressActive | EgressEnding)
    }

    /// The first frame is there.
    pub(super) fn activate(&mut self, pace: Pace) {
        self.turn(EgressStatus::EgressActive);
        self.clock = Some(Arc::new(MediaClock::start(pace)));
        let started_at = self.info.updated_at;
        self.set_file(FileInfo { started_at, ..self.file() });
        if let Some(segments) = self.segments_info() {
            segments.started_at = started_at;
        }
        if let Some(images) = self.images_info() {
            images.started_at = started_at;
        }
    }

    /// Ended while it recorded; `false` when it ends already. A limit is told only with the end.
    pub(super) fn begin_ending(&mut self, ending: Ending) -> bool {
        if self.ending.is_some() {
            return false;
        }
        self.ending = Some(ending);
        self.info.details = ending.details().to_owned();
        if ending != Ending::Limit {
            self.turn(EgressStatus::EgressEnding);
        }
        self.note_last_frame();
        true
    }

    /// Frames come, and nobody has stopped it.
    pub(super) fn is_recording(&self) -> bool {
        self.info.status() == EgressStatus::EgressActive && self.ending.is_none() && !self.dead
    }

    /// It is told that it ends.
    pub(super) fn is_ending(&self) -> bool {
        self.info.status() == EgressStatus::EgressEnding
    }

    /// Stopped before there was a frame.
    pub(super) fn abort(&mut self, ending: Ending) {
        self.info.details = ending.details().to_owned();
        self.info.error = "Start signal not received".into();
        self.info.error_code = 412;
        self.turn(EgressStatus::EgressAborted);
        let now = self.info.ended_at;
        self.set_file(FileInfo { started_at: now, ended_at: now, ..self.file() });
        if let Some(segments) = self.segments_info() {
            (segments.started_at, segments.ended_at) = (now, now);
        }
        if let Some(images) = self.images_info() {
            (images.started_at, images.ended_at) = (now, now);
        }
    }

    /// The file lies in the bucket.
    pub(super) fn file_stored(&mut self, size: i64, location: String) {
        self.set_file(FileInfo { size, location, ..self.file() });
    }

    /// A segment lies in the bucket.
    pub(super) fn segment_stored(&mut self, size: i64) {
        if let Some(segments) = self.segments_info() {
            segments.segment_count += 1;
            segments.size += size;
        }
    }

    /// The picture lies in the bucket, once more.
    pub(super) fn image_stored(&mut self) {
        if let Some(images) = self.images_info() {
            images.image_count += 1;
        }
    }

    fn images_info(&mut self) -> Option<&mut ImagesInfo> {
        self.info.image_results.first_mut()
    }

    /// The results of the segments, if there are to be any.
    pub(super) fn segments_info(&mut self) -> Option<&mut SegmentsInfo> {
        self.info.segment_results.first_mut()
    }

    /// Everything was uploaded, or something was not.
    pub(super) fn conclude(&mut self, uploaded: Result<(), String>) {
        let (status, code, error) = match (uploaded, self.ending) {
            (Err(error), _) => (EgressStatus::EgressFailed, 400, error),
            (Ok(()), Some(Ending::Limit)) => (EgressStatus::EgressLimitReached, 413, "Session limit reached".to_owned()),
            (Ok(()), Some(Ending::LostRoom)) => {
                (EgressStatus::EgressFailed, 503, "recording ended early: connection to room failed".to_owned())
            }
            (Ok(()), _) => (EgressStatus::EgressComplete, 0, String::new()),
        };
        (self.info.error_code, self.info.error) = (code, error);
        self.turn(status);
        self.end_results();
    }

    /// An output was refused while it recorded: that ends everything at once, and no file is
    /// uploaded.
    pub(super) fn fail(&mut self, error: String) {
        self.note_last_frame();
        self.info.details = "End reason: Failure".into();
        self.conclude(Err(error));
        // One of them is what runs this; dropping it ends it at its next wait.
        self.segments = None;
        self.images = None;
    }

    /// Nothing more is written.
    pub(super) fn drop_work(&mut self) {
        self.segments = None;
        self.images = None;
        if let Some(finishing) = self.finishing.take() {
            finishing.abort();
        }
    }

    /// The recorder's process was killed; the service tells it with what it knew at the start.
    pub(super) fn killed(&mut self) {
        self.drop_work();
        self.note_last_frame();
        self.info.error = "signal: killed".into();
        self.info.error_code = 500;
        self.turn(EgressStatus::EgressFailed);
        self.info.started_at = self.first_start;
        self.forget_results();
    }

    /// A new status, with the `updatedAt` and the later `startedAt` that go with it.
    fn turn(&mut self, status: EgressStatus) {
        self.info.status = status.into();
        self.info.started_at = self.first_start + SECOND_START_NS;
        self.info.updated_at = now_ns().max(self.info.updated_at + 1);
        if self.is_over() {
            self.info.ended_at = self.info.updated_at;
        }
    }

    /// The recording ends here; told when everything is uploaded.
    fn note_last_frame(&mut self) {
        let seconds = self.clock.as_ref().map_or(0.0, |clock| clock.end());
        let at = now_ns().max(self.info.updated_at + 1);
        self.last_frame.get_or_insert(LastFrame { at, duration: nanoseconds(seconds) });
    }

    fn end_results(&mut self) {
        let Some(LastFrame { at, duration }) = self.last_frame else { return };
        self.set_file(FileInfo { ended_at: at, duration, ..self.file() });
        if let Some(segments) = self.segments_info() {
            (segments.ended_at, segments.duration) = (at, duration);
        }
        if let Some(images) = self.images_info() {
            images.ended_at = at;
        }
    }

    /// Only the names, as before the first frame.
    fn forget_results(&mut self) {
        let segments = self.recording.segments.iter().map(|output| SegmentsInfo {
            playlist_name: output.key(&output.playlist),
            live_playlist_name: output.live_playlist.as_deref().map(|name| output.key(name)).unwrap_or_default(),
            ..Default::default()
        });
        self.info.segment_results = segments.collect();
        let images = self.recording.images.iter().map(|target| ImagesInfo { filename_prefix: target.prefix.clone(), ..Default::default() });
        self.info.image_results = images.collect();
        let filename = self.recording.filename.clone();
        self.set_file(FileInfo { filename, ..Default::default() });
    }

    fn file(&self) -> FileInfo {
        self.info.file_results.first().cloned().unwrap_or_default()
    }

    /// It stands in the list, and (deprecated, but sent) alone when it is the only output.
    #[allow(deprecated)]
    fn set_file(&mut self, file: FileInfo) {
        self.info.file_results = vec![file.clone()];
        self.info.result = (self.recording.segments.is_none() && self.recording.images.is_none()).then_some(OnlyResult::File(file));
    }
}

fn nanoseconds(seconds: f64) -> i64 {
    // Whole milliseconds are enough, and fit whatever a test lets leap.
    (seconds * 1_000.0).round() as i64 * 1_000_000
}

impl World {
    /// Forgets what ended a day ago.
    pub(super) fn forget_old_egresses(&mut self) {
        let oldest = now_ns() - REMEMBERED_NS;
        self.egresses.retain(|_, egress| !egress.is_over() || egress.info.ended_at > oldest);
    }
}
