//! Why a recording that records ends.

/// Why a recording ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// StopEgress.
    Stopped,
    /// The room is gone.
    SourceClosed,
    /// LiveKit's longest duration.
    Limit,
    /// The recorder lost its connection to the room: FAILED, and what it has is uploaded.
    LostRoom,
}

impl Ending {
    /// As `details` of events and lists.
    pub(super) fn details(self) -> &'static str {
        match self {
            Self::Stopped => "End reason: StopEgress API",
            Self::SourceClosed | Self::LostRoom => "End reason: Source closed",
            Self::Limit => "End reason: Session limit reached",
        }
    }
}
