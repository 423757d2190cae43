//! Tables `participants` and `audience`. The numbers of a stream follow by triggers.

use super::sessions::asked_since;
use super::{Only, Statement};
use crate::batch;
use crate::flow::decide::QUIET_FOR_MS;
use crate::livekit::info::Participant;
use crate::object;
use crate::params;
use crate::time::Millis;

/// Whether a participant hosts: the owner of the stream; in a room of another backend, whoever
/// publishes.
const IS_HOST: &str = "(l.owner_id = ? OR (l.owns_room = 0 AND ?))";

/// The person behind an identity: viewers' are the user id, `~` and random letters.
#[must_use]
pub fn person(identity: &str) -> &str {
    identity.rsplit_once('~').map_or(identity, |(user, _)| user)
}

/// Somebody came. A `left` that came before stays the last word on presence.
#[must_use]
pub fn joined(session_sid: &str, who: &Participant, at: Millis, only: &Only, now: Millis) -> Vec<Statement> {
    if !who.is_person() {
        return vec![];
    }
    let at = who.joined_at().unwrap_or(at);
    batch![file(session_sid, who, (Some(at), None), false, only, now), seen(&who.sid, who, at, only)]
}

/// Somebody went. With `arrived`, the time of coming is known too, so a lost `joined` costs nothing.
#[must_use]
pub fn left(session_sid: &str, who: &Participant, at: Millis, arrived: bool, only: &Only, now: Millis) -> Vec<Statement> {
    if !who.is_person() {
        // A host may broadcast through an ingress, which counts as publishing and never as a viewer.
        let gone = Statement::new("UPDATE participants SET left_at = ? WHERE sid = ? AND left_at IS NULL", params![at, &who.sid]);
        return vec![gone.only(only), host_gone(session_sid, at, only)];
    }
    let joined_at = who.joined_at().filter(|_| arrived);
    let mut statements = batch![file(session_sid, who, (joined_at, Some(at)), false, only, now)];
    if let Some(joined_at) = joined_at {
        statements.push(seen(&who.sid, who, joined_at, only));
    }
    statements.push(host_gone(session_sid, at, only));
    statements
}

/// A track of somebody's is there: a host is one who publishes, and the stream is live.
#[must_use]
pub fn published(session_sid: &str, who: &Participant, at: Millis, only: &Only, now: Millis) -> Vec<Statement> {
    if who.is_recorder() {
        return vec![];
    }
    batch![
        file(session_sid, who, (Some(who.joined_at().unwrap_or(at)), None), true, only, now),
        // In a room of another backend, who publishes turns from viewer to host.
        Statement::new(
            "UPDATE participants SET role = 'host' WHERE sid = ? AND role = 'viewer' AND left_at IS NULL \
             AND EXISTS (SELECT 1 FROM live_streams l WHERE l.id = participants.stream_id AND l.owns_room = 0)",
            params![&who.sid],
        )
        .only(only),
        began_after_all(session_sid, who, only),
        Statement::new(
            "UPDATE live_streams SET started_at = min(COALESCE(started_at, ?), ?), published_at = ?, tend_at = ? \
             WHERE session_sid = ? AND (owner_id = ? OR owns_room = 0) AND id = (SELECT stream_id FROM sessions WHERE sid = ?)",
            params![at, at, now, now, session_sid, &who.identity, session_sid],
        )
        .only(only),
        Statement::new(
            "UPDATE live_streams SET status = 'live', quiet_at = NULL WHERE session_sid = ? AND status = 'created' \
             AND (owner_id = ? OR owns_room = 0) \
             AND EXISTS (SELECT 1 FROM sessions WHERE sid = ? AND ended_at IS NULL) \
             AND EXISTS (SELECT 1 FROM participants WHERE sid = ? AND left_at IS NULL)",
            params![session_sid, &who.identity, session_sid, &who.sid],
        )
        .only(only),
    ]
}

