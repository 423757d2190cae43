//! What must hold of the numbers of a stream: viewers, their peak and how long they watched.

use std::collections::BTreeSet;

use livekit_storj::params;

use super::invariants::text;
use super::livekit::Stay;
use super::people::HOST;
use super::world::World;

/// Whom an identity is of, by what tokens say: not the core's own reading of it.
fn person(identity: &str) -> &str {
    identity.split('~').next().unwrap()
}

/// Viewers who were in the sessions of a stream.
fn viewers(world: &World, stream: &str) -> Vec<Stay> {
    let sql = "SELECT sid FROM sessions WHERE stream_id = ? UNION SELECT session_sid FROM participants WHERE stream_id = ?";
    let sids: BTreeSet<String> = world.db.rows(sql, params![stream, stream]).iter().map(|row| text(row, "sid")).collect();
    let livekit = world.livekit.borrow();
    livekit.stays.iter().filter(|stay| sids.contains(&stay.room_sid) && stay.identity != HOST).cloned().collect()
}

/// Unique viewers and watch time are never more than there were; nor is the peak, unless a leaving was
/// never told.
pub fn are_lower_bounds(world: &World) {
    for stream in world.db.rows("SELECT id, peak_viewers, unique_viewers, watch_ms FROM live_streams", vec![]) {
        let stays = viewers(world, &text(&stream, "id"));
        let people: BTreeSet<&str> = stays.iter().map(|stay| person(&stay.identity)).collect();
        let watched: i64 = stays.iter().map(|stay| stay.left.unwrap_or(world.livekit_now()) - stay.joined).sum();
        if stream["unique_viewers"].as_u64() > Some(people.len() as u64) {
            world.violated("unique viewers are a lower bound", format!("{} there were: {stream}", people.len()));
        }
        // Of who went without a word the last look's time is taken, which is by the Worker's clock, not LiveKit's.
        let clocks = (world.livekit_now() - world.now()).abs() * i64::try_from(stays.len()).unwrap();
        if stream["watch_ms"].as_i64() > Some(watched + clocks) {
            world.violated("watch time is a lower bound", format!("{watched} ms there were: {stream}"));
        }
        let mut moments: Vec<(i64, i64)> = stays.iter().flat_map(|s| [(s.joined, 1), (s.left.unwrap_or(i64::MAX), -1)]).collect();
        // Who comes in the moment in which another goes counts beside him.
        moments.sort_by_key(|(at, change)| (*at, -change));
        let most = moments
            .iter()
            .scan(0, |now, (_, change)| {
                *now += change;
                Some(*now)
            })
            .max()
            .unwrap_or(0);
        if stream["peak_viewers"].as_i64() > Some(most)
            && !world.counts.borrow().contains_key("webhooks lost")
            && no_leaving_was_lost(world)
        {
            world.violated("the peak is a lower bound", format!("{most} there were: {stream}"));
        }
    }
}

fn no_leaving_was_lost(world: &World) -> bool {
    !world.counts.borrow().keys().any(|what| {
        what.contains("Dropped")
            || what.contains("Overtaken")
            || what.contains("outage D1")
            || what.contains("outage Webhooks")
            || what.contains("fault d1")
    })
}
