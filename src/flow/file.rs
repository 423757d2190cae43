//! Looking at Storj: whether a job left its file or segments, and whether a recording's file is what LiveKit said.

use super::decide::{View, file_checks};
use super::segments;
use super::verdict::{Copy, Mp4, Told, Verdict, verdict};
use crate::batch;
use crate::error::Error;
use crate::hls::Reel;
use crate::ports::{Desk, Ports};
use crate::search;
use crate::store::assets::Unverified;
use crate::store::search as words;
use crate::store::{Only, Statement, assets, egresses, reels, retention, saves, thumbnails};
use crate::storj::key::{picture_key, saved_key};
use crate::storj::object::{self, Sight};
use crate::storj::sign::Bucket;
use crate::time::{MINUTE, Millis};

/// Asks whether a failed job left its file: FAILED does not mean that there is none. Without one the recording is made
/// of its segments, and the file is asked for once more all the same.
pub(super) async fn check<P: Ports>(desk: &Desk<'_, P>, view: &View, job_id: &str) -> Result<(), Error> {
    let Some(job) = view.jobs.iter().find(|job| job.id == job_id) else { return Ok(()) };
    let (now, bucket) = (desk.now(), job.bucket());
    let request = object::head(desk.config, &bucket, &job.object_key, now).map_err(|_| Error::internal())?;
    let last = usize::try_from(job.file_checks).is_ok_and(|checks| checks + 1 >= file_checks(job).len());
    let mp4 = match object::sight(&desk.ports.send(request).await) {
        Sight::There(size) if size > 0 => Mp4::There(size),
        Sight::There(_) | Sight::NotThere => Mp4::Absent,
        Sight::Unclear => Mp4::Unclear,
    };
    let now = desk.now();
    let copy = if job.has_copy() { Copy::NotLooked } else { Copy::Nothing };
    let statements = match judge(desk, Told::default(), mp4, copy, &bucket, &job.object_key).await? {
        Verdict::Mp4(size) => {
            desk.trail.decided("the failed job left its file");
            vec![
                egresses::file_checked(job_id, job.file_checks, Some(size), false, now),
                assets::make(&job.object_key, &desk.new_id(), now, &Only::Always),
            ]
        }
        Verdict::Segments(reel) => {
            desk.trail.decided(format!("no file of the failed job so far; its segments hold {} s", reel.ms() / 1_000));
            let expiry = expiry(desk, job.object_ttl_ms, job.started_at.unwrap_or(job.requested_at));
            let mut statements = batch![egresses::file_checked(job_id, job.file_checks, None, last, now)];
            statements.extend(reels::make(&job.object_key, &desk.new_id(), &reel, expiry, false, now));
            statements.push(reels::to_be_joined(&job.object_key, now));
            statements.extend(picture(desk, job.picture, &bucket, &job.object_key).await?);
            statements
        }
        Verdict::Nothing => {
            desk.trail.decided("no file of the failed job so far");
            let mut statements = batch![egresses::file_checked(job_id, job.file_checks, None, last, now)];
            if last {
                statements.push(reels::none(&job.object_key));
                statements.extend(job.picture.then(|| thumbnails::of_nothing(&job.object_key, now)));
            }
            statements
        }
        Verdict::LookAtSegments | Verdict::Again => {
            desk.trail.decided("whether the failed job left its file is not known; looked at again");
            vec![egresses::file_checked(job_id, job.file_checks, None, false, now)]
        }
    };
    desk.batch(statements).await.map(|_| ())
}

