//! Delivers webhooks as LiveKit does: a queue per resource and receiver, in order, one at a time.
//!
//! The resource is the room for room, participant and track events, and the egress for its own; so
//! order holds within each and not between them. Tried at 0, 1, 3, 7 and 15 s (the same id, bytes
//! and token each time) on 429, on 5xx but 501, and when nobody answers; then lost without a trace.
//! Any other answer counts as delivered, 4xx too. What has waited more than 30 s is dropped unsent.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::Request;
use bytes::Bytes;
use http_body_util::Full;
use livekit_protocol::WebhookEvent;
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::faults::Faults;
use super::webhook::{self, Target};
use crate::http_client::HttpClient;
use crate::pace::{self, Pace};

/// Waits before each try, in seconds.
const WAITS: [f64; 5] = [0.0, 1.0, 2.0, 4.0, 8.0];
/// Queued longer than this many seconds: dropped.
const MAX_AGE: f64 = 30.0;
/// But not before this time, however fast the stand-in is: the receiver is not any faster.
const SHORTEST_MAX_AGE: Duration = Duration::from_secs(5);
/// How many attempts `/dev/webhooks` remembers.
const LOG_LENGTH: usize = 500;

/// One attempt, as `/dev/webhooks` shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attempt {
    at_ms: i64,
    url: String,
    event: String,
    id: String,
    attempt: usize,
    body: String,
    authorization: String,
    /// What the receiver answered; `null` when nobody did.
    status: Option<u16>,
    error: Option<String>,
}

#[derive(Clone, Debug)]
struct Item {
    target: Target,
    event: String,
    id: String,
    body: String,
    queued: Instant,
    /// Which reset it belongs to; what is older than the last one is forgotten.
    epoch: u64,
    /// Waits so long when its turn has come.
    delay: Duration,
}

type Queues = HashMap<(String, String), UnboundedSender<Item>>;

/// Takes events and sees to their delivery.
#[derive(Debug)]
pub(crate) struct WebhookQueues {
    project: Vec<Target>,
    client: HttpClient,
    pace: Pace,
    faults: Arc<Faults>,
    queues: Mutex<Queues>,
    log: Mutex<VecDeque<Attempt>>,
    epoch: AtomicU64,
}

impl WebhookQueues {
    pub(crate) fn new(project: Vec<Target>, client: HttpClient, pace: Pace, faults: Arc<Faults>) -> Self {
        Self { project, client, pace, faults, queues: Mutex::default(), log: Mutex::default(), epoch: AtomicU64::new(0) }
    }

    /// Queues an event for the project's receivers and the request's own ones, which get the same
    /// id. `resource` is the room's name or the egress id.
    pub(crate) fn send(self: &Arc<Self>, resource: &str, event: &WebhookEvent, own: &[Target]) {
        let body = webhook::body(event);
        let targets = self.project.iter().chain(own).filter(|target| target.wants(&event.event));
        for target in targets {
            if self.faults.drops(&event.event) {
                self.note(&item_of(event, target, &body, 0), 0, None, "dropped by /dev/faults");
                continue;
            }
            let rule = self.faults.webhooks.take(&name_of(event)).unwrap_or_default();
            let item = item_of(event, target, &body, self.epoch.load(Ordering::Relaxed));
            if rule.lose {
                self.note(&item, 0, None, "lost by /dev/faults");
                continue;
            }
            if let Some(ms) = rule.late_ms {
                self.deliver_beside(item, Duration::from_millis(ms));
                continue;
            }
            for _ in 0..self.faults.webhook_copies() + rule.repeat {
                let delay = Duration::from_millis(rule.delay_ms);
                self.enqueue(resource, Item { delay, ..item.clone() });
            }
        }
    }

