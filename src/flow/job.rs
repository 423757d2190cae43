//! Doing a step of a job: start it, stop it, give it up; and what LiveKit's answers make of it.
//!
//! Each function asks once, with a time-out, and says of every answer whether it happened. Trouble
//! outside is noted and left to the schedule; only a database that does not answer is an error.

use super::decide::{self, RefusedOutputs, Runaway, View};
use super::proof;
use crate::batch;
use crate::error::Error;
use crate::livekit::egress;
use crate::livekit::info::Facts;
use crate::livekit::twirp::{Failed, Refusal};
use crate::ports::{Desk, Ports};
use crate::recording::{Input, Status};
use crate::store::egresses::{self, Attempt, Which};
use crate::store::{Only, Statement, assets, sessions, wishes};
use crate::storj::key::recording_key;
use crate::storj::object::proof_id;
use crate::time::Millis;

/// What came of an attempt to start.
pub(super) enum Start {
    /// LiveKit was asked, whatever it said.
    Asked,
    /// Somebody else has the place, or nobody wants it any more.
    NotOurs,
    /// A definite no, in the words that a caller is told.
    Refused(Error),
}

/// Starts a recording: proof of the storage key, claim, call, and what came of it.
pub(super) async fn start<P: Ports>(desk: &Desk<'_, P>, view: &View, session_sid: &str) -> Result<Start, Error> {
    let stream = &view.stream;
    // (1) The very key that LiveKit gets can write there. LiveKit would tell only after the stream.
    let proved = match proof::storage_is_writable(desk).await? {
        Ok(proved) => proved,
        Err(refusal) => {
            desk.batch(batch![wishes::wish_error(&stream.id, "storage_refused")]).await?;
            return Ok(Start::Refused(refusal));
        }
    };
    let refused = decide::refused_outputs(view, session_sid);
    let note = match (refused.safety_copy, refused.picture) {
        (true, _) => Some("safety_copy_refused"),
        (false, true) => Some("picture_refused"),
        (false, false) => None,
    };
    if let Some(note) = note {
        desk.trail.decided(format!("start: without what the bucket refused of the part before ({note})"));
    }
    // (2) The attempt is on file before LiveKit is asked, and only one can hold the place.
    let now = desk.now();
    let (id, object_key) = (desk.new_id(), recording_key(&stream.owner_id, &stream.room_name, now));
    let attempt = Attempt {
        id: &id,
        stream_id: &stream.id,
        session_sid,
        object_key: &object_key,
        project: &desk.config.project,
        after: stream.job_id.as_deref(),
        bucket: &desk.config.bucket,
        object_ttl_ms: desk.config.object_ttl.as_ref().map(|ttl| ttl.ms),
        safety_copy: desk.config.safety_copy && proved.overwrites && !refused.safety_copy,
        picture: desk.config.livekit_pictures && proved.overwrites && refused == RefusedOutputs::default(),
        note,
        at_once: desk.config.limits.at_once,
    };
    let storage_key = proof_id(&desk.config.bucket, &desk.config.storj_egress);
    let noted = vec![egresses::newest(&stream.id), egresses::uploads_with(&id, &storage_key)];
    let results = desk.batch([egresses::claim(&attempt, now), noted].concat()).await?;
    let jobs: Vec<egresses::Job> = desk.rows(&results, 3)?;
    let Some(job) = jobs.into_iter().find(|job| job.id == id) else {
        desk.trail.decided("start: the place is taken or nobody wants it any more");
        return Ok(Start::NotOurs);
    };
    // (3) One try: a start is not idempotent.
    let request = egress::start(desk.config, stream, &job, now)?;
    let outcome = egress::info(desk.ports.send(request).await);
    // (4) What is known now.
    let now = desk.now();
    match outcome.map(|info| info.facts()) {
        Ok(Some(facts)) => {
            desk.trail.note("egress_id", facts.egress_id.clone());
            desk.trail.decided("start: LiveKit took it");
            desk.batch(egresses::hear(&facts, &Only::Always)).await?;
            Ok(Start::Asked)
        }
        Ok(None) => {
            desk.trail.decided("start: LiveKit's answer names no egress; its list will tell");
            Ok(Start::Asked)
        }
        Err(Failed::Unknown(why)) => {
            desk.trail.decided(format!("start: outcome unknown ({why}); LiveKit's list will tell"));
            desk.batch(batch![wishes::wish_error(&stream.id, why)]).await?;
            Ok(Start::Asked)
        }
        Err(Failed::Refused(refusal)) => {
            let code = Failed::Refused(refusal).code();
            desk.trail.decided(format!("start: LiveKit refused ({code})"));
            let ending = if refusal == Refusal::NotFound { Status::Aborted } else { Status::Failed };
            let mut statements = batch![
                egresses::apply(Which::Id(&id), Input::Concluded(ending), Some(code), Some(now), &Only::Always),
                // LiveKit took nothing, so there is no file to look for.
                egresses::file_checked(&id, 0, None, true, now),
                wishes::wish_error(&stream.id, code),
            ];
            if refusal == Refusal::NotFound {
                statements.push(sessions::absent(session_sid, now));
            }
            desk.batch(statements).await?;
            // Else the room is not there yet or any more, or the project is at its limit: it is asked again.
            Ok(if DEFINITE.contains(&refusal) { Start::Refused(livekit_refused(refusal)) } else { Start::Asked })
        }
    }
}

