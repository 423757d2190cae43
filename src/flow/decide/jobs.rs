//! Attempts of unknown outcome, jobs that have not been heard of for a while, and recorders that died.

use super::{ABSENT_FOR_MS, FORGOTTEN_MS, LOOK_STEADY_MS, NEXT_RUN_MS, Round, Step, View};
use crate::recording::Status;
use crate::store::egresses::Job;
use crate::time::{HOUR, MINUTE, Millis, SECOND};

/// Who asked LiveKit to start waits 10 s for the answer. Until then the attempt is in its hands.
pub const IN_HAND_MS: i64 = 12 * SECOND;
/// After an unknown outcome LiveKit's list is asked for so long; then a new attempt is made.
const UNKNOWN_FOR_MS: i64 = 90 * SECOND;
/// An attempt that was given up is still looked for there for so long, while its room is open.
pub const UNTOLD_LOOKED_FOR_MS: i64 = HOUR;
/// What LiveKit takes late, it takes within so long: its own calls give up after seconds (seen), a recorder's queue after
/// some more.
const TAKEN_WITHIN_MS: i64 = 5 * MINUTE;
/// A job on its way up or down is compared with LiveKit's list so often; webhooks are quicker.
const LOOK_MOVING_MS: i64 = 40 * SECOND;
/// A recorder that died with its service is ACTIVE in LiveKit's lists for ever (seen). It is believed dead
/// when its room is over for so long and nothing was heard: the upload of three hours in 4K, 22 GB, at
/// 100 Mbit/s takes 30 minutes.
pub(super) const SILENT_FOR_MS: i64 = 30 * MINUTE;

/// LiveKit's list is asked about what is not over, and what came of that is concluded.
pub(super) fn look(round: &mut Round<'_>) -> Option<Step> {
    let (view, looked, now) = (round.view, round.looked, round.now);
    for job in round.jobs_here().filter(|job| is_unfinished(job, view, now)) {
        let due = look_at(job);
        if due <= now && !looked.egresses {
            return Some(Step::LookAtEgresses);
        }
        // Not in the list for so long: there is none. A stopping one without an id is such an attempt too.
        if looked.listed && job.egress_id.is_none() && !job.status().is_over() && now.since(job.requested_at) >= UNKNOWN_FOR_MS {
            return Some(Step::GiveUp(job.id.clone()));
        }
        if is_lost(job, view, now) {
            // Its ending may stand in the list all the same.
            if !looked.egresses {
                return Some(Step::LookAtEgresses);
            }
            if looked.listed {
                return Some(Step::Lost(job.id.clone()));
            }
        }
        round.again_at(if due <= now { now.plus(NEXT_RUN_MS) } else { due });
    }
    None
}

/// LIVEKIT_URL names another project now, so nobody can be asked about these: after a day whatever came of one is in the
/// bucket, or never will be.
pub(super) fn elsewhere(round: &mut Round<'_>) -> Option<Step> {
    let (view, project) = (round.view, round.project);
    for job in view.jobs.iter().filter(|job| job.project != project && !job.status().is_over()) {
        let until = job.requested_at.plus(FORGOTTEN_MS);
        if until <= round.now {
            return Some(Step::Lost(job.id.clone()));
        }
        round.again_at(until);
    }
    None
}

/// LiveKit may have something to say of it.
fn is_unfinished(job: &Job, view: &View, now: Millis) -> bool {
    let listed_late = || is_untold(job) && may_be_listed(job, view) && now.since(job.requested_at) < UNTOLD_LOOKED_FOR_MS;
    let unheard = || !job.is_over_at_livekit() && recent(job.requested_at, now);
    !job.status().is_over() || unheard() || listed_late()
}

/// When the session of a job was over; `None` while it goes on. A newer life of the room began when the older
/// one was over.
pub(super) fn over_at(job: &Job, view: &View) -> Option<Millis> {
    match &view.session {
        Some(session) if session.sid == job.session_sid => session.ended_at,
        Some(session) => Some(session.started_at.max(job.requested_at)),
        None => Some(job.requested_at),
    }
}

/// The recorder has left the room that it is said to record, or has not come, in two looks, minutes apart (it joins within
/// seconds); or the room is long over and neither an ending nor the end of an
/// upload was heard (of a job that we gave up, too, when it came late); or such a one heeded our stop in silence, or did
/// not in an hour.
fn is_lost(job: &Job, view: &View, now: Millis) -> bool {
    let alive = job.egress_id.is_some() && job.heard.is_none_or(|heard| heard < 3);
    let silent = |at: Millis| now.since(at) >= SILENT_FOR_MS;
    let current = view.session.as_ref().filter(|session| session.sid == job.session_sid);
    let absent_for = match job.heard {
        // It waits in the room before it records, too.
        Some(0 | 1) => Some(ABSENT_FOR_MS),
        // It has left its room, and uploads.
        Some(2) => Some(SILENT_FOR_MS),
        _ => None,
    };
    let seen_absent = job.absent_at.zip(current.and_then(|s| s.looked_at)).map(|(at, looked)| looked.since(at));
    let gone = seen_absent.zip(absent_for).is_some_and(|(seen, wait)| seen >= wait);
    if job.status().is_over() {
        let heeded = job.heard == Some(2) && silent(job.stop_sent_at.unwrap_or(job.requested_at));
        let room_over = over_at(job, view).is_some_and(silent);
        return alive && job.inferred && (gone || heeded || room_over || now.since(job.requested_at) >= HOUR);
    }
    // A stop that was heeded, and then silence: its room may go on.
    let stopped_at = job.stop_sent_at.filter(|_| job.status() == Status::Stopping);
    alive && (gone || over_at(job, view).is_some_and(silent) || stopped_at.is_some_and(silent))
}

/// LiveKit may have taken it since the list was last asked for: while the room is open, whichever life of it, for
/// LiveKit goes by the name; and once more when that is over, and minutes after it was asked for: viewers may have opened
/// the room again without the stream.
fn may_be_listed(job: &Job, view: &View) -> bool {
    let over = view.session.as_ref().map_or(Some(job.requested_at), |session| session.ended_at);
    let until = over.map(|over| over.max(job.requested_at.plus(TAKEN_WITHIN_MS)));
    until.is_none_or(|until| job.looked_at.is_none_or(|looked| looked < until))
}

/// Given up, and LiveKit has not said a word about it. It may have been taken late all the same, and its file be there.
fn is_untold(job: &Job) -> bool {
    job.egress_id.is_none() && job.file != "no" && job.status().is_over()
}

fn recent(at: Millis, now: Millis) -> bool {
    now.since(at) < FORGOTTEN_MS
}

/// When LiveKit's list is to be asked about a job.
fn look_at(job: &Job) -> Millis {
    let since = job.looked_at.unwrap_or(job.requested_at);
    let wait = match (job.egress_id.is_some(), job.status()) {
        (false, status) if status.is_over() => LOOK_STEADY_MS,
        (false, _) if job.looked_at.is_none() => IN_HAND_MS,
        (false, _) => NEXT_RUN_MS,
        (true, Status::Recording) => LOOK_STEADY_MS,
        (true, _) => LOOK_MOVING_MS,
    };
    since.plus(wait)
}
