//! What people do with what was recorded: deleting and saving it, and what the operator lets expire. Drawn apart from
//! the rest of the plan, so that a seed's broadcasts are the same with and without.

use std::rc::Rc;

use livekit_storj::params;
use serde_json::{Value, json};

use super::dice::Dice;
use super::people::{HOST, Word, ask, said_to, stream_of};
use super::plan::{Action, Step};
use super::world::World;

const MINUTE: i64 = 60_000;
/// Numbers of these steps begin here.
const FIRST_NUMBER: usize = 200;
/// Somebody looks for the recording so long, and so often.
const LOOKS: i64 = 15;
const LOOKS_EACH_MS: i64 = 20_000;

/// For how long the operator has recordings kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    ForEver,
    /// `STORJ_OBJECT_TTL`: Storj itself deletes every object after so many minutes.
    Minutes(u64),
    /// `RETENTION_DAYS`, for a year already.
    Days(u64),
}

/// What was asked of the Worker about recordings that are there.
#[derive(Clone, Debug)]
pub struct Asked {
    pub what: What,
    /// Recordings, or the stream.
    pub ids: Vec<String>,
    /// The answer's status and body. `None`: it never came.
    pub answered: Option<(u16, Value)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Delete,
    DeleteStream,
    Save,
}

/// The steps of a history in which anybody cares.
pub fn steps(dice: Dice, rooms: u64, length: i64) -> Vec<Step> {
    if !dice.chance("keeping", "anything", 400) {
        return vec![];
    }
    let keeping = match dice.below("keeping", "how long", 10) {
        0..=2 => Keeping::Minutes([30, 60, 150][dice.below("keeping", "minutes", 3) as usize]),
        3 => Keeping::Days(1),
        _ => Keeping::ForEver,
    };
    let mut steps = vec![(0, 0, Action::Keeps(keeping))];
    for number in 0..=dice.below("keeping", "count", 4) {
        let name = format!("keep{number}");
        let (at, room) = (dice.ms(&name, "at", 30_000, length), dice.below(&name, "room", rooms));
        // There is nothing to delete of what records.
        if dice.chance(&name, "stops first", 400) {
            steps.push((at, room, Action::Stops));
        }
        let at = at + dice.ms(&name, "then", 500, 90_000);
        let action = any(dice, &name);
        steps.push((at, room, action));
        // What one does the other undoes.
        if dice.chance(&name, "at once", 350) {
            let other = if matches!(action, Action::Saves(_)) { Action::DeletesAll } else { Action::Saves(0) };
            steps.push((at + dice.ms(&name, "a moment", 0, 15_000), room, other));
        }
    }
    let step = |(number, (at, room, action))| Step { number: FIRST_NUMBER + number, at, room, action };
    steps.into_iter().enumerate().map(step).collect()
}

fn any(dice: Dice, name: &str) -> Action {
    let which = dice.below(name, "which", 3);
    match dice.below(name, "what", 12) {
        0..=3 => Action::Deletes(which),
        4 => Action::DeletesAll,
        5 => Action::DeletesStream { stop: true },
        6 => Action::DeletesStream { stop: false },
        7 => Action::SavesAll,
        _ => Action::Saves(which),
    }
}

/// Does one of these.
pub async fn act(world: Rc<World>, step: Step) {
    let (room, name) = (format!("r{}", step.room), format!("a{}", step.number));
    match step.action {
        Action::Deletes(which) => {
            let Some(id) = recording(&world, &room, which).await else { return };
            said(&world, &name, What::Delete, vec![id.clone()], "DELETE", &format!("/api/recordings/{id}"), json!({})).await;
        }
        Action::DeletesAll => {
            let Some(first) = recording(&world, &room, 0).await else { return };
            let mut ids = recordings(&world, &room);
            ids.push(first);
            ids.sort();
            ids.dedup();
            said(&world, &name, What::Delete, ids.clone(), "POST", "/api/recordings/delete", json!({ "ids": ids })).await;
        }
        Action::DeletesStream { stop } => {
            let Some(id) = stream_of(&world, &room) else { return };
            let path = format!("/api/streams/{id}{}", if stop { "?stop=true" } else { "" });
            world.asked.borrow_mut().push(Asked { what: What::DeleteStream, ids: vec![id], answered: None });
            let number = world.asked.borrow().len() - 1;
            let answered = said_to(&world, &name, &room, Word::End, "DELETE", &path, json!({})).await;
            world.asked.borrow_mut()[number].answered = answered;
        }
        Action::Saves(which) => {
            let Some(id) = recording(&world, &room, which).await else { return };
            said(&world, &name, What::Save, vec![id.clone()], "POST", &format!("/api/recordings/{id}/save"), json!({})).await;
        }
        // From now on its recordings are kept.
        Action::SavesAll => {
            let body = json!({ "roomName": room, "role": "host", "saveToStorj": true });
            drop(ask(&world, &name, HOST, "POST", "/livekit-token", body).await);
        }
        other => unreachable!("{other:?}"),
    }
}

async fn said(world: &Rc<World>, name: &str, what: What, ids: Vec<String>, method: &str, path: &str, body: Value) {
    let number = world.asked.borrow().len();
    world.asked.borrow_mut().push(Asked { what, ids, answered: None });
    let answered = ask(world, name, HOST, method, path, body).await;
    if let Some((status, _)) = &answered {
        world.count(format!("{what:?} answered {status}"));
    }
    world.asked.borrow_mut()[number].answered = answered;
}

/// The recordings that somebody sees of a room, the newest first.
fn recordings(world: &World, room: &str) -> Vec<String> {
    let sql = "SELECT id FROM assets WHERE room_name = ? ORDER BY created_at DESC, id";
    world.db.rows(sql, params![room]).iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect()
}

/// One of them, as soon as there is one.
async fn recording(world: &Rc<World>, room: &str, which: u64) -> Option<String> {
    for _ in 0..LOOKS {
        let all = recordings(world, room);
        if let Some(id) = all.get(which as usize % all.len().max(1)) {
            return Some(id.clone());
        }
        world.exec.sleep(LOOKS_EACH_MS).await;
    }
    None
}

impl Keeping {
    /// What the plan says of it.
    pub fn of(steps: &[Step]) -> Self {
        let said = |step: &Step| if let Action::Keeps(keeping) = step.action { Some(keeping) } else { None };
        steps.iter().find_map(said).unwrap_or(Self::ForEver)
    }

    /// Values of the configuration.
    pub fn variable(self, name: &str) -> Option<String> {
        match (self, name) {
            (Self::Minutes(minutes), "STORJ_OBJECT_TTL") => Some(format!("{minutes}m")),
            (Self::Days(days), "RETENTION_DAYS") => Some(days.to_string()),
            _ => None,
        }
    }

    /// Within so long after all is over it has expired.
    pub const fn ms(self) -> i64 {
        match self {
            Self::ForEver => 0,
            Self::Minutes(minutes) => minutes as i64 * MINUTE,
            Self::Days(days) => (days as i64 * 24 + 7) * 60 * MINUTE,
        }
    }
}
