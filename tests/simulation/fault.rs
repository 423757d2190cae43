//! What can go wrong, and where: one table.

use Edge::{Batch, Cron, Delete, Delivery, Egress, Event, Head, List, Pipe, Probe, Room, Start, Stop};

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// A batch of statements at D1.
    Batch,
    /// `StartRoomCompositeEgress`
    Start,
    /// `StopEgress`
    Stop,
    /// `ListEgress`, `ListRooms`, `ListParticipants`
    List,
    /// `DeleteRoom`
    Room,
    /// The PUT that proves the storage key.
    Probe,
    /// HEAD and GET of an object.
    Head,
    /// Deleting objects.
    Delete,
    /// An object piped into another.
    Pipe,
    /// One try to deliver a webhook.
    Delivery,
    /// A webhook on all of its tries.
    Event,
    /// One run of the schedule.
    Cron,
    /// The life of an egress.
    Egress,
}

macro_rules! faults {
    ($($name:ident: $($edge:ident)|+ = $meaning:literal,)*) => {
        /// A fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault { $(#[doc = $meaning] $name,)* }

        const ALL: &[(Fault, &str, &[Edge], &str)] = &[$((Fault::$name, stringify!($name), &[$($edge),+], $meaning),)*];
    };
}

faults! {
    KilledBefore: Batch | Start | Stop | List | Room | Probe | Head | Delete | Pipe = "the Worker is killed before the effect",
    KilledAfter: Batch | Start | Stop | List | Room | Probe | Head | Delete | Pipe = "the Worker is killed after the effect",
    Slow: Batch | Start | Stop | List | Room | Probe | Head | Delete | Delivery = "the effect takes up to 9 s",
    FailsBefore: Batch = "D1 fails, nothing was done",
    FailsAfter: Batch = "D1 fails, everything was done",
    DoneTwice: Batch = "D1 did it, seemed to fail, and the shell repeated it",
    SilentBefore: Start | Stop | List | Room | Probe | Head | Delete | Pipe = "no answer, nothing was done",
    SilentAfter: Start | Stop | List | Room | Probe | Head | Delete | Pipe = "no answer, it was done",
    BreaksAfter: Start | Stop | List | Room | Probe | Head | Delete = "the connection breaks, it was done",
    Internal: Start | Stop | List | Room | Probe | Head | Delete = "500, nothing was done",
    Overloaded: Probe | Head | Delete | Stop | List = "503, nothing was done",
    NoRecorder: Start = "503 no response from servers, nothing was done",
    Limit: Start = "429, nothing was done",
    TakenLate: Start = "no answer, and taken 60 s later",
    TakenVeryLate: Start = "no answer, and taken 150 s later",
    Emptied: List = "an empty list, as of another project",
    Refused: Probe | Head | Delete = "403",
    InPart: Delete = "half of the keys are refused",
    NotDelivered: Delivery = "the request never arrives",
    AnswerLost: Delivery = "the Worker's answer never arrives",
    Dropped: Event = "all tries fail",
    Delayed: Event = "held up for up to two minutes",
    Overtaken: Event = "arrives up to a minute after those behind it",
    Doubled: Event | Cron = "happens twice at once",
    Skipped: Cron = "does not happen",
    Late: Cron = "up to 55 s late",
    RecorderFails: Egress = "the egress fails and leaves no file",
    RecorderLosesRoom: Egress = "the egress fails and leaves a file",
    RecorderDies: Egress = "the egress is listed ACTIVE for ever",
    DiesAfterUpload: Egress = "the egress uploads its file, and is listed ENDING for ever",
    UploadUntold: Egress = "the egress fails at its end, and leaves a file that it does not tell of",
    LimitReached: Egress = "the egress ends by the time limit, with a file",
    UploadFails: Egress = "the egress fails at its end, without a file",
    UploadMissing: Egress = "the egress is complete and its object is not there",
    UploadLate: Egress = "the object is there up to 50 s after the egress has ended",
    UploadShort: Egress = "the object has another size than LiveKit says",
    SegmentRefused: Egress = "a segment is refused: the egress fails at once and leaves no file",
    SegmentLost: Egress = "a segment is never taken: the egress fails at its end, with its file",
    FileAfterAll: Egress = "the egress fails without a file, which is there some minutes later",
    NeverStarts: Egress = "the egress fails before its first frame",
}

impl Fault {
    /// The faults that may strike there.
    pub fn at(edge: Edge) -> Vec<Self> {
        ALL.iter().filter(|(_, _, edges, _)| edges.contains(&edge)).map(|(fault, ..)| *fault).collect()
    }

    /// Its name in a plan.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(fault, ..)| *fault == self).map(|(_, name, ..)| *name).unwrap()
    }

    /// What it does, for people.
    pub fn meaning(self) -> &'static str {
        ALL.iter().find(|(fault, ..)| *fault == self).map(|(.., meaning)| *meaning).unwrap()
    }

    /// Reads a name.
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.iter().find(|(_, known, ..)| *known == name).map(|(fault, ..)| *fault)
    }
}

impl Edge {
    /// Faults of one kind come together or not at all in a history: many histories with a few kinds find
    /// more than every history with all of them (swarm testing).
    pub fn group(self) -> &'static str {
        match self {
            Batch => "d1",
            Start | Stop | List | Room => "livekit",
            Probe | Head | Delete | Pipe => "storj",
            Delivery | Event => "webhooks",
            Cron => "cron",
            Egress => "egress",
        }
    }
}
