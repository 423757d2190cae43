//! `POST /api/recordings/{id}/save`: a lasting copy under `saved/`. Asked again, it tells how far it is.

use super::recordings::{find_own, gone, playable_until};
use super::{Background, Reply};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::flow::save::go_on;
use crate::names::Copying;
use crate::ports::{Desk, Ports};
use crate::shape;
use crate::store::lists::{self, Recording};
use crate::store::saves::{self, Save};
use crate::storj::key::saved_key;

shape! {
    /// How far a lasting copy is.
    pub struct LastingCopy<'a> {
        /// `true`.
        "success" => success: bool,
        /// The recording's id.
        "id" => id: &'a str,
        /// `saving`: ask again to see how far it is.
        "status" => status: Copying,
        /// The whole object key of what is kept: the copy, or the file itself where it was made to be kept.
        "filename" => filename: &'a str,
        /// How much of it is there.
        "copiedBytes" => copied_bytes: i64,
        /// How much there will be.
        "totalBytes" => total_bytes: i64,
        /// A code: what the last try failed for; it is tried again.
        "error" => error: Option<&'a str>,
    }
}

/// 200 when it is saved, 202 with the progress while it is copied.
///
/// # Errors
/// 401, 403, 404, 409 `recording_not_ready`, 410 `recording_missing`, 503.
pub async fn save<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Reply, Error> {
    let row = find_own(desk, caller, id).await?;
    if row.saved && row.status == "ready" {
        return Ok(saved(&row));
    }
    playable_until(&row, desk.now())?;
    let Some(size) = row.size_bytes else { return Err(Error::new(409, "recording_not_ready", "the recording's size is not known yet")) };
    let now = desk.now();
    let results = desk.batch(batch![saves::ask(id, &saved_key(&row.original_key), size, now), saves::of(id)]).await?;
    let asked: Option<Save> = desk.rows(&results, 1)?.into_iter().next();
    // Copied inside Storj, it is a matter of seconds; else it goes on behind the answer and by the schedule.
    let inside = asked.as_ref().is_some_and(|save| !save.expires && save.error.is_none());
    let under_way = if inside { go_on(desk, id, || false).await? } else { asked };
    if under_way.is_none() && row.format == "segments" {
        let results = desk.batch(batch![lists::recording(id)]).await?;
        let now: Option<Recording> = desk.rows(&results, 0)?.into_iter().next();
        if now.is_some_and(|row| !row.saved && row.status == "ready") {
            return Err(Error::new(409, "recording_not_ready", "the recording's segments are still being joined into one object")
                .retry_after(60)
                .hint("it plays meanwhile; ask again in some minutes"));
        }
    }
    match under_way {
        Some(save) => Ok(Reply { background: (!inside).then(|| Background::Save(id.to_owned())), ..saving(&save) }),
        None => {
            let results = desk.batch(batch![lists::recording(id)]).await?;
            let row: Option<Recording> = desk.rows(&results, 0)?.into_iter().next();
            match row {
                Some(row) if row.saved && row.status != "deleting" => Ok(saved(&row)),
                Some(_) => Err(gone("the recording's file is not in the bucket any more, so there is nothing to save")),
                None => Err(Error::recording_not_found()),
            }
        }
    }
}

fn saved(row: &Recording) -> Reply {
    let bytes = row.size_bytes.unwrap_or(0);
    let (id, filename) = (&row.id, &row.object_key);
    Reply::json(
        200,
        &LastingCopy { success: true, id, status: Copying::SAVED, filename, copied_bytes: bytes, total_bytes: bytes, error: None },
    )
}

fn saving(save: &Save) -> Reply {
    let mut reply = Reply::json(
        202,
        &LastingCopy {
            success: true,
            id: &save.asset_id,
            status: Copying::SAVING,
            filename: &save.copy_key,
            copied_bytes: save.copied_bytes(),
            total_bytes: save.size_bytes,
            error: save.error.as_deref(),
        },
    );
    reply.headers.push(("retry-after", "5".to_owned()));
    reply
}
