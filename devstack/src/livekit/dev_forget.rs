//! `POST /dev/forget` and `POST /dev/s3`: what disappears without a word.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::World;
use super::dev::{Answer, Refusal, Shared, json_of, read};

/// What LiveKit forgets in silence.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Forgotten {
    /// Jobs that have ended, as after a day.
    Ended,
    /// Rooms and jobs: a restart with an empty Redis.
    Everything,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForgetRequest {
    what: Forgotten,
}

pub(super) async fn forget(State(stand_in): Shared, body: Bytes) -> Answer {
    let request: ForgetRequest = read(&body)?;
    let mut world = stand_in.world();
    match request.what {
        Forgotten::Ended => world.egresses.retain(|_, egress| !egress.is_over()),
        Forgotten::Everything => world.forget_everything(),
    }
    Ok(json_of(&json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RemoveRequest {
    /// All whose key begins so.
    remove: String,
}

pub(super) async fn remove_objects(State(stand_in): Shared, body: Bytes) -> Answer {
    let request: RemoveRequest = read(&body)?;
    let storage = stand_in.storage.as_ref().ok_or_else(no_storage)?;
    Ok(json_of(&json!({"removed": storage.remove(&request.remove)})))
}

pub(super) fn no_storage() -> Refusal {
    Refusal(StatusCode::NOT_FOUND, "the S3 server is off".into())
}

impl World {
    /// Rooms and recordings, and what the recorders were about to write.
    pub(super) fn forget_everything(&mut self) {
        self.egresses.values_mut().for_each(super::egress::Egress::drop_work);
        *self = Self::default();
    }
}
