//! `/api/recordings`: found, read, renamed, published, played.

use serde_json::json;

use super::page::{after, cursor, flag, limit, time};
use super::views::{self, may_change, may_see};
use super::{Reply, Request, input};
use crate::auth::caller::Caller;
use crate::error::Error;
use crate::ports::{Desk, Ports};
use crate::store::lists::{self, Filter, Recording, Seer};
use crate::storj::object;
use crate::time::HOUR;

/// A link of unknown length lives as long as LiveKit's longest file may be, 3 h, and an hour more.
const UNKNOWN_LENGTH_MS: i64 = 3 * HOUR;
/// Viewers pause: a link outlives the recording's length by so much.
const PAUSES_MS: i64 = HOUR;

/// Whose rows a caller sees in a list.
///
/// # Errors
/// 401 for `mine` of nobody.
pub(super) fn seer(caller: &Caller, mine: bool) -> Result<Seer, Error> {
    Ok(match (caller.user_id(), mine) {
        (None, true) => return Err(Error::sign_in()),
        (None, false) => Seer::Anyone,
        (Some(id), true) => Seer::Mine(id.to_owned()),
        (Some(_), false) if caller.is_admin() => Seer::Admin,
        (Some(id), false) => Seer::User(id.to_owned()),
    })
}

/// `GET /api/recordings`
///
/// # Errors
/// 400 for a parameter, 401 for `mine` of nobody, 503.
pub async fn list<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    let query = input::query(request, &["streamId", "status", "mine", "from", "to", "limit", "cursor"])?;
    let status = input::parameter(&query, "status");
    if status.is_some_and(|status| !["processing", "ready", "missing", "deleting"].contains(&status)) {
        return Err(Error::invalid("`status` is processing, ready, missing or deleting"));
    }
    let filter = Filter {
        status: status.map(str::to_owned),
        stream_id: input::stream_id(input::parameter(&query, "streamId").map(str::to_owned))?,
        from: time(&query, "from")?,
        to: time(&query, "to")?,
    };
    let limit = limit(&query)?;
    let statement = lists::recordings(&seer(caller, flag(&query, "mine")?)?, &filter, after(&query)?.as_ref(), limit + 1);
    let results = desk.batch(vec![statement]).await?;
    let mut rows: Vec<Recording> = desk.rows(&results, 0)?;
    // One row more than the page tells whether there is another page.
    let more = i64::try_from(rows.len()).is_ok_and(|n| n > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|row| cursor(row.created_at, &row.id));
    let shown: Vec<_> = rows.iter().map(|row| views::recording(row, caller)).collect();
    Ok(Reply::json(200, json!({ "recordings": shown, "nextCursor": next })))
}

async fn find<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Recording, Error> {
    let results = desk.batch(vec![lists::recording(id)]).await?;
    let row: Option<Recording> = desk.rows(&results, 0)?.into_iter().next();
    // Private to others is not there, in the very words of what was never there.
    row.filter(|row| may_see(caller, &row.owner_id, &row.visibility)).ok_or_else(Error::recording_not_found)
}

/// `GET /api/recordings/{id}`
///
/// # Errors
/// 404, 503.
pub async fn read<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Reply, Error> {
    let row = find(desk, caller, id).await?;
    Ok(Reply::json(200, json!(views::recording(&row, caller))))
}

/// `PATCH /api/recordings/{id}`
///
/// # Errors
/// 400, 401, 403, 404, 503.
pub async fn change<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    let body = input::body(request, &["title", "visibility"])?;
    let (title, visibility) = (input::title(body.text(&["title"])?)?, input::visibility(body.text(&["visibility"])?)?);
    caller.user_id().ok_or_else(Error::sign_in)?;
    let row = find(desk, caller, id).await?;
    if !may_change(caller, &row.owner_id) {
        return Err(Error::not_yours("recording"));
    }
    let statements = vec![lists::change_recording(id, title.as_deref(), visibility.as_deref()), lists::recording(id)];
    let results = desk.batch(statements).await?;
    let row: Recording = desk.rows(&results, 1)?.into_iter().next().ok_or_else(Error::recording_not_found)?;
    Ok(Reply::json(200, json!(views::recording(&row, caller))))
}

/// `GET /api/recordings/{id}/playback`
///
/// # Errors
/// 404, 409 `recording_not_ready`, 410 `recording_missing`, 503.
pub async fn playback<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Reply, Error> {
    let row = find(desk, caller, id).await?;
    let now = desk.now();
    let gone = |message| Error::new(410, "recording_missing", message);
    match row.status.as_str() {
        "ready" => {}
        "processing" => {
            return Err(Error::new(409, "recording_not_ready", "the recording is still being verified")
                .retry_after(5)
                .hint("LiveKit takes 1–3 minutes after a stream; ask again"));
        }
        _ => return Err(gone("the recording's file is not in the bucket")),
    }
    let mut expires_at = now.plus(row.duration_ms.unwrap_or(UNKNOWN_LENGTH_MS).max(0)).plus(PAUSES_MS);
    if let Some(end) = row.expires_at {
        if end <= now {
            return Err(gone("the recording has expired"));
        }
        expires_at = expires_at.min(end);
    }
    // Whole seconds, at least one, at most SigV4's seven days; the answer tells the very same.
    let seconds = u32::try_from(expires_at.since(now) / 1_000).unwrap_or(u32::MAX).clamp(1, 604_800);
    let bucket = crate::storj::sign::Bucket { endpoint: row.endpoint, region: row.region, name: row.bucket };
    let url = object::playback(desk.config, &bucket, &row.object_key, "video/mp4", now, seconds).map_err(|_| Error::internal())?;
    Ok(Reply::json(
        200,
        json!({
            "url": url,
            "type": "video/mp4",
            "thumbnailUrl": null,
            "expiresAt": now.plus(i64::from(seconds) * 1_000),
        }),
    ))
}
