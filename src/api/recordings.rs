//! `/api/recordings`: found, read, renamed, published, played.

use serde_json::json;

use super::page::{after, cursor, flag, limit, time};
use super::views::{self, may_change, may_see};
use super::{Reply, Request, input, playlist, search};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::object;
use crate::ports::{Desk, Ports};
use crate::store::lists::{self, Filter, Recording, Seer};
use crate::store::search as words;
use crate::storj::object;
use crate::storj::sign::Bucket;
use crate::time::{HOUR, Millis, SECOND};

/// A link of unknown length lives as long as LiveKit's longest file may be, 3 h, and an hour more.
const UNKNOWN_LENGTH_MS: i64 = 3 * HOUR;

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
    let query = input::query(request, &["q", "streamId", "status", "mine", "from", "to", "limit", "cursor"])?;
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
    let seer = seer(caller, flag(&query, "mine")?)?;
    if let Some(q) = input::parameter(&query, "q").map(str::trim).filter(|q| !q.is_empty()) {
        return search::page(desk, &views::Reader::new(desk, caller, request), &seer, q, &filter, &query).await;
    }
    let limit = limit(&query)?;
    let statement = lists::recordings(&seer, &filter, after(&query)?.as_ref(), limit + 1);
    let results = desk.batch(batch![statement]).await?;
    let mut rows: Vec<Recording> = desk.rows(&results, 0)?;
    // One row more than the page tells whether there is another page.
    let more = i64::try_from(rows.len()).is_ok_and(|n| n > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|row| cursor(row.created_at, &row.id));
    let reader = views::Reader::new(desk, caller, request);
    let shown: Vec<_> = rows.iter().map(|row| views::recording(row, &reader)).collect();
    Ok(Reply::json(200, object!({ "recordings": shown, "nextCursor": next })))
}

/// A recording that the caller may see.
///
/// # Errors
/// 404, 503.
pub(super) async fn find<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Recording, Error> {
    let results = desk.batch(batch![lists::recording(id)]).await?;
    let row: Option<Recording> = desk.rows(&results, 0)?.into_iter().next();
    // Private to others is not there, in the very words of what was never there.
    row.filter(|row| may_see(caller, &row.owner_id, &row.visibility)).ok_or_else(Error::recording_not_found)
}

/// A recording that the caller may change.
pub(super) async fn find_own<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Recording, Error> {
    caller.user_id().ok_or_else(Error::sign_in)?;
    let row = find(desk, caller, id).await?;
    if may_change(caller, &row.owner_id) { Ok(row) } else { Err(Error::not_yours("recording")) }
}

/// 410: there is no file to do this with.
pub(super) fn gone(message: &'static str) -> Error {
    Error::new(410, "recording_missing", message)
}

/// `GET /api/recordings/{id}`
///
/// # Errors
/// 404, 503.
pub async fn read<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    let row = find(desk, caller, id).await?;
    Ok(Reply::json(200, json!(views::recording(&row, &views::Reader::new(desk, caller, request)))))
}

/// `PATCH /api/recordings/{id}`
///
/// # Errors
/// 400, 401, 403, 404, 503.
pub async fn change<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    let body = input::body(request, &["title", "visibility"])?;
    let (title, visibility) = (input::title(body.text(&["title"])?)?, input::visibility(body.text(&["visibility"])?)?);
    let row = find_own(desk, caller, id).await?;
    let title_then = title.as_deref().unwrap_or(&row.title);
    let found_by = words::index(id, title_then, crate::search::words(desk.ports, title_then, &row.room_name));
    let statements = batch![lists::change_recording(id, title.as_deref(), visibility.as_deref()), found_by, lists::recording(id)];
    let results = desk.batch(statements).await?;
    let row: Recording = desk.rows(&results, 2)?.into_iter().next().ok_or_else(Error::recording_not_found)?;
    Ok(Reply::json(200, json!(views::recording(&row, &views::Reader::new(desk, caller, request)))))
}

/// `GET /api/recordings/{id}/playback`
///
/// # Errors
/// 404, 409 `recording_not_ready`, 410 `recording_missing`, 503.
pub async fn playback<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    let (row, now) = (find(desk, caller, id).await?, desk.now());
    let end = playable_until(&row, now)?.min(now.plus(row.duration_ms.unwrap_or(UNKNOWN_LENGTH_MS).max(0)).plus(object::PAUSES_MS));
    let seconds = object::seconds_until(end, now);
    let (kind, url) = if row.format == "segments" {
        (playlist::TYPE, playlist::address(desk.config, &request.origin, id, now.secs() + i64::from(seconds)))
    } else {
        let url = object::link(desk.config, "GET", &bucket_of(&row), &row.object_key, "video/mp4", "inline", now, seconds);
        ("video/mp4", url.map_err(|_| Error::internal())?)
    };
    let view = views::recording(&row, &views::Reader::new(desk, caller, request));
    Ok(Reply::json(
        200,
        object!({
            "url": url,
            "type": kind,
            "thumbnailUrl": view.thumbnail_url,
            // Of the whole seconds that the link lives.
            "expiresAt": now.plus(i64::from(seconds) * 1_000),
        }),
    ))
}

/// Until when a recording's file can be had.
///
/// # Errors
/// 409 `recording_not_ready`, 410 `recording_missing`.
pub(super) fn playable_until(row: &Recording, now: Millis) -> Result<Millis, Error> {
    match row.status.as_str() {
        "ready" => match row.expires_at {
            // A link lives a second at least, and never longer than the recording.
            Some(end) if end.since(now) < SECOND => Err(gone("the recording has expired")),
            end => Ok(end.unwrap_or(Millis(i64::MAX))),
        },
        "processing" => Err(Error::new(409, "recording_not_ready", "the recording is still being verified")
            .retry_after(5)
            .hint("LiveKit takes 1–3 minutes after a stream; ask again")),
        "deleting" => Err(gone("the recording is being deleted")),
        _ => Err(gone("the recording's file is not in the bucket")),
    }
}

/// Where its file lies.
pub(super) fn bucket_of(row: &Recording) -> Bucket {
    Bucket { endpoint: row.endpoint.clone(), region: row.region.clone(), name: row.bucket.clone() }
}
