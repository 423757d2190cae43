//! The life of one recording job, as a table: what we know, what we hear, what we then know.
//!
//! In scope: the states and which word moves which. Out of scope: who hears it (webhook, LiveKit's
//! lists, a stop) and how it is stored; `store::egresses` turns this table into guarded statements,
//! and `tests/core/transitions.rs` proves that both do the same over random histories.
//!
//! Live states only go forward. An ending is final, but one that we merely inferred yields to
//! LiveKit's own: webhooks are best effort, so we conclude things, and LiveKit knows better.

/// Where a job stands. The order is the order of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Our row is there; LiveKit has not answered yet.
    Requested,
    /// LiveKit took it. Nothing is recorded before somebody publishes.
    Starting,
    /// Frames are being written.
    Recording,
    /// Asked to stop, or the room ended; the file is on its way.
    Stopping,
    /// Over, with a file.
    Complete,
    /// Over. There may be a file all the same.
    Failed,
    /// Over before the first frame.
    Aborted,
    /// Over by LiveKit's time limit, with a file.
    LimitReached,
}

/// Every status, in order.
pub const STATUSES: [Status; 8] = [
    Status::Requested,
    Status::Starting,
    Status::Recording,
    Status::Stopping,
    Status::Complete,
    Status::Failed,
    Status::Aborted,
    Status::LimitReached,
];

impl Status {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Starting => "starting",
            Self::Recording => "recording",
            Self::Stopping => "stopping",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
            Self::LimitReached => "limit_reached",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        STATUSES.into_iter().find(|status| status.name() == name)
    }

    /// Whether the job is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        self >= Self::Complete
    }

    /// Whether the job takes its session's one place: an ending one does not.
    #[must_use]
    pub fn holds_the_place(self) -> bool {
        self < Self::Stopping
    }
}

/// What is known of a job: its status, and whether its ending is our own conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Where it stands.
    pub status: Status,
    /// The ending was inferred, not heard.
    pub inferred: bool,
}

/// LiveKit's `EgressStatus` (livekit_egress.proto), from a webhook, a list or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// `EGRESS_STARTING`: zero, so absent in webhooks.
    Starting,
    /// `EGRESS_ACTIVE`
    Active,
    /// `EGRESS_ENDING`
    Ending,
    /// `EGRESS_COMPLETE`
    Complete,
    /// `EGRESS_FAILED`
    Failed,
    /// `EGRESS_ABORTED`
    Aborted,
    /// `EGRESS_LIMIT_REACHED`
    LimitReached,
}

impl Word {
    /// Reads the enum's name or number.
    #[must_use]
    pub fn from_wire(text: &str) -> Option<Self> {
        Some(match text {
            "EGRESS_STARTING" | "0" => Self::Starting,
            "EGRESS_ACTIVE" | "1" => Self::Active,
            "EGRESS_ENDING" | "2" => Self::Ending,
            "EGRESS_COMPLETE" | "3" => Self::Complete,
            "EGRESS_FAILED" | "4" => Self::Failed,
            "EGRESS_ABORTED" | "5" => Self::Aborted,
            "EGRESS_LIMIT_REACHED" | "6" => Self::LimitReached,
            _ => return None,
        })
    }

    /// The status that this word means by itself.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Starting => Status::Starting,
            Self::Active => Status::Recording,
            Self::Ending => Status::Stopping,
            Self::Complete => Status::Complete,
            Self::Failed => Status::Failed,
            Self::Aborted => Status::Aborted,
            Self::LimitReached => Status::LimitReached,
        }
    }

    /// How far LiveKit's words went: 0 starting, 1 active, 2 ending, 3 over.
    #[must_use]
    pub const fn depth(self) -> i64 {
        match self {
            Self::Starting => 0,
            Self::Active => 1,
            Self::Ending => 2,
            _ => 3,
        }
    }
}

/// What can happen to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// LiveKit said so.
    Heard(Word),
    /// A person wants it stopped.
    StopAsked,
    /// We concluded that it is over: refused, lost, or given up.
    Concluded(Status),
}

/// Every input, for tables and tests.
#[must_use]
pub fn inputs() -> Vec<Input> {
    use Word::{Aborted, Active, Complete, Ending, Failed, LimitReached, Starting};
    let words = [Starting, Active, Ending, Complete, Failed, Aborted, LimitReached];
    let endings = STATUSES.into_iter().filter(|status| status.is_over());
    words.into_iter().map(Input::Heard).chain([Input::StopAsked]).chain(endings.map(Input::Concluded)).collect()
}

/// The transition table. `None`: nothing changes.
#[must_use]
pub fn next(state: State, input: Input) -> Option<State> {
    let moved = |status, inferred| Some(State { status, inferred });
    match input {
        Input::Heard(word) if word.status().is_over() => {
            // LiveKit's first ending is final; only a conclusion of ours gives way to it.
            (!state.status.is_over() || state.inferred).then_some(State { status: word.status(), inferred: false })
        }
        Input::Heard(word) if word.status() > state.status => moved(word.status(), false),
        Input::StopAsked if state.status.holds_the_place() => moved(Status::Stopping, false),
        Input::Concluded(ending) if ending.is_over() && !state.status.is_over() => moved(ending, true),
        _ => None,
    }
}

/// Every state that `input` moves, and where to. Statements are made of this.
#[must_use]
pub fn moves(input: Input) -> Vec<(State, State)> {
    STATUSES
        .into_iter()
        .flat_map(|status| [false, true].map(|inferred| State { status, inferred }))
        .filter_map(|state| next(state, input).map(|to| (state, to)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn at(status: Status) -> State {
        State { status, inferred: false }
    }

    #[test]
    fn live_states_only_go_forward() {
        for (state, to) in inputs().into_iter().flat_map(moves) {
            assert!(to.status > state.status || (state.inferred && !to.inferred), "{state:?} {to:?}");
        }
    }

    #[test]
    fn livekits_ending_is_final_and_ours_yields_to_it() {
        let failed = Input::Heard(Word::Failed);
        assert_eq!(next(at(Status::Complete), failed), None);
        let inferred = State { status: Status::Aborted, inferred: true };
        assert_eq!(next(inferred, Input::Heard(Word::Complete)), Some(at(Status::Complete)));
        assert_eq!(next(inferred, Input::Heard(Word::Active)), None, "a late sign of life undoes no ending");
    }

    #[test]
    fn a_stop_reaches_every_job_that_holds_the_place() {
        for status in [Status::Requested, Status::Starting, Status::Recording] {
            assert_eq!(next(at(status), Input::StopAsked), Some(at(Status::Stopping)), "{status:?}");
        }
        assert_eq!(next(at(Status::Complete), Input::StopAsked), None);
    }

    #[test]
    fn a_stop_is_not_undone_by_a_late_active() {
        let stopping = next(at(Status::Requested), Input::StopAsked);
        assert_eq!(stopping, Some(at(Status::Stopping)));
        assert_eq!(next(at(Status::Stopping), Input::Heard(Word::Active)), None);
    }

    #[test]
    fn each_input_leads_to_one_state_only() {
        // The statements rely on it: one UPDATE with one target for each input.
        for input in inputs() {
            let targets: std::collections::HashSet<_> = moves(input).into_iter().map(|(_, to)| to).collect();
            assert_eq!(targets.len(), 1, "{input:?}");
        }
    }
}
