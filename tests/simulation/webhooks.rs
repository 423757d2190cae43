//! LiveKit's webhooks: a queue for each room and each egress, five tries, then lost for good.

use std::collections::VecDeque;
use std::rc::Rc;

use livekit_storj::api::Request;
use livekit_storj::livekit::signature::sign_body;
use livekit_storj::params;
use livekit_storj::time::Millis;
use serde_json::{Value, json};

use super::acknowledged;
use super::egress::Egress;
use super::fault::{Edge, Fault};
use super::plan::Outage;
use super::worker::request;
use super::world::{Dashboard, World};

/// How long before each try.
const TRIES_MS: [i64; 5] = [0, 1_000, 2_000, 4_000, 8_000];
/// What the guide has people tick.
const SEVEN: [&str; 6] = ["room_started", "room_finished", "participant_joined", "participant_left", "egress_started", "egress_ended"];

/// What waits for one address about one room or egress.
#[derive(Default)]
pub struct Queue {
    waiting: VecDeque<Event>,
    running: bool,
    told: u64,
}

impl Queue {
    pub fn forget(&mut self) {
        self.waiting.clear();
    }
}

#[derive(Clone)]
struct Event {
    id: String,
    /// By which its delivery is named.
    name: String,
    body: Vec<u8>,
}

pub fn tell_of_room(world: &Rc<World>, room: &str, event: &str, what: &Value) {
    if to_dashboard(world, event) {
        tell(world, &format!("EV_{room}"), "", event, what);
    }
}

/// The same event goes to both addresses under the same id.
pub fn tell_of_egress(world: &Rc<World>, egress: &Egress, event: &str) {
    let what = json!({ "egressInfo": egress.event() });
    let id = format!("EV_{}_{event}{}", egress.id, egress.status);
    if to_dashboard(world, event) {
        tell(world, &id, &egress.id, event, &what);
    }
    if egress.own_webhook {
        tell(world, &id, &format!("{}own", egress.id), event, &what);
    }
}

fn to_dashboard(world: &World, event: &str) -> bool {
    match world.dashboard {
        Dashboard::All => true,
        Dashboard::Seven => SEVEN.contains(&event),
        Dashboard::Nothing => false,
    }
}

/// An egress's queue is given, and its event's id is whole; a room's queue and ids follow from its name.
fn tell(world: &Rc<World>, id: &str, queue: &str, event: &str, what: &Value) {
    let key = if queue.is_empty() { id } else { queue }.to_owned();
    let start = {
        let mut livekit = world.livekit.borrow_mut();
        let line = livekit.queues.entry(key.clone()).or_default();
        line.told += 1;
        let (id, name) = match queue {
            "" => (format!("{id}.{}", line.told), format!("{id}.{}", line.told)),
            queue => (id.to_owned(), format!("EV_{queue}.{}", line.told)),
        };
        let mut body = what.clone();
        body["id"] = json!(id);
        body["event"] = json!(event);
        body["createdAt"] = json!((world.livekit_now() / 1_000).to_string());
        line.waiting.push_back(Event { id, name, body: body.to_string().into_bytes() });
        !std::mem::replace(&mut line.running, true)
    };
    if start {
        let world = world.clone();
        world.clone().exec.spawn(async move { deliver_all(world, key).await });
    }
}

async fn deliver_all(world: Rc<World>, queue: String) {
    loop {
        let next = world.livekit.borrow_mut().queues.get_mut(&queue).and_then(|line| line.waiting.pop_front());
        let Some(event) = next else { break };
        deliver(&world, event).await;
    }
    if let Some(line) = world.livekit.borrow_mut().queues.get_mut(&queue) {
        line.running = false;
    }
}

async fn deliver(world: &Rc<World>, event: Event) {
    world.trace(&event.name, || String::from_utf8_lossy(&event.body));
    world.exec.sleep(world.dice.ms(&event.name, "way", 5, 400)).await;
    let fault = world.fault(&event.name, Edge::Event);
    match fault {
        Some(Fault::Dropped) => return world.exec.sleep(15_000).await,
        Some(Fault::Delayed) => world.exec.sleep(world.dice.ms(&event.name, "delay", 5_000, 120_000)).await,
        _ => {}
    }
    // The same token on every try.
    let signature = sign_body(&world.config().livekit_key, &event.body, Millis(world.now())).unwrap();
    if fault == Some(Fault::Doubled) {
        let (world, event, signature) = (world.clone(), event.clone(), signature.clone());
        world.clone().exec.spawn(async move {
            let again = world.dice.ms(&event.name, "again", 0, 3_000);
            world.exec.sleep(again).await;
            arrives(&world, &event, &signature, "twin").await;
        });
    }
    if fault == Some(Fault::Overtaken) {
        let (world, event, signature) = (world.clone(), event.clone(), signature.clone());
        world.clone().exec.spawn(async move {
            world.exec.sleep(world.dice.ms(&event.name, "behind", 500, 60_000)).await;
            arrives(&world, &event, &signature, "0").await;
        });
        return;
    }
    for (number, wait) in TRIES_MS.into_iter().enumerate() {
        world.exec.sleep(wait).await;
        if arrives(world, &event, &signature, &number.to_string()).await {
            return;
        }
    }
    world.count("webhooks lost");
}

/// One try. Answers whether LiveKit takes it for delivered.
async fn arrives(world: &Rc<World>, event: &Event, signature: &str, number: &str) -> bool {
    let name = format!("{}.{number}", event.name);
    let fault = world.fault(&name, Edge::Delivery);
    if fault == Some(Fault::NotDelivered) || world.is_away(Outage::Webhooks) {
        return false;
    }
    if fault == Some(Fault::Slow) {
        world.exec.sleep(world.dice.ms(&name, "slow", 500, 9_000)).await;
    }
    let headers = vec![("authorization".to_owned(), signature.to_owned())];
    let origin = "https://rec.example".to_owned();
    let hook =
        Request { method: "POST".into(), path: "/livekit-webhook".into(), origin, headers, body: event.body.clone(), ..Request::default() };
    let Some(reply) = request(world, &name, hook).await else { return false };
    match reply.status {
        200 => {
            let filed = world.db.one("SELECT count(*) FROM webhook_events WHERE id = ?", params![&event.id]);
            if filed != json!(1) {
                world.violated("an acknowledged webhook is on file", format!("{name}: {}", String::from_utf8_lossy(&event.body)));
            }
            if let Err(lacks) = acknowledged::effect_is_there(world, &serde_json::from_slice(&event.body).unwrap()) {
                let body = String::from_utf8_lossy(&event.body);
                world.violated("an acknowledged webhook has its effect", format!("{name}: {lacks}: {body}"));
            }
        }
        503 => {}
        other => world.violated("a signed webhook is taken", format!("{name}: {other}")),
    }
    reply.status == 200 && fault != Some(Fault::AnswerLost)
}
