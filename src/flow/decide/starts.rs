//! Starting what is wanted and not there: when, and with which outputs.

use super::{LOOK_WAITING_MS, NEXT_RUN_MS, Round, Session, Step, View, stale};
use crate::store::egresses::Job;
use crate::time::{HOUR, MINUTE, Millis, SECOND};

/// A recording asked for before its room is there is wanted for so long.
const WISH_LIVES_MS: i64 = HOUR;

/// What is wanted and not there is started, or its room looked for.
pub(super) fn start(round: &mut Round<'_>) -> Option<Step> {
    let (view, looked, now) = (round.view, round.looked, round.now);
    if !view.stream.is_wanted() || is_placed(view, round.here) {
        return None;
    }
    let Some(session) = round.here else { return look_for_the_room(round) };
    // After an ending the room may be over too, and nobody has said so yet.
    // LiveKit says that a job of ours records another life of the room than the one on file: the next.
    if !looked.room && (ended_since_look(view, session) || records_elsewhere(view, session)) {
        return Some(Step::LookAtRoom);
    }
    if session.absent_at.is_some() {
        // Not in LiveKit's list just now: whether the room is over shows at the next look.
        round.again_at(now.plus(NEXT_RUN_MS));
        return None;
    }
    if !can_start(view) {
        if !looked.room && stale(session, LOOK_WAITING_MS, now) {
            return Some(Step::LookAtRoom);
        }
        round.again_at(now.plus(LOOK_WAITING_MS));
        return None;
    }
    let due = retry_at(view, &session.sid, now);
    if due <= now && !looked.start {
        let too_many = view.limits.at_once.is_some_and(|most| view.at_once >= most);
        return Some(if too_many { Step::TooMany } else { Step::Start(session.sid.clone()) });
    }
    round.again_at(due.max(now.plus(NEXT_RUN_MS)));
    None
}

/// A recording is wanted, and its room is not there.
fn look_for_the_room(round: &mut Round<'_>) -> Option<Step> {
    let (stream, looked, now) = (&round.view.stream, round.looked, round.now);
    if stream.wish == "asked" {
        if stream.wish_at.is_none_or(|at| now.since(at) >= WISH_LIVES_MS) {
            return Some(Step::ExpireWish);
        }
        if !looked.room {
            return Some(Step::LookAtRoom);
        }
        round.again_at(now.plus(MINUTE));
    } else if stream.host_until.is_some_and(|until| until > now) {
        // LiveKit tells of the host's coming; and as long as the host may come with the newest token, the
        // Worker asks, for what LiveKit tells may be lost.
        if !looked.room && stream.tend_at.is_some_and(|at| at <= now) {
            return Some(Step::LookAtRoom);
        }
        round.again_at(now.plus(MINUTE));
    }
    None
}

/// A job holds the place of this session; without a session there is nothing to hold.
fn is_placed(view: &View, here: Option<&Session>) -> bool {
    view.jobs.iter().any(|job| job.status().holds_the_place() && here.is_some_and(|session| session.sid == job.session_sid))
}

/// LiveKit named another session for a job than the current one, in which it was asked for.
fn records_elsewhere(view: &View, session: &Session) -> bool {
    view.jobs.iter().any(|job| {
        job.status().holds_the_place() && job.heard.is_some() && job.session_sid != session.sid && job.requested_at > session.started_at
    })
}

/// A job of this session ended, and the room was not looked at since.
fn ended_since_look(view: &View, session: &Session) -> bool {
    let ended_at =
        view.jobs.iter().filter(|job| job.session_sid == session.sid && job.status().is_over()).filter_map(|job| job.ended_at).max();
    ended_at.is_some_and(|at| session.looked_at.is_none_or(|looked| looked < at))
}

/// `asked` starts when the room is open, `auto` when the host publishes; a further part of either needs
/// somebody who publishes, whoever that is, for a recorder alone in a room waits for ever.
fn can_start(view: &View) -> bool {
    let (stream, asked) = (&view.stream, view.stream.wish == "asked");
    let first = !view.jobs.iter().any(|job| stream.wish_at.is_none_or(|at| job.requested_at >= at));
    stream.status == "live" || (asked && first) || (stream.guests_at.is_some() && !first)
}

/// When the next attempt may be made: at once after one that recorded for a minute; else 15 s, 30 s, 1,
/// 2, 4, then every 5 minutes after the last, so that a recorder that always fails is not hammered.
fn retry_at(view: &View, session_sid: &str, now: Millis) -> Millis {
    let since_wish = |job: &&Job| view.stream.wish_at.is_none_or(|at| job.requested_at >= at);
    let failures: Vec<&Job> = view
        .jobs
        .iter()
        .filter(|job| job.session_sid == session_sid)
        .filter(since_wish)
        .take_while(|job| job.started_at.is_none_or(|from| job.ended_at.unwrap_or(now).since(from) < MINUTE))
        .collect();
    let Some(last) = failures.first() else { return now };
    let wait = match failures.len() {
        1 => 15 * SECOND,
        2 => 30 * SECOND,
        3 => MINUTE,
        4 => 2 * MINUTE,
        5 => 4 * MINUTE,
        _ => 5 * MINUTE,
    };
    last.ended_at.unwrap_or(last.requested_at).plus(wait)
}
