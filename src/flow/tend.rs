//! Tending: brings one stream from wherever it is to where it should be, a step at a time.
//!
//! Load what is known, decide the next step, do it, and again, until the decision is to rest. Two at once
//! do no harm: each step is guarded in the database or harmless to repeat.

use super::decide::{self, Looked, Session, Step, View};
use super::job::Start;
use super::{file, job, look};
use crate::batch;
use crate::error::Error;
use crate::params;
use crate::ports::{Desk, Ports};
use crate::store::{Only, Statement, assets, egresses, sessions, streams, tombstones, wishes};
use crate::time::Millis;

/// The longest chain that makes sense is look, look, start, stop, look, verify; more is a fault, and the
/// schedule goes on from there.
const MOST_STEPS: usize = 10;

/// A look at the segments of a long recording is several calls in one step, see [`super::sweep`]: with so many made no
/// new step is begun. The stream stays due.
const BEGIN_STEP_BELOW: u32 = 30;

/// What came of tending.
#[derive(Debug)]
pub struct Tended {
    /// How it stands now.
    pub view: View,
    /// Whether this round asked LiveKit to start.
    pub started: bool,
    /// Why a start was definitely refused in this round.
    pub refused: Option<Error>,
}

/// Reads all that is known of a stream. `None`: there is none.
///
/// # Errors
/// 503 when D1 does not answer.
pub async fn load<P: Ports>(desk: &Desk<'_, P>, stream_id: &str) -> Result<Option<View>, Error> {
    let session = Statement::new(
        "SELECT s.sid, s.room_name, s.project, s.started_at, s.ended_at, s.looked_at, s.absent_at \
         FROM live_streams l JOIN sessions s ON s.sid = l.session_sid AND s.stream_id = l.id WHERE l.id = ?",
        params![stream_id],
    );
    let limits = desk.config.limits;
    let mut statements = batch![streams::any_by_id(stream_id), session, egresses::newest(stream_id), assets::unverified(stream_id)];
    if limits.at_once.is_some() {
        statements.push(egresses::at_once(stream_id));
    }
    let results = desk.batch(statements).await?;
    let Some(stream) = desk.rows(&results, 0)?.into_iter().next() else { return Ok(None) };
    let session: Option<Session> = desk.rows(&results, 1)?.into_iter().next();
    let counted: Vec<serde_json::Value> = desk.rows(&results, 4)?;
    let at_once = counted.first().and_then(|row| row["at_once"].as_i64()).unwrap_or(0);
    Ok(Some(View { stream, session, jobs: desk.rows(&results, 2)?, unverified: desk.rows(&results, 3)?, at_once, limits }))
}

