//! Joining a recording's segments into one object beside them: multipart, each part piped from as many segments as a
//! run may ask for, going on in the next run from what D1 holds.
//!
//! In scope: one step at a time, and filing what came of it. Out of scope: which recording is due
//! ([`crate::store::reels`]), and deleting what is left over ([`super::discard`]).

use super::piece::{Piece, next};
use crate::batch;
use crate::error::Error;
use crate::hls::Reel;
use crate::http::{Outgoing, Unpiped};
use crate::ports::{Desk, Ports};
use crate::store::reels::{self, Joining};
use crate::storj::key::{carried_key, joined_key, segment_key};
use crate::storj::multipart;
use crate::storj::object::{self, Sight};
use crate::storj::sign::SignError;
use crate::storj::trouble::Trouble;
use crate::time::MINUTE;

/// Who takes a step holds the recording for so long: a part may take two minutes.
const HELD_MS: i64 = 5 * MINUTE;
/// Beside its sources a step asks for the sink, and at its ends to begin, or to complete and measure.
const OTHER_CALLS: u32 = 3;

/// Goes on with one recording while there are calls left below `calls_end`. Answers how many pieces were moved.
///
/// # Errors
/// 503 when D1 does not answer. Trouble with the bucket is none: it goes on later.
pub(super) async fn go_on<P: Ports>(desk: &Desk<'_, P>, mut joining: Joining, calls_end: u32) -> Result<usize, Error> {
    let until = desk.now().plus(HELD_MS);
    let results = desk.batch(reels::hold(&joining, until)).await?;
    if desk.rows::<serde_json::Value>(&results, 1)?.is_empty() {
        desk.trail.decided("somebody else joins these segments");
        return Ok(0);
    }
    joining.join_at = until;
    let (reel, mut moved) = (Reel::read(&joining.reel), 0);
    loop {
        let sources = calls_end.saturating_sub(desk.ports.calls() + OTHER_CALLS);
        let Some(piece) = next(&reel, joining.done, joining.carried, sources) else {
            if joining.done >= reel.segments.len() && sources > 0 {
                return finish(desk, &joining, &reel).await.map(|()| moved);
            }
            desk.batch(batch![reels::goes_on(&joining, desk.now())]).await?;
            return Ok(moved);
        };
        // On file before anything is in it: what is begun is billed until somebody ends it.
        if piece.is_part && joining.upload_id.is_none() {
            match begin(desk, &joining).await {
                Ok(id) => {
                    desk.batch(reels::begun(&joining, &id, desk.now())).await?;
                    joining.upload_id = Some(id);
                }
                Err(trouble) => return fail(desk, &joining, trouble).await.map(|()| moved),
            }
        }
        let held_as = joining.join_at;
        match step(desk, &mut joining, &reel, &piece).await {
            Ok(()) => {
                moved += 1;
                joining.join_at = desk.now().plus(HELD_MS);
                desk.batch(batch![reels::moved(&joining, held_as)]).await?;
            }
            Err(trouble) => return fail(desk, &joining, trouble).await.map(|()| moved),
        }
    }
}

/// One piece: a part, or what is too little for one.
async fn step<P: Ports>(desk: &Desk<'_, P>, joining: &mut Joining, reel: &Reel, piece: &Piece) -> Result<(), Trouble> {
    let (config, bucket, key, now) = (desk.config, joining.bucket(), joining.recording_key.clone(), desk.now());
    let carried = (joining.carried > 0).then(|| carried_key(&key, joining.done));
    let numbers = piece.places.iter().filter_map(|place| reel.first.checked_add(u32::try_from(*place).ok()?));
    let keys = carried.into_iter().chain(numbers.map(|number| segment_key(&key, number)));
    let sources: Result<Vec<Outgoing>, SignError> = keys.map(|key| object::whole(config, &bucket, &key, now)).collect();
    let sources = sources.map_err(|_| Trouble::Unknown)?;
    let number = joining.etags.split_whitespace().count() + 1;
    let sink = match &joining.upload_id {
        Some(id) if piece.is_part => multipart::part(config, &bucket, &joined_key(&key), id, number, now),
        _ => object::piped(config, &bucket, &carried_key(&key, piece.done), now),
    };
    let length = u64::try_from(piece.bytes).unwrap_or_default();
    let answer = match desk.ports.pipe(sources, length, sink.map_err(|_| Trouble::Unknown)?).await {
        Ok(incoming) => Ok(incoming),
        Err(Unpiped::Sink(unanswered)) => Err(unanswered),
        // The upload is as it was; a segment did not flow.
        Err(_) => return Err(Trouble::Unknown),
    };
    let etag = multipart::taken(&answer)?;
    if piece.is_part {
        joining.etags = format!("{} {etag}", joining.etags).trim_start().to_owned();
    }
    joining.carried = if piece.is_part { 0 } else { piece.bytes };
    joining.done = piece.done;
    Ok(())
}

/// Begins the upload. Its expiry is that of the recording.
async fn begin<P: Ports>(desk: &Desk<'_, P>, joining: &Joining) -> Result<String, Trouble> {
    let now = desk.now();
    let ttl = joining.expires_at.map(|at| format!("+{}s", (at.since(now) / 1_000).max(1)));
    let key = joined_key(&joining.recording_key);
    let request = multipart::create(desk.config, &joining.bucket(), &key, "video/mp2t", ttl.as_deref(), now);
    multipart::created(&desk.ports.send(request.map_err(|_| Trouble::Unknown)?).await)
}

/// Every segment is in a part: the object is made, measured, and takes the place of the segments.
async fn finish<P: Ports>(desk: &Desk<'_, P>, joining: &Joining, reel: &Reel) -> Result<(), Error> {
    let (now, bucket, key) = (desk.now(), joining.bucket(), joined_key(&joining.recording_key));
    let etags: Vec<String> = joining.etags.split_whitespace().map(str::to_owned).collect();
    let id = joining.upload_id.as_deref().unwrap_or_default();
    let request = multipart::complete(desk.config, &bucket, &key, id, &etags, now).map_err(|_| Error::internal())?;
    let completed = multipart::completed(&desk.ports.send(request).await);
    let request = object::head(desk.config, &bucket, &key, desk.now()).map_err(|_| Error::internal())?;
    match (object::sight(&desk.ports.send(request).await), completed) {
        (Sight::There(size), _) if size == reel.bytes() => {
            desk.trail.decided("the segments are joined");
            desk.batch(reels::joined(joining, reel, desk.now())).await.map(|_| ())
        }
        (Sight::Unclear, _) => fail(desk, joining, Trouble::Unknown).await,
        // What is there, if anything, is not what the segments are.
        (_, Err(Trouble::Busy | Trouble::Unknown | Trouble::Forbidden)) => fail(desk, joining, Trouble::Busy).await,
        _ => fail(desk, joining, Trouble::Absent).await,
    }
}

async fn fail<P: Ports>(desk: &Desk<'_, P>, joining: &Joining, trouble: Trouble) -> Result<(), Error> {
    desk.trail.decided(format!("the segments are not joined yet ({})", trouble.code()));
    // The upload is gone or worth nothing: from the beginning.
    let anew = matches!(trouble, Trouble::Absent | Trouble::Refused);
    desk.batch(reels::later(joining, anew, desk.now())).await.map(|_| ())
}
