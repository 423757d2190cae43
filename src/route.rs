//! Method and path to a route: the whole surface of the Worker in one table.

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

impl Route {
    /// Finds the route. Supabase's prefix `/functions/v1/` is accepted for the guide's functions, so
    /// that `functions.invoke` works with its URL set to this Worker's; HEAD reads like GET.
    ///
    /// # Errors
    /// 404 for an unknown path, 405 with `Allow` for a known one with another method.
    pub fn find(method: &str, path: &str) -> Result<Self, Error> {
        let path = path.strip_suffix('/').filter(|p| !p.is_empty()).unwrap_or(path);
        let path = match path.strip_prefix("/functions/v1/") {
            Some(rest) if rest.starts_with("livekit-") => path.get("/functions/v1".len()..).unwrap_or(path),
            _ => path,
        };
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let table: &[(&'static str, Self)] = &match parts.as_slice() {
            ["livekit-egress"] => vec![("POST", Self::StartEgress)],
            ["livekit-egress", "stop"] => vec![("POST", Self::StopEgress)],
            ["livekit-webhook"] => vec![("POST", Self::Webhook)],
            ["livekit-token"] => vec![("POST", Self::Token)],
            ["api", "estimate"] => vec![("GET", Self::Estimate)],
            ["api", "usage"] => vec![("GET", Self::Usage)],
            ["api", "doctor"] => vec![("GET", Self::Doctor)],
            ["api", "doctor", "record"] => vec![("POST", Self::Rehearse)],
            ["api", "doctor", "webhook"] => vec![("POST", Self::SignWebhook)],
            ["api", "streams"] => vec![("GET", Self::ListStreams), ("POST", Self::CreateStream)],
            ["api", "streams", id] => {
                let id = identifier(id).ok_or_else(Error::stream_not_found)?;
                vec![("GET", Self::ReadStream(id.clone())), ("PATCH", Self::ChangeStream(id.clone())), ("DELETE", Self::DeleteStream(id))]
            }
            ["api", "streams", id, "end"] => {
                let id = identifier(id).ok_or_else(Error::stream_not_found)?;
                vec![("POST", Self::EndStream(id))]
            }
            ["api", "streams", id, "why"] => {
                let id = identifier(id).ok_or_else(Error::stream_not_found)?;
                vec![("GET", Self::WhyStream(id))]
            }
            ["api", "recordings", id, "why"] => {
                let id = identifier(id).ok_or_else(Error::recording_not_found)?;
                vec![("GET", Self::WhyRecording(id))]
            }
            ["api", "streams", id, "viewers"] => {
                let id = identifier(id).ok_or_else(Error::stream_not_found)?;
                vec![("GET", Self::Viewers(id))]
            }
            ["api", "recordings"] => vec![("GET", Self::ListRecordings)],
            ["api", "recordings", "delete"] => vec![("POST", Self::DeleteRecordings)],
            ["api", "recordings", id, "save"] => {
                let id = identifier(id).ok_or_else(Error::recording_not_found)?;
                vec![("POST", Self::Save(id))]
            }
            ["api", "users", id] => vec![("DELETE", Self::EraseUser(user_id(id).ok_or_else(Error::no_route)?))],
            ["api", "recordings", id] => {
                let id = identifier(id).ok_or_else(Error::recording_not_found)?;
                vec![
                    ("GET", Self::ReadRecording(id.clone())),
                    ("PATCH", Self::ChangeRecording(id.clone())),
                    ("DELETE", Self::DeleteRecording(id)),
                ]
            }
            ["api", "recordings", id, "playback"] => {
                let id = identifier(id).ok_or_else(Error::recording_not_found)?;
                vec![("GET", Self::Playback(id))]
            }
            ["api", "recordings", id, "download"] => {
                let id = identifier(id).ok_or_else(Error::recording_not_found)?;
                vec![("GET", Self::Download(id.clone())), ("POST", Self::DownloadLink(id))]
            }
            ["api", "recordings", id, "playlist.m3u8"] => {
                let id = identifier(id).ok_or_else(Error::recording_not_found)?;
                vec![("GET", Self::Playlist(id))]
            }
            ["api", "recordings", id, "segments", file] => {
                let number = file.strip_suffix(".ts").filter(|n| n.bytes().all(|b| b.is_ascii_digit())).and_then(|n| n.parse().ok());
                let (Some(id), Some(number)) = (identifier(id), number) else { return Err(Error::recording_not_found()) };
                vec![("GET", Self::Segment(id, number))]
            }
            ["api", "streams", id, "thumbnail"] => {
                let id = identifier(id).ok_or_else(Error::stream_not_found)?;
                vec![("GET", Self::StreamThumbnail(id.clone())), ("PUT", Self::PutStreamThumbnail(id))]
            }
            ["api", "recordings", id, "thumbnail"] => {
                let id = identifier(id).ok_or_else(Error::recording_not_found)?;
                vec![("GET", Self::RecordingThumbnail(id.clone())), ("PUT", Self::PutRecordingThumbnail(id))]
            }
            ["healthz"] => vec![("GET", Self::Health)],
            [""] => vec![("GET", Self::Page(Page::Home))],
            ["discover"] => vec![("GET", Self::Page(Page::Discover))],
            ["live"] => vec![("GET", Self::Page(Page::Live))],
            ["setup"] => vec![("GET", Self::Page(Page::SetUp))],
            ["watch", id] => vec![("GET", Self::Page(Page::Watch(identifier(id).ok_or_else(Error::recording_not_found)?)))],
            ["watch", "live", id] => vec![("GET", Self::Page(Page::WatchLive(identifier(id).ok_or_else(Error::stream_not_found)?)))],
            _ => return Err(Error::no_route()),
        };
        let wanted = if method == "HEAD" { "GET" } else { method };
        if let Some((_, route)) = table.iter().find(|(m, _)| *m == wanted) {
            return Ok(route.clone());
        }
        let allow = match table.iter().map(|(m, _)| *m).collect::<Vec<_>>().as_slice() {
            ["GET", "PUT"] => "GET, HEAD, PUT, OPTIONS",
            ["GET", "POST"] => "GET, HEAD, POST, OPTIONS",
            ["GET", "PATCH", "DELETE"] => "GET, HEAD, PATCH, DELETE, OPTIONS",
            ["DELETE"] => "DELETE, OPTIONS",
            ["GET"] => "GET, HEAD, OPTIONS",
            _ => "POST, OPTIONS",
        };
        Err(Error::new(405, "method_not_allowed", format!("this address takes {allow}")).allow(allow))
    }

    /// The route's name in log lines: its pattern, without identifiers.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::StartEgress => "POST /livekit-egress",
            Self::StopEgress => "POST /livekit-egress/stop",
            Self::Webhook => "POST /livekit-webhook",
            Self::Token => "POST /livekit-token",
            Self::Estimate => "GET /api/estimate",
            Self::Usage => "GET /api/usage",
            Self::Doctor => "GET /api/doctor",
            Self::Rehearse => "POST /api/doctor/record",
            Self::SignWebhook => "POST /api/doctor/webhook",
            Self::ListStreams => "GET /api/streams",
            Self::CreateStream => "POST /api/streams",
            Self::ReadStream(_) => "GET /api/streams/{id}",
            Self::ChangeStream(_) => "PATCH /api/streams/{id}",
            Self::EndStream(_) => "POST /api/streams/{id}/end",
            Self::WhyStream(_) => "GET /api/streams/{id}/why",
            Self::WhyRecording(_) => "GET /api/recordings/{id}/why",
            Self::Viewers(_) => "GET /api/streams/{id}/viewers",
            Self::ListRecordings => "GET /api/recordings",
            Self::ReadRecording(_) => "GET /api/recordings/{id}",
            Self::ChangeRecording(_) => "PATCH /api/recordings/{id}",
            Self::Save(_) => "POST /api/recordings/{id}/save",
            Self::DeleteRecording(_) => "DELETE /api/recordings/{id}",
            Self::DeleteRecordings => "POST /api/recordings/delete",
            Self::DeleteStream(_) => "DELETE /api/streams/{id}",
            Self::EraseUser(_) => "DELETE /api/users/{id}",
            Self::Playback(_) => "GET /api/recordings/{id}/playback",
            Self::Download(_) => "GET /api/recordings/{id}/download",
            Self::DownloadLink(_) => "POST /api/recordings/{id}/download",
            Self::Playlist(_) => "GET /api/recordings/{id}/playlist.m3u8",
            Self::Segment(..) => "GET /api/recordings/{id}/segments/{n}.ts",
            Self::StreamThumbnail(_) => "GET /api/streams/{id}/thumbnail",
            Self::PutStreamThumbnail(_) => "PUT /api/streams/{id}/thumbnail",
            Self::RecordingThumbnail(_) => "GET /api/recordings/{id}/thumbnail",
            Self::PutRecordingThumbnail(_) => "PUT /api/recordings/{id}/thumbnail",
            Self::Health => "GET /healthz",
            Self::Page(page) => page.name(),
        }
    }

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
    let fits = (1..=255).contains(&id.len()) && !id.chars().any(char::is_control);
    fits.then(|| id.into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn the_guides_functions_answer_under_both_names() {
        for prefix in ["", "/functions/v1"] {
            for (path, route) in [
                ("/livekit-egress", Route::StartEgress),
                ("/livekit-egress/stop", Route::StopEgress),
                ("/livekit-webhook", Route::Webhook),
                ("/livekit-token", Route::Token),
            ] {
                assert_eq!(Route::find("POST", &format!("{prefix}{path}")), Ok(route));
            }
        }
        assert_eq!(Route::find("GET", "/functions/v1/api/streams").map_err(|e| e.status), Err(404));
    }

    #[test]
    fn another_method_is_405_and_names_the_right_ones() {
        let refused = Route::find("DELETE", "/livekit-egress").unwrap_err();
        assert_eq!((refused.status, refused.allow), (405, Some("POST, OPTIONS")));
        let refused = Route::find("PUT", "/api/streams/abc").unwrap_err();
        assert_eq!((refused.status, refused.allow), (405, Some("GET, HEAD, PATCH, DELETE, OPTIONS")));
    }

    #[test]
    fn identifiers_of_another_alphabet_are_nowhere() {
        for path in [
            "/api/streams/a%20b",
            "/api/streams/..",
            "/api/recordings/é/playback",
            "/api/streams//end",
            "/watch/..",
            "/watch/live/é",
            "/watch",
            "/api",
        ] {
            assert_eq!(Route::find("GET", path).map_err(|e| e.status), Err(404), "{path}");
        }
        let long = format!("/api/streams/{}", "a".repeat(65));
        assert_eq!(Route::find("GET", &long).map_err(|e| e.status), Err(404));
    }

    #[test]
    fn head_reads_and_a_trailing_slash_is_forgiven() {
        assert_eq!(Route::find("HEAD", "/healthz/"), Ok(Route::Health));
    }
}