/// Tends one stream. `look` asks LiveKit about the room first, whatever is known.
///
/// # Errors
/// 503 when D1 does not answer, 404 when there is no such stream. Trouble with LiveKit or Storj is no
/// error here: it is noted, and the schedule goes on.
pub async fn tend<P: Ports>(desk: &Desk<'_, P>, stream_id: &str, look: bool) -> Result<Tended, Error> {
    let mut view = load(desk, stream_id).await?.ok_or_else(Error::stream_not_found)?;
    let mut looked = Looked::default();
    let (mut started, mut refused) = (false, None);
    if look {
        looked.room = true;
        look::at_room(desk, &view).await?;
        view = load(desk, stream_id).await?.ok_or_else(Error::stream_not_found)?;
    }
    for _ in 0..MOST_STEPS {
        if desk.ports.calls() >= BEGIN_STEP_BELOW {
            desk.trail.decided("so many calls were made that the rest is left to the next run");
            break;
        }
        let step = decide::next(&view, looked, &desk.config.project, desk.now());
        match &step {
            Step::Rest(again) => {
                desk.trail.decided(at_rest(&view, *again, desk.now()));
                if view.stream.deleted_at.is_some() && again.is_none() {
                    desk.trail.decided("the deleted stream is over: gone");
                    desk.batch(tombstones::finish_stream(stream_id, desk.now())).await?;
                } else if view.stream.tend_at != *again {
                    desk.batch(batch![wishes::tended(stream_id, view.stream.tend_at, *again)]).await?;
                }
                break;
            }
            Step::SendStop(id) => {
                looked.stop = true;
                job::send_stop(desk, &view, id).await?;
            }
            Step::CutOff(id, why) => job::cut_off(desk, &view, id, *why).await?,
            Step::TooMany => {
                looked.start = true;
                refused = Some(job::too_many(desk, &view).await?);
            }
            Step::LookAtEgresses => {
                looked.egresses = true;
                looked.listed = look::at_egresses(desk, &view).await?;
            }
            Step::GiveUp(id) => job::give_up(desk, id).await?,
            Step::Lost(id) => job::lost(desk, id).await?,
            Step::LookAtRoom => {
                looked.room = true;
                look::at_room(desk, &view).await?;
            }
            Step::ExpireWish => {
                desk.trail.decided("nobody came within an hour: the wish to record is over");
                desk.batch(batch![wishes::expire_wish(stream_id, view.stream.wish_at)]).await?;
            }
            Step::EndStream => {
                desk.trail.decided("nobody came back: the broadcast is over with its room");
                desk.batch(batch![wishes::over_after_all(stream_id, desk.now())]).await?;
            }
            Step::EndSession(sid) => {
                desk.trail.decided("the room was in another LiveKit project, a day ago: it is over");
                desk.batch(sessions::end(sid, desk.now(), &Only::Always, desk.now())).await?;
            }
            Step::Start(session_sid) => {
                looked.start = true;
                match job::start(desk, &view, session_sid).await? {
                    Start::Asked => started = true,
                    // Another start of its owner's may have taken the last place: then that is told.
                    Start::NotOurs => looked.start = view.limits.at_once.is_none(),
                    Start::Refused(error) => refused = Some(error),
                }
                // A stop may have come while LiveKit was thinking: it may be sent in this round again.
                looked.stop = false;
            }
            Step::CloseRoom(sid) => {
                looked.room = true;
                look::close_room(desk, &view, sid).await?;
            }
            Step::CheckFile(id) => file::check(desk, &view, id).await?,
            Step::Verify(id) => file::verify(desk, &view, id).await?,
        }
        view = load(desk, stream_id).await?.ok_or_else(Error::stream_not_found)?;
    }
    Ok(Tended { view, started, refused })
}

/// For whoever asks the log why a recording is where it is.
fn at_rest(view: &View, again: Option<Millis>, now: Millis) -> String {
    let job = view.jobs.first().map_or("no job", |job| job.status().name());
    let next = again.map_or_else(|| "nothing more to come".to_owned(), |at| format!("next look in {} s", at.since(now).max(0) / 1_000));
    format!("at rest: stream {}, wish {}, {job}; {next}", view.stream.status, view.stream.wish)
}

/// How long after each look the next one follows while a host is awaited who has come and does not
/// publish yet: 25 s in all, within the 30 s that a Worker may go on after its answer.
const LOOKS_MS: [u32; 7] = [700, 1_300, 3_000, 5_000, 5_000, 5_000, 5_000];

/// With the guide's seven events nobody tells that the host publishes, so the Worker looks for it, and
/// starts what is wanted as soon as it is so.
///
/// # Errors
/// As [`tend`].
pub async fn await_host<P: Ports>(desk: &Desk<'_, P>, stream_id: &str) -> Result<(), Error> {
    for wait in LOOKS_MS {
        desk.ports.pause(wait).await;
        let Some(view) = load(desk, stream_id).await? else { return Ok(()) };
        let open = view.session.as_ref().is_some_and(|s| s.ended_at.is_none());
        let placed = view.jobs.iter().any(|job| job.status().holds_the_place());
        if !open || placed || !view.stream.is_wanted() || view.stream.status == "live" {
            break;
        }
        desk.trail.decided("host is here and does not publish yet: looking");
        tend(desk, stream_id, true).await?;
    }
    tend(desk, stream_id, false).await.map(|_| ())
}
