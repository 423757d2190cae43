//! Files: which are asked for, and when.

use super::jobs::{SILENT_FOR_MS, over_at};
use super::{Round, Step, View};
use crate::recording::Status;
use crate::store::assets::Unverified;
use crate::store::egresses::Job;
use crate::time::{HOUR, MINUTE, Millis, SECOND};

/// A failed job's file is asked for at once, a minute and five minutes later: an upload may be under way.
const FILE_CHECKS: [i64; 3] = [0, MINUTE, 5 * MINUTE];
/// That of an attempt that nobody ever told of: a minute after its room is over, and after the longest upload.
const UNTOLD_CHECKS: [i64; 2] = [MINUTE, SILENT_FOR_MS];

/// The files of jobs that left one, perhaps, and of recordings.
pub(super) fn ask_for(round: &mut Round<'_>) -> Option<Step> {
    let (view, now) = (round.view, round.now);
    for job in view.jobs.iter().filter(|job| job.file == "unknown" && may_have_a_file(job)) {
        // Of an attempt without a word LiveKit may tell as long as its room is open.
        let Some(due) = file_due(job, view) else { continue };
        if due <= now {
            return Some(Step::CheckFile(job.id.clone()));
        }
        round.again_at(due);
    }
    for asset in &view.unverified {
        let due = verify_due(asset);
        if due <= now {
            return Some(Step::Verify(asset.id.clone()));
        }
        round.again_at(due);
    }
    None
}

/// What was aborted before the first frame has none; what we gave up may have come late.
fn may_have_a_file(job: &Job) -> bool {
    match job.status() {
        Status::Aborted => job.inferred && job.is_over_at_livekit(),
        status => status.is_over(),
    }
}

/// When a job's file is to be asked for. An attempt that LiveKit never said a word about may have been taken
/// all the same: its file can only be there when its room is over.
fn file_due(job: &Job, view: &View) -> Option<Millis> {
    let checks = usize::try_from(job.file_checks).unwrap_or(0);
    // The last one had no clear answer.
    let wait = file_checks(job).get(checks).copied().unwrap_or(10 * MINUTE);
    let from = if job.egress_id.is_none() { over_at(job, view)? } else { job.ended_at.unwrap_or(job.requested_at) };
    Some(job.checked_at.unwrap_or(from).plus(wait))
}

/// After which times a job's file is asked for, each counted from the one before.
#[must_use]
pub fn file_checks(job: &Job) -> &'static [i64] {
    if job.egress_id.is_none() { &UNTOLD_CHECKS } else { &FILE_CHECKS }
}

/// At once, then after 10, 20, 40 s … up to an hour.
fn verify_due(asset: &Unverified) -> Millis {
    let doubled = 5 * SECOND * (1 << asset.checks.clamp(0, 10));
    asset.checked_at.map_or(Millis(0), |at| at.plus(doubled.min(HOUR)))
}
