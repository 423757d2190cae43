//! One run of the schedule: several duties under one budget, the most urgent first, and within each the longest
//! waiting first.
//!
//! What is due of every duty is asked for in one batch, so a run with nothing to do costs three round trips.

use crate::batch;
use crate::doctor::rehearsal;
use crate::error::Error;
use crate::flow::{discard, erase, join, notify, save, tend::tend};
use crate::ports::{Desk, Ports};
use crate::search;
use crate::store::search as words;
use crate::store::tombstones::{self, Doomed};
use crate::store::{Rows, Statement, erasures, events, outbox, reels, retention, saves, schedule, trash, wishes};
use crate::time::{Millis, SECOND};

/// What the schedule sees to. A new duty is a line in each of [`DUTIES`], [`Duty::due`] and [`Duty::see_to`].
#[derive(Clone, Copy, Debug)]
enum Duty {
    /// Streams that are not where they should be.
    Streams,
    /// Recordings that cannot be found by their words yet.
    Words,
    /// Segments to be joined.
    Joining,
    /// Lasting copies under way.
    Saves,
    /// Recordings whose time is over.
    Expired,
    /// Users of whom nothing is to be left.
    Erasures,
    /// What is to be deleted.
    Trash,
    /// What is to be told at `NOTIFY_URL`.
    Messages,
    /// What the doctor recorded and did not bring to its end.
    Rehearsals,
}

/// The most urgent first, with the log field that counts what was done: a recording that does not start is lost, what
/// is deleted later is not.
const DUTIES: [(Duty, &str); 9] = [
    (Duty::Streams, "tended"),
    (Duty::Rehearsals, "ended"),
    (Duty::Words, "indexed"),
    (Duty::Messages, "told"),
    (Duty::Saves, "saves"),
    (Duty::Joining, "joined"),
    (Duty::Expired, "expired"),
    (Duty::Erasures, "erasures"),
    (Duty::Trash, "deleted"),
];

impl Duty {
    /// Asks what is due, by an index and for at most so many rows as can be reached.
    fn due(self, now: Millis) -> Statement {
        match self {
            Self::Streams => wishes::due(now, STREAMS_A_RUN),
            Self::Words => words::without_words(),
            Self::Joining => reels::due(now, JOINED_A_RUN),
            Self::Saves => saves::due(now, SAVES_A_RUN),
            Self::Expired => tombstones::expired(now, EXPIRED_A_RUN),
            Self::Erasures => erasures::due(ERASURES_A_RUN),
            Self::Trash => trash::due(now, ROWS_A_GROUP),
            Self::Messages => outbox::due(now, 1),
            Self::Rehearsals => rehearsal::cut_off(now),
        }
    }

    /// Does what is due, while there is room; answers how much was done. `due[at]` has the rows of [`Duty::due`].
    async fn see_to<P: Ports>(self, desk: &Desk<'_, P>, due: &[Rows], at: usize, room: Room<'_, P>) -> Result<usize, Error> {
        match self {
            Self::Streams => streams(desk, desk.rows(due, at)?, room).await,
            Self::Words => {
                let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
                let rows: Vec<serde_json::Value> = desk.rows(due, at)?;
                let index = |row: &serde_json::Value| {
                    let (id, title, room_name) = (text(row, "id"), text(row, "title"), text(row, "room_name"));
                    words::index(&id, &title, search::words(desk.ports, &title, &room_name))
                };
                desk.batch(rows.iter().map(index).collect()).await?;
                Ok(rows.len())
            }
            // Steps of it are as large as the room that is left.
            Self::Joining => {
                let mut moved = 0;
                for joining in desk.rows::<reels::Joining>(due, at)? {
                    if room.is_left() {
                        moved += join::go_on(desk, joining, room.calls_end()).await?;
                    }
                }
                Ok(moved)
            }
            Self::Saves => {
                let ids: Vec<serde_json::Value> = desk.rows(due, at)?;
                for id in ids.iter().filter_map(|row| row["id"].as_str()).take_while(|_| room.is_left()) {
                    save::go_on(desk, id, || room.is_left()).await?;
                }
                Ok(ids.len())
            }
            Self::Expired => {
                let doomed: Vec<Doomed> = desk.rows(due, at)?;
                desk.batch(tombstones::recordings(&doomed.iter().collect::<Vec<_>>(), "expired", desk.now())).await?;
                Ok(doomed.len())
            }
            Self::Erasures => {
                let users: Vec<serde_json::Value> = desk.rows(due, at)?;
                for id in users.iter().filter_map(|row| row["id"].as_str()).take_while(|_| room.is_left()) {
                    erase::step(desk, id).await?;
                }
                Ok(users.len())
            }
            Self::Trash => {
                let (mut items, mut gone) = (desk.rows(due, at)?, 0);
                while !items.is_empty() && room.is_left() {
                    let worked = discard::work_off(desk, &items, trash::due(desk.now(), ROWS_A_GROUP)).await?;
                    gone += worked.gone;
                    items = worked.next;
                }
                Ok(gone)
            }
            Self::Rehearsals => rehearsal::clean_up(desk, &desk.rows::<serde_json::Value>(due, at)?).await,
            Self::Messages => {
                let mut told = 0;
                while room.is_left() {
                    match notify::deliver(desk).await? {
                        0 => break,
                        more => told += more,
                    }
                }
                Ok(told)
            }
        }
    }
}

