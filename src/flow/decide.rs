//! What a stream needs next: a pure function of what is known of it.
//!
//! In scope: every rule about starting, stopping, looking and verifying, with its waiting times. Out of
//! scope: doing it ([`super::job`], [`super::look`], [`super::file`]).

use crate::recording::Status;
use crate::store::assets::Unverified;
use crate::store::egresses::Job;
use crate::store::row::{FromRow, Row};
use crate::store::streams::Stream;
use crate::time::{HOUR, MINUTE, Millis, SECOND};

/// All that is known of one stream.
#[derive(Clone, Debug)]
pub struct View {
    /// Its row.
    pub stream: Stream,
    /// Its current session.
    pub session: Option<Session>,
    /// Its newest jobs, the newest first.
    pub jobs: Vec<Job>,
    /// Its recordings whose files are still to be verified.
    pub unverified: Vec<Unverified>,
    /// How many recordings of its owner hold a place, here and elsewhere. Known where that is limited.
    pub at_once: i64,
    /// What the operator allows.
    pub limits: Limits,
}

/// Where a recording that runs away is stopped. `None`: nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The longest recording, in milliseconds, all its parts together (`MAX_RECORDING_MINUTES`).
    pub recording_ms: Option<i64>,
    /// A user's recordings at once (`MAX_RECORDINGS_PER_USER`).
    pub at_once: Option<i64>,
}

/// Why the Worker itself stops a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runaway {
    /// It has gone on for as long as the operator allows. It is not wanted any more.
    TooLong,
    /// Nobody has published for five minutes. Who comes back is recorded again.
    Quiet,
}

impl Runaway {
    /// The code in `recording.error`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "max_recording_minutes",
            Self::Quiet => "nobody_publishes",
        }
    }
}

/// A row of `sessions`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Session {
    pub sid: String,
    pub room_name: String,
    pub project: String,
    pub started_at: Millis,
    pub ended_at: Option<Millis>,
    pub looked_at: Option<Millis>,
    pub absent_at: Option<Millis>,
}

impl FromRow for Session {
    fn from_row(row: &Row) -> Self {
        Self {
            sid: row.text("sid"),
            room_name: row.text("room_name"),
            project: row.text("project"),
            started_at: row.time("started_at"),
            ended_at: row.maybe_time("ended_at"),
            looked_at: row.maybe_time("looked_at"),
            absent_at: row.maybe_time("absent_at"),
        }
    }
}

/// What was looked at already in this round of tending: each look once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Looked {
    /// LiveKit's rooms and participants.
    pub room: bool,
    /// LiveKit's egresses were asked for.
    pub egresses: bool,
    /// And the list came.
    pub listed: bool,
    /// A stop was sent, or a file asked for: not twice in a round.
    pub stop: bool,
    /// An attempt to start was made.
    pub start: bool,
}

/// The next thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask LiveKit to stop this job.
    SendStop(String),
    /// Stop this job by ourselves.
    CutOff(String, Runaway),
    /// Its owner has as many recordings at once as the operator allows.
    TooMany,
    /// Compare the jobs with LiveKit's list.
    LookAtEgresses,
    /// Give up an attempt whose answer never came and which LiveKit's list does not have.
    GiveUp(String),
    /// Conclude that the recorder is dead, though LiveKit's list says that it records.
    Lost(String),
    /// Compare the session with LiveKit's rooms and participants.
    LookAtRoom,
    /// Nobody came within the time of the wish.
    ExpireWish,
    /// Start a recording in this session.
    Start(String),
    /// Close the room: its owner ended the stream.
    CloseRoom(String),
    /// Ask whether a failed job left its file.
    CheckFile(String),
    /// Verify a recording's file.
    Verify(String),
    /// Nothing until then, or nothing at all.
    Rest(Option<Millis>),
}

impl Step {
    /// For who asks what comes next.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SendStop(_) => "LiveKit is asked to stop the job",
            Self::CutOff(..) => "the job is stopped: it runs away",
            Self::TooMany => "it waits: its owner has as many recordings at once as MAX_RECORDINGS_PER_USER allows",
            Self::LookAtEgresses | Self::GiveUp(_) | Self::Lost(_) => "LiveKit's list of jobs is asked for",
            Self::LookAtRoom => "LiveKit's list of rooms is asked for",
            Self::ExpireWish => "nobody came: the recording is no longer wanted",
            Self::Start(_) => "LiveKit is asked to record",
            Self::CloseRoom(_) => "the room is closed",
            Self::CheckFile(_) | Self::Verify(_) => "Storj is asked for the file",
            Self::Rest(_) => "nothing",
        }
    }
}

