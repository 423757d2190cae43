//! LiveKit as a model: rooms, who is in them, and the answers of its API.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};

use super::cutter::{Cut, cut};
use super::egress::{self, Egress};
use super::webhooks::{Queue, tell_of_room};
use super::world::World;

/// A room without people is closed after so long.
const DEPARTURE_MS: i64 = 20_000;

/// The server.
#[derive(Default)]
pub struct LiveKit {
    pub rooms: BTreeMap<String, Room>,
    pub egresses: Vec<Egress>,
    /// Everybody who ever was in a room.
    pub stays: Vec<Stay>,
    pub queues: BTreeMap<String, Queue>,
    /// The identity in everybody's newest token, by `room/user`.
    pub tokens: BTreeMap<String, String>,
    lives: u64,
    connections: u64,
}

/// One life of a room.
#[derive(Clone, Debug)]
pub struct Room {
    pub sid: String,
    pub name: String,
    pub created: i64,
    pub people: Vec<Person>,
}

/// One connection.
#[derive(Clone, Debug)]
pub struct Person {
    pub sid: String,
    pub identity: String,
    pub joined: i64,
    pub publishes: bool,
    pub recorder: bool,
}

/// What the numbers of a stream are measured by.
#[derive(Clone, Debug)]
pub struct Stay {
    pub room_sid: String,
    pub sid: String,
    pub identity: String,
    pub joined: i64,
    pub left: Option<i64>,
}

impl Room {
    pub fn json(&self) -> Value {
        let created = (self.created / 1_000).to_string();
        json!({ "sid": self.sid, "name": self.name, "creationTime": created, "creationTimeMs": self.created.to_string(), "turnPassword": "p" })
    }

    pub fn is_published_in(&self) -> bool {
        self.people.iter().any(|person| person.publishes)
    }

    fn has_people(&self) -> bool {
        self.people.iter().any(|person| !person.recorder)
    }
}

impl Person {
    pub fn json(&self) -> Value {
        let mut json = json!({
            "sid": self.sid, "identity": self.identity, "joinedAt": (self.joined / 1_000).to_string(), "joinedAtMs": self.joined.to_string(),
        });
        if self.recorder {
            json["kind"] = json!("EGRESS");
            json["permission"] = json!({ "hidden": true, "recorder": true });
        }
        json
    }
}

impl LiveKit {
    /// Whether somebody publishes in that life of the room.
    pub fn is_published_in(&self, sid: &str) -> bool {
        self.rooms.values().any(|room| room.sid == sid && room.is_published_in())
    }

    pub fn has_room(&self, sid: &str) -> bool {
        self.rooms.values().any(|room| room.sid == sid)
    }
}

/// Somebody joins; the room opens if need be. A second connection of one identity ends the first.
pub fn join(world: &Rc<World>, name: &str, identity: &str, recorder: bool) {
    if world.livekit.borrow().rooms.get(name).is_some_and(|room| room.people.iter().any(|p| p.identity == identity)) {
        leave(world, name, identity);
    }
    let opened = {
        let mut livekit = world.livekit.borrow_mut();
        let opened = !livekit.rooms.contains_key(name);
        if opened {
            livekit.lives += 1;
            let room = Room { sid: format!("RM_{}", livekit.lives), name: name.to_owned(), created: world.livekit_now(), people: vec![] };
            livekit.rooms.insert(name.to_owned(), room);
        }
        opened
    };
    if opened {
        let room = world.livekit.borrow().rooms[name].json();
        tell_of_room(world, name, "room_started", &json!({ "room": room }));
    }
    let (room, person) = {
        let mut livekit = world.livekit.borrow_mut();
        livekit.connections += 1;
        let sid = format!("PA_{}", livekit.connections);
        let person = Person { sid: sid.clone(), identity: identity.to_owned(), joined: world.livekit_now(), publishes: false, recorder };
        let room = livekit.rooms.get_mut(name).unwrap();
        room.people.push(person.clone());
        let (room, room_sid) = (room.json(), room.sid.clone());
        if !recorder {
            livekit.stays.push(Stay { room_sid, sid, identity: identity.to_owned(), joined: world.livekit_now(), left: None });
        }
        (room, person.json())
    };
    tell_of_room(world, name, "participant_joined", &json!({ "room": room, "participant": person }));
}

