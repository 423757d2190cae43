//! `POST /livekit-token`: a token to join a room, as host or as viewer, in the guide's words or in those of
//! LiveKit's standard token endpoint (livekit_token_source.proto).
//!
//! Grants are an allow-list: never room admin, create, list, record, hidden, recorder. No storage key and
//! no egress ever goes into a token: a token is signed, not secret.

use serde_json::Value;

use super::input::{Attributes, Metadata, NotTaken, ParticipantName, RoomName, Title};
use super::rooms::{Claim, claim, meant, streams_of};
use super::views::may_see;
use super::{Reply, Request, input};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::input;
use crate::livekit::token::{JoinToken, VideoGrants, join_token};
use crate::names::{Role, Visibility};
use crate::ports::{Desk, Ports};
use crate::quality::Quality;
use crate::shape;
use crate::store::sessions::REOPEN_WITHIN_MS;
use crate::store::streams::{self, Stream};
use crate::store::wishes;
use crate::time::{MINUTE, Millis, SECOND};

/// Ten minutes to join; LiveKit renews the token of who is connected.
const TTL_S: i64 = 600;

input! {
    /// What a token is for, in the guide's names or in those of LiveKit's token endpoint.
    pub struct MintToken {
        /// LiveKit's room, of at most 256 bytes.
        "roomName" | "room_name" => room_name: RoomName,
        /// `host` for who owns the room, else `viewer`, if left out. A new room wants `host`.
        "role" => role: Option<Role>,
        /// Not taken: rooms are configured by this Worker.
        "roomConfig" | "room_config" => room_config: NotTaken,
        /// The participant's, of at most 1,024 bytes each; `role`, `record`, `saveToStorj`, `quality` and what begins with `lk.` are reserved.
        "participantAttributes" | "participant_attributes" => attributes: Attributes,
        /// How the participant is called in the room.
        "participantName" | "participant_name" => name: Option<ParticipantName>,
        /// The participant's, of at most 4,096 bytes.
        "participantMetadata" | "participant_metadata" => metadata: Option<Metadata>,
        /// The title of the host's stream, one line of at most 200 characters.
        "title" => title: Option<Title>,
        /// Who may see the host's stream.
        "visibility" => visibility: Option<Visibility>,
        /// Recording starts by itself once the host publishes.
        "record" => record: Option<bool>,
        /// The stream's recordings are kept from the start, and never expire.
        "saveToStorj" => save_to_storj: Option<bool>,
        /// The picture of the stream's recordings.
        "quality" => quality: Option<Quality>,
        /// The caller's own user id, or left out.
        "participantIdentity" | "participant_identity" => identity: Option<String>,
    }
}

shape! {
    /// A token to join a room, under LiveKit's own names.
    pub struct MintedToken {
        /// LiveKit's address for browsers.
        "server_url" => server_url: String,
        /// LiveKit's token; it joins within ten minutes.
        "participant_token" => participant_token: String,
        /// The stream of that room.
        "streamId" => stream_id: String,
        /// As what the token joins.
        "role" => role: Role,
        /// Until when the token is good for joining.
        "expiresAt" => expires_at: Millis,
    }
}

