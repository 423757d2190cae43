//! `POST /livekit-egress` and `/livekit-egress/stop`: a person wants a recording, or wants it over.
//!
//! Both write the wish first and then tend the stream, so what LiveKit does not answer now is finished by
//! the schedule.

use super::input::{RoomName, StreamId};
use super::rooms::{meant, streams_of};
use super::to_record::{stream_ended, stream_to_record};
use super::views::{may_change, may_see, recording_state};
use super::{Reply, Request, input};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::flow::refused_meanwhile;
use crate::flow::tend::{Tended, load, tend};
use crate::input;
use crate::names::{Layout, Progress};
use crate::ports::{Desk, Ports};
use crate::quality::Quality;
use crate::recording::{Input, Status};
use crate::shape;
use crate::store::Only;
use crate::store::egresses::{self, Which};
use crate::store::streams::{self, Stream};
use crate::store::wishes;
use crate::time::Millis;

/// Whoever asked first is at LiveKit for about 0.6 s: who asks at the same time waits for that answer.
const FOR_THE_FIRST_MS: [u32; 5] = [250, 350, 500, 700, 1_000];

input! {
    /// What is to be recorded. While it runs, other wishes are ignored; the answer says what is in force.
    pub struct StartRecording {
        /// LiveKit's room, of at most 256 bytes.
        "roomName" => room_name: RoomName,
        /// The stream of that room; one that is not known becomes the new stream's id.
        "streamId" => stream_id: Option<StreamId>,
        /// That of the stream, if left out.
        "quality" => quality: Option<Quality>,
        /// `speaker`, if left out.
        "layout" => layout: Option<Layout>,
        /// Sound alone.
        "audioOnly" => audio_only: Option<bool>,
    }

    /// What is to be stopped, by one of the two.
    pub struct StopRecording {
        /// LiveKit's id of the recording job.
        "egressId" => egress_id: Option<String>,
        /// LiveKit's room, of at most 256 bytes.
        "roomName" => room_name: Option<RoomName>,
    }
}

shape! {
    /// A recording that runs, or is wanted.
    pub struct RecordingStarted {
        /// `true`.
        "success" => success: bool,
        /// LiveKit's id of the recording job; empty while LiveKit has not taken it.
        "egressId" => egress_id: String,
        /// The recording's whole object key; empty while LiveKit has not taken the job.
        "filename" => filename: String,
        /// For people.
        "message" => message: &'static str,
        /// Where the recording stands.
        #[schemars(with = "Progress")]
        "status" => status: String,
        /// The stream that is recorded.
        "streamId" => stream_id: String,
        /// The one in force, which may be another than was asked for.
        #[schemars(with = "Quality")]
        "quality" => quality: String,
        /// The one in force, which may be another than was asked for.
        #[schemars(with = "Layout")]
        "layout" => layout: String,
        /// Whether it is sound alone.
        "audioOnly" => audio_only: bool,
    }

    /// A recording that is over, or not wanted any more.
    pub struct RecordingStopped {
        /// `true`.
        "success" => success: bool,
        /// LiveKit's ids of the jobs that were not over yet.
        "stopped" => stopped: Vec<String>,
        /// Where the recording stands.
        #[schemars(with = "Progress")]
        "status" => status: String,
        /// For people.
        "message" => message: &'static str,
    }
}

