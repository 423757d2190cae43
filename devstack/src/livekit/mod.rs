//! The LiveKit stand-in: rooms, participants and recordings as the real server shows them through
//! Twirp and webhooks.
//!
//! In scope: `livekit.Egress` (room composites to an MP4, with HLS segments and a picture beside it) and `livekit.RoomService` over JSON,
//! webhooks with their queues and retries, LiveKit's waiting times, and `/dev/*` to play
//! participants and faults. On purpose stricter than the real server: an unknown field is refused.
//! Out of scope: signalling and media, protobuf bodies, streams, ingress, SIP,
//! recordings set in tokens.

mod auth;
mod dev;
mod dev_forget;
mod dev_recorder;
mod egress;
mod egress_request;
mod egress_service;
mod ending;
mod faults;
mod image_request;
mod images;
mod media_clock;
mod outputs;
mod participant;
mod playlist;
mod recorder;
mod reply;
mod reply_fields;
mod room;
mod room_service;
mod rooms;
mod segment_media;
mod segment_request;
mod segments;
mod spoilt;
mod strict;
mod twirp;
mod upload;
mod webhook;
mod webhook_queue;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};

use self::auth::ApiKeys;
use self::egress::Egress;
use self::faults::Faults;
use self::room::Room;
use self::twirp::TwirpError;
use self::webhook::Target;
use self::webhook_queue::WebhookQueues;
use crate::http_client::HttpClient;
use crate::options::Options;
use crate::pace::Pace;
use crate::storage::Storage;

/// What the server knows.
#[derive(Debug, Default)]
struct World {
    /// By name.
    rooms: BTreeMap<String, Room>,
    /// By id.
    egresses: BTreeMap<String, Egress>,
}

/// The server. Its operations lie in the modules named after what they act on.
#[derive(Debug)]
struct StandIn {
    keys: ApiKeys,
    pace: Pace,
    faults: Arc<Faults>,
    webhooks: Arc<WebhookQueues>,
    client: HttpClient,
    world: Mutex<World>,
    /// The S3 server beside it, for `/dev/s3` only; uploads go over HTTP.
    storage: Option<Arc<Storage>>,
}

impl StandIn {
    /// Never held across an await.
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All routes of the LiveKit port.
pub(crate) fn router(options: &Options, storage: Option<Arc<Storage>>) -> Router {
    let keys = ApiKeys::new(options.api_keys.clone());
    let pace = Pace::new(options.speed);
    let faults = Arc::new(Faults::new(storage.as_ref().map(|storage| storage.faults()).unwrap_or_default()));
    let client = HttpClient::new();
    let project = project_targets(options, &keys);
    let webhooks = WebhookQueues::new(project, client.clone(), pace, Arc::clone(&faults));
    let stand_in = Arc::new(StandIn { keys, pace, faults, webhooks: Arc::new(webhooks), client, world: Mutex::default(), storage });
    Router::new().route("/", get(|| async { "OK" })).route("/twirp/{service}/{method}", any(call)).merge(dev::routes()).with_state(stand_in)
}

fn project_targets(options: &Options, keys: &ApiKeys) -> Vec<Target> {
    let Some(key) = keys.first() else {
        return Vec::new();
    };
    let target = |url: &String| Target {
        url: url.clone(),
        key: key.clone(),
        include: options.webhook_events.clone().unwrap_or_default(),
        exclude: Vec::new(),
    };
    options.webhook_urls.iter().map(target).collect()
}

/// One Twirp call: the token first, then the kind of request, then the method.
async fn call(
    State(stand_in): State<Arc<StandIn>>,
    Path((service, method)): Path<(String, String)>,
    http_method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = stand_in.faults.calls.take(&format!("{service}/{method}"));
    let call = perform(stand_in, service, method, http_method, headers.clone(), body);
    match fault {
        None => call.await,
        Some(rule) => spoilt::answer(rule, &headers, call).await,
    }
}

async fn perform(
    stand_in: Arc<StandIn>,
    service: String,
    method: String,
    http_method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let caller = match stand_in.keys.caller(&headers, stand_in.faults.token_now_s()) {
        Ok(caller) => caller,
        Err(refusal) => return *refusal,
    };
    let path = format!("/twirp/{service}/{method}");
    if let Err(error) = twirp::require_json(&http_method, &path, &headers) {
        return error.into_response();
    }
    let answer = match service.as_str() {
        "livekit.Egress" => egress_service::call(stand_in, &caller, &method, &body).await,
        "livekit.RoomService" => room_service::call(&stand_in, &caller, &method, &body).await,
        _ => return (StatusCode::NOT_FOUND, "404 page not found\n").into_response(),
    };
    spoilt::or_error(answer)
}

fn no_route(service: &str, method: &str) -> TwirpError {
    let path = format!("/twirp/{service}/{method}");
    let text = format!("no handler for path \"{path}\"");
    TwirpError::bad_route(&Method::POST, &path, text)
}
