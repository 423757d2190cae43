//! Doing one step: the calls to LiveKit and Storj, and what is written down of their answers.
//!
//! Each function asks once, with a time-out, and says of every answer whether it happened. Trouble
//! outside is noted and left to the schedule; only a database that does not answer is an error.

use super::decide::{FILE_CHECKS, View};
use crate::error::Error;
use crate::livekit::info::EgressInfo;
use crate::livekit::twirp::{Failed, Refusal, answer};
use crate::livekit::{egress, room};
use crate::ports::{Desk, Ports};
use crate::recording::{Input, Status};
use crate::store::egresses::{self, Attempt, Which};
use crate::store::sessions::{self, Seen};
use crate::store::{Only, Statement, assets, participants, streams};
use crate::storj::key::recording_key;
use crate::storj::object::{self, Sight};
use crate::time::{MINUTE, Millis};

use super::proof;

/// Starts a recording: proof of the storage key, claim, call, and what came of it.
///
/// Answers the error that a caller is told when the refusal is definite.
pub(super) async fn start<P: Ports>(desk: &Desk<'_, P>, view: &View, session_sid: &str) -> Result<Option<Error>, Error> {
    let stream = &view.stream;
    // (1) The very key that LiveKit gets can write there. LiveKit would tell only after the stream.
    if let Err(refusal) = proof::storage_is_writable(desk).await? {
        desk.batch(vec![streams::wish_error(&stream.id, "storage_refused")]).await?;
        return Ok(Some(refusal));
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
        bucket: &desk.config.bucket,
    };
    let results = desk.batch([egresses::claim(&attempt, now), vec![egresses::newest(&stream.id)]].concat()).await?;
    let jobs: Vec<egresses::Job> = desk.rows(&results, 3)?;
    let Some(job) = jobs.into_iter().find(|job| job.id == id) else {
        desk.trail.decided("start: the place is taken or nobody wants it any more");
        return Ok(None);
    };
    // (3) One try: a start is not idempotent.
    let request = egress::start(desk.config, stream, &job, now)?;
    let outcome: Result<EgressInfo, Failed> = answer(desk.ports.send(request).await);
    // (4) What is known now.
    let now = desk.now();
    match outcome.map(|info| info.facts()) {
        Ok(Some(facts)) => {
            desk.trail.note("egress_id", facts.egress_id.clone());
            desk.trail.decided("start: LiveKit took it");
            desk.batch(egresses::hear(&facts, &Only::Always)).await?;
            Ok(None)
        }
        Ok(None) => {
            desk.trail.decided("start: LiveKit's answer names no egress; its list will tell");
            Ok(None)
        }
        Err(Failed::Unknown(why)) => {
            desk.trail.decided(format!("start: outcome unknown ({why}); LiveKit's list will tell"));
            desk.batch(vec![streams::wish_error(&stream.id, why)]).await?;
            Ok(None)
        }
        Err(Failed::Refused(refusal)) => {
            let code = Failed::Refused(refusal).code();
            desk.trail.decided(format!("start: LiveKit refused ({code})"));
            let ending = if refusal == Refusal::NotFound { Status::Aborted } else { Status::Failed };
            let mut statements = vec![
                egresses::apply(Which::Id(&id), Input::Concluded(ending), Some(code), Some(now), &Only::Always),
                // LiveKit took nothing, so there is no file to look for.
                egresses::file_checked(&id, None, true, now),
                streams::wish_error(&stream.id, code),
            ];
            if refusal == Refusal::NotFound {
                statements.push(sessions::absent(session_sid, now));
            }
            desk.batch(statements).await?;
            Ok(match refusal {
                // The room is not there yet or any more, or the project is at its limit: it is asked again.
                Refusal::NotFound | Refusal::Exhausted => None,
                _ => Some(livekit_refused(refusal)),
            })
        }
    }
}

