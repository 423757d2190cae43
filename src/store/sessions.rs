//! Table `sessions`, and what a session's beginning and end do to its stream.

use super::{Only, Statement};
use crate::params;
use crate::time::{MINUTE, Millis};

/// A stream that its room's closing ended opens again when its host is back within this time: a host
/// whose connection broke comes back with the old token, and LiveKit makes a new room of the same name.
pub const REOPEN_WITHIN_MS: i64 = 15 * MINUTE;

/// A room that LiveKit named.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// LiveKit's room sid.
    pub sid: &'a str,
    /// Its name.
    pub name: &'a str,
    /// On which LiveKit.
    pub project: &'a str,
    /// When this life of it began, or the earliest that is known.
    pub began: Millis,
}

/// Files the session under the room's newest stream, if the room is ours and that stream is open or
/// may open again. Rooms of other backends match nothing.
#[must_use]
pub fn see(room: &Seen, only: &Only, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO sessions (sid, stream_id, room_name, project, started_at) \
         SELECT ?, id, room_name, ?, ? FROM live_streams WHERE id = \
         (SELECT id FROM live_streams WHERE room_name = ? AND owns_room = 1 ORDER BY created_at DESC, id DESC LIMIT 1) \
         AND (ended_at IS NULL OR (ended_by = 'room' AND ended_at > ?))",
        params![room.sid, room.project, room.began, room.name, now.plus(-REOPEN_WITHIN_MS)],
    )
    .only(only)
    .then(
        // Filed before under a stream that has ended, by viewers who opened the room again: the stream that
        // is open now has it.
        " ON CONFLICT (sid) DO UPDATE SET stream_id = excluded.stream_id \
         WHERE sessions.stream_id <> excluded.stream_id AND sessions.ended_at IS NULL \
         AND EXISTS (SELECT 1 FROM live_streams o WHERE o.id = sessions.stream_id AND o.ended_at IS NOT NULL) \
         AND EXISTS (SELECT 1 FROM live_streams n WHERE n.id = excluded.stream_id AND n.ended_at IS NULL)",
        vec![],
    )
}

/// Files a session of a room that another backend made, for the stream made for it.
#[must_use]
pub fn see_foreign(room: &Seen, stream_id: &str) -> Statement {
    Statement::new(
        "INSERT INTO sessions (sid, stream_id, room_name, project, started_at) \
         SELECT ?, id, ?, ?, ? FROM live_streams WHERE id = ? ON CONFLICT (sid) DO NOTHING",
        params![room.sid, room.name, room.project, room.began, stream_id],
    )
}

/// Makes an open session its stream's current one, if it is newer than the one before. An ended stream
/// opens again only when `identity`, who is here, is its owner: viewers with old tokens do not bring a
/// broadcast back.
#[must_use]
pub fn enter(sid: &str, identity: Option<&str>, only: &Only, now: Millis) -> Statement {
    Statement::new(
        "UPDATE live_streams SET session_sid = ?, session_at = s.started_at, \
         viewer_count = (SELECT count(*) FROM participants p WHERE p.session_sid = s.sid AND p.role = 'viewer' AND p.left_at IS NULL), \
         peak_viewers = max(peak_viewers, (SELECT count(*) FROM participants p WHERE p.session_sid = s.sid AND p.role = 'viewer' AND p.left_at IS NULL)), \
             status = 'created', ended_at = NULL, ended_by = NULL, tend_at = ?, \
             wish_at = CASE WHEN wish IN ('auto', 'asked') AND session_sid IS NOT NULL THEN ? ELSE wish_at END \
             FROM sessions s WHERE s.sid = ? AND live_streams.id = s.stream_id AND s.ended_at IS NULL \
             AND (live_streams.ended_at IS NULL OR (live_streams.ended_by = 'room' AND live_streams.owner_id = ?)) \
             AND (live_streams.session_at IS NULL OR live_streams.session_at < s.started_at)",
        params![sid, now, now, sid, identity],
    )
    .only(only)
}

