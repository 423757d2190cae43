//! Making a lasting copy of a recording, a step at a time, from what D1 holds of it.
//!
//! Inside Storj by CopyObject, where the source does not expire. Else a copy would expire with it, so its bytes are
//! written anew: a multipart upload without expiry, a part piped after the other. Each step is filed before the next,
//! so whatever is cut off goes on from there, in a later run of the schedule.

use crate::batch;
use crate::error::Error;
use crate::http::Unpiped;
use crate::ports::{Desk, Ports};
use crate::store::Statement;
use crate::store::saves::{self, Save};
use crate::storj::object::{self, Sight};
use crate::storj::sign::SignError;
use crate::storj::trouble::Trouble;
use crate::storj::{copy, multipart};

/// What a step came to.
enum Step {
    /// The next one may follow.
    On(Vec<Statement>),
    /// Done, or never to be done: the row goes.
    Over(Vec<Statement>),
    /// It failed; `anew`: the upload is lost.
    Failed { why: Trouble, anew: bool },
}

/// Goes on with a copy while `may_go_on`, but for at least one step. Answers how it stands; `None` when there is
/// nothing under way any more: it is done, or the recording is gone. Two at once: the second leaves it alone.
///
/// # Errors
/// 503 when D1 does not answer. Trouble with Storj is none: it is filed, and tried again later.
pub async fn go_on<P: Ports>(desk: &Desk<'_, P>, asset_id: &str, may_go_on: impl Fn() -> bool) -> Result<Option<Save>, Error> {
    let holder = desk.new_id();
    let mut statements = batch![saves::hold(asset_id, &holder, desk.now())];
    loop {
        statements.push(saves::of(asset_id));
        let last = statements.len() - 1;
        let results = desk.batch(std::mem::take(&mut statements)).await?;
        let Some(save) = desk.rows::<Save>(&results, last)?.into_iter().next() else { return Ok(None) };
        // In another hand.
        if save.holder != holder {
            return Ok(Some(save));
        }
        let step = step(desk, &save).await?;
        let now = desk.now();
        statements = match step {
            Step::On(done) if may_go_on() => done,
            Step::On(mut done) => {
                done.push(saves::rest(&save, now));
                done.push(saves::of(asset_id));
                let last = done.len() - 1;
                let results = desk.batch(done).await?;
                return Ok(desk.rows(&results, last)?.into_iter().next());
            }
            Step::Over(done) => {
                desk.batch(done).await?;
                return Ok(None);
            }
            Step::Failed { why, anew } => {
                desk.trail.decided(format!("save: {} at part {} of {asset_id}; tried again later", why.code(), save.parts + 1));
                let mut failed = vec![saves::failed(&save, why.code(), anew, now), saves::of(asset_id)];
                if anew && save.upload_id.is_some() {
                    failed.insert(0, saves::throw_upload(&save, now));
                }
                let last = failed.len() - 1;
                let results = desk.batch(failed).await?;
                return Ok(desk.rows(&results, last)?.into_iter().next());
            }
        };
    }
}

async fn step<P: Ports>(desk: &Desk<'_, P>, save: &Save) -> Result<Step, Error> {
    match &save.upload_id {
        _ if !save.expires => copy_inside(desk, save).await,
        None => begin(desk, save).await,
        Some(upload_id) if save.copied_bytes() < save.size_bytes => pipe_part(desk, save, upload_id).await,
        Some(upload_id) => complete(desk, save, upload_id).await,
    }
}

async fn copy_inside<P: Ports>(desk: &Desk<'_, P>, save: &Save) -> Result<Step, Error> {
    let request = copy::copy(desk.config, &save.bucket(), &save.object_key, &save.copy_key, desk.now()).map_err(unsignable)?;
    match copy::copied(&desk.ports.send(request).await) {
        Err(Trouble::Absent) => gone_or_failed(desk, save, Trouble::Absent).await,
        // After an unknown outcome it may be there.
        Ok(()) | Err(Trouble::Unknown) => verify(desk, save, Trouble::Unknown, false).await,
        Err(why) => Ok(Step::Failed { why, anew: false }),
    }
}

