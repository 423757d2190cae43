//! The whole surface of the Worker in one table.

use super::{Page, Route, identifier, user_id};
use crate::error::Error;

/// How a route is made of the path that it is found by.
#[derive(Debug)]
pub enum Make {
    /// There is nothing in it.
    Plain(Route),
    /// Of a stream's id.
    OfStream(fn(String) -> Route),
    /// Of a recording's id.
    OfRecording(fn(String) -> Route),
    /// Of a user's id.
    OfUser(fn(String) -> Route),
    /// Of a recording's id and a segment's number.
    Segment,
}

use Make::{OfRecording, OfStream, OfUser, Plain, Segment};

/// Every route, by method and pattern. Of two patterns that fit a path the first one holds.
pub static TABLE: [(&str, Make); 41] = [
    ("POST /livekit-egress", Plain(Route::StartEgress)),
    ("POST /livekit-egress/stop", Plain(Route::StopEgress)),
    ("POST /livekit-token", Plain(Route::Token)),
    ("POST /livekit-webhook", Plain(Route::Webhook)),
    ("GET /healthz", Plain(Route::Health)),
    ("GET /api/doctor", Plain(Route::Doctor)),
    ("POST /api/doctor/record", Plain(Route::Rehearse)),
    ("POST /api/doctor/webhook", Plain(Route::SignWebhook)),
    ("GET /api/estimate", Plain(Route::Estimate)),
    ("GET /api/recordings", Plain(Route::ListRecordings)),
    ("POST /api/recordings/delete", Plain(Route::DeleteRecordings)),
    ("GET /api/recordings/{id}", OfRecording(Route::ReadRecording)),
    ("PATCH /api/recordings/{id}", OfRecording(Route::ChangeRecording)),
    ("DELETE /api/recordings/{id}", OfRecording(Route::DeleteRecording)),
    ("GET /api/recordings/{id}/download", OfRecording(Route::Download)),
    ("POST /api/recordings/{id}/download", OfRecording(Route::DownloadLink)),
    ("GET /api/recordings/{id}/playback", OfRecording(Route::Playback)),
    ("GET /api/recordings/{id}/playlist.m3u8", OfRecording(Route::Playlist)),
    ("POST /api/recordings/{id}/save", OfRecording(Route::Save)),
    ("GET /api/recordings/{id}/segments/{n}.ts", Segment),
    ("GET /api/recordings/{id}/thumbnail", OfRecording(Route::RecordingThumbnail)),
    ("PUT /api/recordings/{id}/thumbnail", OfRecording(Route::PutRecordingThumbnail)),
    ("GET /api/recordings/{id}/why", OfRecording(Route::WhyRecording)),
    ("GET /api/streams", Plain(Route::ListStreams)),
    ("POST /api/streams", Plain(Route::CreateStream)),
    ("GET /api/streams/{id}", OfStream(Route::ReadStream)),
    ("PATCH /api/streams/{id}", OfStream(Route::ChangeStream)),
    ("DELETE /api/streams/{id}", OfStream(Route::DeleteStream)),
    ("POST /api/streams/{id}/end", OfStream(Route::EndStream)),
    ("GET /api/streams/{id}/thumbnail", OfStream(Route::StreamThumbnail)),
    ("PUT /api/streams/{id}/thumbnail", OfStream(Route::PutStreamThumbnail)),
    ("GET /api/streams/{id}/viewers", OfStream(Route::Viewers)),
    ("GET /api/streams/{id}/why", OfStream(Route::WhyStream)),
    ("GET /api/usage", Plain(Route::Usage)),
    ("DELETE /api/users/{id}", OfUser(Route::EraseUser)),
    ("GET /", Plain(Route::Page(Page::Home))),
    ("GET /discover", Plain(Route::Page(Page::Discover))),
    ("GET /live", Plain(Route::Page(Page::Live))),
    ("GET /setup", Plain(Route::Page(Page::SetUp))),
    ("GET /watch/{id}", OfRecording(|id| Route::Page(Page::Watch(id)))),
    ("GET /watch/live/{id}", OfStream(|id| Route::Page(Page::WatchLive(id)))),
];

impl Make {
    /// `parts`: of the path, the first of which is what stands before its first slash. A pattern's identifier is its
    /// third part, or a page's last.
    ///
    /// # Errors
    /// 404 for an identifier of another alphabet: there is nothing of that name.
    pub(super) fn route(&self, parts: &[&str]) -> Result<Route, Error> {
        let id = match parts {
            ["", "api", _, id, ..] | ["", "watch", "live", id] | ["", "watch", id] => id,
            _ => "",
        };
        match self {
            Plain(route) => Ok(route.clone()),
            OfStream(route) => identifier(id).map(route).ok_or_else(Error::stream_not_found),
            OfRecording(route) => identifier(id).map(route).ok_or_else(Error::recording_not_found),
            OfUser(route) => user_id(id).map(route).ok_or_else(Error::no_route),
            Segment => {
                let file = parts.last().and_then(|file| file.strip_suffix(".ts"));
                let number = file.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit())).and_then(|digits| digits.parse().ok());
                identifier(id).zip(number).map(|(id, number)| Route::Segment(id, number)).ok_or_else(Error::recording_not_found)
            }
        }
    }
}