/// A free plan allows 50 outside calls and 50 queries an invocation (Cloudflare, "Limits", read 2026). A stream that
/// is under way is brought to rest, which takes up to about 20, so no new one is begun after 25.
const BEGIN_A_STREAM_BELOW: u32 = 25;
/// Whatever else is due, so much of a run is for streams: two or three of them.
const STREAMS_AT_LEAST: u32 = 13;
/// All others go in steps of at most 5 calls and queries, and are begun below so many: with what a step may still ask for,
/// 40 in all.
const BEGIN_BELOW: u32 = 34;
/// What a step that is begun at the last moment may still ask for.
const CALLS_OF_A_STEP: u32 = 6;
/// So much is left for each later duty that has something to do.
const LEFT_FOR_EACH: u32 = 4;
/// From each end of those that are due. More cannot be reached within the budget: one that rests takes 2 queries.
const STREAMS_A_RUN: i64 = 6;
/// Recordings that are joined side by side: each takes what a run has, so a second is for when the first is at its end.
const JOINED_A_RUN: i64 = 2;
/// A copy goes on by a part of 64 MiB a step: about a GB a run, of the few that wait longest.
const SAVES_A_RUN: i64 = 5;
/// Tombstones in one batch; their objects follow by the thousand.
const EXPIRED_A_RUN: i64 = 100;
const ERASURES_A_RUN: i64 = 3;
/// What goes in one request to the bucket.
const ROWS_A_GROUP: i64 = 200;
/// A run that was cut off holds the lease for so long; runs are a minute apart.
const LEASE_MS: i64 = 50 * SECOND;

/// What is left of a run's budget for a duty.
#[derive(Debug)]
struct Room<'a, P> {
    ports: &'a P,
    batches_before: u32,
    calls_before: u32,
    below: u32,
    /// What a step that is begun at the last moment may still ask for.
    of_a_step: u32,
}

impl<P: Ports> Room<'_, P> {
    /// Whether another step may begin.
    fn is_left(&self) -> bool {
        let (batches, calls) = (self.ports.batches() - self.batches_before, self.ports.calls() - self.calls_before);
        batches.max(calls) < self.below
    }

    /// How many calls there may be in all, when this duty has taken its share.
    const fn calls_end(&self) -> u32 {
        self.calls_before + self.below + self.of_a_step
    }
}

/// Runs the schedule once. Twice at once does no harm: the second finds the lease taken.
///
/// # Errors
/// 503 when D1 does not answer; trouble with one thing does not stop the others.
pub async fn sweep<P: Ports>(desk: &Desk<'_, P>) -> Result<(), Error> {
    let (now, holder) = (desk.now(), desk.new_id());
    let (batches_before, calls_before) = (desk.ports.batches(), desk.ports.calls());
    let mut statements = batch![schedule::lease("schedule", &holder, now, now.plus(LEASE_MS))];
    let first = statements.len();
    statements.extend(DUTIES.map(|(duty, _)| duty.due(now)));
    statements.extend(retention::seen(desk.config.retention_days, now));
    let due = desk.batch(statements).await?;
    if desk.rows::<serde_json::Value>(&due, 0)?.is_empty() {
        desk.trail.decided("another run is at it");
        return Ok(());
    }
    let has_work = |at: usize| due.get(at).is_some_and(|rows| !rows.is_empty());
    let mut notes: Vec<String> = vec![];
    for (index, (duty, name)) in DUTIES.into_iter().enumerate() {
        let at = first + index;
        if !has_work(at) {
            desk.trail.note(name, 0);
            continue;
        }
        let later = (at + 1..first + DUTIES.len()).filter(|at| has_work(*at)).count();
        let (begin, least) = if matches!(duty, Duty::Streams) { (BEGIN_A_STREAM_BELOW, STREAMS_AT_LEAST) } else { (BEGIN_BELOW, 0) };
        let below = begin.saturating_sub(LEFT_FOR_EACH * u32::try_from(later).unwrap_or(0)).max(least);
        // The last one has what is left for it; others may not go into what is the next one's.
        let of_a_step = if later == 0 { CALLS_OF_A_STEP } else { CALLS_OF_A_STEP - LEFT_FOR_EACH };
        let room = Room { ports: desk.ports, batches_before, calls_before, below, of_a_step };
        match duty.see_to(desk, &due, at, room).await {
            Ok(done) => {
                desk.trail.note(name, done);
                notes.push(format!("{name} {done}"));
            }
            Err(error) => {
                desk.trail.decided(format!("put off: {}", error.code));
                notes.push(format!("{name} nothing: {}", error.code));
            }
        }
    }
    let end = desk.now();
    let note = notes.join(", ");
    let mut statements = retention::forget_viewers(end);
    statements.extend([events::forget(end), schedule::beat("schedule", end, &note), schedule::release("schedule", &holder)]);
    desk.batch(statements).await?;
    Ok(())
}

async fn streams<P: Ports>(desk: &Desk<'_, P>, due: Vec<serde_json::Value>, room: Room<'_, P>) -> Result<usize, Error> {
    let mut tended = 0;
    for id in due.iter().filter_map(|row| row["id"].as_str()) {
        if !room.is_left() {
            break;
        }
        tended += 1;
        desk.trail.decided(format!("stream {id}"));
        if let Err(error) = tend(desk, id, false).await {
            desk.trail.decided(format!("put off: {}", error.code));
        }
    }
    Ok(tended)
}