async fn begin<P: Ports>(desk: &Desk<'_, P>, save: &Save) -> Result<Step, Error> {
    // Without any expiry, which can only be said here.
    let content_type = if save.copy_key.ends_with(".ts") { "video/mp2t" } else { "video/mp4" };
    let request = multipart::create(desk.config, &save.bucket(), &save.copy_key, content_type, None, desk.now()).map_err(unsignable)?;
    Ok(match multipart::created(&desk.ports.send(request).await) {
        Ok(upload_id) => Step::On(saves::begun(save, &upload_id, desk.now())),
        Err(why) => Step::Failed { why, anew: false },
    })
}

async fn pipe_part<P: Ports>(desk: &Desk<'_, P>, save: &Save, upload_id: &str) -> Result<Step, Error> {
    let (from, bucket, now) = (save.copied_bytes(), save.bucket(), desk.now());
    let length = whole(save.part_bytes.min(save.size_bytes - from));
    let number = usize::try_from(save.parts).unwrap_or(0) + 1;
    let source = object::range(desk.config, &bucket, &save.object_key, whole(from), length, now).map_err(unsignable)?;
    let sink = multipart::part(desk.config, &bucket, &save.copy_key, upload_id, number, now).map_err(unsignable)?;
    match desk.ports.pipe(vec![source], length, sink).await {
        Ok(answer) => Ok(match multipart::taken(&Ok(answer)) {
            Ok(etag) => Step::On(vec![saves::part_taken(save, &etag, desk.now())]),
            // The upload is not there any more: from the beginning.
            Err(why) => Step::Failed { why, anew: why == Trouble::Absent },
        }),
        Err(Unpiped::Refused { status: 404 | 416, .. } | Unpiped::Length { .. }) => gone_or_failed(desk, save, Trouble::Refused).await,
        // The same part again takes the place of one that may have been taken.
        Err(Unpiped::Refused { .. } | Unpiped::Broken { .. } | Unpiped::Sink(_)) => Ok(Step::Failed { why: Trouble::Unknown, anew: false }),
    }
}

async fn complete<P: Ports>(desk: &Desk<'_, P>, save: &Save, upload_id: &str) -> Result<Step, Error> {
    let etags: Vec<String> = match serde_json::from_slice::<serde_json::Value>(save.etags.as_bytes()) {
        Ok(serde_json::Value::Array(etags)) => etags.iter().filter_map(|etag| etag.as_str().map(str::to_owned)).collect(),
        _ => vec![],
    };
    let request = multipart::complete(desk.config, &save.bucket(), &save.copy_key, upload_id, &etags, desk.now()).map_err(unsignable)?;
    let why = multipart::completed(&desk.ports.send(request).await).err();
    // Whatever the answer: it may have been done by a call of before whose answer got lost, and the copy itself tells.
    // Without one, an upload that is not there, or has another part than was taken, is worth nothing.
    let anew = matches!(why, Some(Trouble::Absent | Trouble::Refused));
    verify(desk, save, why.unwrap_or(Trouble::Unknown), anew).await
}

/// Whether the copy is there, of the right size; else it failed so.
async fn verify<P: Ports>(desk: &Desk<'_, P>, save: &Save, why: Trouble, anew: bool) -> Result<Step, Error> {
    let request = object::head(desk.config, &save.bucket(), &save.copy_key, desk.now()).map_err(unsignable)?;
    Ok(match object::sight(&desk.ports.send(request).await) {
        Sight::There(size) if size == save.size_bytes => {
            desk.trail.decided(format!("save: {} is there", save.asset_id));
            Step::Over(saves::done(save, desk.now()))
        }
        Sight::Unclear => Step::Failed { why: Trouble::Unknown, anew: false },
        Sight::There(_) | Sight::NotThere => Step::Failed { why, anew },
    })
}

/// Only S3's own words say that the source is gone.
async fn gone_or_failed<P: Ports>(desk: &Desk<'_, P>, save: &Save, why: Trouble) -> Result<Step, Error> {
    let request = object::first_byte(desk.config, &save.bucket(), &save.object_key, desk.now()).map_err(unsignable)?;
    if object::confirms_absence(&desk.ports.send(request).await) {
        desk.trail.decided(format!("save: the file of {} is gone", save.asset_id));
        return Ok(Step::Over(saves::source_gone(save, desk.now())));
    }
    Ok(Step::Failed { why, anew: false })
}

fn unsignable(_: SignError) -> Error {
    Error::internal()
}

fn whole(bytes: i64) -> u64 {
    u64::try_from(bytes).unwrap_or(0)
}