/// Who asked LiveKit to start waits 10 s for the answer. Until then the attempt is in its hands.
const IN_HAND_MS: i64 = 12 * SECOND;
/// After an unknown outcome LiveKit's list is asked for so long; then a new attempt is made.
pub const UNKNOWN_FOR_MS: i64 = 90 * SECOND;
/// An attempt that was given up is still looked for there for so long, while its room is open.
pub const UNTOLD_LOOKED_FOR_MS: i64 = HOUR;
/// What LiveKit takes late, it takes within so long: its own calls give up after seconds (seen), a recorder's queue after
/// some more.
const TAKEN_WITHIN_MS: i64 = 5 * MINUTE;
/// A stop that had no effect is sent again.
const STOP_AGAIN_MS: i64 = 20 * SECOND;
/// A job on its way up or down is compared with LiveKit's list so often; webhooks are quicker.
const LOOK_MOVING_MS: i64 = 40 * SECOND;
/// A job that records, and a session: so often.
const LOOK_STEADY_MS: i64 = 5 * MINUTE;
/// A session whose host does not publish yet while a recording is wanted.
const LOOK_WAITING_MS: i64 = 45 * SECOND;
/// A recorder alone costs as much as one with a show: nobody publishing for so long ends it.
pub const QUIET_FOR_MS: i64 = 5 * MINUTE;
/// A recording asked for before its room is there is wanted for so long.
pub const WISH_LIVES_MS: i64 = HOUR;
/// How long after a look that did not find the room its absence is believed.
pub const ABSENT_FOR_MS: i64 = 2 * MINUTE;
/// A recorder that died with its service is ACTIVE in LiveKit's lists for ever (seen). It is believed dead
/// when its room is over for so long and nothing was heard: the upload of three hours in 4K, 22 GB, at
/// 100 Mbit/s takes 30 minutes.
const SILENT_FOR_MS: i64 = 30 * MINUTE;
/// A failed job's file is asked for at once, a minute and five minutes later: an upload may be under way.
const FILE_CHECKS: [i64; 3] = [0, MINUTE, 5 * MINUTE];
/// That of an attempt that nobody ever told of: a minute after its room is over, and after the longest upload.
const UNTOLD_CHECKS: [i64; 2] = [MINUTE, SILENT_FOR_MS];
/// The schedule comes each minute: sooner is at the next run.
const NEXT_RUN_MS: i64 = 30 * SECOND;

