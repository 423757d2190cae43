//! `/api/recordings`: found, read, renamed, published, played.

use super::input::{Cursor, Flag, Limit, Moment, StreamId, Title, Words};
use super::views::{self, RecordingView, may_change, may_see};
use super::{Reply, Request, input, page, playlist, search};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::input;
use crate::names::{RecordingStatus, Visibility};
use crate::ports::{Desk, Ports};
use crate::shape;
use crate::store::lists::{self, Filter, Recording, Seer};
use crate::store::search as words;
use crate::storj::object;
use crate::storj::sign::Bucket;
use crate::time::{HOUR, Millis, SECOND};

/// A link of unknown length lives as long as LiveKit's longest file may be, 3 h, and an hour more.
const UNKNOWN_LENGTH_MS: i64 = 3 * HOUR;

input! {
    /// Which recordings.
    pub struct RecordingsQuery {
        /// Words of title and room by their beginnings, in any alphabet, without accents.
        "q" => q: Option<Words>,
        /// Those of that stream.
        "streamId" => stream_id: Option<StreamId>,
        /// Those whose file stands there.
        "status" => status: Option<RecordingStatus>,
        /// The caller's own alone.
        "mine" => mine: Flag,
        /// Made at this time or later.
        "from" => from: Option<Moment>,
        /// Made before this time.
        "to" => to: Option<Moment>,
        /// The longest page. One may be short or empty; only `nextCursor: null` is the end.
        "limit" => limit: Limit,
        /// `nextCursor` of the page before, unchanged.
        "cursor" => cursor: Option<Cursor>,
    }

    /// What changes of a recording.
    pub struct ChangeRecording {
        /// One line of at most 200 characters.
        "title" => title: Option<Title>,
        /// Who may see it.
        "visibility" => visibility: Option<Visibility>,
    }
}

shape! {
    /// A page of recordings.
    pub struct Recordings {
        /// Newest first.
        "recordings" => pub(super) recordings: Vec<RecordingView>,
        /// Where the next page begins; only `null` is the end, and a page may be short or empty.
        "nextCursor" => pub(super) next_cursor: Option<String>,
    }

    /// A link that plays a recording.
    pub struct Playback {
        /// For `<video>`; for whoever has it.
        "url" => url: String,
        /// What is there: `video/mp4`, or `application/vnd.apple.mpegurl` where the recording is made of segments.
        "type" => kind: &'static str,
        /// Leads to its picture, good for `<img>`.
        "thumbnailUrl" => thumbnail_url: Option<String>,
        /// Until when the link counts.
        "expiresAt" => expires_at: Millis,
    }
}

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
    let RecordingsQuery { q, stream_id, status, mine: Flag(mine), from, to, limit: Limit(limit), cursor } = input::query(request)?;
    let filter = Filter {
        status: status.map(|status| status.name().to_owned()),
        stream_id: stream_id.map(|id| id.0),
        from: from.map(|time| time.0),
        to: to.map(|time| time.0),
    };
    let seer = seer(caller, mine)?;
    if let Some(Words(q)) = q.filter(|q| !q.0.is_empty()) {
        return search::page(desk, &views::Reader::new(desk, caller, request), &seer, &q, &filter, limit, cursor).await;
    }
    let after = cursor.map(|cursor| cursor.after("")).transpose()?;
    let statement = lists::recordings(&seer, &filter, after.as_ref(), limit + 1);
    let results = desk.batch(batch![statement]).await?;
    let mut rows: Vec<Recording> = desk.rows(&results, 0)?;
    // One row more than the page tells whether there is another page.
    let more = i64::try_from(rows.len()).is_ok_and(|n| n > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|row| page::cursor(row.created_at, &row.id));
    let reader = views::Reader::new(desk, caller, request);
    let shown: Vec<_> = rows.iter().map(|row| views::recording(row, &reader)).collect();
    Ok(Reply::json(200, &Recordings { recordings: shown, next_cursor: next }))
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
    Ok(Reply::json(200, &views::recording(&row, &views::Reader::new(desk, caller, request))))
}

/// `PATCH /api/recordings/{id}`
///
/// # Errors
/// 400, 401, 403, 404, 503.
pub async fn change<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    let ChangeRecording { title, visibility } = input::body(request)?;
    let (title, visibility) = (title.map(|title| title.0), visibility.map(Visibility::name));
    let row = find_own(desk, caller, id).await?;
    let title_then = title.as_deref().unwrap_or(&row.title);
    let found_by = words::index(id, title_then, crate::search::words(desk.ports, title_then, &row.room_name));
    let statements = batch![lists::change_recording(id, title.as_deref(), visibility), found_by, lists::recording(id)];
    let results = desk.batch(statements).await?;
    let row: Recording = desk.rows(&results, 2)?.into_iter().next().ok_or_else(Error::recording_not_found)?;
    Ok(Reply::json(200, &views::recording(&row, &views::Reader::new(desk, caller, request))))
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
        &Playback {
            url,
            kind,
            thumbnail_url: view.thumbnail_url,
            // Of the whole seconds that the link lives.
            expires_at: now.plus(i64::from(seconds) * 1_000),
        },
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
