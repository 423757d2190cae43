//! Ten seconds recorded for real, where somebody publishes now, and a look at what came of it: the one check that
//! no other can stand in for.
//!
//! It is no recording of anybody's: its object has a name of its own, goes again at once, and what is cut off in
//! between is ended by the schedule. At most 36 calls outside.

use super::Check;
use crate::api::views::explain;
use crate::batch;
use crate::error::Error;
use crate::livekit::egress::{self, Listed};
use crate::livekit::info::{EgressInfo, Facts};
use crate::livekit::room::{self, Present, Rooms};
use crate::livekit::twirp::Failed;
use crate::ports::{Desk, Ports};
use crate::recording::Word;
use crate::store::row::{FromRow, Row};
use crate::store::{Statement, doctor};
use crate::storj::object::{self, Sight};
use crate::storj::sign::signed;
use crate::time::{HOUR, MINUTE, Millis};

/// LiveKit's recorder writes its first frame within 5.5 s (seen): 12 looks in 18 s.
const LOOKS_FOR_FRAMES: u32 = 12;
const BETWEEN_LOOKS_MS: u32 = 1_500;
const LENGTH_MS: u32 = 10_000;
/// Ten seconds are uploaded within one (seen): 16 looks in 24 s.
const LOOKS_FOR_THE_END: u32 = 16;
/// What is so old was cut off: a rehearsal takes a minute.
const CUT_OFF_AFTER_MS: i64 = 2 * MINUTE;
const TIMEOUT_MS: u32 = 10_000;

/// Records.
///
/// # Errors
/// 404 `room_not_found`, 409 `nobody_publishes`, 502 `livekit_refused`, 503.
pub async fn rehearse<P: Ports>(desk: &Desk<'_, P>, room_name: &str) -> Result<Vec<Check>, Error> {
    // (1) Somebody has to publish: a recorder alone waits for ever.
    let unanswered = |failed: Failed| match failed {
        Failed::Refused(_) => Error::livekit_refused(),
        Failed::Unknown(_) => Error::livekit_unavailable(),
    };
    let rooms = Rooms::read(desk.ports.send(room::find(desk.config, room_name, desk.now())?).await).map_err(unanswered)?;
    rooms.named(room_name).ok_or_else(|| Error::new(404, "room_not_found", "LiveKit has no such room now"))?;
    let people = Present::read(desk.ports.send(room::participants(desk.config, room_name, desk.now())?).await).map_err(unanswered)?;
    if !people.all().iter().any(|who| !who.is_recorder() && !who.tracks.is_empty()) {
        return Err(Error::new(409, "nobody_publishes", "nobody publishes a camera or microphone in this room now")
            .hint("go live in it, and ask again while you are"));
    }

    // (2) On file before it begins: the schedule ends what is cut off.
    let (key, began) = (format!("livekit-recordings/_doctor/{}.mp4", desk.new_id()), desk.now());
    desk.batch(batch![doctor::rehearse(&key, room_name, began)]).await?;
    let mut checks = record(desk, room_name, &key).await?;

    // (3) The object itself, and it goes.
    if checks.iter().all(|check| check.ok) {
        let bucket = &desk.config.bucket;
        let head = object::head(desk.config, bucket, &key, desk.now()).map_err(|_| Error::internal())?;
        checks.push(match object::sight(&desk.ports.send(head).await) {
            Sight::There(size) if size > 0 => Check::fine("recording_file", format!("its file of {size} bytes is in the bucket")),
            _ => Check::wrong(
                "recording_file",
                "LiveKit says that it was uploaded, and it is not in the bucket",
                "compare STORJ_BUCKET with the bucket of the key that LiveKit is handed (STORJ_EGRESS_ACCESS_KEY_ID)",
            ),
        });
        if remove(desk, &key).await {
            desk.batch(batch![doctor::rehearsed(&key)]).await?;
        }
    }
    Ok(checks)
}

