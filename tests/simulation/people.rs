//! The host, the viewers and the operator: what they do to LiveKit and ask of the Worker.

use std::rc::Rc;

use livekit_storj::api::Request;
use livekit_storj::params;
use serde_json::{Value, json};

use super::keeping;
use super::livekit;
use super::plan::{Action, Step};
use super::worker::request;
use super::world::{World, bearer, claims};

/// Who owns every room.
pub const HOST: &str = "alice";

/// A word about recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Start,
    Stop,
    End,
}

/// A word that somebody said to the Worker.
#[derive(Clone, Debug)]
pub struct Said {
    pub word: Word,
    pub room: String,
    pub sent: i64,
    /// When the answer came, and its status. `None`: it never came.
    pub answered: Option<(i64, u16)>,
    /// Which stream that is.
    pub stream: Option<String>,
    /// LiveKit's session at that time.
    pub session: Option<String>,
    /// Which egresses the answer names: the one that was started, or those that were stopped.
    pub egresses: Vec<String>,
}

/// Does one step of the plan.
pub async fn act(world: Rc<World>, step: Step) {
    let (room, name) = (format!("r{}", step.room), format!("a{}", step.number));
    world.trace(&name, || format!("{:?} in {room}", step.action));
    match step.action {
        Action::HostComes { record } => {
            let mut body = json!({ "roomName": room, "role": "host" });
            if let Some(record) = record {
                body["record"] = json!(record);
            }
            if let Some((201, answer)) = ask(&world, &name, HOST, "POST", "/livekit-token", body).await {
                world.livekit.borrow_mut().tokens.insert(format!("{room}/{HOST}"), identity(&answer));
                come(&world, &name, &room).await;
            }
        }
        Action::HostReturns => come(&world, &name, &room).await,
        Action::HostPublishes => livekit::publish(&world, &room, HOST, true),
        Action::HostUnpublishes => livekit::publish(&world, &room, HOST, false),
        Action::HostLeaves => livekit::leave(&world, &room, HOST),
        Action::ViewerComes(viewer) => {
            let user = format!("viewer{viewer}");
            if let Some((201, answer)) = ask(&world, &name, &user, "POST", "/livekit-token", json!({ "roomName": room })).await {
                let identity = identity(&answer);
                world.exec.sleep(world.dice.ms(&name, "join", 100, 3_000)).await;
                world.livekit.borrow_mut().tokens.insert(format!("{room}/{user}"), identity.clone());
                livekit::join(&world, &room, &identity, false);
            }
        }
        Action::ViewerLeaves(viewer) => {
            let token = world.livekit.borrow().tokens.get(&format!("{room}/viewer{viewer}")).cloned();
            if let Some(identity) = token {
                livekit::leave(&world, &room, &identity);
            }
        }
        Action::ViewerFails(viewer) => livekit::fail_to_join(&world, &room, &format!("viewer{viewer}~lost")),
        Action::Creates { record } => {
            ask(&world, &name, HOST, "POST", "/api/streams", json!({ "title": "t", "roomName": room, "record": record })).await;
        }
        Action::Starts => say(&world, &name, &room, Word::Start, "/livekit-egress", json!({ "roomName": room })).await,
        Action::Stops => say(&world, &name, &room, Word::Stop, "/livekit-egress/stop", json!({ "roomName": room })).await,
        Action::StopsById => {
            let newest = world.livekit.borrow().egresses.iter().rev().find(|e| e.room == room).map(|e| e.id.clone());
            if let Some(id) = newest {
                say(&world, &name, &room, Word::Stop, "/livekit-egress/stop", json!({ "egressId": id })).await;
            }
        }
        Action::Ends => {
            if let Some(stream) = stream_of(&world, &room) {
                say(&world, &name, &room, Word::End, &format!("/api/streams/{stream}/end"), json!({})).await;
            }
        }
        Action::RoomDeleted => livekit::close(&world, &room),
        Action::Restart { forgets } => restart(&world, &name, forgets).await,
        Action::Outage(what, ms) => {
            world.count(format!("outage {what:?}"));
            world.outages.borrow_mut().insert(what, world.now() + ms);
        }
        Action::Keeps(_) | Action::Pictures => {}
        Action::Deletes(_) | Action::DeletesAll | Action::DeletesStream { .. } | Action::Saves(_) | Action::SavesAll => {
            keeping::act(world.clone(), step).await;
        }
    }
}

