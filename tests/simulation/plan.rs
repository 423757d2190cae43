//! The plan of a history: what people do and what goes wrong. All of it comes from the seed; a plan that
//! shrank says which actions and faults are left of it.

use std::collections::{BTreeMap, BTreeSet};

use super::dice::Dice;
use super::fault::{Edge, Fault};
use super::keeping::{self, Keeping};

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The host asks for a token (with `record` so), joins and publishes.
    HostComes {
        record: Option<bool>,
    },
    /// The host joins with the token of before; a second connection replaces the first.
    HostReturns,
    HostPublishes,
    HostUnpublishes,
    HostLeaves,
    /// A viewer asks for a token and joins.
    ViewerComes(u64),
    ViewerLeaves(u64),
    /// A viewer who never gets through.
    ViewerFails(u64),
    Creates {
        record: bool,
    },
    Starts,
    Stops,
    /// Stops by the id that the newest start answered.
    StopsById,
    Ends,
    /// Somebody closes the room at LiveKit.
    RoomDeleted,
    /// LiveKit restarts: no room is left, nothing is told, and its lists are empty or not.
    Restart {
        forgets: bool,
    },
    Outage(Outage, i64),
    /// What the operator has set, from the beginning.
    Keeps(Keeping),
    /// `THUMBNAILS=livekit`, from the beginning.
    Pictures,
    /// Somebody deletes a recording, the newest or one before it.
    Deletes(u64),
    DeletesAll,
    DeletesStream {
        stop: bool,
    },
    Saves(u64),
    /// The stream is told to keep its recordings.
    SavesAll,
}

/// What is away for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outage {
    LiveKit,
    Storj,
    D1,
    /// LiveKit's webhooks do not get through.
    Webhooks,
    Schedule,
    /// No recorder is free.
    Recorders,
    /// The bucket refuses the key.
    Key,
}

/// One action at its time.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its place in the whole plan, by which it is named.
    pub number: usize,
    /// After so many milliseconds.
    pub at: i64,
    pub room: u64,
    pub action: Action,
}

/// A plan.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub steps: Vec<Step>,
    /// `None`: drawn on the way.
    pub faults: Option<BTreeMap<String, Fault>>,
}

impl Plan {
    pub fn of_seed(seed: u64) -> Self {
        Self { seed, steps: steps(Dice(seed)), faults: None }
    }

    pub fn keeping(&self) -> Keeping {
        Keeping::of(&self.steps)
    }

    /// Whether LiveKit writes pictures.
    pub fn pictures(&self) -> bool {
        self.steps.iter().any(|step| step.action == Action::Pictures)
    }

    pub const fn dice(&self) -> Dice {
        Dice(self.seed)
    }

    /// How often faults of that group strike in this history, in a thousand.
    pub fn intensity(&self, edge: Edge) -> u64 {
        let scale: [u64; 5] = match edge {
            Edge::Batch => [0, 0, 4, 12, 30],
            Edge::Start | Edge::Stop => [0, 0, 100, 250, 500],
            Edge::List | Edge::Room | Edge::Probe | Edge::Head | Edge::Delete | Edge::Pipe => [0, 0, 30, 100, 250],
            Edge::Delivery | Edge::Event => [0, 0, 30, 100, 300],
            Edge::Cron => [0, 0, 50, 200, 400],
            Edge::Egress => [0, 0, 200, 500, 900],
        };
        scale[self.dice().below("intensity", edge.group(), 5) as usize]
    }

    /// The plan as text: `seed`, or `seed a:0,2 f:EV_1.1/2=KilledAfter`.
    pub fn text(&self) -> String {
        let Some(faults) = &self.faults else { return self.seed.to_string() };
        let actions: Vec<_> = self.steps.iter().map(|step| step.number.to_string()).collect();
        let faults: Vec<_> = faults.iter().map(|(at, fault)| format!("{at}={}", fault.name())).collect();
        format!("{} a:{} f:{}", self.seed, actions.join(","), faults.join(","))
    }

    /// Reads [`Self::text`].
    pub fn read(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let mut plan = Self::of_seed(words.next().and_then(|seed| seed.parse().ok()).expect("a plan begins with its seed"));
        for word in words {
            let list = word.get(2..).unwrap_or_default().split(',').filter(|part| !part.is_empty());
            if word.starts_with("a:") {
                let kept: BTreeSet<usize> = list.map(|number| number.parse().expect("the number of an action")).collect();
                plan.steps.retain(|step| kept.contains(&step.number));
            } else {
                let fault = |part: &str| {
                    let (at, name) = part.split_once('=').expect("place=fault");
                    (at.to_owned(), Fault::from_name(name).expect("a fault's name"))
                };
                plan.faults = Some(list.map(fault).collect());
            }
        }
        plan
    }
}

