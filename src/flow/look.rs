//! Looking at LiveKit's lists: which jobs there are, which rooms, and who is in them.
//!
//! A list that does not come proves nothing.

use super::decide::{ABSENT_FOR_MS, UNTOLD_LOOKED_FOR_MS, View};
use super::job::hear;
use crate::batch;
use crate::error::Error;
use crate::livekit::info::EgressInfo;
use crate::livekit::twirp::{Failed, Refusal, answer};
use crate::livekit::{egress, room};
use crate::ports::{Desk, Ports};
use crate::store::egresses::Job;
use crate::store::sessions::{self, Seen};
use crate::store::{Only, Statement, egresses, participants};

/// Compares the unfinished jobs with LiveKit's list of the room. Answers whether the list came.
pub(super) async fn at_egresses<P: Ports>(desk: &Desk<'_, P>, view: &View) -> Result<bool, Error> {
    let request = egress::list(desk.config, &view.stream.room_name, desk.now())?;
    match egress::Listed::read(desk.ports.send(request).await) {
        Ok(listed) => {
            let ours = |key: &str| view.jobs.iter().any(|job| job.object_key == key);
            let facts: Vec<_> = listed.egresses().iter().filter_map(EgressInfo::facts).filter(|f| ours(&f.object_key)).collect();
            desk.trail.decided(format!("LiveKit lists {} of our jobs", facts.len()));
            let mut statements: Vec<Statement> = facts.iter().flat_map(|facts| hear(desk, facts)).collect();
            let now = desk.now();
            statements.push(egresses::looked(&view.stream.id, now.plus(-UNTOLD_LOOKED_FOR_MS), now));
            desk.batch(statements).await?;
            Ok(true)
        }
        Err(failed) => {
            desk.trail.decided(format!("LiveKit's egress list did not come ({})", failed.code()));
            Ok(false)
        }
    }
}

/// Compares the session with LiveKit's rooms and participants.
pub(super) async fn at_room<P: Ports>(desk: &Desk<'_, P>, view: &View) -> Result<(), Error> {
    let name = &view.stream.room_name;
    let began_look = desk.now();
    let found = room::Rooms::read(desk.ports.send(room::find(desk.config, name, began_look)?).await);
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
        let believed = session.absent_at.is_some_and(|at| began_look.since(at) >= ABSENT_FOR_MS);
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
    let present = room::Present::read(desk.ports.send(room::participants(desk.config, name, began_look)?).await);
    let people = match present {
        Ok(present) => present.all(),
        Err(failed) => {
            desk.trail.decided(format!("LiveKit's participant list did not come ({})", failed.code()));
            return Ok(());
        }
    };
    // One that joins while the list is under way is not in it.
    let records = |job: &&Job| job.heard.is_some_and(|heard| heard < 3);
    let known: Vec<&str> = view.jobs.iter().filter(records).filter_map(|job| job.egress_id.as_deref()).collect();
    let recorders: Vec<&str> = people.iter().filter(|p| p.is_recorder()).map(|p| p.identity.as_str()).collect();
    let people: Vec<_> = people.iter().filter(|p| p.is_person() || (!p.is_recorder() && !p.tracks.is_empty())).collect();
    let hosts: Vec<_> = people.iter().filter(|p| p.identity == view.stream.owner_id || !view.stream.owns_room).collect();
    let publishing: Vec<_> = hosts.iter().filter(|p| !p.tracks.is_empty()).collect();
    let now = desk.now();
    let seen = Seen { sid: &found.sid, name, project: &desk.config.project, began: found.created_at().unwrap_or(now) };
    desk.trail.decided(format!("LiveKit has the room with {} people, {} publishing", people.len(), publishing.len()));
    let mut statements = batch![
        sessions::end_older(name, seen.sid, seen.began, &Only::Always, now),
        sessions::see(&seen, &Only::Always, now),
        sessions::enter(seen.sid, hosts.first().map(|_| view.stream.owner_id.as_str()), &Only::Always, now),
    ];
    // A room without a soul in it closes by itself and tells: an empty list proves nothing. Who has gone goes
    // first, so that nobody is counted twice.
    let sids: Vec<&str> = people.iter().map(|p| p.sid.as_str()).collect();
    if !sids.is_empty() {
        statements.extend(participants::gone(seen.sid, &sids, began_look));
    }
    statements.extend(participants::present(seen.sid, &people, now));
    for host in &publishing {
        statements.extend(participants::published(seen.sid, host, now, &Only::Always, now));
    }
    if publishing.is_empty() && !sids.is_empty() {
        statements.push(participants::nobody_publishes(seen.sid, began_look));
    }
    if !sids.is_empty() {
        let guests = people.iter().any(|p| !p.tracks.is_empty() && !publishing.iter().any(|host| host.sid == p.sid));
        statements.push(participants::guests_publish(seen.sid, guests, began_look));
    }
    statements.push(egresses::recorders(seen.sid, &recorders, &known, began_look));
    statements.push(sessions::looked(seen.sid, !sids.is_empty(), now));
    desk.batch(statements).await.map(|_| ())
}

/// Closes the room of a stream that its owner ended, if it is still the same life of it.
pub(super) async fn close_room<P: Ports>(desk: &Desk<'_, P>, view: &View, sid: &str) -> Result<(), Error> {
    let name = &view.stream.room_name;
    let now = desk.now();
    let found = room::Rooms::read(desk.ports.send(room::find(desk.config, name, now)?).await);
    match found.map(|rooms| rooms.named(name)) {
        Ok(Some(found)) if found.sid == sid => {
            let closed = answer(desk.ports.send(room::close(desk.config, name, now)?).await);
            match closed {
                Ok(_) | Err(Failed::Refused(Refusal::NotFound)) => desk.trail.decided("the room is closed"),
                Err(failed) => {
                    desk.trail.decided(format!("the room was not closed ({}); tried again", failed.code()));
                    return Ok(());
                }
            }
        }
        // One empty list proves nothing.
        Ok(None) if view.session.as_ref().and_then(|s| s.absent_at).is_none_or(|at| now.since(at) < ABSENT_FOR_MS) => {
            return desk.batch(batch![sessions::absent(sid, now)]).await.map(|_| ());
        }
        Ok(_) => desk.trail.decided("the room is closed already"),
        Err(failed) => {
            desk.trail.decided(format!("LiveKit's room list did not come ({}); tried again", failed.code()));
            return Ok(());
        }
    }
    desk.batch(sessions::end(sid, now, &Only::Always, now)).await.map(|_| ())
}