/// The host joins, and publishes a moment later.
async fn come(world: &Rc<World>, name: &str, room: &str) {
    if !world.livekit.borrow().tokens.contains_key(&format!("{room}/{HOST}")) {
        return;
    }
    world.exec.sleep(world.dice.ms(name, "join", 100, 3_000)).await;
    livekit::join(world, room, HOST, false);
    let most = if world.dice.chance(name, "hesitates", 200) { 90_000 } else { 4_000 };
    world.exec.sleep(world.dice.ms(name, "publish", 200, most)).await;
    livekit::publish(world, room, HOST, true);
}

/// LiveKit restarts. Whoever was there mostly comes back by itself, as clients do.
async fn restart(world: &Rc<World>, name: &str, forgets: bool) {
    for room in livekit::restart(world, forgets) {
        for person in room.people.iter().filter(|person| !person.recorder) {
            let of = format!("{name}/{}", person.identity);
            if world.dice.chance(&of, "comes back", 700) {
                let (world, room, person) = (world.clone(), room.name.clone(), person.clone());
                world.clone().exec.spawn(async move {
                    world.exec.sleep(world.dice.ms(&of, "back after", 500, 15_000)).await;
                    livekit::join(&world, &room, &person.identity, false);
                    if person.publishes {
                        world.exec.sleep(500).await;
                        livekit::publish(&world, &room, &person.identity, true);
                    }
                });
            }
        }
    }
}

fn identity(answer: &Value) -> String {
    claims(answer["participant_token"].as_str().unwrap())["sub"].as_str().unwrap().to_owned()
}

/// The stream that a room's name means in D1.
pub fn stream_of(world: &World, room: &str) -> Option<String> {
    let sql = "SELECT id FROM live_streams WHERE room_name = ? ORDER BY ended_at IS NULL DESC, created_at DESC, id DESC";
    world.db.one(sql, params![room]).as_str().map(str::to_owned)
}

async fn say(world: &Rc<World>, name: &str, room: &str, word: Word, path: &str, body: Value) {
    drop(said_to(world, name, room, word, "POST", path, body).await);
}

/// Says a word, and answers what the Worker did.
pub async fn said_to(world: &Rc<World>, name: &str, room: &str, word: Word, method: &str, path: &str, body: Value) -> Option<(u16, Value)> {
    let (number, body_names_room) = (world.said.borrow().len(), body["roomName"].is_string());
    let egress_id = body["egressId"].as_str().map(str::to_owned);
    let said = Said {
        word,
        room: room.to_owned(),
        sent: world.now(),
        answered: None,
        stream: stream_of(world, room),
        session: None,
        egresses: vec![],
    };
    world.said.borrow_mut().push(said);
    let (status, answer) = ask(world, name, HOST, method, path, body).await?;
    world.count(format!("{word:?} answered {status}"));
    let (stream, session) = (stream_of(world, room), world.livekit.borrow().rooms.get(room).map(|room| room.sid.clone()));
    let said = &mut world.said.borrow_mut()[number];
    (said.answered, said.session) = (Some((world.now(), status)), session);
    // An end and a stop by its id name their stream; a start may have made it; a stop by the room's name meant another
    // one than the room has now, if that was made while it was under way.
    if word == Word::Start {
        said.stream = stream;
    } else if body_names_room {
        said.stream = said.stream.take().filter(|before| stream.as_ref() == Some(before));
    } else if let Some(id) = egress_id {
        said.stream = world.db.one("SELECT stream_id FROM egresses WHERE egress_id = ?", params![id]).as_str().map(str::to_owned);
    }
    let named = answer["stopped"].as_array().cloned().unwrap_or_else(|| vec![answer["egressId"].clone()]);
    said.egresses = named.iter().filter_map(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    Some((status, answer))
}

/// A request of somebody's. `None`: no answer.
pub async fn ask(world: &Rc<World>, name: &str, user: &str, method: &str, path: &str, body: Value) -> Option<(u16, Value)> {
    let headers =
        vec![("content-type".to_owned(), "application/json".to_owned()), ("authorization".to_owned(), format!("Bearer {}", bearer(user)))];
    let origin = "https://rec.example".to_owned();
    let body = body.to_string().into_bytes();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let body = if method == "DELETE" { vec![] } else { body };
    let asked = Request { method: method.into(), path: path.into(), query: query.into(), origin, headers, body };
    let reply = request(world, name, asked).await?;
    Some((reply.status, reply.body.unwrap_or_default()))
}

/// Everybody goes home.
pub fn all_leave(world: &Rc<World>) {
    let rooms: Vec<livekit::Room> = world.livekit.borrow().rooms.values().cloned().collect();
    for room in rooms {
        for person in room.people.iter().filter(|person| !person.recorder) {
            livekit::leave(world, &room.name, &person.identity);
        }
    }
}
