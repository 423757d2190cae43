//! `POST /livekit-token`: a token to join a room, as host or as viewer, in the guide's words or in those of
//! LiveKit's standard token endpoint (livekit_token_source.proto).
//!
//! Grants are an allow-list: never room admin, create, list, record, hidden, recorder. No storage key and
//! no egress ever goes into a token: a token is signed, not secret.

use serde_json::{Map, Value};

use super::rooms::{Claim, claim, meant, streams_of};
use super::views::may_see;
use super::{Reply, Request, input};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::livekit::token::{JoinToken, VideoGrants, join_token};
use crate::object;
use crate::ports::{Desk, Ports};
use crate::store::sessions::REOPEN_WITHIN_MS;
use crate::store::streams::{self, Stream};
use crate::store::wishes;
use crate::time::{MINUTE, SECOND};

/// Ten minutes to join; LiveKit renews the token of who is connected.
const TTL_S: i64 = 600;
const MOST_NAME_CHARS: usize = 128;
const MOST_METADATA_BYTES: usize = 4_096;
const MOST_ATTRIBUTES: usize = 20;
const MOST_ATTRIBUTE_BYTES: usize = 1_024;
/// Ours, and what LiveKit keeps for itself.
const RESERVED: [&str; 4] = ["role", "record", "saveToStorj", "quality"];

/// The guide's names of the fields, and LiveKit's.
const FIELDS: [&str; 18] = [
    "roomName",
    "room_name",
    "role",
    "title",
    "record",
    "saveToStorj",
    "quality",
    "visibility",
    "participantName",
    "participant_name",
    "participantIdentity",
    "participant_identity",
    "participantMetadata",
    "participant_metadata",
    "participantAttributes",
    "participant_attributes",
    "roomConfig",
    "room_config",
];

/// Mints a token.
///
/// # Errors
/// 400, 401, 404 `room_not_found`, 409 `room_taken` or `stream_ended`, 503.
pub async fn mint<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    let body = input::body(request, &FIELDS)?;
    let room_name = input::room_name(body.text(&["roomName", "room_name"])?)?;
    let host = match body.text(&["role"])?.as_deref() {
        None => None,
        Some("host") => Some(true),
        Some("viewer") => Some(false),
        Some(_) => return Err(Error::invalid("`role` is \"host\" or \"viewer\"")),
    };
    if let Some((field, _)) = body.any(&["roomConfig", "room_config"])? {
        return Err(Error::invalid(format!("`{field}` is not taken: rooms are configured by this Worker")));
    }
    let attributes = attributes(body.texts(&["participantAttributes", "participant_attributes"])?)?;
    let name = body.text(&["participantName", "participant_name"])?.unwrap_or_default();
    if name.trim().chars().count() > MOST_NAME_CHARS || !input::is_line(&name) {
        return Err(Error::invalid(format!("`participant_name` takes at most {MOST_NAME_CHARS} characters in one line")));
    }
    let name = Some(name.trim()).filter(|name| !name.is_empty());
    let metadata = body.text(&["participantMetadata", "participant_metadata"])?;
    if metadata.as_ref().is_some_and(|text| text.len() > MOST_METADATA_BYTES) {
        return Err(Error::invalid(format!("`participant_metadata` takes at most {MOST_METADATA_BYTES} bytes")));
    }
    let settings = Settings {
        title: input::title(body.text(&["title"])?)?,
        visibility: input::visibility(body.text(&["visibility"])?)?,
        record: body.flag(&["record"])?,
        save_to_storj: body.flag(&["saveToStorj"])?,
        quality: input::quality(body.text(&["quality"])?)?,
    };
    let asked_identity = body.text(&["participantIdentity", "participant_identity"])?;
    desk.trail.note("room", room_name.clone());
    match (caller.user_id(), asked_identity.as_deref()) {
        (Some(user), Some(identity)) if identity != user => {
            return Err(Error::invalid("`participant_identity` is your own user id or left out: nobody joins as somebody else"));
        }
        (None, Some(_)) => return Err(Error::sign_in()),
        _ => {}
    }

    let rows = streams_of(desk, &room_name).await?;
    let known = meant(&rows).filter(|s| s.owns_room);
    let owns = known.is_some_and(|s| caller.user_id() == Some(s.owner_id.as_str()));
    let as_host = host.unwrap_or(owns);
    let (stream, identity) = if as_host {
        let user = caller.user_id().ok_or_else(Error::sign_in)?;
        (host_stream(desk, user, &room_name, known, &settings, &request.origin).await?, user.to_owned())
    } else {
        (viewer_stream(desk, caller, known)?, viewer_identity(desk, caller))
    };

    let role = if as_host { "host" } else { "viewer" };
    let mut attributes = attributes;
    let mut say = |name: &str, value: String| attributes.insert(name.to_owned(), Value::String(value));
    say("role", role.to_owned());
    say("record", stream.record.to_string());
    say("saveToStorj", stream.save_to_storj.to_string());
    say("quality", stream.quality.clone());
    let video = VideoGrants {
        room_join: true,
        room: Some(room_name),
        can_publish: Some(as_host),
        can_subscribe: Some(true),
        // Absent would mean "as canPublish"; said all the same, for whoever reads the token.
        can_publish_data: Some(as_host),
        ..VideoGrants::default()
    };
    let token = JoinToken { identity: &identity, name, metadata: metadata.as_deref(), attributes: &attributes, video };
    let now = desk.now();
    let participant_token = join_token(&desk.config.livekit_key, &token, now, TTL_S).map_err(|_| Error::internal())?;
    desk.trail.note("stream", stream.id.clone());
    desk.trail.decided(format!("token for a {role}"));
    Ok(Reply {
        headers: vec![("cache-control", "no-store".to_owned())],
        ..Reply::json(
            201,
            object!({
                "server_url": desk.config.livekit_ws,
                "participant_token": participant_token,
                "streamId": stream.id,
                "role": role,
                "expiresAt": now.plus(TTL_S * SECOND),
            }),
        )
    })
}