/// A track of somebody's is gone, so it was there: the word of its coming may be lost.
#[must_use]
pub fn unpublished(session_sid: &str, who: &Participant, at: Millis, only: &Only) -> Vec<Statement> {
    let began = Statement::new(
        "UPDATE live_streams SET started_at = ? WHERE session_sid = ? AND owner_id = ? AND started_at IS NULL \
         AND id = (SELECT stream_id FROM sessions WHERE sid = ?)",
        params![at, session_sid, &who.identity, session_sid],
    );
    batch![began_after_all(session_sid, who, only), began.only(only)]
}

/// The word of a host's track comes after that of the room's end: then a broadcast that seemed not to have begun
/// is over; unless somebody has asked since for the next one to be recorded.
fn began_after_all(session_sid: &str, who: &Participant, only: &Only) -> Statement {
    Statement::new(
        format!(
            "UPDATE live_streams SET status = 'ended', ended_at = s.ended_at, ended_by = 'room', \
             wish = CASE WHEN wish <> 'asked' THEN wish WHEN was_auto = 1 THEN 'auto' ELSE 'none' END FROM sessions s \
             WHERE s.sid = ? AND s.ended_at IS NOT NULL AND live_streams.id = s.stream_id AND live_streams.session_sid = s.sid \
             AND live_streams.ended_at IS NULL AND live_streams.started_at IS NULL AND live_streams.owner_id = ? AND NOT ({})",
            asked_since("live_streams", "s.ended_at")
        ),
        params![session_sid, &who.identity],
    )
    .only(only)
}

/// Files everybody whom LiveKit's list shows, in two statements whatever their number.
#[must_use]
pub fn present(session_sid: &str, people: &[&Participant], now: Millis) -> Vec<Statement> {
    let rows: Vec<serde_json::Value> = people
        .iter()
        .map(|who| {
            object!({
                "sid": who.sid, "identity": who.identity, "person": person(&who.identity),
                "at": who.joined_at().unwrap_or(now).0, "is_person": i64::from(who.is_person()), "publishes": i64::from(!who.tracks.is_empty()),
            })
        })
        .collect();
    let rows = crate::json::write(&serde_json::Value::from(rows));
    batch![
        Statement::new(
            format!(
                "INSERT INTO participants (sid, session_sid, stream_id, identity, role, joined_at, filed_at) \
             SELECT p.value ->> 'sid', s.sid, s.stream_id, p.value ->> 'identity', \
             CASE WHEN l.owner_id = p.value ->> 'identity' OR (l.owns_room = 0 AND p.value ->> 'publishes') THEN 'host' ELSE 'viewer' END, \
             p.value ->> 'at', ? FROM json_each(?) p JOIN sessions s ON s.sid = ? JOIN live_streams l ON l.id = s.stream_id \
             WHERE {NOT_ERASED} AND (p.value ->> 'is_person' OR l.owner_id = p.value ->> 'identity' OR l.owns_room = 0) \
             ON CONFLICT (sid) DO UPDATE SET joined_at = excluded.joined_at WHERE participants.joined_at IS NULL"
            ),
            params![now, &rows, session_sid],
        ),
        Statement::new(
            "INSERT INTO audience (stream_id, viewer, seen_at) \
             SELECT q.stream_id, p.value ->> 'person', p.value ->> 'at' FROM json_each(?) p \
             JOIN participants q ON q.sid = p.value ->> 'sid' WHERE q.role = 'viewer' ON CONFLICT (stream_id, viewer) DO NOTHING",
            params![&rows],
        ),
    ]
}

/// LiveKit's list, asked for at `looked`, shows nobody of the hosts publishing.
#[must_use]
pub fn nobody_publishes(session_sid: &str, looked: Millis) -> Statement {
    Statement::new(
        "UPDATE live_streams SET status = 'created', quiet_at = ? WHERE session_sid = ? AND status = 'live' AND COALESCE(published_at, 0) <= ?",
        params![looked, session_sid, looked],
    )
}

