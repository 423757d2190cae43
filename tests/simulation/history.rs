//! One history: the storm, the calm after it, the end of all broadcasts, and what must hold then.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::fault::{Edge, Fault};
use super::invariants;
use super::open_rooms;
use super::people::{act, all_leave};
use super::plan::{Outage, Plan};
use super::worker::run_of_schedule;
use super::world::{START, World};

const MINUTE: i64 = 60_000;
/// The storm goes on for so long after the last action.
const AFTER_THE_LAST_MS: i64 = 3 * MINUTE;
/// Within so many minutes of calm every wish comes true.
const CALM_MS: i64 = 45 * MINUTE;
/// Three histories of four go on as soon as all is well, looked at so often; the fourth stays to the end of the calm,
/// for what would break later.
const SETTLED_MS: i64 = 15 * MINUTE;
/// Within so long after the last broadcast nothing is left to do: the slowest is a file asked for hourly.
const DRAINED_MS: i64 = 12 * 60 * MINUTE;

/// What came of a history.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The first thing that must not happen, and how it did.
    pub violation: Option<(&'static str, String)>,
    pub struck: BTreeMap<String, Fault>,
    pub counts: BTreeMap<String, u64>,
}

/// Plays a plan.
pub fn play(plan: &Plan) -> Outcome {
    let world = World::new(plan.clone());
    let panicked = catch_unwind(AssertUnwindSafe(|| storm_and_calm(&world))).err();
    if let Some(panic) = panicked {
        let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        world.violations.borrow_mut().insert(0, ("nothing panics", text.unwrap_or_default()));
    }
    world.exec.clear();
    let violation = world.violations.borrow().first().cloned();
    Outcome { violation, struck: world.struck.take(), counts: world.counts.take() }
}

fn storm_and_calm(world: &Rc<World>) {
    let bad = |world: &World| !world.violations.borrow().is_empty();
    // (1) The storm.
    for step in world.plan.steps.clone() {
        let world = world.clone();
        world.clone().exec.spawn(async move {
            world.exec.until(START + step.at).await;
            act(world, step).await;
        });
    }
    let schedule = schedule(world.clone());
    world.exec.spawn(schedule);
    let last = world.plan.steps.last().map_or(0, |step| step.at);
    world.exec.run_until(START + last + AFTER_THE_LAST_MS);
    // (2) The calm: rooms stay as they are, people go on with what they do.
    world.calm.set(true);
    world.outages.borrow_mut().clear();
    let (end, to_the_end) = (world.now() + CALM_MS, world.dice.chance("calm", "to its end", 250));
    loop {
        world.exec.run_until(if to_the_end { end } else { world.now() + SETTLED_MS });
        let (violations, counts) = (world.violations.borrow().len(), world.counts.borrow().clone());
        invariants::at_any_time(world);
        open_rooms::while_rooms_are_open(world);
        if !bad(world) {
            break;
        }
        if world.now() >= end || violations > 0 {
            return;
        }
        world.violations.borrow_mut().clear();
        *world.counts.borrow_mut() = counts;
    }
    // (3) Everybody goes home.
    all_leave(world);
    let end = world.now() + DRAINED_MS + world.plan.keeping().ms();
    while world.now() < end && !(invariants::is_drained(world) && world.livekit.borrow().rooms.is_empty()) {
        world.exec.run_until(world.now() + 5 * MINUTE);
    }
    world.exec.run_until(world.now() + MINUTE);
    invariants::at_any_time(world);
    invariants::when_all_is_over(world);
}

/// The schedule: each minute, more or less. Of runs that would find nothing three in four are left out, and in the
/// calm all: they are a quarter of all statements and take a lease, no more.
async fn schedule(world: Rc<World>) {
    for number in 0.. {
        world.exec.until(START + number * MINUTE).await;
        let name = format!("cron{number}");
        if world.calm.get() || world.dice.chance(&name, "idle", 750) {
            let due = "SELECT min(at) FROM (SELECT min(tend_at) AS at FROM live_streams UNION ALL SELECT min(try_at) FROM trash \
                       UNION ALL SELECT min(join_at) FROM reels UNION ALL SELECT min(try_at) FROM saves \
                       UNION ALL SELECT min(expires_at) FROM assets WHERE status = 'ready')";
            if world.db.one(due, vec![]).as_i64().is_none_or(|at| at > world.now()) {
                continue;
            }
        }
        let fault = world.fault(&name, Edge::Cron);
        if fault == Some(Fault::Skipped) || world.is_away(Outage::Schedule) {
            continue;
        }
        let late = if fault == Some(Fault::Late) { world.dice.ms(&name, "late", 1_000, 55_000) } else { 0 };
        let twins = if fault == Some(Fault::Doubled) { 2 } else { 1 };
        for twin in 0..twins {
            let (world, name) = (world.clone(), if twin == 0 { name.clone() } else { format!("{name}twin") });
            world.clone().exec.spawn(async move {
                world.exec.sleep(late + world.dice.ms(&name, "twin", 0, 200) * i64::from(twin)).await;
                run_of_schedule(world, name).await;
            });
        }
    }
}
