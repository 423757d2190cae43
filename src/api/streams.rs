//! `/api/streams`: made, found, renamed, ended.

use super::input::{Change, Cursor, Description, Flag, Limit, RoomName, Title};
use super::recordings::seer;
use super::rooms;
use super::views::{self, Reader, StreamView, may_change, may_see};
use super::{Background, Reply, Request, input, page};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::flow::tend::tend;
use crate::input;
use crate::names::{StreamStatus, Visibility};
use crate::ports::{Desk, Ports};
use crate::quality::Quality;
use crate::recording::Input;
use crate::shape;
use crate::store::Only;
use crate::store::egresses::{self, Which};
use crate::store::lists::{self, Filter};
use crate::store::sessions;
use crate::store::streams::{self, Stream};

input! {
    /// A stream to be made.
    pub struct CreateStream {
        /// One line of at most 200 characters.
        "title" => title: Title,
        /// Lines of at most 5,000 characters in all.
        "description" => description: Description,
        /// LiveKit's room, of at most 256 bytes; one is made up, if left out.
        "roomName" => room_name: Option<RoomName>,
        /// Who may see it.
        "visibility" => visibility: Option<Visibility>,
        /// Recording starts by itself once the host publishes.
        "record" => record: Option<bool>,
        /// Its recordings are kept from the start, and never expire.
        "saveToStorj" => save_to_storj: Option<bool>,
        /// The picture of its recordings.
        "quality" => quality: Option<Quality>,
    }

    /// Which streams.
    pub struct StreamsQuery {
        /// Those that stand there.
        "status" => status: Option<StreamStatus>,
        /// The caller's own alone.
        "mine" => mine: Flag,
        /// The longest page. One may be short or empty; only `nextCursor: null` is the end.
        "limit" => limit: Limit,
        /// `nextCursor` of the page before, unchanged.
        "cursor" => cursor: Option<Cursor>,
    }

    /// What changes of a stream.
    pub struct ChangeStream {
        /// One line of at most 200 characters.
        "title" => title: Option<Title>,
        /// Lines of at most 5,000 characters in all; `null` clears it.
        "description" => description: Change<Description>,
        /// Who may see it; its recordings stay as they are.
        "visibility" => visibility: Option<Visibility>,
    }
}

shape! {
    /// A page of streams.
    pub struct Streams {
        /// Newest first.
        "streams" => streams: Vec<StreamView>,
        /// Where the next page begins; only `null` is the end, and a page may be short or empty.
        "nextCursor" => next_cursor: Option<String>,
    }
}

/// `POST /api/streams`: 201, or 200 with the owner's stream of that room that has not ended.
///
/// # Errors
/// 400, 401, 409 `room_taken`, 503.
pub async fn create<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    let CreateStream { title, description, room_name, visibility, record, save_to_storj, quality } = input::body(request)?;
    let room_name = match room_name {
        Some(RoomName(name)) => name,
        None => format!("{}stream-{}", desk.config.room_prefix.as_deref().unwrap_or_default(), short_id(desk)),
    };
    let owner = caller.user_id().ok_or_else(Error::sign_in)?;
    let claim = rooms::Claim {
        room_name: &room_name,
        owner,
        title: &title.0,
        about: description.0.as_deref(),
        visibility: visibility.map(Visibility::name),
        record: record.unwrap_or(false),
        save_to_storj: save_to_storj.unwrap_or(false),
        quality,
        origin: &request.origin,
        host_until: None,
    };
    let (stream, made) = rooms::claim(desk, &claim).await?;
    Ok(Reply::json(if made { 201 } else { 200 }, &views::stream(&stream, &Reader::new(desk, caller, request))))
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
    let StreamsQuery { status, mine: Flag(mine), limit: Limit(limit), cursor } = input::query(request)?;
    let filter = Filter { status: status.map(|status| status.name().to_owned()), ..Filter::default() };
    let seer = seer(caller, mine)?;
    let after = cursor.map(|cursor| cursor.after("")).transpose()?;
    let statement = lists::streams(&seer, &filter, after.as_ref(), limit + 1);
    let results = desk.batch(batch![statement]).await?;
    let mut rows: Vec<Stream> = desk.rows(&results, 0)?;
    let more = i64::try_from(rows.len()).is_ok_and(|n| n > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|row| page::cursor(row.created_at, &row.id));
    let shown = rows.iter().filter(|row| row.deleted_at.is_none());
    let reader = Reader::new(desk, caller, request);
    let shown: Vec<_> = shown.map(|row| views::stream(row, &reader)).collect();
    Ok(Reply::json(200, &Streams { streams: shown, next_cursor: next }))
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
    Ok(Reply::json(200, &views::stream(&row, &Reader::new(desk, caller, request))))
}

/// `PATCH /api/streams/{id}`
///
/// # Errors
/// 400, 401, 403, 404, 503.
pub async fn change<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    let ChangeStream { title, description, visibility } = input::body(request)?;
    find_own(desk, caller, id).await?;
    let (title, visibility) = (title.as_ref().map(|title| title.0.as_str()), visibility.map(Visibility::name));
    let about = description.0.as_ref().map(|description| description.0.as_deref());
    let results = desk.batch(batch![streams::change(id, title, about, visibility), streams::by_id(id)]).await?;
    let row: Stream = desk.rows(&results, 1)?.into_iter().next().ok_or_else(Error::stream_not_found)?;
    Ok(Reply::json(200, &views::stream(&row, &Reader::new(desk, caller, request))))
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
        ..Reply::json(200, &views::stream(&tended.view.stream, &Reader::new(desk, caller, request)))
    })
}
