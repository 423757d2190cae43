//! What people wish of the recorder (`live_streams.wish`), and when a stream is looked at again.

use super::Statement;
use crate::flow::decide::IN_HAND_MS;
use crate::params;
use crate::time::Millis;

/// SQL: what is wished when a click on start is taken back.
pub(super) const BEFORE_THE_CLICK: &str = "CASE WHEN was_auto = 1 THEN 'auto' ELSE 'none' END";

/// What a host's next token may change of a stream. A stop stays: a page that is loaded again after it says
/// `record: true` as it did before.
#[must_use]
pub fn set_record(id: &str, record: bool, now: Millis) -> Statement {
    if record {
        Statement::new(
            "UPDATE live_streams SET record = 1, was_auto = 1, wish = CASE wish WHEN 'none' THEN 'auto' ELSE wish END, \
             wish_at = CASE wish WHEN 'none' THEN ? ELSE wish_at END, tend_at = CASE wish WHEN 'none' THEN ? ELSE tend_at END \
             WHERE id = ? AND wish <> 'stopped'",
            params![now, now, id],
        )
    } else {
        // Only what has not begun in this life of the room: `record: false` in a later token is no stop.
        Statement::new(
            "UPDATE live_streams SET record = CASE wish WHEN 'asked' THEN record ELSE 0 END, was_auto = 0, wish = CASE wish WHEN 'auto' THEN 'none' ELSE wish END \
             WHERE id = ? AND wish IN ('auto', 'asked') AND (job_id IS NULL \
             OR EXISTS (SELECT 1 FROM sessions s WHERE s.sid = live_streams.session_sid AND s.ended_at IS NOT NULL))",
            params![id],
        )
    }
}

/// Somebody asks for a recording now. While one is wanted and has its place, nothing changes: asked twice is
/// asked once. An attempt that nobody has in hand any more has no place yet, for LiveKit may never have heard of it: who
/// asks then may mean the room's next life. What a recording of before was asked to be (its layout, sound alone) is not
/// what the next one is.
#[must_use]
pub fn ask(id: &str, quality: Option<&str>, layout: Option<&str>, audio_only: Option<bool>, public_url: &str, now: Millis) -> Statement {
    Statement::new(
        "UPDATE live_streams SET wish = 'asked', wish_at = ?, wish_error = NULL, record = 1, quality = COALESCE(?, quality), \
         layout = COALESCE(?, CASE wish WHEN 'asked' THEN layout ELSE 'speaker' END), \
         audio_only = COALESCE(?, CASE wish WHEN 'asked' THEN audio_only ELSE 0 END), \
         was_auto = CASE WHEN wish IN ('auto', 'asked') THEN was_auto ELSE 0 END, \
         public_url = ?, tend_at = ? WHERE id = ? AND ended_at IS NULL \
         AND NOT (wish IN ('auto', 'asked') AND EXISTS (SELECT 1 FROM egresses e WHERE e.session_sid = live_streams.session_sid \
         AND e.status IN ('requested', 'starting', 'recording') AND (e.status <> 'requested' OR e.requested_at > ?)))",
        params![now, quality, layout, audio_only, public_url, now, id, now.plus(-IN_HAND_MS)],
    )
}

/// A wish that a definite refusal ended, told to the one who asked.
#[must_use]
pub fn withdraw(id: &str, asked_at: Millis, error: &str) -> Statement {
    taken_back().then(", wish_error = ? WHERE id = ? AND wish = 'asked' AND wish_at = ?", params![error, id, asked_at])
}

/// A click is taken back, with what it asked for.
fn taken_back() -> Statement {
    Statement::new("UPDATE live_streams SET layout = 'speaker', audio_only = 0, wish = ", vec![]).then(BEFORE_THE_CLICK, vec![])
}

/// Why a wish has not come true yet.
#[must_use]
pub fn wish_error(id: &str, error: &str) -> Statement {
    Statement::new("UPDATE live_streams SET wish_error = ? WHERE id = ?", params![error, id])
}

/// Somebody says stop: it beats every start but a later one.
#[must_use]
pub fn stop(id: &str, now: Millis) -> Statement {
    Statement::new(
        "UPDATE live_streams SET wish = 'stopped', wish_at = ?, wish_error = NULL, tend_at = ? WHERE id = ?",
        params![now, now, id],
    )
}

/// A room was over and its stream waited for the next life of it, because that was asked to be recorded: with the wish gone
/// the stream is over with its room, unless its host may come any moment.
#[must_use]
pub fn over_after_all(id: &str, now: Millis) -> Statement {
    Statement::new(
        "UPDATE live_streams SET status = 'ended', ended_at = s.ended_at, ended_by = 'room' FROM sessions s \
         WHERE live_streams.id = ? AND s.sid = live_streams.session_sid AND s.ended_at IS NOT NULL AND live_streams.ended_at IS NULL \
         AND live_streams.started_at IS NOT NULL AND live_streams.owns_room = 1 AND wish <> 'asked' \
         AND COALESCE(host_until, 0) <= ?",
        params![id, now],
    )
}

/// A wish that nobody met within its time, and one whose session is over.
#[must_use]
pub fn expire_wish(id: &str, asked_at: Option<Millis>) -> Statement {
    taken_back().then(" WHERE id = ? AND wish = 'asked' AND wish_at IS ?", params![id, asked_at])
}

/// When the schedule looks again, unless something happened since it was read.
#[must_use]
pub fn tended(id: &str, read: Option<Millis>, again: Option<Millis>) -> Statement {
    Statement::new("UPDATE live_streams SET tend_at = ? WHERE id = ? AND tend_at IS ?", params![again, id, read])
}

/// Streams that are due, up to `most` of those that became so last and as many of those that wait longest, in turn. With more
/// of them than a run can reach, what is urgent (a start, a stop: just due) does not wait behind all the looks that come
/// round every few minutes, nor do those stop coming round.
#[must_use]
pub fn due(now: Millis, most: i64) -> Statement {
    Statement::new(
        "SELECT id FROM (SELECT id, 2 * row_number() OVER (ORDER BY tend_at DESC) AS n FROM (SELECT id, tend_at FROM live_streams \
         WHERE tend_at IS NOT NULL AND tend_at <= ? ORDER BY tend_at DESC LIMIT ?) UNION ALL \
         SELECT id, 2 * row_number() OVER (ORDER BY tend_at) + 1 FROM (SELECT id, tend_at FROM live_streams \
         WHERE tend_at IS NOT NULL AND tend_at <= ? ORDER BY tend_at LIMIT ?)) GROUP BY id ORDER BY min(n)",
        params![now, most, now, most],
    )
}

/// The schedule looks at the stream of the job that writes this file at its next run.
#[must_use]
pub fn wake_for_key(object_key: &str, now: Millis) -> Statement {
    Statement::new(
        "UPDATE live_streams SET tend_at = ? WHERE id = (SELECT stream_id FROM egresses WHERE object_key = ?)",
        params![now, object_key],
    )
}

/// A host's token is out: for so long its coming is looked for, from a minute on. Then a broadcast that was opened again for
/// it and that nobody came back to is over.
#[must_use]
pub fn await_host(id: &str, until: Millis, look_at: Millis) -> Statement {
    Statement::new(
        "UPDATE live_streams SET host_until = ?, \
         tend_at = CASE WHEN wish IN ('auto', 'asked') THEN min(COALESCE(tend_at, ?), ?) \
         WHEN session_sid IS NOT NULL THEN COALESCE(tend_at, ?) ELSE tend_at END WHERE id = ?",
        params![until, look_at, look_at, until, id],
    )
}
