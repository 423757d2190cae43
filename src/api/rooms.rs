//! Whose a room's name is, and making the stream that owns it.

use crate::batch;
use crate::error::Error;
use crate::livekit::info::Room;
use crate::livekit::room;
use crate::livekit::twirp::{Failed, Refusal};
use crate::ports::{Desk, Ports};
use crate::quality::Quality;
use crate::store::streams::{self, New, Stream};
use crate::store::wishes;
use crate::time::{MINUTE, Millis};

/// Asks LiveKit for a room.
///
/// # Errors
/// 503 when LiveKit does not answer: that is not "has not".
pub(super) async fn at_livekit<P: Ports>(desk: &Desk<'_, P>, name: &str) -> Result<Option<Room>, Error> {
    let request = room::find(desk.config, name, desk.now())?;
    let rooms = room::Rooms::read(desk.ports.send(request).await);
    rooms.map(|rooms| rooms.named(name)).map_err(|failed| {
        desk.trail.decided(format!("LiveKit's room list did not come ({})", failed.code()));
        match failed {
            Failed::Refused(Refusal::Unauthenticated) => Error::livekit_refused(),
            _ => Error::livekit_unavailable(),
        }
    })
}

/// The streams of a room's name, the newest first.
///
/// # Errors
/// 503.
pub(super) async fn streams_of<P: Ports>(desk: &Desk<'_, P>, name: &str) -> Result<Vec<Stream>, Error> {
    let results = desk.batch(batch![streams::by_room(name)]).await?;
    desk.rows(&results, 0)
}

/// The stream that the name means: the one that owns it and has not ended, else the newest that owns it,
/// else the newest.
#[must_use]
pub(super) fn meant(rows: &[Stream]) -> Option<&Stream> {
    let owning = || rows.iter().filter(|s| s.owns_room);
    owning()
        .find(|s| s.ended_at.is_none())
        .or_else(|| owning().next())
        .or_else(|| rows.iter().find(|s| s.ended_at.is_none()))
        .or_else(|| rows.first())
}

/// A name to be owned.
#[derive(Clone, Debug)]
pub(super) struct Claim<'a> {
    pub(super) room_name: &'a str,
    pub(super) owner: &'a str,
    pub(super) title: &'a str,
    pub(super) about: Option<&'a str>,
    pub(super) visibility: Option<&'a str>,
    pub(super) record: bool,
    pub(super) save_to_storj: bool,
    pub(super) quality: Option<Quality>,
    pub(super) origin: &'a str,
    /// A host's token goes out with it, good until then.
    pub(super) host_until: Option<Millis>,
}

/// Makes the stream, or finds the owner's that has not ended. Answers whether it was made.
///
/// # Errors
/// 400 for a name without the prefix, 409 for one that is somebody else's here or at LiveKit, 503.
pub(super) async fn claim<P: Ports>(desk: &Desk<'_, P>, claim: &Claim<'_>) -> Result<(Stream, bool), Error> {
    if let Some(prefix) = desk.config.room_prefix.as_deref().filter(|prefix| !claim.room_name.starts_with(prefix)) {
        return Err(Error::invalid(format!("`roomName` has to begin with `{prefix}` here")).hint("the operator set ROOM_PREFIX"));
    }
    let rows = streams_of(desk, claim.room_name).await?;
    let mut owning = rows.iter().filter(|s| s.owns_room).peekable();
    match owning.peek() {
        Some(row) if row.owner_id != claim.owner => return Err(Error::room_taken()),
        Some(_) => {
            if let Some(open) = owning.find(|s| s.ended_at.is_none()) {
                return Ok((open.clone(), false));
            }
        }
        // Nobody here has the name. Somebody at LiveKit may: then it is another backend's.
        None => {
            if at_livekit(desk, claim.room_name).await?.is_some() {
                return Err(Error::room_taken().hint("LiveKit has a room of that name that was not made here"));
            }
        }
    }
    // What was private stays so until somebody says otherwise.
    let before = rows.iter().find(|s| s.owns_room).map(|s| s.visibility.as_str());
    let visibility = claim.visibility.or(before.filter(|visibility| *visibility == "private"));
    let (id, now) = (desk.new_id(), desk.now());
    let new = New {
        id: &id,
        title: claim.title,
        about: claim.about,
        room_name: claim.room_name,
        owns_room: true,
        owner_id: claim.owner,
        visibility: visibility.unwrap_or(desk.config.default_visibility.name()),
        record: claim.record,
        save_to_storj: claim.save_to_storj,
        quality: claim.quality.unwrap_or(desk.config.default_quality).name(),
        public_url: desk.config.public_url.as_deref().unwrap_or(claim.origin),
    };
    let mut statements = batch![streams::make(&new, now)];
    statements.extend(claim.host_until.map(|until| wishes::await_host(&id, until, now.plus(MINUTE))));
    statements.push(streams::by_room(claim.room_name));
    let results = desk.batch(statements).await?;
    let rows: Vec<Stream> = desk.rows(&results, results.len().saturating_sub(1))?;
    match rows.into_iter().find(|s| s.owns_room && s.ended_at.is_none()) {
        Some(row) if row.owner_id == claim.owner => {
            let made = row.id == id;
            Ok((row, made))
        }
        _ => Err(Error::room_taken()),
    }
}