/// Starts a recording.
///
/// # Errors
/// 400, 401, 403, 404 `room_not_found`, 409 `stream_mismatch` or `stream_ended`, 502 `storage_refused` or
/// `livekit_refused`, 503.
pub async fn start<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    let StartRecording { room_name: RoomName(room_name), stream_id, quality, layout, audio_only } = input::body(request)?;
    let (stream_id, layout) = (stream_id.map(|StreamId(id)| id), layout.map(Layout::name));
    caller.user_id().ok_or_else(Error::sign_in)?;
    desk.trail.note("room", room_name.clone());

    // (1) Which stream, and may the caller.
    let stream = stream_to_record(desk, caller, &room_name, stream_id.as_deref(), &request.origin).await?;
    desk.trail.note("stream", stream.id.clone());

    // (2) It runs already: the same egress, whatever else was asked for.
    let view = load(desk, &stream.id).await?.ok_or_else(Error::stream_not_found)?;
    let open = view.session.as_ref().filter(|s| s.ended_at.is_none()).map(|s| s.sid.as_str());
    let running =
        view.jobs.iter().any(|job| job.status().holds_the_place() && Some(job.session_sid.as_str()) == open && job.egress_id.is_some());
    if running && stream.is_wanted() {
        return Ok(started(&view.stream, "the recording was running already", desk));
    }

    // (3) The wish, then whatever it takes.
    let public_url = desk.config.public_url.as_deref().unwrap_or(&request.origin);
    let asked_at = desk.now();
    desk.batch(batch![wishes::ask(&stream.id, quality.map(Quality::name), layout, audio_only, public_url, asked_at)]).await?;
    let mut tended = tend(desk, &stream.id, open.is_none() || !stream.owns_room).await?;
    if let Some(refused) = tended.refused.take() {
        return refuse(desk, &stream.id, asked_at, refused).await;
    }

    // (4) Somebody else's start may be under way.
    for wait in FOR_THE_FIRST_MS {
        if tended.started || !in_another_hand(&tended, desk) {
            break;
        }
        desk.ports.pause(wait).await;
        tended.view = load(desk, &stream.id).await?.ok_or_else(Error::stream_not_found)?;
    }
    if let Some((refused, at)) = refused_meanwhile(&tended.view, asked_at).filter(|_| !tended.started) {
        let wish_at = tended.view.stream.wish_at.filter(|wish_at| *wish_at <= at).unwrap_or(asked_at);
        return refuse(desk, &stream.id, wish_at, refused).await;
    }
    // A room that proved to be over in this very moment, or somebody's stop, leaves the job of before, which is not
    // what was asked for.
    let stream = &mut tended.view.stream;
    let holds = stream.job_status.as_deref().and_then(Status::from_name).is_some_and(Status::holds_the_place);
    if (stream.ended_at.is_some() || !holds) && stream.job_requested_at.is_none_or(|at| at < asked_at) {
        stream.job_egress_id = None;
    }
    let is_open = tended.view.session.as_ref().is_some_and(|session| session.ended_at.is_none());
    let message = match (is_open, &stream.job_egress_id) {
        (_, None) if stream.ended_at.is_some() => return Err(stream_ended()),
        (_, None) if stream.wish == "stopped" => {
            return Err(Error::new(409, "recording_stopped", "somebody stopped it while it was being started").hint("start it again"));
        }
        (true, Some(_)) => "recording started",
        (true, None) => "recording requested: LiveKit has not answered yet, or has no recorder free; it is asked until it starts",
        (false, _) => "recording requested: it starts when the room opens",
    };
    Ok(started(stream, message, desk))
}

/// A definite no ends the wish that was told it.
async fn refuse<P: Ports>(desk: &Desk<'_, P>, stream_id: &str, wish_at: Millis, refused: Error) -> Result<Reply, Error> {
    desk.batch(batch![wishes::withdraw(stream_id, wish_at, refused.code), wishes::over_after_all(stream_id, desk.now())]).await?;
    Err(refused)
}

fn in_another_hand<P: Ports>(tended: &Tended, desk: &Desk<'_, P>) -> bool {
    let newest = tended.view.jobs.first();
    newest.is_some_and(|job| job.status().holds_the_place() && job.egress_id.is_none() && desk.now().since(job.requested_at) < 3_000)
}

