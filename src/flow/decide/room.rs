//! The room: closed when its owner ended the stream, and compared with LiveKit's list now and then.

use super::{ABSENT_FOR_MS, LOOK_STEADY_MS, NEXT_RUN_MS, Round, Step, stale};

/// The owner ended it: once nothing records, the room is closed.
pub(super) fn close(round: &mut Round<'_>) -> Option<Step> {
    let session = round.here?;
    if round.view.stream.ended_by.as_deref() != Some("owner") {
        return None;
    }
    if !round.looked.room {
        return Some(Step::CloseRoom(session.sid.clone()));
    }
    round.again_at(round.now.plus(NEXT_RUN_MS));
    None
}

/// A session is compared with LiveKit now and then, and soon if it was not found.
pub(super) fn look(round: &mut Round<'_>) -> Option<Step> {
    let (view, now, session) = (round.view, round.now, round.here?);
    let doubtful = session.absent_at.is_some()
        || view.jobs.iter().any(|job| job.absent_at.is_some() && job.heard == Some(1) && !job.status().is_over());
    let wait = if doubtful { ABSENT_FOR_MS } else { LOOK_STEADY_MS };
    if stale(session, wait, now) && !round.looked.room {
        return Some(Step::LookAtRoom);
    }
    round.again_at(session.looked_at.unwrap_or(session.started_at).plus(wait).max(now.plus(NEXT_RUN_MS)));
    None
}
