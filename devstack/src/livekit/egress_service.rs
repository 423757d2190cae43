//! The `livekit.Egress` service: StartRoomCompositeEgress, StopEgress, ListEgress.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use livekit_protocol::{EgressInfo, EgressStatus, ListEgressRequest, ListEgressResponse, RoomCompositeEgressRequest, StopEgressRequest};

use super::auth::Caller;
use super::egress_request;
use super::ending::Ending;
use super::faults::{ListFault, StartFault, StopFault};
use super::reply_fields::{EGRESS_INFO, LIST_EGRESS};
use super::twirp::{self, TwirpError};
use super::{StandIn, no_route};

/// How long a hanging call hangs, in real seconds: longer than any client waits.
const HANG: Duration = Duration::from_secs(60);
/// LiveKit asks the recorder and gives up after this many seconds; so a stop of what is unknown or
/// over takes that long too.
const NOBODY_ANSWERS: f64 = 3.0;

/// Does one call.
pub(super) async fn call(stand_in: Arc<StandIn>, caller: &Caller, method: &str, body: &[u8]) -> Result<Response, TwirpError> {
    match method {
        "StartRoomCompositeEgress" => {
            let request: RoomCompositeEgressRequest = twirp::decode(body)?;
            caller.may_record()?;
            twirp::answer(&EGRESS_INFO, &start(stand_in, request).await?)
        }
        "StopEgress" => {
            let request: StopEgressRequest = twirp::decode(body)?;
            caller.may_record()?;
            twirp::answer(&EGRESS_INFO, &stop(&stand_in, &request.egress_id).await?)
        }
        "ListEgress" => {
            let request: ListEgressRequest = twirp::decode(body)?;
            caller.may_record()?;
            fail_list(&stand_in).await?;
            twirp::answer(&LIST_EGRESS, &list(&stand_in, &request)?)
        }
        "StartEgress"
        | "StartWebEgress"
        | "StartParticipantEgress"
        | "StartTrackCompositeEgress"
        | "StartTrackEgress"
        | "UpdateLayout"
        | "UpdateStream" => Err(TwirpError::new("unimplemented", format!("the stand-in has no {method}"))),
        _ => Err(no_route("livekit.Egress", method)),
    }
}

/// For every call that lists: the fault in force, if there is one.
pub(super) async fn fail_list(stand_in: &StandIn) -> Result<(), TwirpError> {
    match stand_in.faults.lists() {
        None => Ok(()),
        Some(ListFault::Internal) => Err(TwirpError::new("internal", "internal error")),
        Some(ListFault::Hang) => Err(hang().await),
    }
}

async fn hang() -> TwirpError {
    tokio::time::sleep(HANG).await;
    TwirpError::timed_out()
}

async fn start(stand_in: Arc<StandIn>, request: RoomCompositeEgressRequest) -> Result<EgressInfo, TwirpError> {
    let recording = egress_request::check(request, &stand_in.keys)?;
    let fault = stand_in.faults.take_start();
    match fault {
        None | Some(StartFault::AcceptThenHang) => {}
        Some(StartFault::Hang) => return Err(hang().await),
        Some(StartFault::Unavailable) => return Err(TwirpError::no_servers()),
        Some(StartFault::Unauthenticated) => return Err(TwirpError::permissions_denied()),
        Some(StartFault::Internal) => return Err(TwirpError::new("internal", "internal error")),
        Some(StartFault::ResourceExhausted) => {
            return Err(TwirpError::new("resource_exhausted", "egress concurrency limit exceeded"));
        }
    }
    // A task of its own: a caller who hangs up does not take the start back.
    let started = tokio::spawn(stand_in.start(recording)).await;
    let info = started.map_err(|error| TwirpError::new("internal", error.to_string()))??;
    if fault == Some(StartFault::AcceptThenHang) {
        return Err(hang().await);
    }
    Ok(info)
}

async fn stop(stand_in: &Arc<StandIn>, id: &str) -> Result<EgressInfo, TwirpError> {
    match stand_in.faults.stop() {
        None => {}
        Some(StopFault::Timeout) => {
            stand_in.pace.sleep(NOBODY_ANSWERS).await;
            return Err(TwirpError::timed_out());
        }
        Some(StopFault::Unavailable) => return Err(TwirpError::no_servers()),
    }
    let (known, dead) = {
        let world = stand_in.world();
        let egress = world.egresses.get(id);
        (egress.map(|e| (e.is_over(), e.info.status())), egress.is_some_and(|e| e.dead))
    };
    if dead {
        stand_in.pace.sleep(NOBODY_ANSWERS).await;
        return Err(TwirpError::timed_out());
    }
    match known {
        Some((false, _)) => {}
        None => {
            stand_in.pace.sleep(NOBODY_ANSWERS).await;
            return Err(unknown());
        }
        Some((true, status)) => {
            stand_in.pace.sleep(NOBODY_ANSWERS).await;
            return Err(already_over(status));
        }
    }
    stand_in.end(id, Ending::Stopped);
    stand_in.world().egresses.get(id).map(|e| e.info.clone()).ok_or_else(unknown)
}

fn unknown() -> TwirpError {
    TwirpError::not_found("egress does not exist")
}

fn already_over(status: EgressStatus) -> TwirpError {
    let text = format!("egress with status {} cannot be stopped", status.as_str_name());
    TwirpError::new("failed_precondition", text)
}

/// An id overrules the other filters; there are no pages.
fn list(stand_in: &StandIn, request: &ListEgressRequest) -> Result<ListEgressResponse, TwirpError> {
    let mut world = stand_in.world();
    world.forget_old_egresses();
    let items = if request.egress_id.is_empty() {
        let of_room = |info: &EgressInfo| request.room_name.is_empty() || info.room_name == request.room_name;
        world
            .egresses
            .values()
            .filter(|egress| of_room(&egress.info) && !(request.active && egress.is_over()))
            .map(|egress| egress.info.clone())
            .collect()
    } else {
        vec![world.egresses.get(&request.egress_id).ok_or_else(unknown)?.info.clone()]
    };
    Ok(ListEgressResponse { items, next_page_token: None })
}