struct Settings {
    title: Option<String>,
    visibility: Option<String>,
    record: Option<bool>,
    save_to_storj: Option<bool>,
    quality: Option<crate::quality::Quality>,
}

fn attributes(given: Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let bytes = |(name, value): (&String, &Value)| name.len() + value.as_str().map_or(0, str::len);
    if given.len() > MOST_ATTRIBUTES || given.iter().any(|entry| bytes(entry) > MOST_ATTRIBUTE_BYTES) {
        return Err(Error::invalid(format!(
            "`participant_attributes` takes at most {MOST_ATTRIBUTES} entries of {MOST_ATTRIBUTE_BYTES} bytes"
        )));
    }
    match given.keys().find(|key| RESERVED.contains(&key.as_str()) || key.starts_with("lk.")) {
        Some(key) => Err(Error::invalid(format!("`participant_attributes.{key}` is reserved"))),
        None => Ok(given),
    }
}

/// The owner's stream of that name: the one that has not ended, the one that may open again, or a new one. From now on its
/// host is awaited: what is made and its being looked for are one, so that nothing is half done when D1 fails.
async fn host_stream<P: Ports>(
    desk: &Desk<'_, P>,
    user: &str,
    room_name: &str,
    known: Option<&Stream>,
    settings: &Settings,
    origin: &str,
) -> Result<Stream, Error> {
    let until = desk.now().plus(TTL_S * SECOND);
    if let Some(ended) = known.filter(|s| s.owner_id == user && s.ended_at.is_some()) {
        let now = desk.now();
        desk.batch(batch![streams::reopen(&ended.id, now.plus(-REOPEN_WITHIN_MS), now)]).await?;
    }
    let title = settings.title.as_deref().or_else(|| known.map(|s| s.title.as_str())).unwrap_or(room_name);
    let (stream, made) = claim(
        desk,
        &Claim {
            room_name,
            owner: user,
            title,
            about: None,
            visibility: settings.visibility.as_deref(),
            record: settings.record.unwrap_or(false),
            save_to_storj: settings.save_to_storj.unwrap_or(false),
            quality: settings.quality,
            origin,
            host_until: Some(until),
        },
    )
    .await?;
    if made {
        return Ok(stream);
    }
    let quality = settings.quality.map(crate::quality::Quality::name);
    let mut statements =
        vec![streams::set_details(&stream.id, settings.title.as_deref(), settings.visibility.as_deref(), settings.save_to_storj, quality)];
    if let Some(record) = settings.record {
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
