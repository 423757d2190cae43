//! What a stream needs next: a pure function of what is known of it.
//!
//! In scope: every rule about starting, stopping, looking and verifying, with its waiting times. Out of
//! scope: doing it ([`super::job`], [`super::look`], [`super::file`]).

mod files;
mod jobs;
mod known;
mod outputs;
mod room;
mod starts;
mod step;
mod stops;
#[cfg(test)]
mod tests;

pub use files::file_checks;
pub use jobs::{IN_HAND_MS, UNTOLD_LOOKED_FOR_MS};
pub use known::{Limits, Looked, Session, View};
pub(super) use outputs::{RefusedOutputs, refused_outputs};
pub use step::{Runaway, Step};
pub use stops::QUIET_FOR_MS;

use crate::store::egresses::Job;
use crate::time::{HOUR, MINUTE, Millis, SECOND};

/// A job that records, and a session: so often.
const LOOK_STEADY_MS: i64 = 5 * MINUTE;
/// A session whose host does not publish yet while a recording is wanted.
const LOOK_WAITING_MS: i64 = 45 * SECOND;
/// How long after a look that did not find the room its absence is believed.
pub const ABSENT_FOR_MS: i64 = 2 * MINUTE;
/// LiveKit forgets what ended a day ago.
const FORGOTTEN_MS: i64 = 24 * HOUR;
/// The schedule comes each minute: sooner is at the next run.
const NEXT_RUN_MS: i64 = 30 * SECOND;

/// The rules, the most urgent first: each answers what is to be done at once, or notes when to come back.
const RULES: [fn(&mut Round<'_>) -> Option<Step>; 10] = [
    stops::send,
    stops::cut_off,
    jobs::look,
    jobs::elsewhere,
    room::close,
    starts::start,
    files::ask_for,
    room::over,
    room::elsewhere,
    room::look,
];

/// Decides.
#[must_use]
pub fn next(view: &View, looked: Looked, project: &str, now: Millis) -> Step {
    let open = view.session.as_ref().filter(|session| session.ended_at.is_none());
    let here = open.filter(|session| session.project == project);
    let mut round = Round { view, looked, project, now, here, again: None };
    RULES.iter().find_map(|rule| rule(&mut round)).unwrap_or(Step::Rest(round.again))
}

/// What a rule goes by.
struct Round<'a> {
    view: &'a View,
    looked: Looked,
    project: &'a str,
    now: Millis,
    /// The session that goes on, if it is in this LiveKit project.
    here: Option<&'a Session>,
    /// The earliest of the times to come back.
    again: Option<Millis>,
}

impl<'a> Round<'a> {
    /// The jobs of this LiveKit project, which alone can be asked about them.
    fn jobs_here(&self) -> impl Iterator<Item = &'a Job> + use<'a> {
        let project = self.project;
        self.view.jobs.iter().filter(move |job| job.project == project)
    }

    fn again_at(&mut self, at: Millis) {
        self.again = Some(self.again.map_or(at, |soonest| soonest.min(at)));
    }
}

/// LiveKit's list was not asked about the session for so long.
fn stale(session: &Session, wait: i64, now: Millis) -> bool {
    now.since(session.looked_at.unwrap_or(session.started_at)) >= wait || (session.looked_at.is_none() && wait == LOOK_WAITING_MS)
}