    /// Out of its order.
    fn deliver_beside(self: &Arc<Self>, item: Item, later: Duration) {
        let queues = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(later).await;
            queues.deliver(&item).await;
        });
    }

    fn enqueue(self: &Arc<Self>, resource: &str, item: Item) {
        let key = (resource.to_owned(), item.target.url.clone());
        let mut queues = lock(&self.queues);
        let sender = queues.entry(key).or_insert_with(|| {
            let (sender, receiver) = unbounded_channel();
            tokio::spawn(Arc::clone(self).deliver_in_order(receiver));
            sender
        });
        // The receiver lives as long as its sender stays in the map.
        let _ = sender.send(item);
    }

    async fn deliver_in_order(self: Arc<Self>, mut receiver: UnboundedReceiver<Item>) {
        while let Some(item) = receiver.recv().await {
            if item.queued.elapsed() > self.pace.of(MAX_AGE).max(SHORTEST_MAX_AGE) {
                self.note(&item, 0, None, "dropped: older than 30 s");
                continue;
            }
            self.held_up().await;
            tokio::time::sleep(item.delay).await;
            self.deliver(&item).await;
        }
    }

    /// Waits for as long as `delay_webhooks_ms` says, which may change meanwhile: a delay that is taken back lets go
    /// at once what it held up.
    async fn held_up(&self) {
        let since = Instant::now();
        while since.elapsed() < self.faults.webhook_delay() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn deliver(&self, item: &Item) {
        let authorization = webhook::authorization(&item.target.key, &item.body, self.faults.livekit_now_s());
        let mut wanted_wait = None;
        for (index, wait) in WAITS.into_iter().enumerate() {
            self.pace.sleep(wanted_wait.take().unwrap_or(wait)).await;
            if item.epoch != self.epoch.load(Ordering::Relaxed) {
                return;
            }
            let answer = match request(item, &authorization) {
                Ok(request) => self.client.send(request).await,
                Err(error) => Err(error),
            };
            let (status, error) = match &answer {
                Ok(answer) => (Some(answer.status), None),
                Err(error) => (None, Some(error.as_str())),
            };
            self.note_attempt(item, index + 1, &authorization, status, error);
            match answer {
                Ok(answer) if matches!(answer.status, 429 | 503) => {
                    wanted_wait = answer.retry_after;
                }
                Ok(answer) if answer.status < 500 || answer.status == 501 => return,
                _ => {}
            }
        }
    }

    fn note(&self, item: &Item, attempt: usize, status: Option<u16>, error: &str) {
        self.note_attempt(item, attempt, "", status, Some(error));
    }

    fn note_attempt(&self, item: &Item, attempt: usize, authorization: &str, status: Option<u16>, error: Option<&str>) {
        let mut log = lock(&self.log);
        if log.len() == LOG_LENGTH {
            log.pop_front();
        }
        log.push_back(Attempt {
            at_ms: pace::now_ms(),
            url: item.target.url.clone(),
            event: item.event.clone(),
            id: item.id.clone(),
            attempt,
            body: item.body.clone(),
            authorization: authorization.to_owned(),
            status,
            error: error.map(str::to_owned),
        });
    }

    /// The last attempts, oldest first.
    pub(crate) fn log(&self) -> Vec<Attempt> {
        lock(&self.log).iter().cloned().collect()
    }

    /// Forgets what waits and what was logged.
    pub(crate) fn reset(&self) {
        self.epoch.fetch_add(1, Ordering::Relaxed);
        lock(&self.queues).clear();
        lock(&self.log).clear();
    }
}

fn item_of(event: &WebhookEvent, target: &Target, body: &str, epoch: u64) -> Item {
    Item {
        target: target.clone(),
        event: event.event.clone(),
        id: event.id.clone(),
        body: body.to_owned(),
        queued: Instant::now(),
        epoch,
        delay: Duration::ZERO,
    }
}

/// The event, and an egress's status.
fn name_of(event: &WebhookEvent) -> String {
    let status = event.egress_info.as_ref().map_or("", |info| info.status().as_str_name());
    format!("{} {status}", event.event)
}

fn request(item: &Item, authorization: &str) -> Result<Request<Full<Bytes>>, String> {
    Request::post(&item.target.url)
        .header("User-Agent", "Go-http-client/1.1")
        .header("Authorization", authorization)
        .header("Content-Type", "application/webhook+json")
        .header("Accept-Encoding", "gzip")
        .body(Full::from(item.body.clone()))
        .map_err(|error| error.to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
