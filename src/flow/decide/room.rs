//! The room: closed when its owner ended the stream, and compared with LiveKit's list now and then.

use super::{ABSENT_FOR_MS, FORGOTTEN_MS, LOOK_STEADY_MS, NEXT_RUN_MS, Round, Step, stale};

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

/// A broadcast whose room is over and which was opened again, for its host or for a wish: without the one coming in time
/// and the other it is over after all.
pub(super) fn over(round: &mut Round<'_>) -> Option<Step> {
    let stream = &round.view.stream;
    let is_over = round.view.session.as_ref().is_some_and(|session| session.ended_at.is_some());
    if !is_over || !stream.owns_room || stream.ended_at.is_some() || stream.started_at.is_none() || stream.wish == "asked" {
        return None;
    }
    match stream.host_until.filter(|until| *until > round.now) {
        Some(until) => round.again_at(until),
        // Every word of the one's coming may be lost.
        None if !round.looked.room => return Some(Step::LookAtRoom),
        None => return Some(Step::EndStream),
    }
    None
}

/// LIVEKIT_URL names another project now, so nobody can be asked about this session: it is over after a day at the latest,
/// for LiveKit forgets after one.
pub(super) fn elsewhere(round: &mut Round<'_>) -> Option<Step> {
    let session = round.view.session.as_ref().filter(|session| session.ended_at.is_none() && session.project != round.project)?;
    let until = session.looked_at.unwrap_or(session.started_at).plus(FORGOTTEN_MS);
    if until <= round.now {
        return Some(Step::EndSession(session.sid.clone()));
    }
    round.again_at(until);
    None
}

/// A session is compared with LiveKit now and then, and soon if it was not found.
pub(super) fn look(round: &mut Round<'_>) -> Option<Step> {
    let (view, now, session) = (round.view, round.now, round.here?);
    let doubtful = session.absent_at.is_some()
        || view.jobs.iter().any(|job| job.absent_at.is_some() && matches!(job.heard, Some(0 | 1)) && !job.status().is_over());
    let wait = if doubtful { ABSENT_FOR_MS } else { LOOK_STEADY_MS };
    if stale(session, wait, now) && !round.looked.room {
        return Some(Step::LookAtRoom);
    }
    round.again_at(session.looked_at.unwrap_or(session.started_at).plus(wait).max(now.plus(NEXT_RUN_MS)));
    None
}
