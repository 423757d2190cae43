//! `/api/recordings/{id}/download`: a link to save a recording by, under a name for people.

use super::recordings::{bucket_of, find, playable_until};
use super::{Reply, Request};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::file_name;
use crate::ports::{Desk, Ports};
use crate::shape;
use crate::store::downloads;
use crate::store::lists::Recording;
use crate::storj::object;
use crate::time::{DAY, MINUTE, Millis};

/// A download begins at once, and goes on when its link is over; resumed later, it asks for another.
const LINK_MS: i64 = 5 * MINUTE;

shape! {
    /// A link that saves a recording.
    pub struct DownloadLink {
        /// Presigned; for whoever has it.
        "url" => url: String,
        /// The name that it is saved under.
        "filename" => file_name: String,
        /// Until when the link counts.
        "expiresAt" => expires_at: Millis,
    }
}

/// `GET`: 302 to the link. What a page or a program follows.
///
/// # Errors
/// 404, 409 `recording_not_ready`, 410 `recording_missing`, 503.
pub async fn follow<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    let link = link(desk, caller, request, id).await?;
    Ok(Reply { status: 302, headers: vec![("location", link.url)], ..Reply::default() })
}

/// `POST`: the link itself, for private recordings: what a page links to carries no bearer.
///
/// # Errors
/// As [`follow`].
pub async fn tell<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<Reply, Error> {
    let link = link(desk, caller, request, id).await?;
    Ok(Reply::json(200, &link))
}

async fn link<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, id: &str) -> Result<DownloadLink, Error> {
    let (row, now) = (find(desk, caller, id).await?, desk.now());
    let end = playable_until(&row, now)?;
    if row.format == "segments" && !row.object_key.ends_with(".ts") {
        return Err(Error::new(
            409,
            "recording_not_ready",
            "the recording plays already; to be saved, its segments are still being joined",
        )
        .retry_after(60));
    }
    if begins(request) {
        desk.batch(batch![downloads::count(id, &viewer(desk, caller, request), now)]).await?;
    }
    let (content_type, ending) = kind(&row);
    let file_name = file_name::of_recording(&row.title, row.part, row.started_at.unwrap_or(row.created_at), ending);
    let seconds = object::seconds_until(now.plus(LINK_MS).min(end), now);
    let disposition = file_name::attachment(&file_name);
    let url =
        object::link(desk.config, request.method_of_link(), &bucket_of(&row), &row.object_key, content_type, &disposition, now, seconds)
            .map_err(|_| Error::internal())?;
    Ok(DownloadLink { url, file_name, expires_at: now.plus(i64::from(seconds) * 1_000) })
}

/// Content type and ending of the file as it lies there. Joined segments are an MPEG transport stream.
fn kind(row: &Recording) -> (&'static str, &'static str) {
    if row.format == "segments" { ("video/mp2t", "ts") } else { ("video/mp4", "mp4") }
}

/// Whether somebody begins to download: a look is none, nor is a program that goes on from where its last link
/// was over (RFC 9110, section 14.2).
fn begins(request: &Request) -> bool {
    let resumed = request.header("range").and_then(|range| range.strip_prefix("bytes=")).is_some_and(|from| !from.starts_with("0-"));
    request.method != "HEAD" && !resumed
}

/// Who is not signed in is known by address and browser, hashed with a key of ours and the day: enough to tell a
/// second click, too little to follow anybody or to learn an address from the database.
fn viewer<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> String {
    if let Some(id) = caller.user_id() {
        return id.to_owned();
    }
    let header = |name| request.header(name).unwrap_or_default();
    let seen = format!("{}\n{}\n{}", desk.now().0.div_euclid(DAY), header("cf-connecting-ip"), header("user-agent"));
    let mac = desk.config.livekit_key.secret.mac("downloads", seen.as_bytes());
    ["~", &hex::encode(mac)].concat()
}
