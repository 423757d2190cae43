//! What must hold while rooms are open, after the calm.

use std::collections::BTreeMap;

use livekit_storj::params;
use serde_json::json;

use super::invariants::text;
use super::people::{HOST, Said, Word};
use super::world::{Dashboard, World};

/// Rooms are as they were after the storm, and had 45 minutes.
pub fn while_rooms_are_open(world: &World) {
    at_most_one_egress_a_session(world);
    what_was_stopped_does_not_record(world);
    a_start_after_a_stop_is_a_new_one(world);
    what_is_wished_records(world);
    streams_are_live_and_counted(world);
}

fn at_most_one_egress_a_session(world: &World) {
    let mut alive: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for egress in world.livekit.borrow().egresses.iter().filter(|egress| egress.is_alive()) {
        alive.entry(egress.room_sid.clone()).or_default().push(egress.id.clone());
    }
    for (sid, egresses) in alive.iter().filter(|(_, egresses)| egresses.len() > 1) {
        world.violated("one egress a session", format!("{sid}: {egresses:?}"));
    }
}

/// A word is undone only by one that was said, or may have arrived, later.
fn stands<'a>(all: &'a [Said], said: &'a Said, others: &'a [Word]) -> bool {
    let ended = |other: &Said| other.answered.map_or(i64::MAX, |(at, _)| at);
    !all.iter()
        .any(|other| other.room == said.room && others.contains(&other.word) && ended(other) >= said.sent && !std::ptr::eq(other, said))
}

fn what_was_stopped_does_not_record(world: &World) {
    let all = world.said.borrow();
    for said in all.iter().filter(|said| said.word != Word::Start && said.answered.is_some_and(|(_, status)| status == 200)) {
        if !stands(&all, said, &[Word::Start]) {
            continue;
        }
        let Some(stream) = &said.stream else { continue };
        let keys: Vec<String> = world
            .db
            .rows("SELECT object_key FROM egresses WHERE stream_id = ?", params![stream])
            .iter()
            .map(|row| text(row, "object_key"))
            .collect();
        for egress in world.livekit.borrow().egresses.iter().filter(|egress| egress.is_alive() && keys.contains(&egress.key)) {
            world.violated("what was stopped does not record", format!("{} after {said:?}", egress.id));
        }
        world.count("a last word was stop");
    }
}

/// Asked again after a stop, it is a new one that records.
fn a_start_after_a_stop_is_a_new_one(world: &World) {
    let all = world.said.borrow();
    for start in all.iter().filter(|said| said.word == Word::Start && matches!(said.answered, Some((_, 200)))) {
        let before = |stop: &&Said| stop.word != Word::Start && stop.answered.is_some_and(|(at, status)| status == 200 && at <= start.sent);
        if let Some(stop) = all.iter().filter(before).find(|stop| start.egresses.iter().any(|id| stop.egresses.contains(id))) {
            world.violated("a start after a stop is a new one", format!("{stop:?} {start:?}"));
        }
    }
}

fn what_is_wished_records(world: &World) {
    let livekit = world.livekit.borrow();
    for room in livekit.rooms.values().filter(|room| room.people.iter().any(|p| p.identity == HOST && p.publishes)) {
        let sql = "SELECT l.id, l.status, l.wish, l.wish_error, l.session_sid, l.tend_at, l.ended_by, j.status AS job, j.egress_id, j.error \
                   FROM live_streams l LEFT JOIN egresses j ON j.id = l.job_id WHERE l.room_name = ? \
                   ORDER BY l.ended_at IS NULL DESC, l.created_at DESC, l.id DESC";
        let Some(stream) = world.db.rows(sql, params![&room.name]).into_iter().next() else { continue };
        let recording = livekit.egresses.iter().any(|e| e.room_sid == room.sid && e.status == "EGRESS_ACTIVE" && !e.dead);
        let wanted = matches!(stream["wish"].as_str(), Some("auto" | "asked")) && stream["ended_by"].is_null();
        // Without any webhook nobody tells that the host came.
        let told = world.dashboard != Dashboard::Nothing || text(&stream, "wish") == "asked";
        // A life of a room of which every word was lost, after one that is over, nobody knows of ("Not covered").
        let life = world.db.one("SELECT count(*) FROM sessions WHERE sid = ?", params![&room.sid]);
        let unheard = life == json!(0) && !stream["session_sid"].is_null() && text(&stream, "wish") == "auto";
        if wanted && told && !recording && unheard && world.counts.borrow().contains_key("webhooks lost") {
            world.count("a life of a room that nobody told of");
            continue;
        }
        if wanted && told && !recording {
            world.violated("what is wished records", format!("{}: {stream}", room.sid));
        }
        if wanted && recording {
            world.count("a wish came true");
            let job = world.db.one("SELECT count(*) FROM egresses WHERE session_sid = ? AND status = 'recording'", params![&room.sid]);
            if job != json!(1) {
                world.violated("what records is filed as recording", format!("{}: {stream}", room.sid));
            }
        }
        let all = world.said.borrow();
        let asked = all.iter().find(|said| {
            let taken = matches!(said.answered, Some((_, 200 | 202)));
            said.word == Word::Start
                && taken
                && said.session.as_ref() == Some(&room.sid)
                && stands(&all, said, &[Word::Stop, Word::End, Word::Start])
        });
        if let Some(asked) = asked
            && !recording
        {
            world.violated("what was asked for is not forgotten", format!("{asked:?}: {stream}"));
        }
    }
}

fn streams_are_live_and_counted(world: &World) {
    let sql = "SELECT l.id, l.status, l.viewer_count, l.session_sid, s.ended_at AS over, l.room_name, l.tend_at, l.ended_at FROM live_streams l \
               LEFT JOIN sessions s ON s.sid = l.session_sid";
    for stream in world.db.rows(sql, vec![]) {
        let livekit = world.livekit.borrow();
        let room = livekit.rooms.values().find(|room| room.sid == text(&stream, "session_sid"));
        let publishes = room.is_some_and(|room| room.people.iter().any(|p| p.identity == HOST && p.publishes));
        let status = text(&stream, "status");
        if status == "live" && !publishes {
            world.violated("live means that the host publishes", stream.to_string());
        }
        if status == "created" && publishes && stream["over"].is_null() {
            world.violated("a host who publishes is live", stream.to_string());
        }
        let watching = |room: &super::livekit::Room| room.people.iter().filter(|p| !p.recorder && p.identity != HOST).count();
        let present = room.filter(|_| stream["ended_at"].is_null()).map_or(0, watching);
        if stream["viewer_count"] != json!(present) {
            world.violated("viewers are counted", format!("{present} are there: {stream}"));
        }
    }
}