async fn record<P: Ports>(desk: &Desk<'_, P>, room_name: &str, key: &str) -> Result<Vec<Check>, Error> {
    let began = desk.now();
    let started = egress::info(desk.ports.send(egress::start_rehearsal(desk.config, room_name, key, began)?).await);
    if let Err(failed) = started {
        let code = failed.code();
        let remedy = "LiveKit Cloud: see its Egress page and the project's limits; your own: is LiveKit Egress running and connected?";
        return Ok(vec![Check::wrong("recording_started", format!("LiveKit did not start it: {}", explain(code)), remedy)]);
    }
    let mut checks = vec![Check::fine("recording_started", "LiveKit took it")];
    let told = wait(desk, room_name, key, LOOKS_FOR_FRAMES, 1).await?;
    match &told {
        Some(facts) if facts.word == Word::Active => {
            checks.push(Check::fine("recording_runs", format!("frames after {} s", desk.now().since(began) / 1_000)));
            desk.ports.pause(LENGTH_MS).await;
            // Not heeded, it goes on; the schedule asks again.
            let _ = desk.ports.send(egress::stop(desk.config, &facts.egress_id, desk.now())?).await;
        }
        Some(facts) if facts.word.depth() == 3 => {}
        _ => {
            let remedy = "is the camera or microphone still published? Else see the recorder's log, or LiveKit's Egress page";
            checks.push(Check::wrong("recording_runs", "the recorder was started and has no frames after 18 s", remedy));
            return Ok(checks);
        }
    }
    let ended = wait(desk, room_name, key, LOOKS_FOR_THE_END, 3).await?;
    checks.push(match ended {
        Some(Facts { word: Word::Complete, duration_ms, .. }) => {
            Check::fine("recording_ended", format!("LiveKit uploaded {} s", duration_ms.unwrap_or_default() / 1_000))
        }
        Some(facts) if facts.word.depth() == 3 => Check::wrong(
            "recording_ended",
            format!("LiveKit could not: {}", explain(facts.error.unwrap_or("recorder_failed"))),
            "GET /api/doctor tells about the storage key; LiveKit's Egress page has its own words",
        ),
        _ => Check::wrong(
            "recording_ended",
            "it was stopped and has not ended after 24 s",
            "see the recorder's log; the schedule goes on asking",
        ),
    });
    Ok(checks)
}

/// Looks in LiveKit's list until its words went so far. `None`: it is not there.
async fn wait<P: Ports>(desk: &Desk<'_, P>, room_name: &str, key: &str, looks: u32, depth: i64) -> Result<Option<Facts>, Error> {
    let mut last = None;
    for _ in 0..looks {
        desk.ports.pause(BETWEEN_LOOKS_MS).await;
        last = look(desk, room_name, key).await?.unwrap_or_default().or(last);
        if last.as_ref().is_some_and(|facts| facts.word.depth() >= depth) {
            break;
        }
    }
    Ok(last)
}

/// What LiveKit's list says of it; an `Err` within: the list did not come, which says nothing.
async fn look<P: Ports>(desk: &Desk<'_, P>, room_name: &str, key: &str) -> Result<Result<Option<Facts>, Failed>, Error> {
    let listed = Listed::read(desk.ports.send(egress::list(desk.config, room_name, desk.now())?).await);
    Ok(listed.map(|listed| listed.egresses().iter().filter_map(EgressInfo::facts).find(|facts| facts.object_key == key)))
}

/// Whether it is gone.
async fn remove<P: Ports>(desk: &Desk<'_, P>, key: &str) -> bool {
    let (bucket, creds) = (&desk.config.bucket, &desk.config.storj);
    let Ok(request) = signed("DELETE", bucket, creds, key, &[], &[], Vec::new(), desk.now(), TIMEOUT_MS) else { return false };
    desk.ports.send(request).await.is_ok_and(|answer| matches!(answer.status, 200 | 204 | 404))
}

/// A rehearsal that was cut off.
struct CutOff {
    object_key: String,
    room_name: String,
    begun_at: Millis,
}

impl FromRow for CutOff {
    fn from_row(row: &Row) -> Self {
        Self { object_key: row.text("object_key"), room_name: row.text("room_name"), begun_at: row.time("begun_at") }
    }
}

/// What a rehearsal reads before the schedule ends it.
#[must_use]
pub fn cut_off(now: Millis) -> Statement {
    doctor::cut_off(now.plus(-CUT_OFF_AFTER_MS), 2)
}

/// Ends rehearsals that were cut off: stops what records, and deletes what was uploaded. Answers how many there were.
///
/// # Errors
/// 503 when D1 does not answer.
pub async fn clean_up<P: Ports>(desk: &Desk<'_, P>, rows: &[serde_json::Value]) -> Result<usize, Error> {
    for row in rows.iter().filter_map(|row| Row::read::<CutOff>(row).ok()) {
        desk.trail.decided("a rehearsal was cut off");
        let facts = look(desk, &row.room_name, &row.object_key).await?;
        let old = desk.now().since(row.begun_at) >= HOUR;
        if facts.is_err() && !old {
            continue;
        }
        if let Some(facts) = facts.unwrap_or_default().filter(|facts| facts.word.depth() < 3) {
            let _ = desk.ports.send(egress::stop(desk.config, &facts.egress_id, desk.now())?).await;
            // A recorder that died with its service is listed for ever.
            if !old {
                continue;
            }
        }
        if remove(desk, &row.object_key).await || old {
            desk.batch(batch![doctor::rehearsed(&row.object_key)]).await?;
        }
    }
    Ok(rows.len())
}
