//! One recording as events and lists show it, and how its status changes.

use livekit_protocol::egress_info::{Request, Result as OnlyResult};
use livekit_protocol::{EgressInfo, EgressStatus, FileInfo};

use super::World;
use super::egress_request::Recording;
use crate::ids;
use crate::pace::now_ns;

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
    first_start: i64,
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
        let file = FileInfo { filename: recording.filename.clone(), ..Default::default() };
        let mut egress = Self { info, recording, first_start: now };
        egress.set_file(file);
        egress
    }

    pub(super) fn is_over(&self) -> bool {
        use EgressStatus::{EgressActive, EgressEnding, EgressStarting};
        !matches!(self.info.status(), EgressStarting | EgressActive | EgressEnding)
    }

    /// The first frame is there.
    pub(super) fn activate(&mut self) {
        self.turn(EgressStatus::EgressActive);
        let started_at = self.info.updated_at;
        self.set_file(FileInfo { started_at, ..self.file() });
    }

    /// Stopped while it recorded.
    pub(super) fn begin_ending(&mut self, details: &str) {
        self.info.details = details.to_owned();
        self.turn(EgressStatus::EgressEnding);
    }

    /// Stopped before there was a frame.
    pub(super) fn abort(&mut self, details: &str) {
        self.info.details = details.to_owned();
        self.info.error = "Start signal not received".into();
        self.info.error_code = 412;
        self.turn(EgressStatus::EgressAborted);
        let now = self.info.ended_at;
        self.set_file(FileInfo { started_at: now, ended_at: now, ..self.file() });
    }

    /// The upload is over: what was stored, or why nothing was.
    pub(super) fn conclude(&mut self, uploaded: Result<Stored, String>) {
        let mut file = self.file();
        // The file ends when ENDING is announced, not when the upload is over.
        file.ended_at = self.info.updated_at + 1;
        file.duration = file.ended_at - file.started_at;
        match uploaded {
            Ok(stored) => {
                file.size = stored.size;
                file.location = stored.location;
                self.info.manifest_location = stored.manifest_location;
                self.turn(EgressStatus::EgressComplete);
            }
            Err(error) => {
                self.info.error = error;
                self.info.error_code = 400;
                self.turn(EgressStatus::EgressFailed);
            }
        }
        self.set_file(file);
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

    fn file(&self) -> FileInfo {
        self.info.file_results.first().cloned().unwrap_or_default()
    }

    /// It stands in the list, and (deprecated, but sent) alone when it is the only output.
    #[allow(deprecated)]
    fn set_file(&mut self, file: FileInfo) {
        self.info.file_results = vec![file.clone()];
        self.info.result = Some(OnlyResult::File(file));
    }
}

/// What a successful upload left.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) size: i64,
    pub(super) location: String,
    /// Empty without a manifest.
    pub(super) manifest_location: String,
}

impl World {
    /// Forgets what ended a day ago.
    pub(super) fn forget_old_egresses(&mut self) {
        let oldest = now_ns() - REMEMBERED_NS;
        self.egresses.retain(|_, egress| !egress.is_over() || egress.info.ended_at > oldest);
    }
}