/// What LiveKit refused for good, since then, of a start that was in another hand: the words for whoever waited for it, and
/// when that was. Such an attempt has no egress, and the code of its refusal.
pub fn refused_meanwhile(view: &View, since: Millis) -> Option<(Error, Millis)> {
    let newest = view.jobs.first().filter(|job| job.status() == Status::Failed && job.egress_id.is_none())?;
    let at = newest.ended_at.filter(|at| *at >= since)?;
    let refusal = DEFINITE.into_iter().find(|refusal| newest.error.as_deref() == Some(Failed::Refused(*refusal).code()))?;
    Some((livekit_refused(refusal), at))
}

/// What is not asked again by itself.
const DEFINITE: [Refusal; 3] = [Refusal::Precondition, Refusal::Unauthenticated, Refusal::Invalid];

fn livekit_refused(refusal: Refusal) -> Error {
    let error = Error::new(502, "livekit_refused", "LiveKit refused to start the recording");
    match refusal {
        Refusal::Unauthenticated => Error::livekit_refused(),
        _ => error.hint("LiveKit did not accept the request; the log line of this request has its code"),
    }
}

/// Asks LiveKit to stop a job. Stopping what is over is a success.
pub(super) async fn send_stop<P: Ports>(desk: &Desk<'_, P>, view: &View, job_id: &str) -> Result<(), Error> {
    let Some((job, egress_id)) = view.jobs.iter().find(|job| job.id == job_id).and_then(|job| Some((job, job.egress_id.as_deref()?)))
    else {
        return Ok(());
    };
    let sent = desk.now();
    let request = egress::stop(desk.config, egress_id, sent)?;
    let outcome = egress::info(desk.ports.send(request).await);
    let mut statements = batch![egresses::stop_sent(job_id, sent)];
    match outcome.map(|info| info.facts()) {
        Ok(facts) => {
            desk.trail.decided(format!("stop: LiveKit stops {egress_id}"));
            statements.extend(facts.iter().flat_map(|facts| hear(desk, facts)));
        }
        Err(Failed::Refused(Refusal::Precondition)) => {
            desk.trail.decided(format!("stop: {egress_id} is over already"));
            statements.push(egresses::look_now(job_id));
        }
        Err(Failed::Refused(Refusal::NotFound)) => {
            // LiveKit forgets after a day, or never knew it here. Its file decides what became of it.
            desk.trail.decided(format!("stop: LiveKit does not know {egress_id}"));
            let lost = Input::Concluded(Status::Failed);
            statements.push(egresses::apply(Which::Id(&job.id), lost, Some("livekit_lost_it"), Some(sent), &Only::Always));
            statements.push(egresses::over_at_livekit(job_id));
        }
        Err(failed) => desk.trail.decided(format!("stop: {egress_id} not confirmed ({}); asked again", failed.code())),
    }
    desk.batch(statements).await.map(|_| ())
}

/// Stops a recording that runs away. One that was too long is not wanted any more; one in which nobody publishes
/// goes on in a further part when somebody does.
pub(super) async fn cut_off<P: Ports>(desk: &Desk<'_, P>, view: &View, job_id: &str, why: Runaway) -> Result<(), Error> {
    desk.trail.decided(format!("stopped by the Worker: {}", why.code()));
    let mut statements = egresses::cut_off(job_id, why.code());
    if why == Runaway::TooLong {
        statements.push(wishes::stop(&view.stream.id, desk.now()));
    }
    desk.batch(statements).await.map(|_| ())
}

/// Not started, because its owner has as many recordings at once as may be: what a caller is told.
pub(super) async fn too_many<P: Ports>(desk: &Desk<'_, P>, view: &View) -> Result<Error, Error> {
    desk.trail.decided("start: as many of this owner's recordings at once as MAX_RECORDINGS_PER_USER allows");
    desk.batch(batch![wishes::wish_error(&view.stream.id, "too_many_recordings")]).await?;
    let most = view.limits.at_once.unwrap_or_default();
    Ok(Error::new(429, "too_many_recordings", format!("at most {most} recordings of a user at once are allowed here"))
        .hint("stop one of them first; the operator's limit is MAX_RECORDINGS_PER_USER")
        .retry_after(60))
}

/// Words of LiveKit's, and the recording that they make.
pub(super) fn hear<P: Ports>(desk: &Desk<'_, P>, facts: &Facts) -> Vec<Statement> {
    let mut statements = egresses::hear(facts, &Only::Always);
    if facts.names_a_file {
        statements.push(assets::make(&facts.object_key, &desk.new_id(), desk.now(), &Only::Always));
    }
    if facts.word.depth() == 3 {
        statements.push(assets::fill_in(&facts.object_key, &Only::Always));
    }
    statements
}

/// Gives up an attempt that LiveKit's list does not have after 90 s. Should its words come all the same,
/// they count, and it is stopped.
pub(super) async fn give_up<P: Ports>(desk: &Desk<'_, P>, job_id: &str) -> Result<(), Error> {
    desk.trail.decided("an attempt to start was never confirmed: given up");
    let now = desk.now();
    let given_up = Input::Concluded(Status::Aborted);
    desk.batch(batch![egresses::apply(Which::Id(job_id), given_up, Some("livekit_unavailable"), Some(now), &Only::Always)])
        .await
        .map(|_| ())
}

/// Concludes that a recorder is dead. What it left is looked for, and LiveKit's own ending still counts.
pub(super) async fn lost<P: Ports>(desk: &Desk<'_, P>, job_id: &str) -> Result<(), Error> {
    desk.trail.decided("the recorder is gone and its file has not come: given up");
    let now = desk.now();
    let failed = Input::Concluded(Status::Failed);
    desk.batch(batch![
        egresses::apply(Which::Id(job_id), failed, Some("recorder_crashed"), Some(now), &Only::Always),
        // Nobody is there any more to be stopped; its list would call it ACTIVE for ever.
        egresses::over_at_livekit(job_id),
    ])
    .await
    .map(|_| ())
}
