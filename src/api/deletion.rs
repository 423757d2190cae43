//! Deleting: a recording, up to a hundred, a stream. What the bucket does not do at once, the schedule does.

use serde_json::Value;

use super::page::flag;
use super::recordings::find_own;
use super::views::{may_change, may_see};
use super::{Background, Reply, Request, input, streams};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::flow::discard;
use crate::object;
use crate::ports::{Desk, Ports};
use crate::store::tombstones::{self, Doomed};

/// The most recordings in one request.
const MOST_IDS: usize = 100;

/// `DELETE /api/recordings/{id}`: 200 `deleted`, or 202 `deleting` while the bucket has not answered.
///
/// # Errors
/// 401, 403, 404, 503.
pub async fn recording<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Reply, Error> {
    find_own(desk, caller, id).await?;
    let results = desk.batch(batch![tombstones::doomed(&[id])]).await?;
    let doomed: Vec<Doomed> = desk.rows(&results, 0)?;
    let left = discard::recordings(desk, &doomed.iter().collect::<Vec<_>>(), "asked").await?;
    let (status, word) = if left.is_empty() { (200, "deleted") } else { (202, "deleting") };
    Ok(Reply::json(status, object!({ "success": true, "id": id, "status": word })))
}

/// `POST /api/recordings/delete`: each is `deleted`, `deleting`, `not_found` or `not_owner`.
///
/// # Errors
/// 400, 401, 503.
pub async fn recordings<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    let body = input::body(request, &["ids"])?;
    let wrong = || Error::invalid(format!("`ids` is a list of 1 to {MOST_IDS} ids of recordings"));
    let list = body.any(&["ids"])?.and_then(|(_, value)| value.as_array()).ok_or_else(wrong)?;
    let ids: Option<Vec<String>> = list.iter().map(|id| id.as_str().and_then(crate::route::identifier)).collect();
    let mut ids = ids.filter(|ids| (1..=MOST_IDS).contains(&ids.len())).ok_or_else(wrong)?;
    caller.user_id().ok_or_else(Error::sign_in)?;
    ids.sort();
    ids.dedup();
    let wanted: Vec<&str> = ids.iter().map(String::as_str).collect();
    let results = desk.batch(batch![tombstones::doomed(&wanted)]).await?;
    let found: Vec<Doomed> = desk.rows(&results, 0)?;
    let own: Vec<&Doomed> = found.iter().filter(|one| may_change(caller, &one.owner_id)).collect();
    let left = discard::recordings(desk, &own, "asked").await?;
    let word = |id: &str| match found.iter().find(|one| one.id == id) {
        Some(one) if !may_see(caller, &one.owner_id, &one.visibility) => "not_found",
        None => "not_found",
        Some(one) if !may_change(caller, &one.owner_id) => "not_owner",
        Some(_) if left.iter().any(|one| one == id) => "deleting",
        Some(_) => "deleted",
    };
    let results: Vec<Value> = ids.iter().map(|id| object!({ "id": id, "status": word(id) })).collect();
    let done = own.len() == ids.len();
    Ok(Reply::json(if left.is_empty() { 200 } else { 202 }, object!({ "success": done, "results": results })))
}

/// `DELETE /api/streams/{id}`: its recordings stay, without `streamId`. With `?stop=true` also one that is live: what
/// records is stopped, its room is closed.
///
/// # Errors
/// 400, 401, 403, 404, 409 `stream_live`, 503.
pub async fn stream<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    let stop = flag(&input::query(request, &["stop"])?, "stop")?;
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
        ..Reply::json(200, object!({ "success": true, "id": id, "status": "deleted" }))
    })
}
