//! Deleting: a recording, up to a hundred, a stream. What the bucket does not do at once, the schedule does.

use serde_json::Value;

use super::input::{Flag, Ids};
use super::recordings::find_own;
use super::views::{may_change, may_see};
use super::{Background, Reply, Request, input, streams};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::flow::discard;
use crate::input;
use crate::names::{Deletion, Fate};
use crate::ports::{Desk, Ports};
use crate::shape;
use crate::store::tombstones::{self, Doomed};

input! {
    /// Recordings to be deleted.
    pub struct DeleteRecordings {
        /// The recordings' ids.
        "ids" => ids: Ids,
    }

    /// How a stream is deleted.
    pub struct DeleteStreamQuery {
        /// Also one that is live: what records is stopped, its room is closed.
        "stop" => stop: Flag,
    }
}

shape! {
    /// What became of one that was to be deleted.
    #[schemars(inline)]
    pub struct Outcome<'a> {
        /// The recording's id.
        "id" => id: &'a str,
        /// `deleting`: the bucket does not do it now, and is asked again until it does.
        "status" => status: Fate,
    }

    /// One was deleted.
    pub struct Deleted<'a> {
        /// `true`.
        "success" => success: bool,
        /// The id, as it was given.
        "id" => id: &'a str,
        /// `deleting`: the bucket does not do it now, and is asked again until it does.
        "status" => status: Deletion,
    }

    /// What became of each that was to be deleted.
    pub struct DeletedRecordings<'a> {
        /// Whether each of them was there, and the caller's to delete.
        "success" => success: bool,
        /// One for each id, sorted by id.
        "results" => results: Vec<Outcome<'a>>,
    }
}

/// `DELETE /api/recordings/{id}`: 200 `deleted`, or 202 `deleting` while the bucket has not answered.
///
/// # Errors
/// 401, 403, 404, 503.
pub async fn recording<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Reply, Error> {
    find_own(desk, caller, id).await?;
    let results = desk.batch(batch![tombstones::doomed(&[id])]).await?;
    let doomed: Vec<Doomed> = desk.rows(&results, 0)?;
    let left = discard::recordings(desk, &doomed.iter().collect::<Vec<_>>(), "asked").await?;
    let (status, word) = if left.is_empty() { (200, Deletion::DELETED) } else { (202, Deletion::DELETING) };
    Ok(Reply::json(status, &Deleted { success: true, id, status: word }))
}

/// `POST /api/recordings/delete`: each is `deleted`, `deleting`, `not_found` or `not_owner`.
///
/// # Errors
/// 400, 401, 503.
pub async fn recordings<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    let DeleteRecordings { ids: Ids(mut ids) } = input::body(request)?;
    caller.user_id().ok_or_else(Error::sign_in)?;
    ids.sort();
    ids.dedup();
    let wanted: Vec<&str> = ids.iter().map(String::as_str).collect();
    let results = desk.batch(batch![tombstones::doomed(&wanted)]).await?;
    let found: Vec<Doomed> = desk.rows(&results, 0)?;
    let own: Vec<&Doomed> = found.iter().filter(|one| may_change(caller, &one.owner_id)).collect();
    let left = discard::recordings(desk, &own, "asked").await?;
    let word = |id: &str| match found.iter().find(|one| one.id == id) {
        Some(one) if !may_see(caller, &one.owner_id, &one.visibility) => Fate::NOT_FOUND,
        None => Fate::NOT_FOUND,
        Some(one) if !may_change(caller, &one.owner_id) => Fate::NOT_OWNER,
        Some(_) if left.iter().any(|one| one == id) => Fate::DELETING,
        Some(_) => Fate::DELETED,
    };
    let results: Vec<Outcome<'_>> = ids.iter().map(|id| Outcome { id, status: word(id) }).collect();
    let done = own.len() == ids.len();
    Ok(Reply::json(if left.is_empty() { 200 } else { 202 }, &DeletedRecordings { success: done, results }))
}

/// `DELETE /api/streams/{id}`: its recordings stay, without `streamId`. With `?stop=true` also one that is live: what
/// records is stopped, its room is closed.
///
/// # Errors
/// 400, 401, 403, 404, 409 `stream_live`, 503.
pub async fn stream<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    let DeleteStreamQuery { stop: Flag(stop) } = input::query(request)?;
    streams::find_own(desk, caller, id).await?;
    let mut statements = tombstones::stream(id, stop, desk.now());
    let last = statements.len();
    statements.push(crate::store::streams::by_id(id));
    let results = desk.batch(statements).await?;
    if !desk.rows::<Value>(&results, last)?.is_empty() {
        return Err(Error::new(409, "stream_live", "the stream is live, or something of it is still being recorded")
            .hint("end it first (POST /api/streams/{id}/end), or add ?stop=true"));
    }
    // From here on nobody finds it; what still records is stopped and looked after until it is over.
    Ok(Reply {
        background: Some(Background::Tend(id.to_owned())),
        ..Reply::json(200, &Deleted { success: true, id, status: Deletion::DELETED })
    })
}
