//! Method and path to a route.

mod table;
#[cfg(test)]
mod tests;

pub use table::TABLE;

use crate::auth::caller::MAX_USER_ID_BYTES;
use crate::error::Error;
use crate::site::Page;

/// What a request asks for. Identifiers are checked for their alphabet only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /livekit-egress`
    StartEgress,
    /// `POST /livekit-egress/stop`
    StopEgress,
    /// `POST /livekit-webhook`
    Webhook,
    /// `POST /livekit-token`
    Token,
    /// `GET /api/estimate`
    Estimate,
    /// `GET /api/usage`
    Usage,
    /// `GET /api/doctor`
    Doctor,
    /// `POST /api/doctor/record`
    Rehearse,
    /// `POST /api/doctor/webhook`
    SignWebhook,
    /// `GET /api/streams`
    ListStreams,
    /// `POST /api/streams`
    CreateStream,
    /// `GET /api/streams/{id}`
    ReadStream(String),
    /// `PATCH /api/streams/{id}`
    ChangeStream(String),
    /// `POST /api/streams/{id}/end`
    EndStream(String),
    /// `GET /api/streams/{id}/why`
    WhyStream(String),
    /// `GET /api/recordings/{id}/why`
    WhyRecording(String),
    /// `GET /api/streams/{id}/viewers`
    Viewers(String),
    /// `GET /api/recordings`
    ListRecordings,
    /// `GET /api/recordings/{id}`
    ReadRecording(String),
    /// `PATCH /api/recordings/{id}`
    ChangeRecording(String),
    /// `GET /api/recordings/{id}/playback`
    Playback(String),
    /// `POST /api/recordings/{id}/save`
    Save(String),
    /// `DELETE /api/recordings/{id}`
    DeleteRecording(String),
    /// `POST /api/recordings/delete`
    DeleteRecordings,
    /// `DELETE /api/streams/{id}`
    DeleteStream(String),
    /// `DELETE /api/users/{id}`
    EraseUser(String),
    /// `GET /api/recordings/{id}/download`
    Download(String),
    /// `POST /api/recordings/{id}/download`
    DownloadLink(String),
    /// `GET /api/recordings/{id}/playlist.m3u8`, by its own signature
    Playlist(String),
    /// `GET /api/recordings/{id}/segments/{n}.ts`, by the playlist's signature
    Segment(String, u32),
    /// `GET …/thumbnail` of a stream
    StreamThumbnail(String),
    /// `PUT …/thumbnail` of a stream
    PutStreamThumbnail(String),
    /// `GET …/thumbnail` of a recording
    RecordingThumbnail(String),
    /// `PUT …/thumbnail` of a recording
    PutRecordingThumbnail(String),
    /// `GET /healthz`
    Health,
    /// A page for people.
    Page(Page),
}

/// The longest body that a route with JSON reads: 64 KiB, ten times the longest allowed request.
pub const MAX_JSON_BYTES: usize = 64 * 1024;

/// The longest webhook: LiveKit's metadata alone may be 512 KiB, and a 4xx loses the event for ever.
pub const MAX_WEBHOOK_BYTES: usize = 8 * 1024 * 1024;

/// The longest picture: 256 KiB, eight times what a camera's of 640 by 360 takes as JPEG.
pub const MAX_THUMBNAIL_BYTES: usize = 256 * 1024;

/// A request's route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// As the table has it, without identifiers: for log lines.
    pub name: &'static str,
    /// What is asked for.
    pub route: Route,
}

/// Finds the route. Supabase's prefix `/functions/v1/` is accepted for the guide's functions, so that
/// `functions.invoke` works with its URL set to this Worker's; HEAD reads like GET.
///
/// # Errors
/// 404 for an unknown path, 405 with `Allow` for a known one with another method.
pub fn find(method: &str, path: &str) -> Result<Found, Error> {
    let path = path.strip_suffix('/').filter(|p| !p.is_empty()).unwrap_or(path);
    let path = match path.strip_prefix("/functions/v1/") {
        Some(rest) if rest.starts_with("livekit-") => path.get("/functions/v1".len()..).unwrap_or(path),
        _ => path,
    };
    let parts: Vec<&str> = path.split('/').collect();
    let pattern = TABLE.iter().map(|(name, _)| split(name).1).find(|pattern| fits(pattern, &parts)).ok_or_else(Error::no_route)?;
    let wanted = if method == "HEAD" { "GET" } else { method };
    let (mut methods, mut found) = (Vec::new(), None);
    for (name, make) in TABLE.iter().filter(|(name, _)| split(name).1 == pattern) {
        let route = make.route(&parts)?;
        if split(name).0 == wanted {
            found = Some(Found { name, route });
        }
        methods.push(split(name).0);
    }
    found.ok_or_else(|| {
        let allow = match methods.as_slice() {
            ["GET", "PUT"] => "GET, HEAD, PUT, OPTIONS",
            ["GET", "POST"] => "GET, HEAD, POST, OPTIONS",
            ["GET", "PATCH", "DELETE"] => "GET, HEAD, PATCH, DELETE, OPTIONS",
            ["DELETE"] => "DELETE, OPTIONS",
            ["GET"] => "GET, HEAD, OPTIONS",
            _ => "POST, OPTIONS",
        };
        Error::new(405, "method_not_allowed", format!("this address takes {allow}")).allow(allow)
    })
}

/// A route's method and pattern.
fn split(name: &'static str) -> (&'static str, &'static str) {
    name.split_once(' ').unwrap_or_default()
}

fn fits(pattern: &str, parts: &[&str]) -> bool {
    let wanted = pattern.split('/');
    wanted.clone().count() == parts.len() && wanted.zip(parts).all(|(wanted, part)| wanted == *part || wanted.starts_with('{'))
}

impl Route {
    /// How many bytes of body the shell reads before it refuses with 413.
    #[must_use]
    pub const fn body_limit(&self) -> usize {
        match self {
            Self::Webhook => MAX_WEBHOOK_BYTES,
            Self::PutStreamThumbnail(_) | Self::PutRecordingThumbnail(_) => MAX_THUMBNAIL_BYTES,
            _ => MAX_JSON_BYTES,
        }
    }
}

/// Ids are ours (UUIDs), or a `streamId` of the caller's: ≤ 64 of `A–Za–z0–9_-`.
#[must_use]
pub fn identifier(text: &str) -> Option<String> {
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    fits.then(|| text.to_owned())
}

/// A user's id is the sign-in provider's: any text, percent-encoded, at most as long as a caller's.
fn user_id(text: &str) -> Option<String> {
    let id = percent_encoding::percent_decode_str(text).decode_utf8().ok()?;
    let fits = (1..=MAX_USER_ID_BYTES).contains(&id.len()) && !id.chars().any(char::is_control);
    fits.then(|| id.into_owned())
}
