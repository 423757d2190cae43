//! Which stream a start means: one that is there, one that opens again, or one made for a room of another
//! backend.

use super::rooms::{at_livekit, meant, streams_of};
use super::views::{may_change, may_see};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::flow::tend::load;
use crate::livekit::info::Room;
use crate::livekit::room;
use crate::ports::{Desk, Ports};
use crate::store::sessions::{self, REOPEN_WITHIN_MS, Seen};
use crate::store::streams::{self, New, Stream};
use crate::store::{Only, Statement};
use crate::time::Millis;

/// The stream that a start means: by its id, else by its room's name, else one made for a room of
/// another backend.
pub(super) async fn stream_to_record<P: Ports>(
    desk: &Desk<'_, P>,
    caller: &Caller,
    room_name: &str,
    stream_id: Option<&str>,
    origin: &str,
) -> Result<Stream, Error> {
    let mismatch = || Error::new(409, "stream_mismatch", "`streamId` and `roomName` belong to different streams");
    let (by_id, is_taken) = match stream_id {
        Some(id) => {
            let results = desk.batch(batch![streams::by_id(id), streams::id_is_taken(id)]).await?;
            let taken: Vec<serde_json::Value> = desk.rows(&results, 1)?;
            (desk.rows::<Stream>(&results, 0)?.into_iter().next(), !taken.is_empty())
        }
        None => (None, false),
    };
    let new_id = stream_id.filter(|_| !is_taken);
    // One that the caller may not see is answered like one that is not there.
    if let Some(stream) = by_id.filter(|s| may_see(caller, &s.owner_id, &s.visibility)) {
        if stream.room_name != room_name {
            return Err(mismatch());
        }
        return open_again(desk, caller, stream, origin, None).await;
    }
    let rows = streams_of(desk, room_name).await?;
    match meant(&rows) {
        Some(stream) if stream.owns_room || stream.ended_at.is_none() => {
            if !may_see(caller, &stream.owner_id, &stream.visibility) {
                return Err(Error::room_not_found());
            }
            if stream_id.is_some() && stream.ended_at.is_none() && may_change(caller, &stream.owner_id) {
                return Err(mismatch().hint("this room's stream has another id: leave `streamId` out, or take it from the token's answer"));
            }
            open_again(desk, caller, stream.clone(), origin, new_id).await
        }
        _ => foreign(desk, caller, room_name, new_id, origin).await,
    }
}

/// A stream that has not ended, as it is. One that has ended is recorded again only if its room is there
/// now: the stream opens again, or a new one is made.
async fn open_again<P: Ports>(
    desk: &Desk<'_, P>,
    caller: &Caller,
    stream: Stream,
    origin: &str,
    new_id: Option<&str>,
) -> Result<Stream, Error> {
    if !may_change(caller, &stream.owner_id) {
        return Err(Error::not_yours("room"));
    }
    if stream.ended_at.is_none() {
        return Ok(stream);
    }
    if !stream.owns_room {
        return Err(stream_ended());
    }
    let found = at_livekit(desk, &stream.room_name).await?.ok_or_else(stream_ended)?;
    let (now, id) = (desk.now(), new_id.map_or_else(|| desk.new_id(), str::to_owned));
    let new = New {
        id: &id,
        title: &stream.title,
        about: stream.about.as_deref(),
        room_name: &stream.room_name,
        owns_room: true,
        owner_id: &stream.owner_id,
        visibility: &stream.visibility,
        record: false,
        save_to_storj: stream.save_to_storj,
        quality: &stream.quality,
        public_url: desk.config.public_url.as_deref().unwrap_or(origin),
    };
    let seen = seen(desk, &found, now);
    let results = desk
        .batch(batch![
            streams::reopen(&stream.id, now.plus(-REOPEN_WITHIN_MS), now),
            // Has no effect if the stream has opened again: a room has one stream that has not ended.
            streams::make(&new, now),
            sessions::see(&seen, &Only::Always, now),
            sessions::enter(seen.sid, Some(&stream.owner_id), &Only::Always, now),
            streams::by_room(&stream.room_name),
        ])
        .await?;
    let rows: Vec<Stream> = desk.rows(&results, 4)?;
    rows.into_iter().find(|s| s.owns_room && s.ended_at.is_none()).ok_or_else(stream_ended)
}

/// 409: what has ended is not recorded any more.
pub(super) fn stream_ended() -> Error {
    Error::new(409, "stream_ended", "this stream has ended").hint("its owner's next host token opens it again or makes a new one")
}

fn seen<'a, P: Ports>(desk: &'a Desk<'_, P>, room: &'a Room, now: Millis) -> Seen<'a> {
    Seen { sid: &room.sid, name: &room.name, project: &desk.config.project, began: room.created_at().unwrap_or(now) }
}

/// A room that LiveKit has and we do not: admins, and with `RECORD_FOREIGN_ROOMS=publisher` who publishes
/// in it now, get a private stream for this session, which does not own the name.
async fn foreign<P: Ports>(
    desk: &Desk<'_, P>,
    caller: &Caller,
    room_name: &str,
    stream_id: Option<&str>,
    origin: &str,
) -> Result<Stream, Error> {
    let user = caller.user_id().ok_or_else(Error::sign_in)?;
    if !caller.is_admin() && !desk.config.record_foreign_rooms {
        return Err(Error::room_not_found());
    }
    let found = at_livekit(desk, room_name).await?.ok_or_else(Error::room_not_found)?;
    if !caller.is_admin() {
        let request = room::participants(desk.config, room_name, desk.now())?;
        let present = room::Present::read(desk.ports.send(request).await);
        let present = present.map_err(|_| Error::livekit_unavailable())?.all();
        if !present.iter().any(|p| p.identity == user && p.is_person() && !p.tracks.is_empty()) {
            return Err(Error::room_not_found());
        }
    }
    let (now, id) = (desk.now(), stream_id.map_or_else(|| desk.new_id(), str::to_owned));
    let new = New {
        id: &id,
        title: room_name,
        about: None,
        room_name,
        owns_room: false,
        owner_id: user,
        visibility: "private",
        record: false,
        save_to_storj: false,
        quality: desk.config.default_quality.name(),
        public_url: desk.config.public_url.as_deref().unwrap_or(origin),
    };
    let seen = seen(desk, &found, now);
    let results = desk
        .batch(batch![
            // Two at once: the session is filed once, and the stream that did not get it goes again.
            streams::make(&new, now),
            sessions::see_foreign(&seen, &id),
            sessions::enter(seen.sid, None, &Only::Always, now),
            streams::drop_without_session(&id),
            Statement::new("SELECT stream_id FROM sessions WHERE sid = ?", crate::params![seen.sid]),
        ])
        .await?;
    let owner: Option<serde_json::Value> = desk.rows(&results, 4)?.into_iter().next();
    let id = owner.as_ref().and_then(|row| row["stream_id"].as_str()).ok_or_else(Error::room_not_found)?;
    let view = load(desk, id).await?.ok_or_else(Error::room_not_found)?;
    if may_change(caller, &view.stream.owner_id) && view.stream.deleted_at.is_none() {
        Ok(view.stream)
    } else {
        Err(Error::room_not_found())
    }
}
