//! Proof that the key which LiveKit gets can write to the bucket, before a recording depends on it.
//!
//! A wrong key is told by LiveKit only after the stream, with the recording gone (seen). So the Worker
//! writes a small object of a new name with that very key. Only a definite 401, 403 or 404 refuses.

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

/// `Ok(Err(…))` is what the caller is told: 502 `storage_refused` with the remedy.
pub(super) async fn storage_is_writable<P: Ports>(desk: &Desk<'_, P>) -> Result<Result<(), Error>, Error> {
    let id = object::proof_id(&desk.config.bucket, &desk.config.storj_egress);
    let results = desk.batch(vec![schedule::proof(&id)]).await?;
    let known: Option<Proof> = desk.rows(&results, 0)?.into_iter().next();
    let now = desk.now();
    if let Some(known) = &known {
        if let Some(refused) = known.refused.as_deref().filter(|_| now.since(known.tried_at) < REFUSAL_HOLDS_MS) {
            return Ok(Err(refusal(refused)));
        }
        if known.refused.is_none() && known.proved_at.is_some_and(|at| now.since(at) < PROOF_HOLDS_MS) {
            return Ok(Ok(()));
        }
    }
    let key = probe_key(&desk.ports.random(), now);
    let request = object::probe(desk.config, &key, now).map_err(|_| Error::internal())?;
    let probed = object::probed(&desk.ports.send(request).await);
    let now = desk.now();
    match probed {
        Probed::Writable => {
            desk.trail.decided("the storage key can write");
            desk.batch(vec![schedule::prove(&id, None, true, now)]).await?;
            Ok(Ok(()))
        }
        Probed::Refused(why) => {
            desk.trail.decided(format!("the storage key is refused ({why})"));
            desk.batch(vec![schedule::prove(&id, Some(why), true, now)]).await?;
            Ok(Err(refusal(why)))
        }
        Probed::Unclear => {
            desk.trail.decided("the storage gave no clear answer to the probe; starting all the same");
            desk.batch(vec![schedule::prove(&id, None, false, now)]).await?;
            Ok(Ok(()))
        }
    }
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
