//! `POST /dev/recorder`: what happens to the recorders of a room, or to one: time leaps ahead, it is killed, it ends.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use livekit_protocol::EgressStatus;
use serde::Deserialize;
use serde_json::json;

use super::StandIn;
use super::dev::{Answer, Refusal, Shared, json_of, read};
use super::ending::Ending;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// All that record it.
    room: Option<String>,
    egress_id: Option<String>,
    /// So many seconds more are recorded at once.
    #[serde(default)]
    leap_seconds: f64,
    kill: Option<Killed>,
    end: Option<Ended>,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Killed {
    /// The process of one recording: FAILED, at once.
    Handler,
    /// The whole service: listed as it was for ever, and nothing is told.
    Service,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Ended {
    /// LIMIT_REACHED, with the file.
    Limit,
    /// FAILED (503), with the file as far as it goes.
    LostRoom,
}

pub(super) async fn change(State(stand_in): Shared, body: Bytes) -> Answer {
    let change: Change = read(&body)?;
    let ids = concerned(&stand_in, &change);
    if ids.is_empty() {
        return Err(Refusal(StatusCode::NOT_FOUND, "nothing is being recorded there".into()));
    }
    for id in &ids {
        if change.leap_seconds > 0.0 {
            let world = stand_in.world();
            let clock = world.egresses.get(id).and_then(|egress| egress.clock.as_ref());
            let clock = clock.ok_or_else(|| Refusal(StatusCode::CONFLICT, "it has no first frame yet".into()))?;
            clock.leap(change.leap_seconds);
        }
        match change.kill {
            None => {}
            Some(Killed::Handler) => stand_in.kill_recorder(id),
            Some(Killed::Service) => stand_in.kill_service(id),
        }
        match change.end {
            None => {}
            Some(Ended::Limit) => stand_in.end(id, Ending::Limit),
            Some(Ended::LostRoom) => stand_in.end(id, Ending::LostRoom),
        }
    }
    Ok(json_of(&json!({"egress_ids": ids})))
}

fn concerned(stand_in: &StandIn, change: &Change) -> Vec<String> {
    let world = stand_in.world();
    let live = world.egresses.iter().filter(|(_, egress)| {
        matches!(egress.info.status(), EgressStatus::EgressStarting | EgressStatus::EgressActive | EgressStatus::EgressEnding)
    });
    let meant = live.filter(|(id, egress)| {
        change.room.as_ref().is_none_or(|room| *room == egress.info.room_name) && change.egress_id.as_ref().is_none_or(|asked| asked == *id)
    });
    meant.map(|(id, _)| id.clone()).collect()
}