/// Mints a token.
///
/// # Errors
/// 400, 401, 404 `room_not_found`, 409 `room_taken` or `stream_ended`, 503.
pub async fn mint<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    let asked: MintToken = input::body(request)?;
    let room_name = &asked.room_name.0;
    let name = asked.name.as_ref().map(|name| name.0.as_str()).filter(|name| !name.is_empty());
    desk.trail.note("room", room_name.clone());
    match (caller.user_id(), asked.identity.as_deref()) {
        (Some(user), Some(identity)) if identity != user => {
            return Err(Error::invalid("`participant_identity` is your own user id or left out: nobody joins as somebody else"));
        }
        (None, Some(_)) => return Err(Error::sign_in()),
        _ => {}
    }

    let rows = streams_of(desk, room_name).await?;
    let known = meant(&rows).filter(|s| s.owns_room);
    let owns = known.is_some_and(|s| caller.user_id() == Some(s.owner_id.as_str()));
    let as_host = asked.role.map_or(owns, |role| role == Role::HOST);
    let (stream, identity) = if as_host {
        let user = caller.user_id().ok_or_else(Error::sign_in)?;
        (host_stream(desk, user, known, &asked, &request.origin).await?, user.to_owned())
    } else {
        (viewer_stream(desk, caller, known)?, viewer_identity(desk, caller))
    };

    let role = if as_host { Role::HOST } else { Role::VIEWER };
    let mut attributes = asked.attributes.0;
    let mut say = |name: &str, value: String| attributes.insert(name.to_owned(), Value::String(value));
    say("role", role.name().to_owned());
    say("record", stream.record.to_string());
    say("saveToStorj", stream.save_to_storj.to_string());
    say("quality", stream.quality.clone());
    let video = VideoGrants {
        room_join: true,
        room: Some(asked.room_name.0),
        can_publish: Some(as_host),
        can_subscribe: Some(true),
        // Absent would mean "as canPublish"; said all the same, for whoever reads the token.
        can_publish_data: Some(as_host),
        ..VideoGrants::default()
    };
    let token = JoinToken {
        identity: &identity,
        name,
        metadata: asked.metadata.as_ref().map(|metadata| metadata.0.as_str()),
        attributes: &attributes,
        video,
    };
    let now = desk.now();
    let participant_token = join_token(&desk.config.livekit_key, &token, now, TTL_S).map_err(|_| Error::internal())?;
    desk.trail.note("stream", stream.id.clone());
    desk.trail.decided(format!("token for a {}", role.name()));
    Ok(Reply {
        headers: vec![("cache-control", "no-store".to_owned())],
        ..Reply::json(
            201,
            &MintedToken {
                server_url: desk.config.livekit_ws.clone(),
                participant_token,
                stream_id: stream.id,
                role,
                expires_at: now.plus(TTL_S * SECOND),
            },
        )
    })
}

/// The owner's stream of that name: the one that has not ended, the one that may open again, or a new one. From now on its
/// host is awaited: what is made and its being looked for are one, so that nothing is half done when D1 fails.
async fn host_stream<P: Ports>(
    desk: &Desk<'_, P>,
    user: &str,
    known: Option<&Stream>,
    asked: &MintToken,
    origin: &str,
) -> Result<Stream, Error> {
    let until = desk.now().plus(TTL_S * SECOND);
    if let Some(ended) = known.filter(|s| s.owner_id == user && s.ended_at.is_some()) {
        let now = desk.now();
        desk.batch(batch![streams::reopen(&ended.id, now.plus(-REOPEN_WITHIN_MS), now)]).await?;
    }
    let room_name = &asked.room_name.0;
    let (title, visibility) = (asked.title.as_ref().map(|title| title.0.as_str()), asked.visibility.map(Visibility::name));
    let (stream, made) = claim(
        desk,
        &Claim {
            room_name,
            owner: user,
            title: title.or_else(|| known.map(|s| s.title.as_str())).unwrap_or(room_name),
            about: None,
            visibility,
            record: asked.record.unwrap_or(false),
            save_to_storj: asked.save_to_storj.unwrap_or(false),
            quality: asked.quality,
            origin,
            host_until: Some(until),
        },
    )
    .await?;
    if made {
        return Ok(stream);
    }
    let quality = asked.quality.map(Quality::name);
    let mut statements = vec![streams::set_details(&stream.id, title, visibility, asked.save_to_storj, quality)];
    if let Some(record) = asked.record {
        statements.push(wishes::set_record(&stream.id, record, desk.now()));
    }
    statements.push(wishes::await_host(&stream.id, until, desk.now().plus(MINUTE)));
    statements.push(streams::by_id(&stream.id));
    let last = statements.len() - 1;
    let results = desk.batch(statements).await?;
    desk.rows(&results, last)?.into_iter().next().ok_or_else(Error::room_not_found)
}

fn viewer_stream<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, known: Option<&Stream>) -> Result<Stream, Error> {
    if caller.user_id().is_none() && !desk.config.anonymous_viewers {
        return Err(Error::sign_in());
    }
    let stream = known.filter(|s| may_see(caller, &s.owner_id, &s.visibility)).ok_or_else(Error::room_not_found)?;
    if stream.ended_at.is_some() {
        return Err(Error::new(409, "stream_ended", "this stream has ended").hint("its recording is under GET /api/recordings?streamId=…"));
    }
    Ok(stream.clone())
}

/// A viewer's identity is the user id, `~` and random letters, so that one person can watch in two tabs.
/// Who is not signed in is a person of their own each time.
fn viewer_identity<P: Ports>(desk: &Desk<'_, P>, caller: &Caller) -> String {
    let letters: String = desk.ports.random().iter().take(8).map(|byte| char::from(b'a' + byte % 26)).collect();
    match caller.user_id() {
        Some(user) => format!("{user}~{letters}"),
        None => format!("guest-{letters}~{letters}"),
    }
}
