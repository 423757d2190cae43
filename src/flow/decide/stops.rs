//! Stopping: what should not record, and what runs away.

use super::{NEXT_RUN_MS, Round, Runaway, Session, Step, View};
use crate::recording::Status;
use crate::store::egresses::Job;
use crate::time::{MINUTE, Millis, SECOND};

/// A stop that had no effect is sent again.
const STOP_AGAIN_MS: i64 = 20 * SECOND;
/// A recorder alone costs as much as one with a show: nobody publishing for so long ends it.
pub const QUIET_FOR_MS: i64 = 5 * MINUTE;

/// What should not record is stopped, and stopped again until LiveKit heeds it.
pub(super) fn send(round: &mut Round<'_>) -> Option<Step> {
    let (view, looked, now) = (round.view, round.looked, round.now);
    for job in round.jobs_here().filter(|job| should_stop(job, view)) {
        let due = job.stop_sent_at.map_or(now, |sent| sent.plus(STOP_AGAIN_MS));
        if due <= now && !looked.stop {
            return Some(Step::SendStop(job.id.clone()));
        }
        round.again_at(if due <= now { now.plus(STOP_AGAIN_MS) } else { due });
    }
    None
}

/// What runs away is cut off: it records, and should not go on.
pub(super) fn cut_off(round: &mut Round<'_>) -> Option<Step> {
    let (view, looked, now) = (round.view, round.looked, round.now);
    let session = round.here?;
    let job = recording_in(view, session)?;
    if let Some(due) = too_long_at(view, job) {
        if due <= now {
            return Some(Step::CutOff(job.id.clone(), Runaway::TooLong));
        }
        round.again_at(due);
    }
    let due = quiet_until(view, job)?;
    // LiveKit's own list says so too: the word of somebody's track may be lost.
    let confirmed = session.looked_at.is_some_and(|at| at >= due);
    if due <= now && confirmed {
        return Some(Step::CutOff(job.id.clone(), Runaway::Quiet));
    }
    if due <= now && !looked.room {
        return Some(Step::LookAtRoom);
    }
    round.again_at(due.max(now.plus(NEXT_RUN_MS)));
    None
}

/// LiveKit may still be recording it, and it should not: a stop was asked, or we gave it up and its
/// words came after all.
fn should_stop(job: &Job, view: &View) -> bool {
    let alive = job.egress_id.is_some() && job.heard.is_none_or(|heard| heard < 2);
    let given_up = job.inferred && job.status().is_over();
    let stopped = job.status() == Status::Stopping && job.heard.is_none_or(|heard| heard < 2);
    // Ended on purpose: even a job that the stop did not reach.
    let unwanted = view.stream.ended_by.as_deref() == Some("owner") || view.stream.wish == "stopped";
    alive && (stopped || given_up || (unwanted && !job.status().is_over()))
}

/// The job that holds the place of this session, if LiveKit has it.
fn recording_in<'a>(view: &'a View, session: &Session) -> Option<&'a Job> {
    view.jobs.iter().find(|job| job.session_sid == session.sid && job.status().holds_the_place() && job.egress_id.is_some())
}

/// When a recording has gone on for as long as it may: from the first frame of its first part on.
fn too_long_at(view: &View, job: &Job) -> Option<Millis> {
    let parts = view.jobs.iter().filter(|part| part.session_sid == job.session_sid);
    // An attempt of unknown outcome may be older than the wish that it fulfils.
    let wanted = parts.filter(|part| part.id == job.id || view.stream.wish_at.is_none_or(|at| part.requested_at >= at));
    let began = wanted.filter_map(|part| part.started_at).min();
    began.zip(view.limits.recording_ms).map(|(began, most)| began.plus(most))
}

/// Until when a recording waits for somebody who publishes; `None` while somebody does.
fn quiet_until(view: &View, job: &Job) -> Option<Millis> {
    let stream = &view.stream;
    let since = [Some(job.requested_at), stream.quiet_at, stream.published_at].into_iter().flatten().max()?;
    (stream.status != "live").then(|| since.plus(QUIET_FOR_MS))
}