/// Somebody who got a token never gets through.
pub fn fail_to_join(world: &Rc<World>, name: &str, identity: &str) {
    let room = {
        let mut livekit = world.livekit.borrow_mut();
        livekit.connections += 1;
        let Some(room) = livekit.rooms.get(name) else { return };
        let sid = format!("PA_{}", livekit.connections);
        json!({ "room": room.json(), "participant": { "sid": sid, "identity": identity } })
    };
    tell_of_room(world, name, "participant_connection_aborted", &room);
}

pub fn publish(world: &Rc<World>, name: &str, identity: &str, publishes: bool) {
    let told = {
        let mut livekit = world.livekit.borrow_mut();
        let Some(room) = livekit.rooms.get_mut(name) else { return };
        let short = json!({ "sid": room.sid, "name": room.name });
        let Some(person) = room.people.iter_mut().find(|p| p.identity == identity && p.publishes != publishes) else { return };
        person.publishes = publishes;
        json!({ "room": short, "participant": { "sid": person.sid, "identity": identity }, "track": { "sid": format!("TR_{}", person.sid) } })
    };
    tell_of_room(world, name, if publishes { "track_published" } else { "track_unpublished" }, &told);
    egress::wake_all(world);
}

/// Somebody leaves; the room closes if nobody comes for a while.
pub fn leave(world: &Rc<World>, name: &str, identity: &str) {
    let (told, empty) = {
        let mut livekit = world.livekit.borrow_mut();
        let Some(room) = livekit.rooms.get_mut(name) else { return };
        let Some(index) = room.people.iter().position(|p| p.identity == identity) else { return };
        let person = room.people.remove(index);
        let told = json!({ "room": room.json(), "participant": person.json() });
        let empty = (!room.has_people()).then(|| room.sid.clone());
        for stay in livekit.stays.iter_mut().filter(|stay| stay.sid == person.sid) {
            stay.left = Some(world.livekit_now());
        }
        (told, empty)
    };
    tell_of_room(world, name, "participant_left", &told);
    let Some(sid) = empty else { return };
    let (world, name) = (world.clone(), name.to_owned());
    world.clone().exec.spawn(async move {
        world.exec.sleep(DEPARTURE_MS).await;
        let over = world.livekit.borrow().rooms.get(&name).is_some_and(|room| room.sid == sid && !room.has_people());
        if over {
            close(&world, &name);
        }
    });
}

/// The room is over, and everybody in it goes.
pub fn close(world: &Rc<World>, name: &str) {
    let Some(room) = world.livekit.borrow().rooms.get(name).cloned() else { return };
    for person in &room.people {
        leave(world, name, &person.identity);
    }
    world.livekit.borrow_mut().rooms.remove(name);
    tell_of_room(world, name, "room_finished", &json!({ "room": room.json() }));
    egress::wake_all(world);
}

/// The server restarts: no room is left and nobody is told; its lists may have forgotten everything.
pub fn restart(world: &Rc<World>, forgets: bool) -> Vec<Room> {
    let mut livekit = world.livekit.borrow_mut();
    let rooms: Vec<Room> = std::mem::take(&mut livekit.rooms).into_values().collect();
    let now = world.livekit_now();
    livekit.stays.iter_mut().filter(|stay| stay.left.is_none()).for_each(|stay| stay.left = Some(now));
    livekit.queues.values_mut().for_each(Queue::forget);
    let mut died = vec![];
    for (n, egress) in livekit.egresses.iter_mut().enumerate() {
        died.extend(egress.is_alive().then_some(n));
        egress.dead |= egress.is_alive();
        egress.forgotten |= forgets;
    }
    drop(livekit);
    died.into_iter().for_each(|n| cut(world, n, Cut::Off));
    egress::wake_all(world);
    rooms
}
