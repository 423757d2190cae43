//! `…/playlist.m3u8` and `…/segments/{n}.ts`: how a recording plays that is made of segments.
//!
//! A presigned URL takes 0.2 ms of CPU, and a recording of 3 h has 1,800 segments: far more than the 10 ms of a free
//! plan. So the playlist names addresses of ours, all with the one signature of the playlist, and each leads on to one
//! presigned URL. Once the segments are joined it names ranges of the one object, by one presigned URL.

use super::{Reply, Request, signed_link};
use crate::batch;
use crate::config::Config;
use crate::error::Error;
use crate::hls::Reel;
use crate::ports::{Desk, Ports};
use crate::store::reels::{self, Played};
use crate::storj::key::segment_key;
use crate::storj::object;
use crate::storj::sign::Bucket;
use crate::time::Millis;

/// RFC 8216, section 4.
pub(super) const TYPE: &str = "application/vnd.apple.mpegurl";

/// The playlist's address until `exp`, in Unix seconds.
pub(super) fn address(config: &Config, origin: &str, id: &str, exp: i64) -> String {
    let query = signed_link::query(config, &what(id), exp);
    format!("{origin}/api/recordings/{id}/playlist.m3u8?{query}")
}

/// One right for all of it.
fn what(id: &str) -> String {
    format!("play {id}")
}

async fn find<P: Ports>(desk: &Desk<'_, P>, id: &str) -> Result<Played, Error> {
    let results = desk.batch(batch![reels::played(id)]).await?;
    let played: Option<Played> = desk.rows(&results, 0)?.into_iter().next();
    // Its file may have come, or it was deleted.
    played.filter(|played| played.status == "ready").ok_or_else(Error::recording_not_found)
}

/// `GET /api/recordings/{id}/playlist.m3u8?exp=&sig=`
///
/// # Errors
/// 403, 404, 503.
pub async fn show<P: Ports>(desk: &Desk<'_, P>, request: &Request, id: &str) -> Result<Reply, Error> {
    let exp = signed_link::verify(desk.config, request, &what(id), desk.now())?;
    let played = find(desk, id).await?;
    let reel = Reel::read(&played.reel);
    let text = if played.joined {
        let url = url(desk.config, "GET", &played, &played.object_key, desk.now(), exp)?;
        let mut from = 0;
        reel.playlist(|text, _, segment| {
            for part in ["#EXT-X-BYTERANGE:", &segment.bytes.to_string(), "@", &from.to_string(), "\n", &url] {
                text.push_str(part);
            }
            from += segment.bytes;
        })
    } else {
        reel.playlist(|text, number, _| {
            for part in ["segments/", &number.to_string(), ".ts?", &request.query] {
                text.push_str(part);
            }
        })
    };
    Ok(Reply { status: 200, text: Some((TYPE, text)), ..Reply::default() })
}

/// A presigned URL until `exp`.
fn url(config: &Config, method: &str, played: &Played, key: &str, now: Millis, exp: i64) -> Result<String, Error> {
    let bucket = Bucket { endpoint: played.endpoint.clone(), region: played.region.clone(), name: played.bucket.clone() };
    let seconds = u32::try_from(exp - now.secs()).unwrap_or(u32::MAX);
    object::link(config, method, &bucket, key, "video/mp2t", "inline", now, seconds).map_err(|_| Error::internal())
}

/// `GET /api/recordings/{id}/segments/{n}.ts?exp=&sig=`
///
/// # Errors
/// 403, 404, 503.
pub async fn segment<P: Ports>(desk: &Desk<'_, P>, request: &Request, id: &str, number: u32) -> Result<Reply, Error> {
    let now = desk.now();
    let exp = signed_link::verify(desk.config, request, &what(id), now)?;
    let played = find(desk, id).await?;
    let reel = Reel::read(&played.reel);
    let place = number.checked_sub(reel.first).and_then(|place| usize::try_from(place).ok());
    if place.and_then(|place| reel.segments.get(place)).is_none_or(|segment| segment.bytes == 0) {
        return Err(Error::new(404, "segment_not_found", "the recording has no such segment"));
    }
    let url = url(desk.config, request.method_of_link(), &played, &segment_key(&played.recording_key, number), now, exp)?;
    Ok(Reply { status: 302, headers: vec![("location", url)], ..Reply::default() })
}