/// Decides.
#[must_use]
pub fn next(view: &View, looked: Looked, project: &str, now: Millis) -> Step {
    let stream = &view.stream;
    let session = view.session.as_ref().filter(|s| s.ended_at.is_none());
    let here = session.filter(|s| s.project == project);
    let mut again = Soonest(None);

    // (1) Stop beats everything: what should not record is stopped first.
    for job in view.jobs.iter().filter(|job| job.project == project && should_stop(job, view)) {
        let due = job.stop_sent_at.map_or(now, |sent| sent.plus(STOP_AGAIN_MS));
        if due <= now && !looked.stop {
            return Step::SendStop(job.id.clone());
        }
        again.or(if due <= now { now.plus(STOP_AGAIN_MS) } else { due });
    }

    // (2) What runs away is cut off: it records, and should not go on.
    if let Some((session, job)) = here.and_then(|session| Some((session, recording_in(view, session)?))) {
        if let Some(due) = too_long_at(view, job) {
            if due <= now {
                return Step::CutOff(job.id.clone(), Runaway::TooLong);
            }
            again.or(due);
        }
        if let Some(due) = quiet_until(view, job) {
            // LiveKit's own list says so too: the word of somebody's track may be lost.
            let confirmed = session.looked_at.is_some_and(|at| at >= due);
            if due <= now && confirmed {
                return Step::CutOff(job.id.clone(), Runaway::Quiet);
            }
            if due <= now && !looked.room {
                return Step::LookAtRoom;
            }
            again.or(due.max(now.plus(NEXT_RUN_MS)));
        }
    }

    // (3) Attempts of unknown outcome, and jobs that have not been heard of for a while.
    let unfinished = |job: &&Job| {
        let listed_late = || is_untold(job) && may_be_listed(job, view) && now.since(job.requested_at) < UNTOLD_LOOKED_FOR_MS;
        let unheard = || !job.is_over_at_livekit() && recent(job.requested_at, now);
        job.project == project && (!job.status().is_over() || unheard() || listed_late())
    };
    for job in view.jobs.iter().filter(unfinished) {
        let due = look_at(job);
        if due <= now && !looked.egresses {
            return Step::LookAtEgresses;
        }
        // Not in the list for so long: there is none. A stopping one without an id is such an attempt too.
        if looked.listed && job.egress_id.is_none() && !job.status().is_over() && now.since(job.requested_at) >= UNKNOWN_FOR_MS {
            return Step::GiveUp(job.id.clone());
        }
        if is_lost(job, view, now) {
            // Its ending may stand in the list all the same.
            if !looked.egresses {
                return Step::LookAtEgresses;
            }
            if looked.listed {
                return Step::Lost(job.id.clone());
            }
        }
        again.or(if due <= now { now.plus(NEXT_RUN_MS) } else { due });
    }

    // (4) The owner ended it: once nothing records, the room is closed.
    if let (Some(session), Some("owner")) = (here, stream.ended_by.as_deref()) {
        if !looked.room {
            return Step::CloseRoom(session.sid.clone());
        }
        again.or(now.plus(NEXT_RUN_MS));
    }

    // (5) What is wanted and not there.
    let placed =
        view.jobs.iter().any(|job| job.status().holds_the_place() && Some(job.session_sid.as_str()) == here.map(|s| s.sid.as_str()));
    if stream.is_wanted() && !placed {
        match here {
            // After an ending the room may be over too, and nobody has said so yet.
            Some(session) if !looked.room && ended_since_look(view, session) => return Step::LookAtRoom,
            // Not in LiveKit's list just now: whether the room is over shows at the next look.
            // LiveKit says that a job of ours records another life of the room than the one on file: the next.
            Some(session) if !looked.room && records_elsewhere(view, session) => return Step::LookAtRoom,
            Some(session) if session.absent_at.is_some() => again.or(now.plus(NEXT_RUN_MS)),
            Some(session) if can_start(view) => {
                let due = retry_at(view, &session.sid, now);
                if due <= now && !looked.start {
                    if view.limits.at_once.is_some_and(|most| view.at_once >= most) {
                        return Step::TooMany;
                    }
                    return Step::Start(session.sid.clone());
                }
                again.or(due.max(now.plus(NEXT_RUN_MS)));
            }
            Some(_) => {
                if !looked.room && stale(session, LOOK_WAITING_MS, now) {
                    return Step::LookAtRoom;
                }
                again.or(now.plus(LOOK_WAITING_MS));
            }
            None if stream.wish == "asked" => {
                if stream.wish_at.is_none_or(|at| now.since(at) >= WISH_LIVES_MS) {
                    return Step::ExpireWish;
                }
                if !looked.room {
                    return Step::LookAtRoom;
                }
                again.or(now.plus(MINUTE));
            }
            // LiveKit tells of the host's coming; and as long as the host may come with the newest token, the
            // Worker asks, for what LiveKit tells may be lost.
            None if stream.host_until.is_some_and(|until| until > now) => {
                if !looked.room && stream.tend_at.is_some_and(|at| at <= now) {
                    return Step::LookAtRoom;
                }
                again.or(now.plus(MINUTE));
            }
            None => {}
        }
    }

    // (6) Files.
    for job in view.jobs.iter().filter(|job| job.file == "unknown" && may_have_a_file(job)) {
        // Of an attempt without a word LiveKit may tell as long as its room is open.
        let Some(due) = file_due(job, view) else { continue };
        if due <= now {
            return Step::CheckFile(job.id.clone());
        }
        again.or(due);
    }
    for asset in &view.unverified {
        let due = verify_due(asset);
        if due <= now {
            return Step::Verify(asset.id.clone());
        }
        again.or(due);
    }

    // (7) A session is compared with LiveKit now and then, and soon if it was not found.
    if let Some(session) = here {
        let doubtful = session.absent_at.is_some()
            || view.jobs.iter().any(|job| job.absent_at.is_some() && job.heard == Some(1) && !job.status().is_over());
        let wait = if doubtful { ABSENT_FOR_MS } else { LOOK_STEADY_MS };
        if stale(Some(session), wait, now) && !looked.room {
            return Step::LookAtRoom;
        }
        again.or(session.looked_at.unwrap_or(session.started_at).plus(wait).max(now.plus(NEXT_RUN_MS)));
    }
    Step::Rest(again.0)
}