/// Whether somebody publishes who is not the host: by another backend's token, in a room of ours.
#[must_use]
pub fn guests_publish(session_sid: &str, guests: bool, looked: Millis) -> Statement {
    Statement::new(
        "UPDATE live_streams SET guests_at = ?, quiet_at = CASE WHEN ? AND status = 'created' THEN ? ELSE quiet_at END \
         WHERE session_sid = ? AND (? OR guests_at IS NOT NULL)",
        params![guests.then_some(looked), guests, looked, session_sid, guests],
    )
}

/// Whoever is filed as present and is not among `sids` left between the last list that showed them and this one. The
/// earlier time is taken: watch time is a lower bound. Of who was filed after this list was asked for it proves
/// nothing: they may have come while it was under way.
#[must_use]
pub fn gone(session_sid: &str, sids: &[&str], looked: Millis) -> Vec<Statement> {
    vec![
        Statement::new(
            "UPDATE participants SET left_at = max(COALESCE(joined_at, 0), \
             COALESCE((SELECT counted_at FROM sessions WHERE sid = participants.session_sid \
             AND counted_at >= COALESCE(participants.filed_at, 0)), 0)) \
             WHERE session_sid = ? AND left_at IS NULL AND COALESCE(filed_at, joined_at, 0) < ? \
             AND sid NOT IN (SELECT value FROM json_each(?))",
            params![session_sid, looked, crate::json::write(&serde_json::json!(sids))],
        ),
        host_gone(session_sid, looked, &Only::Always),
    ]
}

/// SQL: nobody is filed in a stream of which only the name is left ([`super::tombstones::finish_stream`]), its host least of all.
const NOT_ERASED: &str = "l.owner_id <> ''";

fn file(
    session_sid: &str,
    who: &Participant,
    (joined_at, left_at): (Option<Millis>, Option<Millis>),
    publishes: bool,
    only: &Only,
    now: Millis,
) -> Statement {
    Statement::new(
        format!(
            "INSERT INTO participants (sid, session_sid, stream_id, identity, role, joined_at, left_at, filed_at) \
             SELECT ?, s.sid, s.stream_id, ?, CASE WHEN {IS_HOST} THEN 'host' ELSE 'viewer' END, ?, ?, ? \
             FROM sessions s JOIN live_streams l ON l.id = s.stream_id WHERE s.sid = ? AND {NOT_ERASED} AND (NOT ? OR {IS_HOST})"
        ),
        params![
            &who.sid,
            &who.identity,
            &who.identity,
            publishes,
            joined_at,
            left_at,
            now,
            session_sid,
            publishes,
            &who.identity,
            publishes,
        ],
    )
    .only(only)
    .then(
        " ON CONFLICT (sid) DO UPDATE SET joined_at = COALESCE(participants.joined_at, excluded.joined_at), \
         left_at = COALESCE(participants.left_at, excluded.left_at) \
         WHERE (participants.joined_at IS NULL AND excluded.joined_at IS NOT NULL) \
         OR (participants.left_at IS NULL AND excluded.left_at IS NOT NULL)",
        vec![],
    )
}

fn seen(sid: &str, who: &Participant, at: Millis, only: &Only) -> Statement {
    Statement::new(
        "INSERT INTO audience (stream_id, viewer, seen_at) \
         SELECT stream_id, ?, ? FROM participants WHERE sid = ? AND role = 'viewer'",
        params![person(&who.identity), at, sid],
    )
    .only(only)
    .then(" ON CONFLICT (stream_id, viewer) DO NOTHING", vec![])
}

/// The last host has gone. What records is looked at when it has been quiet for so long that it should stop.
fn host_gone(session_sid: &str, at: Millis, only: &Only) -> Statement {
    let look = at.plus(QUIET_FOR_MS);
    Statement::new(
        "UPDATE live_streams SET status = 'created', quiet_at = ?, tend_at = min(COALESCE(tend_at, ?), ?) \
         WHERE session_sid = ? AND status = 'live' \
         AND NOT EXISTS (SELECT 1 FROM participants WHERE session_sid = ? AND role = 'host' AND left_at IS NULL)",
        params![at, look, look, session_sid, session_sid],
    )
    .only(only)
}
