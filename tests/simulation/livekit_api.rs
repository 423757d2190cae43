//! The answers of LiveKit's API.

use std::rc::Rc;

use livekit_storj::http::{Incoming, Outgoing, Unanswered};
use serde_json::{Value, json};

use super::egress::{self, Egress};
use super::livekit::{Person, close};
use super::world::World;

/// Answers a call that got through.
pub fn answer(world: &Rc<World>, request: &Outgoing) -> Result<Incoming, Unanswered> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let answer = |status, body: Value| Ok(Incoming { status, body: body.to_string().into_bytes(), ..Incoming::default() });
    let not_found = || answer(404, json!({ "code": "not_found", "msg": "there is no such thing" }));
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    match request.url.rsplit('/').next().unwrap() {
        "ListRooms" => {
            let name = body["names"][0].as_str().unwrap();
            let rooms: Vec<Value> = world.livekit.borrow().rooms.get(name).iter().map(|room| snake(room.json())).collect();
            answer(200, json!({ "rooms": rooms }))
        }
        "ListParticipants" => match world.livekit.borrow().rooms.get(&text("room")) {
            None => not_found(),
            Some(room) => {
                let with_tracks = |person: &Person| {
                    let mut json = snake(person.json());
                    json["tracks"] = if person.publishes { json!([{ "sid": format!("TR_{}", person.sid) }]) } else { json!([]) };
                    json
                };
                answer(200, json!({ "participants": room.people.iter().map(with_tracks).collect::<Vec<_>>() }))
            }
        },
        "DeleteRoom" => {
            if !world.livekit.borrow().rooms.contains_key(&text("room")) {
                return not_found();
            }
            close(world, &text("room"));
            answer(200, json!({}))
        }
        "StartRoomCompositeEgress" => match egress::start(world, &text("room_name"), &body) {
            Some(egress) => answer(200, egress),
            None => not_found(),
        },
        "StopEgress" => egress::stop(world, &text("egress_id")),
        "ListEgress" => {
            let livekit = world.livekit.borrow();
            let items: Vec<_> = livekit.egresses.iter().filter(|e| e.room == text("room_name") && !e.forgotten).map(Egress::info).collect();
            answer(200, json!({ "items": items }))
        }
        other => panic!("no such call: {other}"),
    }
}

/// Twirp's names of a webhook's fields.
fn snake(value: Value) -> Value {
    let name = |text: String| {
        text.chars().fold(
            String::new(),
            |name, c| if c.is_uppercase() { name + "_" + &c.to_lowercase().to_string() } else { name + &c.to_string() },
        )
    };
    match value {
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (name(key), value)).collect(),
        other => other,
    }
}
