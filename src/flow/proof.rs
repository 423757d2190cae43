//! Proof that the key which LiveKit gets can write to the bucket, before a recording depends on it.
//!
//! A wrong key is told by LiveKit only after the stream, with the recording gone (seen). So the Worker
//! writes a small object of a new name with that very key. Only a definite 401, 403 or 404 refuses.
//!
//! Then it writes the same object again. LiveKit writes the safety copy's playlist again after each segment, and its
//! picture again and again; a key without the right to delete may not (read in Storj's source). A refusal would end the
//! recording, so with such a key there is the MP4 alone.

use crate::batch;
use crate::error::Error;
use crate::ports::{Desk, Ports};
use crate::store::schedule::{self, Proof};
use crate::storj::key::probe_key;
use crate::storj::object::{self, Probed};
use crate::time::MINUTE;

/// A proof holds for 10 minutes.
const PROOF_HOLDS_MS: i64 = 10 * MINUTE;
/// A refusal for 20 s: somebody may be mending the key just now, and waits for the next try.
const REFUSAL_HOLDS_MS: i64 = 20 * crate::time::SECOND;

/// Storj takes one write a second to a key, else 429: the waits before the second write and before it is asked
/// again.
const WRITTEN_AGAIN_AFTER_MS: [u32; 3] = [1_100, 1_500, 2_000];

/// What is known of a key that can write.
pub(super) struct Proved {
    /// It may also write over what is there; `false` as long as nobody knows.
    pub overwrites: bool,
}

/// `Ok(Err(…))` is what the caller is told: 502 `storage_refused` with the remedy.
pub(super) async fn storage_is_writable<P: Ports>(desk: &Desk<'_, P>) -> Result<Result<Proved, Error>, Error> {
    let id = object::proof_id(&desk.config.bucket, &desk.config.storj_egress);
    let results = desk.batch(batch![schedule::proof(&id)]).await?;
    let known: Option<Proof> = desk.rows(&results, 0)?.into_iter().next();
    // What a key may do is fixed with it, so a yes holds for ever; a no may have been a full project's.
    let overwrites = known.as_ref().and_then(|known| known.overwrites);
    let now = desk.now();
    if let Some(known) = &known {
        if let Some(refused) = known.refused.as_deref().filter(|_| now.since(known.tried_at) < REFUSAL_HOLDS_MS) {
            return Ok(Err(refusal(refused)));
        }
        let whole = overwrites.is_some() || !desk.config.overwrites();
        if known.refused.is_none() && whole && known.proved_at.is_some_and(|at| now.since(at) < PROOF_HOLDS_MS) {
            return Ok(Ok(Proved { overwrites: overwrites == Some(true) }));
        }
    }
    let key = probe_key(&desk.ports.random(), now);
    let request = object::probe(desk.config, &key, now).map_err(|_| Error::internal())?;
    let probed = object::probed(&desk.ports.send(request).await);
    let (clear, refused) = match probed {
        Probed::Writable => (true, None),
        Probed::Refused(why) => (true, Some(why)),
        Probed::Unclear => (false, None),
    };
    desk.trail.decided(match (clear, refused) {
        (true, None) => "the storage key can write".to_owned(),
        (_, Some(why)) => format!("the storage key is refused ({why})"),
        _ => "the storage gave no clear answer to the probe; starting all the same".to_owned(),
    });
    let again = if clear && refused.is_none() && desk.config.overwrites() && overwrites != Some(true) {
        overwrites_it(desk, &key).await?
    } else {
        None
    };
    desk.batch(batch![schedule::prove(&id, refused, clear, again, desk.now())]).await?;
    Ok(refused.map_or_else(|| Ok(Proved { overwrites: again.or(overwrites) == Some(true) }), |why| Err(refusal(why))))
}

/// Whether the key may write over the object that it has just written. `None`: no clear answer.
async fn overwrites_it<P: Ports>(desk: &Desk<'_, P>, key: &str) -> Result<Option<bool>, Error> {
    for wait in WRITTEN_AGAIN_AFTER_MS {
        desk.ports.pause(wait).await;
        let request = object::probe(desk.config, key, desk.now()).map_err(|_| Error::internal())?;
        let answer = desk.ports.send(request).await;
        match object::probed(&answer) {
            Probed::Writable => return Ok(Some(true)),
            Probed::Refused(_) => {
                desk.trail.decided("the storage key may not write over what is there: the MP4 alone");
                return Ok(Some(false));
            }
            Probed::Unclear if answer.is_ok_and(|answer| answer.status == 429) => {}
            Probed::Unclear => break,
        }
    }
    desk.trail.decided("whether the storage key may write over what is there is not known: the MP4 alone");
    Ok(None)
}

fn refusal(why: &str) -> Error {
    let error = Error::new(502, "storage_refused", "the bucket refuses the key that LiveKit would record with, so nothing was started");
    if why == "bucket_not_found" {
        error.hint("STORJ_BUCKET does not exist at STORJ_ENDPOINT, or belongs to another project")
    } else {
        error.hint(
            "check STORJ_EGRESS_ACCESS_KEY_ID and its secret (or STORJ_ACCESS_KEY_ID, if there is none): the grant must allow \
             writing to STORJ_BUCKET, must not have expired, and its project must have quota left",
        )
    }
}