/// The number of that step, above all others.
const PICTURES: usize = 300;

fn steps(dice: Dice) -> Vec<Step> {
    let rooms = if dice.chance("plan", "rooms", 200) { 2 } else { 1 };
    let mut steps: Vec<(i64, u64, Action)> = vec![];
    for room in 0..rooms {
        let name = format!("room{room}");
        let at = dice.ms(&name, "begin", 0, 60_000);
        match dice.below(&name, "beginning", 6) {
            0..=2 => steps.push((at, room, Action::HostComes { record: Some(true) })),
            3 => steps
                .extend([(at, room, Action::HostComes { record: None }), (at + dice.ms(&name, "ask", 0, 20_000), room, Action::Starts)]),
            4 => {
                let record = dice.chance(&name, "created with record", 500);
                steps.push((at, room, Action::Creates { record }));
                steps.push((at + dice.ms(&name, "ask", 0, 90_000), room, Action::Starts));
                steps.push((at + dice.ms(&name, "come", 0, 120_000), room, Action::HostComes { record: None }));
            }
            _ => steps.extend([(at, room, Action::ViewerComes(0)), (at + 5_000, room, Action::HostComes { record: Some(true) })]),
        }
    }
    // Within a few minutes everything meets everything; now and then it goes on for an hour.
    let length = [3, 8, 20, 60][dice.below("plan", "length", 4) as usize] * 60_000;
    let count = dice.below("plan", "count", 14);
    for number in 0..count {
        let name = format!("step{number}");
        let at = dice.ms(&name, "at", 1_000, length);
        steps.push((at, dice.below(&name, "room", rooms), any(dice, &name)));
    }
    steps.sort_by_key(|(at, ..)| *at);
    let mut steps: Vec<Step> =
        steps.into_iter().enumerate().map(|(number, (at, room, action))| Step { number, at, room, action }).collect();
    // Numbers of their own, so that the plans of before keep theirs.
    let again: Vec<Step> = steps.iter().filter_map(|step| started_again(dice, *step)).collect();
    steps.extend(again);
    steps.extend(keeping::steps(dice, rooms, length));
    if dice.chance("plan", "pictures", 150) {
        steps.push(Step { number: PICTURES, at: 0, room: 0, action: Action::Pictures });
    }
    steps.sort_by_key(|step| step.at);
    steps
}

/// Who stops often starts again at once, while the stop is still under way.
fn started_again(dice: Dice, step: Step) -> Option<Step> {
    let name = format!("again{}", step.number);
    let again = step.action == Action::Stops && dice.chance(&name, "starts", 400);
    again.then(|| Step { number: 100 + step.number, at: step.at + dice.ms(&name, "after", 100, 20_000), action: Action::Starts, ..step })
}

fn any(dice: Dice, name: &str) -> Action {
    let viewer = dice.below(name, "viewer", 4);
    let away = dice.ms(name, "away", 5_000, 240_000);
    match dice.below(name, "action", 40) {
        0..=7 => Action::ViewerComes(viewer),
        8..=11 => Action::ViewerLeaves(viewer),
        12 => Action::ViewerFails(viewer),
        13..=15 => Action::HostLeaves,
        16..=18 => Action::HostReturns,
        19..=20 => Action::HostComes { record: [None, Some(true), Some(true), Some(false)][dice.below(name, "record", 4) as usize] },
        21 => Action::HostPublishes,
        22 => Action::HostUnpublishes,
        23..=26 => Action::Starts,
        27..=29 => Action::Stops,
        30 => Action::StopsById,
        31 => Action::Ends,
        32 => Action::RoomDeleted,
        33 => Action::Restart { forgets: dice.chance(name, "forgets", 500) },
        34 => Action::Outage(Outage::LiveKit, away),
        35 => Action::Outage([Outage::Storj, Outage::Key][dice.below(name, "storj", 2) as usize], away),
        36 => Action::Outage(Outage::D1, away),
        37 => Action::Outage(Outage::Webhooks, away),
        38 => Action::Outage(Outage::Schedule, 5 * away),
        _ => Action::Outage(Outage::Recorders, away),
    }
}
