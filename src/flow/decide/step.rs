//! What there is to decide on.

use crate::time::Millis;

/// The next thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask LiveKit to stop this job.
    SendStop(String),
    /// Stop this job by ourselves.
    CutOff(String, Runaway),
    /// Its owner has as many recordings at once as the operator allows.
    TooMany,
    /// Compare the jobs with LiveKit's list.
    LookAtEgresses,
    /// Give up an attempt whose answer never came and which LiveKit's list does not have.
    GiveUp(String),
    /// Conclude that the recorder is dead, though LiveKit's list says that it records.
    Lost(String),
    /// Compare the session with LiveKit's rooms and participants.
    LookAtRoom,
    /// Nobody came within the time of the wish.
    ExpireWish,
    /// The broadcast is over with its room: nobody came back.
    EndStream,
    /// A session about which nobody can be asked any more is over.
    EndSession(String),
    /// Start a recording in this session.
    Start(String),
    /// Close the room: its owner ended the stream.
    CloseRoom(String),
    /// Ask whether a failed job left its file.
    CheckFile(String),
    /// Verify a recording's file.
    Verify(String),
    /// Nothing until then, or nothing at all.
    Rest(Option<Millis>),
}

impl Step {
    /// For who asks what comes next.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SendStop(_) => "LiveKit is asked to stop the job",
            Self::CutOff(..) => "the job is stopped: it runs away",
            Self::TooMany => "it waits: its owner has as many recordings at once as MAX_RECORDINGS_PER_USER allows",
            Self::LookAtEgresses | Self::GiveUp(_) | Self::Lost(_) => "LiveKit's list of jobs is asked for",
            Self::LookAtRoom => "LiveKit's list of rooms is asked for",
            Self::ExpireWish => "nobody came: the recording is no longer wanted",
            Self::EndStream | Self::EndSession(_) => "the broadcast is over",
            Self::Start(_) => "LiveKit is asked to record",
            Self::CloseRoom(_) => "the room is closed",
            Self::CheckFile(_) | Self::Verify(_) => "Storj is asked for the file",
            Self::Rest(_) => "nothing",
        }
    }
}

/// Why the Worker itself stops a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runaway {
    /// It has gone on for as long as the operator allows. It is not wanted any more.
    TooLong,
    /// Nobody has published for five minutes. Who comes back is recorded again.
    Quiet,
}

impl Runaway {
    /// The code in `recording.error`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "max_recording_minutes",
            Self::Quiet => "nobody_publishes",
        }
    }
}