/// The earliest of the times to come back.
struct Soonest(Option<Millis>);

impl Soonest {
    fn or(&mut self, at: Millis) {
        self.0 = Some(self.0.map_or(at, |soonest| soonest.min(at)));
    }
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
    let wanted = parts.filter(|part| view.stream.wish_at.is_none_or(|at| part.requested_at >= at));
    let began = wanted.filter_map(|part| part.started_at).min();
    began.zip(view.limits.recording_ms).map(|(began, most)| began.plus(most))
}

/// Until when a recording waits for somebody who publishes; `None` while somebody does.
fn quiet_until(view: &View, job: &Job) -> Option<Millis> {
    let stream = &view.stream;
    let since = [Some(job.requested_at), stream.quiet_at, stream.published_at].into_iter().flatten().max()?;
    (stream.status != "live").then(|| since.plus(QUIET_FOR_MS))
}

/// LiveKit named another session for a job than the current one, in which it was asked for.
fn records_elsewhere(view: &View, session: &Session) -> bool {
    view.jobs.iter().any(|job| {
        job.status().holds_the_place() && job.heard.is_some() && job.session_sid != session.sid && job.requested_at > session.started_at
    })
}

/// When the session of a job was over; `None` while it goes on. A newer life of the room began when the older
/// one was over.
fn over_at(job: &Job, view: &View) -> Option<Millis> {
    match &view.session {
        Some(session) if session.sid == job.session_sid => session.ended_at,
        Some(session) => Some(session.started_at.max(job.requested_at)),
        None => Some(job.requested_at),
    }
}

/// The recorder has left the room that it is said to record, in two looks, minutes apart (before it has
/// recorded, its joining may be under way); or the room is long over and neither an ending nor the end of an
/// upload was heard (of a job that we gave up, too, when it came late); or such a one heeded our stop in silence, or did
/// not in an hour.
fn is_lost(job: &Job, view: &View, now: Millis) -> bool {
    let alive = job.egress_id.is_some() && job.heard.is_none_or(|heard| heard < 3);
    let silent = |at: Millis| now.since(at) >= SILENT_FOR_MS;
    let current = view.session.as_ref().filter(|session| session.sid == job.session_sid);
    let absent_for = match job.heard {
        Some(1) => Some(ABSENT_FOR_MS),
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
    // LiveKit forgets what ended a day ago.
    now.since(at) < 24 * HOUR
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

/// A job of this session ended, and the room was not looked at since.
fn ended_since_look(view: &View, session: &Session) -> bool {
    let ended_at =
        view.jobs.iter().filter(|job| job.session_sid == session.sid && job.status().is_over()).filter_map(|job| job.ended_at).max();
    ended_at.is_some_and(|at| session.looked_at.is_none_or(|looked| looked < at))
}

/// `asked` starts when the room is open, `auto` when the host publishes; a further part of either needs
/// somebody who publishes, for a recorder alone in a room waits for ever.
fn can_start(view: &View) -> bool {
    let live = view.stream.status == "live";
    let first = !view.jobs.iter().any(|job| view.stream.wish_at.is_none_or(|at| job.requested_at >= at));
    live || (view.stream.wish == "asked" && first)
}

/// What the bucket refused in this session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RefusedOutputs {
    /// A part with a picture ended because of it.
    pub picture: bool,
    /// One without a picture and with segments did.
    pub safety_copy: bool,
}

/// A part of this session ended because the bucket refused one of its outputs: LiveKit ends the whole recording then
/// (seen). Which one it was is not told, and a key that could write refuses no MP4. So the next part goes without the
/// picture, which is worth the least, and if that is refused too, without segments.
pub(super) fn refused_outputs(view: &View, session_sid: &str) -> RefusedOutputs {
    let refused = |job: &&Job| job.session_sid == session_sid && job.error.as_deref() == Some("storage_refused");
    let any = |what: fn(&Job) -> bool| view.jobs.iter().filter(refused).any(what);
    RefusedOutputs { picture: any(|job| job.picture), safety_copy: any(|job| !job.picture && job.segments != "off") }
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

fn stale(session: Option<&Session>, wait: i64, now: Millis) -> bool {
    session.is_none_or(|s| now.since(s.looked_at.unwrap_or(s.started_at)) >= wait || (s.looked_at.is_none() && wait == LOOK_WAITING_MS))
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

#[cfg(test)]
mod tests;