fn started<P: Ports>(stream: &Stream, message: &'static str, desk: &Desk<'_, P>) -> Reply {
    let state = recording_state(stream, true, &desk.config.prices, desk.now());
    let egress_id = state.egress_id.unwrap_or_default();
    let filename = stream.job_key.clone().filter(|_| !egress_id.is_empty()).unwrap_or_default();
    // What is in force, which may be another thing than what was asked for.
    let quality = stream.job_quality.clone().filter(|_| !egress_id.is_empty()).unwrap_or_else(|| stream.quality.clone());
    let layout = stream.job_layout.clone().filter(|_| !egress_id.is_empty()).unwrap_or_else(|| stream.layout.clone());
    let audio_only = if egress_id.is_empty() { stream.audio_only } else { stream.job_audio_only == Some(1) };
    let status = if egress_id.is_empty() { 202 } else { 200 };
    desk.trail.note("egress_id", egress_id.clone());
    let (status_now, stream_id) = (state.status, stream.id.clone());
    Reply::json(
        status,
        &RecordingStarted { success: true, egress_id, filename, message, status: status_now, stream_id, quality, layout, audio_only },
    )
}

/// Stops a recording, and cancels what is only wanted.
///
/// # Errors
/// 400, 401, 403, 404 `egress_not_found` or `room_not_found`, 503.
pub async fn stop<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    let StopRecording { egress_id, room_name } = input::body(request)?;
    let egress_id = egress_id.filter(|id| !id.is_empty());
    let egress_not_found = || {
        Error::new(404, "egress_not_found", "there is no such recording job of ours")
            .hint("egresses that another program started are stopped there")
    };
    let by_egress = egress_id.is_some();
    let rows = match (egress_id, room_name) {
        (Some(_), Some(_)) | (None, None) => return Err(Error::invalid("give either `egressId` or `roomName`")),
        (Some(egress_id), None) => {
            caller.user_id().ok_or_else(Error::sign_in)?;
            let results = desk.batch(batch![egresses::stream_of_egress(&egress_id)]).await?;
            let found: Option<serde_json::Value> = desk.rows(&results, 0)?.into_iter().next();
            let id = found.as_ref().and_then(|row| row["stream_id"].as_str()).ok_or_else(egress_not_found)?;
            let results = desk.batch(batch![streams::by_id(id)]).await?;
            desk.rows::<Stream>(&results, 0)?
        }
        (None, Some(RoomName(name))) => {
            caller.user_id().ok_or_else(Error::sign_in)?;
            streams_of(desk, &name).await?
        }
    };
    // Somebody else's private egress is answered in the words of one that is not there.
    let not_found = || if by_egress { egress_not_found() } else { Error::room_not_found() };
    let stream = meant(&rows).filter(|s| may_see(caller, &s.owner_id, &s.visibility)).ok_or_else(not_found)?;
    if !may_change(caller, &stream.owner_id) {
        return Err(Error::not_yours("room"));
    }
    desk.trail.note("stream", stream.id.clone());
    // Before: what this call is going to stop.
    let before = load(desk, &stream.id).await?.ok_or_else(Error::stream_not_found)?;
    let stopped: Vec<String> = before.jobs.iter().filter(|job| !job.status().is_over()).filter_map(|job| job.egress_id.clone()).collect();
    let now = desk.now();
    desk.batch(batch![
        wishes::stop(&stream.id, now),
        wishes::over_after_all(&stream.id, now),
        egresses::apply(Which::HoldingForStream(&stream.id), Input::StopAsked, None, None, &Only::Always),
    ])
    .await?;
    let tended = tend(desk, &stream.id, false).await?;
    let state = recording_state(&tended.view.stream, true, &desk.config.prices, desk.now());
    let message = match (stopped.is_empty(), before.stream.is_wanted()) {
        (false, _) => "recording stopped; the file follows",
        (true, true) => "the recording that was wanted is cancelled",
        (true, false) => "nothing was recording",
    };
    Ok(Reply::json(200, &RecordingStopped { success: true, stopped, status: state.status, message }))
}
