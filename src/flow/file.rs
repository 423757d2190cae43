//! Looking at Storj: whether a job left its file, and whether a recording's file is what LiveKit said.

use super::decide::{View, file_checks};
use crate::error::Error;
use crate::ports::{Desk, Ports};
use crate::search;
use crate::store::search as words;
use crate::store::{Only, assets, egresses};
use crate::storj::object::{self, Sight};
use crate::time::{MINUTE, Millis};

/// Asks whether a failed job left its file: FAILED does not mean that there is none.
pub(super) async fn check<P: Ports>(desk: &Desk<'_, P>, view: &View, job_id: &str) -> Result<(), Error> {
    let Some(job) = view.jobs.iter().find(|job| job.id == job_id) else { return Ok(()) };
    let now = desk.now();
    let request = object::head(desk.config, &job.bucket(), &job.object_key, now).map_err(|_| Error::internal())?;
    let last = usize::try_from(job.file_checks).is_ok_and(|checks| checks + 1 >= file_checks(job).len());
    let (found, known) = match object::sight(&desk.ports.send(request).await) {
        Sight::There(size) if size > 0 => (Some(size), true),
        Sight::There(_) | Sight::NotThere => (None, true),
        Sight::Unclear => (None, false),
    };
    desk.trail.decided(if found.is_some() { "the failed job left its file" } else { "no file of the failed job so far" });
    let mut statements = vec![egresses::file_checked(job_id, found, last && known, now)];
    if found.is_some() {
        statements.push(assets::make(&job.object_key, &desk.new_id(), now, &Only::Always));
    }
    desk.batch(statements).await.map(|_| ())
}

/// Verifies a recording's file: ready with its true size, or missing, or asked again.
pub(super) async fn verify<P: Ports>(desk: &Desk<'_, P>, view: &View, asset_id: &str) -> Result<(), Error> {
    let Some(asset) = view.unverified.iter().find(|asset| asset.id == asset_id) else { return Ok(()) };
    let (now, bucket) = (desk.now(), asset.bucket());
    let request = object::head(desk.config, &bucket, &asset.object_key, now).map_err(|_| Error::internal())?;
    let found_by = || words::index(asset_id, &asset.title, search::words(desk.ports, &asset.title, &asset.room_name));
    let statements = match object::sight(&desk.ports.send(request).await) {
        Sight::There(size) if size > 0 => {
            desk.trail.decided("the file is there: ready");
            let ttl = desk.config.object_ttl.as_ref().filter(|_| !asset.saved);
            let expires_at = ttl.map(|ttl| asset.ended_at.unwrap_or(asset.created_at).plus(ttl.ms));
            vec![assets::ready(asset_id, size, expires_at), found_by()]
        }
        Sight::NotThere if confirmed_absent(desk, asset, now).await? => {
            desk.trail.decided("the file is not there, confirmed: missing");
            vec![assets::missing(asset_id, now)]
        }
        _ => {
            desk.trail.decided("the file could not be verified; looked at again");
            vec![assets::checked(asset_id, now)]
        }
    };
    desk.batch(statements).await.map(|_| ())
}

/// An upload that LiveKit announced is complete, but Storj may be a moment behind: absence counts from a
/// minute after the end on, and only in S3's own words.
async fn confirmed_absent<P: Ports>(desk: &Desk<'_, P>, asset: &assets::Unverified, now: Millis) -> Result<bool, Error> {
    if now.since(asset.created_at) < MINUTE {
        return Ok(false);
    }
    let request = object::first_byte(desk.config, &asset.bucket(), &asset.object_key, now).map_err(|_| Error::internal())?;
    Ok(object::confirms_absence(&desk.ports.send(request).await))
}
