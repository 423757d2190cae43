//! `/api/recordings/{id}/thumbnail` and `/api/streams/{id}/thumbnail`: pictures, put by their owner's pages.

use super::recordings::gone;
use super::views::{may_change, may_see};
use super::{Reply, Request, input, signed_link};
use crate::auth::caller::Caller;
use crate::batch;
use crate::config::Config;
use crate::error::Error;
use crate::input;
use crate::ports::{Desk, Ports};
use crate::shape;
use crate::store::thumbnails::{self, Of, Shown};
use crate::storj::key::{thumbnail_key, thumbnail_version};
use crate::storj::object;
use crate::storj::sign::Bucket;
use crate::storj::trouble::{self, Trouble};
use crate::time::{HOUR, Millis};

/// A browser asks again for the address after so many seconds; what it leads to lives an hour.
const CACHED: &str = "private, max-age=300";

/// Where a picture is found, in answers. A private one's carries its right with it, for `<img>` sends no bearer; it
/// stays the same for an hour, so that it is fetched once.
#[must_use]
pub fn address(config: &Config, origin: &str, of: Of<'_>, visibility: &str, key: &str, now: Millis) -> String {
    let (kind, id) = (of.path(), of.id());
    let mut url = format!("{origin}/api/{kind}/{id}/thumbnail?v={}", thumbnail_version(key));
    if visibility != "public" {
        let exp = (now.0 / HOUR + 2) * HOUR / 1_000;
        url.push('&');
        url.push_str(&signed_link::query(config, &what(of), exp));
    }
    url
}

fn what(of: Of<'_>) -> String {
    ["thumbnail of ", of.path(), " ", of.id()].concat()
}

fn not_found(of: Of<'_>) -> Error {
    match of {
        Of::Stream(_) => Error::stream_not_found(),
        Of::Recording(_) => Error::recording_not_found(),
    }
}

async fn find<P: Ports>(desk: &Desk<'_, P>, of: Of<'_>) -> Result<Shown, Error> {
    let results = desk.batch(batch![thumbnails::shown(of)]).await?;
    desk.rows(&results, 0)?.into_iter().next().ok_or_else(|| not_found(of))
}

/// Whether the request carries its right with it.
pub(super) fn is_signed(request: &Request) -> bool {
    request.query.contains("sig=")
}

/// `GET …/thumbnail?v=&exp=&sig=`: leads to the picture. `caller` is none where the link is signed.
///
/// # Errors
/// 403 for a signature, 404, 503.
pub async fn show<P: Ports>(desk: &Desk<'_, P>, caller: Option<&Caller>, request: &Request, of: Of<'_>) -> Result<Reply, Error> {
    let now = desk.now();
    match caller {
        None => signed_link::verify(desk.config, request, &what(of), now).map(drop)?,
        Some(_) => input::query::<ThumbnailQuery>(request).map(drop)?,
    }
    let shown = find(desk, of).await?;
    if caller.is_some_and(|caller| !may_see(caller, &shown.owner_id, &shown.visibility)) {
        return Err(not_found(of));
    }
    let (Some(key), Some(bucket)) = (&shown.object_key, shown.bucket()) else {
        return Err(Error::new(404, "thumbnail_not_found", "there is no picture of it"));
    };
    let seconds = object::seconds_until(now.plus(HOUR), now);
    let url = object::link(desk.config, request.method_of_link(), &bucket, key, kind_of(key), "inline", now, seconds)
        .map_err(|_| Error::internal())?;
    // What somebody sees as who they are is not kept for whoever comes next in the same browser.
    let is_own = caller.is_some() && shown.visibility != "public";
    let cached = if is_own { "no-store" } else { CACHED };
    Ok(Reply { status: 302, headers: vec![("location", url), ("cache-control", cached.to_owned())], ..Reply::default() })
}

fn kind_of(key: &str) -> &'static str {
    if key.ends_with(".webp") { "image/webp" } else { "image/jpeg" }
}

input! {
    /// ThumbnailQuery picture.
    pub struct ThumbnailQuery {
        /// It changes with the picture, so that a browser may keep it.
        "v" => version: Option<String>,
    }
}

shape! {
    /// A picture was taken.
    pub struct NewThumbnail {
        /// `true`.
        "success" => success: bool,
        /// Leads to it.
        "thumbnailUrl" => thumbnail_url: String,
    }
}

/// What a body is by its first bytes (JPEG: ISO/IEC 10918-1, B.1.1.3; WebP: RFC 9649, 2.4), whatever its header says.
fn ending(body: &[u8]) -> Option<&'static str> {
    match body {
        [0xFF, 0xD8, 0xFF, ..] => Some("jpg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("webp"),
        _ => None,
    }
}

/// `PUT …/thumbnail`: the body is the picture. A stream's is also that of its recordings which have none.
///
/// # Errors
/// 401, 403, 404, 410 of what is being deleted, 415 for another kind of body, 502 `storage_refused`, 503.
pub async fn put<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request, of: Of<'_>) -> Result<Reply, Error> {
    caller.user_id().ok_or_else(Error::sign_in)?;
    let Some(ending) = ending(&request.body) else {
        return Err(Error::new(415, "unsupported_image", "the body is neither a JPEG nor a WebP picture")
            .hint("send the picture's bytes as they are, such as `canvas.toBlob` gives with `image/jpeg`"));
    };
    let shown = find(desk, of).await?;
    if !may_see(caller, &shown.owner_id, &shown.visibility) {
        return Err(not_found(of));
    }
    if !may_change(caller, &shown.owner_id) {
        return Err(Error::not_yours(of.name()));
    }
    let (now, bucket) = (desk.now(), &desk.config.bucket);
    let key = thumbnail_key(&shown.owner_id, of.id(), now, ending);
    // (1) Thrown away before it is there: whatever breaks off after this leaves nothing behind.
    desk.batch(batch![thumbnails::unclaimed(bucket, &key, now.plus(HOUR))]).await?;
    // (2) Into the bucket.
    upload(desk, bucket, &key, &request.body, now).await?;
    // (3) Claimed, if what it is of is still there.
    let results = desk.batch(thumbnails::claim(of, bucket, &key)).await?;
    let shown: Option<Shown> = desk.rows(&results, results.len().saturating_sub(1))?.into_iter().next();
    match shown {
        Some(shown) if shown.object_key.as_deref() == Some(&key) => {
            let thumbnail_url = address(desk.config, &request.origin, of, &shown.visibility, &key, desk.now());
            Ok(Reply::json(200, &NewThumbnail { success: true, thumbnail_url }))
        }
        Some(_) => Err(gone("it is being deleted")),
        None => Err(not_found(of)),
    }
}

async fn upload<P: Ports>(desk: &Desk<'_, P>, bucket: &Bucket, key: &str, body: &[u8], now: Millis) -> Result<(), Error> {
    let request = object::put(desk.config, bucket, key, kind_of(key), body.to_vec(), now).map_err(|_| Error::internal())?;
    let Err(trouble) = trouble::body(&desk.ports.send(request).await) else { return Ok(()) };
    desk.trail.decided(["the picture was not taken: ", trouble.code()].concat());
    Err(match trouble {
        Trouble::NoBucket | Trouble::Absent | Trouble::Forbidden | Trouble::Refused => {
            Error::new(502, "storage_refused", "the bucket refuses the picture")
                .hint("check STORJ_ACCESS_KEY_ID, its secret and STORJ_BUCKET: the grant must allow writing")
        }
        Trouble::Busy | Trouble::Unknown => {
            Error::new(503, "storage_unavailable", "the bucket did not take the picture").hint("try again").retry_after(5)
        }
    })
}
