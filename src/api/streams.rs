//! `/api/streams`: made, found, renamed, ended.

use serde_json::json;

use super::page::{after, cursor, flag, limit};
use super::recordings::seer;
use super::rooms;
use super::views::{self, Reader, may_change, may_see};
use super::{Background, Reply, Request, input};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::flow::tend::tend;
use crate::object;
use crate::ports::{Desk, Ports};
use crate::recording::Input;
use crate::store::Only;
use crate::store::egresses::{self, Which};
use crate::store::lists::{self, Filter};
use crate::store::sessions;
use crate::store::streams::{self, Stream};

/// `POST /api/streams`: 201, or 200 with the owner's stream of that room that has not ended.
///
/// # Errors
/// 400, 401, 409 `room_taken`, 503.
pub async fn create<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    let body = input::body(request, &["title", "description", "roomName", "visibility", "record", "saveToStorj", "quality"])?;
    let title = input::title(body.text(&["title"])?)?.ok_or_else(|| Error::invalid("`title` is missing"))?;
    let description = input::description(body.text(&["description"])?.as_deref())?;
    let visibility = input::visibility(body.text(&["visibility"])?)?;
    let (record, save_to_storj) = (body.flag(&["record"])?, body.flag(&["saveToStorj"])?);
    let quality = input::quality(body.text(&["quality"])?)?;
    let room_name = match body.text(&["roomName"])? {
        Some(name) => input::room_name(Some(name))?,
        None => format!("{}stream-{}", desk.config.room_prefix.as_deref().unwrap_or_default(), short_id(desk)),
    };
    let owner = caller.user_id().ok_or_else(Error::sign_in)?;
    let claim = rooms::Claim {
        room_name: &room_name,
        owner,
        title: &title,
        about: description.as_deref(),
        visibility: visibility.as_deref(),
        record: record.unwrap_or(false),
        save_to_storj: save_to_storj.unwrap_or(false),
        quality,
        origin: &request.origin,
        host_until: None,
    };
    let (stream, made) = rooms::claim(desk, &claim).await?;
    Ok(Reply::json(if made { 201 } else { 200 }, json!(views::stream(&stream, &Reader::new(desk, caller, request)))))
}

/// 48 random bits: a room's name that people may have to read.
fn short_id<P: Ports>(desk: &Desk<'_, P>) -> String {
    desk.ports.random().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// `GET /api/streams`
///
/// # Errors
/// 400 for a parameter, 401 for `mine` of nobody, 503.
pub async fn list<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    let query = input::query(request, &["status", "mine", "limit", "cursor"])?;
    let status = input::parameter(&query, "status");
    if status.is_some_and(|status| !["created", "live", "ended"].contains(&status)) {
        return Err(Error::invalid("`status` is created, live or ended"));
    }
    let filter = Filter { status: status.map(str::to_owned), ..Filter::default() };
    let limit = limit(&query)?;
    let statement = lists::streams(&seer(caller, flag(&query, "mine")?)?, &filter, after(&query)?.as_ref(), limit + 1);
    let results = desk.batch(batch![statement]).await?;
    let mut rows: Vec<Stream> = desk.rows(&results, 0)?;
    let more = i64::try_from(rows.len()).is_ok_and(|n| n > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|row| cursor(row.created_at, &row.id));
    let shown = rows.iter().filter(|row| row.deleted_at.is_none());
    let reader = Reader::new(desk, caller, request);
    let shown: Vec<_> = shown.map(|row| views::stream(row, &reader)).collect();
    Ok(Reply::json(200, object!({ "streams": shown, "nextCursor": next })))
}

/// A stream that the caller may see.
///
/// # Errors
/// 404, 503.
pub(super) async fn find<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Stream, Error> {
    let results = desk.batch(batch![streams::by_id(id)]).await?;
    let row: Option<Stream> = desk.rows(&results, 0)?.into_iter().next();
    row.filter(|row| may_see(caller, &row.owner_id, &row.visibility)).ok_or_else(Error::stream_not_found)
}

/// A stream that the caller may change.
///
/// # Errors
/// 401, 403, 404, 503.
pub(super) async fn find_own<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Stream, Error> {
    caller.user_id().ok_or_else(Error::sign_in)?;
    let row = find(desk, caller, id).await?;
    if may_change(caller, &row.owner_id) { Ok(row) } else { Err(Error::not_yours("stream")) }
}

/// `GET /api/streams/{id}`
///
/// # Errors
/// 404, 503.
pub async fn read<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    let row = find(desk, caller, id).await?;
    Ok(Reply::json(200, json!(views::stream(&row, &Reader::new(desk, caller, request)))))
}

/// `PATCH /api/streams/{id}`
///
/// # Errors
/// 400, 401, 403, 404, 503.
pub async fn change<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    let body = input::body(request, &["title", "description", "visibility"])?;
    let (title, visibility) = (input::title(body.text(&["title"])?)?, input::visibility(body.text(&["visibility"])?)?);
    let description = input::description(body.text(&["description"])?.as_deref())?;
    // `null` clears a description, an absent one leaves it.
    let about = body.mentions("description").then_some(description);
    find_own(desk, caller, id).await?;
    let about = about.as_ref().map(Option::as_deref);
    let results = desk.batch(batch![streams::change(id, title.as_deref(), about, visibility.as_deref()), streams::by_id(id)]).await?;
    let row: Stream = desk.rows(&results, 1)?.into_iter().next().ok_or_else(Error::stream_not_found)?;
    Ok(Reply::json(200, json!(views::stream(&row, &Reader::new(desk, caller, request)))))
}

/// `POST /api/streams/{id}/end`: stops its recordings, then closes the room. What LiveKit does not confirm
/// at once, the schedule asks for again.
///
/// # Errors
/// 401, 403, 404, 503.
pub async fn end<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    find_own(desk, caller, id).await?;
    let now = desk.now();
    desk.batch(batch![
        sessions::leave_foreign(id, now),
        streams::end(id, now),
        egresses::apply(Which::HoldingForStream(id), Input::StopAsked, None, None, &Only::Always),
    ])
    .await?;
    let tended = tend(desk, id, false).await?;
    Ok(Reply {
        background: Some(Background::Tend(id.to_owned())),
        ..Reply::json(200, json!(views::stream(&tended.view.stream, &Reader::new(desk, caller, request))))
    })
}
