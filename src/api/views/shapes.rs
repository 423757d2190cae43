//! A stream and a recording in answers. Absent is `null`, never missing.

use crate::names::{Format, Progress, RecordingStatus, StreamStatus, Visibility};
use crate::quality::Quality;
use crate::shape;
use crate::time::Millis;

shape! {
    /// A stream.
    #[schemars(rename = "Stream")]
    pub struct StreamView {
        /// The stream's own; a room may have had others.
        "id" => pub id: String,
        /// For people, one line.
        "title" => pub title: String,
        /// For people, some lines.
        "description" => pub description: Option<String>,
        /// The name of LiveKit's room.
        "roomName" => pub room_name: String,
        /// Whose it is; `null` for who is neither the owner nor an admin.
        "ownerId" => pub owner_id: Option<String>,
        /// Who may see it: everybody, or its owner and admins.
        #[schemars(with = "Visibility")]
        "visibility" => pub visibility: String,
        /// `live` means that the host publishes, not that a room exists.
        #[schemars(with = "StreamStatus")]
        "status" => pub status: String,
        /// Viewers now: people alone, the host not among them.
        "viewerCount" => pub viewer_count: i64,
        /// The most at once.
        "peakViewers" => pub peak_viewers: i64,
        /// People who came, each counted once; who is not signed in is somebody new each time.
        "uniqueViewers" => pub unique_viewers: i64,
        /// Whole seconds, a lower bound: a `participant_left` that was lost counts nothing.
        "watchSeconds" => pub watch_seconds: i64,
        /// When it was made.
        "createdAt" => pub created_at: Millis,
        /// When the host first published.
        "startedAt" => pub started_at: Option<Millis>,
        /// When it was over.
        "endedAt" => pub ended_at: Option<Millis>,
        /// Its newest recording job, or what is wanted.
        "recording" => pub recording: RecordingState,
        /// Leads to its picture, good for `<img>`.
        "thumbnailUrl" => pub thumbnail_url: Option<String>,
    }

    /// A stream's newest recording job, or what is wanted.
    #[schemars(inline)]
    pub struct RecordingState {
        /// `none`, `requested`, or where the newest job stands.
        #[schemars(with = "Progress")]
        "status" => pub status: String,
        /// LiveKit's id of the job, once LiveKit has taken it; for the owner and admins.
        "egressId" => pub egress_id: Option<String>,
        /// When its first frame was recorded.
        "startedAt" => pub started_at: Option<Millis>,
        /// How long it is so far, in seconds.
        "seconds" => pub seconds: i64,
        /// How large it is by the bit rates of its quality; once it is over, as LiveKit reports it.
        "estimatedBytes" => pub estimated_bytes: i64,
        /// What it costs so far, in millionths of a dollar: LiveKit's minutes, and a month in Storj.
        "estimatedMicroDollars" => pub estimated_micro_dollars: i64,
        /// What went wrong: in words with the remedy for the owner and admins, else a code.
        "error" => pub error: Option<String>,
    }

    /// A recording.
    #[schemars(rename = "Recording")]
    pub struct RecordingView {
        /// The recording's own.
        "id" => pub id: String,
        /// For people, one line.
        "title" => pub title: String,
        /// The stream that it is of; `null` once that is deleted.
        "streamId" => pub stream_id: Option<String>,
        /// The name of LiveKit's room.
        "roomName" => pub room_name: String,
        /// Whose it is; `null` for who is neither the owner nor an admin.
        "ownerId" => pub owner_id: Option<String>,
        /// LiveKit's id of the job, for the owner and admins.
        "egressId" => pub egress_id: Option<String>,
        /// Which recording of its stream it is, from 1: one that ended while it was wanted goes on in the next.
        "part" => pub part: i64,
        /// Where its file stands.
        #[schemars(with = "RecordingStatus")]
        "status" => pub status: String,
        /// Who may see it: everybody, or its owner and admins.
        #[schemars(with = "Visibility")]
        "visibility" => pub visibility: String,
        /// The whole object key; `null` for who is neither the owner nor an admin.
        "filename" => pub filename: Option<String>,
        /// Where the object lies; `null` for who is neither the owner nor an admin.
        "bucket" => pub bucket: Option<String>,
        /// Milliseconds, once they are known.
        "durationMs" => pub duration_ms: Option<i64>,
        /// Bytes, once they are known.
        "sizeBytes" => pub size_bytes: Option<i64>,
        /// The picture that was asked for.
        #[schemars(with = "Quality")]
        "quality" => pub quality: String,
        /// `segments` where LiveKit left no MP4, and the safety copy is the recording.
        #[schemars(with = "Format")]
        "format" => pub format: String,
        /// Something of it may be missing: its recorder failed, its file has another size than LiveKit told, or it is made of
        /// segments.
        "partial" => pub partial: bool,
        /// Leads to its picture, good for `<img>`.
        "thumbnailUrl" => pub thumbnail_url: Option<String>,
        /// Kept for good, by a lasting copy or from the start: nothing expires it.
        "saved" => pub saved: bool,
        /// How often it was downloaded; each person counts once a minute.
        "downloads" => pub downloads: i64,
        /// When the recording was there.
        "createdAt" => pub created_at: Millis,
        /// When its first frame was recorded.
        "startedAt" => pub started_at: Option<Millis>,
        /// When its last frame was recorded.
        "endedAt" => pub ended_at: Option<Millis>,
        /// When it is deleted by itself; `null` for never, and until it is ready.
        "expiresAt" => pub expires_at: Option<Millis>,
    }
}