/// Ends a session. `at` is LiveKit's time of it.
#[must_use]
pub fn end(sid: &str, at: Millis, only: &Only, now: Millis) -> Vec<Statement> {
    vec![
        // A stream for one session of another backend's room ends with it. In a room of ours, a broadcast that never began
        // goes on waiting for its host: a viewer who looked in and left has closed the room, not the stream. So does one
        // that somebody has asked to record since. One that was recorded and opens again within a quarter of an hour is
        // recorded again.
        Statement::new(
            format!(
                "UPDATE live_streams SET viewer_count = 0, tend_at = ?, \
                 status = CASE WHEN k.waits OR k.asked THEN 'created' ELSE 'ended' END, \
                 ended_at = CASE WHEN k.waits OR k.asked THEN NULL ELSE ? END, \
                 ended_by = CASE WHEN k.waits OR k.asked THEN NULL ELSE 'room' END, \
                 wish = CASE WHEN wish <> 'asked' OR k.asked THEN wish WHEN job_id IS NULL AND was_auto = 0 THEN 'none' ELSE 'auto' END \
                 FROM (SELECT l.id AS stream, l.started_at IS NULL AND l.owns_room = 1 AS waits, \
                 l.owns_room = 1 AND {} AS asked FROM live_streams l WHERE l.session_sid = ?) k \
                 WHERE id = k.stream AND ended_at IS NULL AND EXISTS (SELECT 1 FROM sessions WHERE sid = ? AND ended_at IS NULL)",
                asked_since("l", "?")
            ),
            params![now, at, at, sid, sid],
        )
        .only(only),
        Statement::new("UPDATE sessions SET ended_at = ?, absent_at = NULL WHERE sid = ? AND ended_at IS NULL", params![at, sid])
            .only(only),
    ]
}

/// Whether somebody has asked for a recording since `end`, and LiveKit did not take that for the life of the room that
/// ended then: the word of its end is late, and the next life is meant. LiveKit's time of it is cut down to whole seconds,
/// so what was asked for in the second before the end seems to come after it. `stream` and `end` are SQL: the name of
/// `live_streams`, and a time.
pub(super) fn asked_since(stream: &str, end: &str) -> String {
    format!(
        "{stream}.wish = 'asked' AND {stream}.wish_at > {end} AND NOT EXISTS (SELECT 1 FROM egresses e \
         WHERE e.stream_id = {stream}.id AND e.session_sid = {stream}.session_sid AND e.requested_at >= {stream}.wish_at \
         AND e.egress_id IS NOT NULL)"
    )
}

/// The same room has a newer life, so this one is over, whether or not anybody said so.
#[must_use]
pub fn end_older(room_name: &str, sid: &str, began: Millis, only: &Only, now: Millis) -> Statement {
    Statement::new(
        "UPDATE sessions SET ended_at = ? WHERE sid = (SELECT session_sid FROM live_streams WHERE room_name = ? \
         AND ended_at IS NULL AND owns_room = 1) AND sid <> ? AND ended_at IS NULL AND started_at < ?",
        params![now, room_name, sid, began],
    )
    .only(only)
}

/// A stream made for one session of another backend's room has to do with it no more; the room goes on.
#[must_use]
pub fn leave_foreign(stream_id: &str, now: Millis) -> Statement {
    Statement::new(
        "UPDATE sessions SET ended_at = ? WHERE ended_at IS NULL \
         AND sid = (SELECT session_sid FROM live_streams WHERE id = ? AND owns_room = 0)",
        params![now, stream_id],
    )
}

/// LiveKit's list has the room. `counted`: and shows who is in it.
#[must_use]
pub fn looked(sid: &str, counted: bool, now: Millis) -> Statement {
    Statement::new(
        "UPDATE sessions SET looked_at = ?, absent_at = NULL, counted_at = CASE WHEN ? THEN ? ELSE counted_at END WHERE sid = ?",
        params![now, counted, now, sid],
    )
}

/// LiveKit's list does not have the room: since when.
#[must_use]
pub fn absent(sid: &str, now: Millis) -> Statement {
    Statement::new("UPDATE sessions SET absent_at = COALESCE(absent_at, ?) WHERE sid = ? AND ended_at IS NULL", params![now, sid])
}

/// Which stream a session belongs to: one row, or none for rooms that are not ours. `host`: whether
/// `identity` hosts it.
#[must_use]
pub fn stream_of(sid: &str, identity: Option<&str>) -> Statement {
    Statement::new(
        "SELECT s.stream_id, COALESCE(l.owner_id = ? OR l.owns_room = 0, 0) AS host \
         FROM sessions s JOIN live_streams l ON l.id = s.stream_id WHERE s.sid = ?",
        params![identity, sid],
    )
}