fn livekit_refused(refusal: Refusal) -> Error {
    let error = Error::new(502, "livekit_refused", "LiveKit refused to start the recording");
    match refusal {
        Refusal::Unauthenticated => error.hint("check LIVEKIT_API_KEY and LIVEKIT_API_SECRET: they are of another project, or revoked"),
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
    let outcome: Result<EgressInfo, Failed> = answer(desk.ports.send(request).await);
    let mut statements = vec![egresses::stop_sent(job_id, sent)];
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

/// Words of LiveKit's, and the recording that they make.
pub(crate) fn hear<P: Ports>(desk: &Desk<'_, P>, facts: &crate::livekit::info::Facts) -> Vec<Statement> {
    let mut statements = egresses::hear(facts, &Only::Always);
    if facts.names_a_file {
        statements.push(assets::make(&facts.object_key, &desk.new_id(), desk.now(), &Only::Always));
    }
    statements
}

/// Compares the unfinished jobs with LiveKit's list of the room. Answers whether the list came.
pub(super) async fn look_at_egresses<P: Ports>(desk: &Desk<'_, P>, view: &View) -> Result<bool, Error> {
    let request = egress::list(desk.config, &view.stream.room_name, desk.now())?;
    let listed: Result<egress::Listed, Failed> = answer(desk.ports.send(request).await);
    match listed {
        Ok(listed) => {
            let ours = |key: &str| view.jobs.iter().any(|job| job.object_key == key);
            let facts: Vec<_> = listed.egresses().iter().filter_map(EgressInfo::facts).filter(|f| ours(&f.object_key)).collect();
            desk.trail.decided(format!("LiveKit lists {} of our jobs", facts.len()));
            let mut statements: Vec<Statement> = facts.iter().flat_map(|facts| hear(desk, facts)).collect();
            statements.push(egresses::looked(&view.stream.id, desk.now()));
            desk.batch(statements).await?;
            Ok(true)
        }
        Err(failed) => {
            desk.trail.decided(format!("LiveKit's egress list did not come ({})", failed.code()));
            Ok(false)
        }
    }
}

/// Gives up an attempt that LiveKit's list does not have after 90 s. Should its words come all the same,
/// they count, and it is stopped.
pub(super) async fn give_up<P: Ports>(desk: &Desk<'_, P>, job_id: &str) -> Result<(), Error> {
    desk.trail.decided("an attempt to start was never confirmed: given up");
    let now = desk.now();
    let given_up = Input::Concluded(Status::Aborted);
    desk.batch(vec![egresses::apply(Which::Id(job_id), given_up, Some("livekit_unavailable"), Some(now), &Only::Always)]).await.map(|_| ())
}

/// Compares the session with LiveKit's rooms and participants.
pub(super) async fn look_at_room<P: Ports>(desk: &Desk<'_, P>, view: &View) -> Result<(), Error> {
    let name = &view.stream.room_name;
    let began_look = desk.now();
    let found: Result<room::Rooms, Failed> = answer(desk.ports.send(room::find(desk.config, name, began_look)?).await);
    let found = match found {
        Ok(rooms) => rooms.named(name),
        Err(failed) => {
            desk.trail.decided(format!("LiveKit's room list did not come ({})", failed.code()));
            return Ok(());
        }
    };
    let current = view.session.as_ref().filter(|s| s.ended_at.is_none() && s.project == desk.config.project);
    let Some(found) = found else {
        let Some(session) = current else { return Ok(()) };
        let believed = session.absent_at.is_some_and(|at| began_look.since(at) >= super::decide::ABSENT_FOR_MS);
        desk.trail.decided(if believed { "LiveKit does not have the room, seen twice: over" } else { "LiveKit does not have the room" });
        let statements = if believed {
            sessions::end(&session.sid, session.absent_at.unwrap_or(began_look), &Only::Always, began_look)
        } else {
            vec![sessions::absent(&session.sid, began_look)]
        };
        return desk.batch(statements).await.map(|_| ());
    };
    // A stream made for one session of another backend's room knows that session only.
    if !view.stream.owns_room && current.is_none_or(|s| s.sid != found.sid) {
        let Some(session) = current else { return Ok(()) };
        return desk.batch(sessions::end(&session.sid, began_look, &Only::Always, began_look)).await.map(|_| ());
    }
    let present: Result<room::Present, Failed> = answer(desk.ports.send(room::participants(desk.config, name, began_look)?).await);
    let people = match present {
        Ok(present) => present.all(),
        Err(failed) => {
            desk.trail.decided(format!("LiveKit's participant list did not come ({})", failed.code()));
            return Ok(());
        }
    };
    let people: Vec<_> = people.iter().filter(|p| p.is_person() || (!p.is_recorder() && !p.tracks.is_empty())).collect();
    let hosts: Vec<_> = people.iter().filter(|p| p.identity == view.stream.owner_id || !view.stream.owns_room).collect();
    let publishing: Vec<_> = hosts.iter().filter(|p| !p.tracks.is_empty()).collect();
    let now = desk.now();
    let seen = Seen { sid: &found.sid, name, project: &desk.config.project, began: found.created_at().unwrap_or(now) };
    desk.trail.decided(format!("LiveKit has the room with {} people, {} publishing", people.len(), publishing.len()));
    let mut statements = vec![
        sessions::end_older(name, seen.sid, seen.began, now),
        sessions::see(&seen, &Only::Always, now),
        sessions::enter(seen.sid, hosts.first().map(|_| view.stream.owner_id.as_str()), &Only::Always, now),
    ];
    statements.extend(participants::present(seen.sid, &people, now));
    let sids: Vec<&str> = people.iter().map(|p| p.sid.as_str()).collect();
    statements.extend(participants::gone(seen.sid, &sids, began_look));
    for host in &publishing {
        statements.extend(participants::published(seen.sid, host, now, &Only::Always, now));
    }
    if publishing.is_empty() {
        statements.push(participants::nobody_publishes(seen.sid));
    }
    statements.push(sessions::looked(seen.sid, now));
    desk.batch(statements).await.map(|_| ())
}

/// Closes the room of a stream that its owner ended, if it is still the same life of it.
pub(super) async fn close_room<P: Ports>(desk: &Desk<'_, P>, view: &View, sid: &str) -> Result<(), Error> {
    let name = &view.stream.room_name;
    let now = desk.now();
    let found: Result<room::Rooms, Failed> = answer(desk.ports.send(room::find(desk.config, name, now)?).await);
    match found.map(|rooms| rooms.named(name)) {
        Ok(Some(found)) if found.sid == sid => {
            let closed: Result<serde_json::Value, Failed> = answer(desk.ports.send(room::close(desk.config, name, now)?).await);
            match closed {
                Ok(_) | Err(Failed::Refused(Refusal::NotFound)) => desk.trail.decided("the room is closed"),
                Err(failed) => {
                    desk.trail.decided(format!("the room was not closed ({}); tried again", failed.code()));
                    return Ok(());
                }
            }
        }
        Ok(_) => desk.trail.decided("the room is closed already"),
        Err(failed) => {
            desk.trail.decided(format!("LiveKit's room list did not come ({}); tried again", failed.code()));
            return Ok(());
        }
    }
    desk.batch(sessions::end(sid, now, &Only::Always, now)).await.map(|_| ())
}

/// Asks whether a failed job left its file: FAILED does not mean that there is none.
pub(super) async fn check_file<P: Ports>(desk: &Desk<'_, P>, view: &View, job_id: &str) -> Result<(), Error> {
    let Some(job) = view.jobs.iter().find(|job| job.id == job_id) else { return Ok(()) };
    let now = desk.now();
    let request = object::head(desk.config, &job.bucket(), &job.object_key, now).map_err(|_| Error::internal())?;
    let last = usize::try_from(job.file_checks).is_ok_and(|checks| checks + 1 >= FILE_CHECKS.len());
    let (found, known) = match object::sight(&desk.ports.send(request).await) {
        Sight::There(size) if size > 0 => (Some(size), true),
        Sight::There(_) | Sight::NotThere => (None, true),
        Sight::Unclear => (None, false),
    };
    desk.trail.decided(if found.is_some() { "the failed job left its file" } else { "no file of the failed job so far" });
    let mut statements = vec![egresses::file_checked(job_id, found, last && known, now)];
    if found.is_some() {
        statements.push(assets::make(&job.object_key, &desk.new_id(), now, &Only::Always));
    }
    desk.batch(statements).await.map(|_| ())
}

/// Verifies a recording's file: ready with its true size, or missing, or asked again.
pub(super) async fn verify<P: Ports>(desk: &Desk<'_, P>, view: &View, asset_id: &str) -> Result<(), Error> {
    let Some(asset) = view.unverified.iter().find(|asset| asset.id == asset_id) else { return Ok(()) };
    let (now, bucket) = (desk.now(), asset.bucket());
    let request = object::head(desk.config, &bucket, &asset.object_key, now).map_err(|_| Error::internal())?;
    let statement = match object::sight(&desk.ports.send(request).await) {
        Sight::There(size) if size > 0 => {
            desk.trail.decided("the file is there: ready");
            let ttl = desk.config.object_ttl.as_ref().filter(|_| !asset.saved);
            let expires_at = ttl.map(|ttl| asset.ended_at.unwrap_or(asset.created_at).plus(ttl.ms));
            assets::ready(asset_id, size, expires_at)
        }
        Sight::NotThere if confirmed_absent(desk, asset, now).await? => {
            desk.trail.decided("the file is not there, confirmed: missing");
            assets::missing(asset_id, now)
        }
        _ => {
            desk.trail.decided("the file could not be verified; looked at again");
            assets::checked(asset_id, now)
        }
    };
    desk.batch(vec![statement]).await.map(|_| ())
}

/// An upload that LiveKit announced is complete, but Storj may be a moment behind: absence counts from a
/// minute after the end on, and only in S3's own words.
async fn confirmed_absent<P: Ports>(desk: &Desk<'_, P>, asset: &assets::Unverified, now: Millis) -> Result<bool, Error> {
    if now.since(asset.created_at) < MINUTE {
        return Ok(false);
    }
    let request = object::first_byte(desk.config, &asset.bucket(), &asset.object_key, now).map_err(|_| Error::internal())?;
    Ok(object::confirms_absence(&desk.ports.send(request).await))
}