/// Verifies a recording's file: ready with its true size, or made of its segments, or missing, or asked again.
pub(super) async fn verify<P: Ports>(desk: &Desk<'_, P>, view: &View, asset_id: &str) -> Result<(), Error> {
    let Some(asset) = view.unverified.iter().find(|asset| asset.id == asset_id) else { return Ok(()) };
    let (now, bucket, key) = (desk.now(), asset.bucket(), &asset.object_key);
    let request = object::head(desk.config, &bucket, key, now).map_err(|_| Error::internal())?;
    let mp4 = match object::sight(&desk.ports.send(request).await) {
        Sight::There(size) if size > 0 => Mp4::There(size),
        // An empty file is none, and the bucket itself has said so.
        Sight::There(_) if waited_for(asset, now) => Mp4::Absent,
        Sight::NotThere if confirmed_absent(desk, asset, now).await? => Mp4::Absent,
        _ => Mp4::Unclear,
    };
    let told = Told { size: asset.size_bytes, ms: asset.duration_ms, failed: asset.failed };
    let copy = match &asset.reel {
        // What the recording is made of until now.
        Some(reel) => Copy::Holds(Reel::read(reel)),
        None if egresses::has_copy(&asset.segments) => Copy::NotLooked,
        None => Copy::Nothing,
    };
    let statements = match judge(desk, told, mp4, copy, &bucket, key).await? {
        Verdict::Mp4(size) => {
            desk.trail.decided("the file is there: ready");
            let expiry = expiry(desk, asset.object_ttl_ms, asset.ended_at.unwrap_or(asset.created_at));
            // Its stream may have been told to keep its recordings after this one had begun.
            let copy_key = saved_key(key);
            let mut kept = saves::of_another_file(asset_id, &copy_key, size, now);
            kept.push(saves::ask_if_wanted(asset_id, key, &copy_key, size, now));
            let discard = if asset.segments == "off" { vec![] } else { reels::discard(key, now) };
            let found_by = words::index(asset_id, &asset.title, search::words(desk.ports, &asset.title, &asset.room_name));
            let picture = picture(desk, asset.picture, &bucket, key).await?;
            [vec![assets::ready(asset_id, size, expiry, now), found_by], kept, discard, picture].concat()
        }
        Verdict::Segments(_) if asset.reel.is_some() => {
            desk.trail.decided("the file that was named is not whole: the recording stays as it is");
            vec![reels::settle(key), reels::to_be_joined(key, now)]
        }
        Verdict::Segments(reel) => {
            desk.trail.decided(format!("the segments hold more than the file: {} s", reel.ms() / 1_000));
            let expiry = expiry(desk, asset.object_ttl_ms, asset.started_at.unwrap_or(asset.created_at));
            let picture = picture(desk, asset.picture, &bucket, key).await?;
            [reels::make(key, asset_id, &reel, expiry, true, now), vec![reels::to_be_joined(key, now)], picture].concat()
        }
        Verdict::Nothing => {
            desk.trail.decided("the file is not there, confirmed: missing");
            vec![assets::missing(asset_id, now)]
        }
        Verdict::LookAtSegments | Verdict::Again => {
            desk.trail.decided("the file could not be verified; looked at again");
            vec![assets::checked(asset_id, now)]
        }
    };
    desk.batch(statements).await.map(|_| ())
}

/// The verdict, with a look at the segments where it needs one.
async fn judge<P: Ports>(
    desk: &Desk<'_, P>,
    told: Told,
    mp4: Mp4,
    copy: Copy,
    bucket: &Bucket,
    object_key: &str,
) -> Result<Verdict, Error> {
    Ok(match verdict(told, mp4, copy) {
        Verdict::LookAtSegments => verdict(told, mp4, segments::look(desk, bucket, object_key).await?),
        seen => seen,
    })
}

/// Shows LiveKit's own picture of a recording that is there, if it was asked for one and wrote it. Without a clear answer
/// there is none; its object goes with the recording.
async fn picture<P: Ports>(desk: &Desk<'_, P>, asked: bool, bucket: &Bucket, object_key: &str) -> Result<Vec<Statement>, Error> {
    if !asked {
        return Ok(vec![]);
    }
    let request = object::head(desk.config, bucket, &picture_key(object_key), desk.now()).map_err(|_| Error::internal())?;
    Ok(match object::sight(&desk.ports.send(request).await) {
        Sight::There(size) if size > 0 => thumbnails::of_livekit(object_key, bucket),
        _ => vec![],
    })
}

/// When the recording expires: when Storj deletes the first of what was uploaded, from that time on, by itself, or by
/// our own retention.
fn expiry<P: Ports>(desk: &Desk<'_, P>, object_ttl_ms: Option<i64>, uploaded_from: Millis) -> Statement {
    retention::fix(object_ttl_ms.map(|ttl| uploaded_from.plus(ttl)), desk.config.retention_days, desk.now())
}

/// An upload that LiveKit announced is complete, but Storj may be a moment behind: absence counts from a minute after the
/// end on.
fn waited_for(asset: &Unverified, now: Millis) -> bool {
    now.since(asset.created_at) >= MINUTE
}

/// And it counts only in S3's own words.
async fn confirmed_absent<P: Ports>(desk: &Desk<'_, P>, asset: &Unverified, now: Millis) -> Result<bool, Error> {
    if !waited_for(asset, now) {
        return Ok(false);
    }
    let request = object::first_byte(desk.config, &asset.bucket(), &asset.object_key, now).map_err(|_| Error::internal())?;
    Ok(object::confirms_absence(&desk.ports.send(request).await))
}
