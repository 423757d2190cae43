//! Many histories on all cores, and what they found.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::history::play;
use super::plan::Plan;
use super::shrink::{shrink, tell};

/// The same number as on every developer's machine, so that a failure there is one here.
const HISTORIES: u64 = 2_000;
/// So many failures are told at once; one bug mostly fails many histories.
const TOLD: usize = 5;
/// A long run says so often how far it is.
const SAYS_EACH: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Found {
    counts: BTreeMap<String, u64>,
    /// The first seed of each broken invariant, and how many there were.
    broken: BTreeMap<&'static str, (u64, u64)>,
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn every_history_ends_well() {
    if std::env::var("SIM_REPLAY").is_ok() {
        return;
    }
    // A failure is told once it has shrunk, not by each panic on the way.
    std::panic::set_hook(Box::new(|_| {}));
    let (first, count) = (variable("SIM_SEED").unwrap_or(1), variable("SIM_HISTORIES").unwrap_or(HISTORIES));
    let (next, found) = (AtomicU64::new(first), Mutex::new(Found::default()));
    let (only_first, reports) = (std::env::var("SIM_FIRST").is_ok(), std::env::var("SIM_REPORT").is_ok());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = variable("SIM_THREADS").map_or(cores, |threads| usize::try_from(threads).unwrap());
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let players: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut mine = Found::default();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + count {
                            break;
                        }
                        let known = mine.broken.len();
                        play_seed(seed, &mut mine);
                        if reports && mine.broken.len() > known {
                            say(&format!("seed {seed} broke something"));
                        }
                        if only_first && !mine.broken.is_empty() {
                            next.store(first + count, Ordering::Relaxed);
                        }
                    }
                    found.lock().unwrap().add(mine);
                })
            })
            .collect();
        if reports {
            scope.spawn(|| progress(first, count, &next, &over));
        }
        let played: Vec<_> = players.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        played.into_iter().for_each(|ended| ended.unwrap());
    });
    let found = found.into_inner().unwrap();
    if reports {
        found.report(first, count);
    }
    if only_first {
        let _ = std::panic::take_hook();
        assert!(found.broken.is_empty(), "broke: {:?}", found.broken);
        return;
    }
    // So many before any of them shrinks, which takes a while.
    found.broken.iter().for_each(|(invariant, (seed, times))| println!("{times:>9}  broke: {invariant} (first: seed {seed})"));
    let broken: Vec<String> = found
        .broken
        .iter()
        .take(TOLD)
        .map(|(invariant, (seed, times))| format!("\n{invariant}: {times} of {count}\n{}", tell(&shrink(&Plan::of_seed(*seed)))))
        .collect();
    let _ = std::panic::take_hook();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// How far it is, now and then, until all is over.
fn progress(first: u64, count: u64, next: &AtomicU64, over: &AtomicBool) {
    let (began, mut said) = (Instant::now(), Instant::now());
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50));
        if said.elapsed() >= SAYS_EACH {
            said = Instant::now();
            let done = next.load(Ordering::Relaxed).saturating_sub(first).min(count);
            say(&format!("{done} of {count} histories, {:.0} a second", done as f64 / began.elapsed().as_secs_f64()));
        }
    }
}

/// At once, and not only when the test is over.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn play_seed(seed: u64, found: &mut Found) {
    let outcome = play(&Plan::of_seed(seed));
    for (what, times) in outcome.counts {
        *found.counts.entry(what).or_default() += times;
    }
    if let Some((invariant, _)) = outcome.violation {
        let (first, times) = found.broken.entry(invariant).or_insert((seed, 0));
        *first = seed.min(*first);
        *times += 1;
    }
}

impl Found {
    fn add(&mut self, other: Self) {
        for (what, times) in other.counts {
            *self.counts.entry(what).or_default() += times;
        }
        for (invariant, (seed, times)) in other.broken {
            let (first, all) = self.broken.entry(invariant).or_insert((seed, 0));
            *first = seed.min(*first);
            *all += times;
        }
    }

    /// Lines `number  what`: reports of several ranges of seeds are added up line by line.
    fn report(&self, first: u64, count: u64) {
        println!("seeds {first} to {}", first + count - 1);
        println!("{count:>9}  histories");
        let sum = |group: &str| self.counts.iter().filter(|(what, _)| what.starts_with(group)).map(|(_, times)| times).sum::<u64>();
        println!("{:>9}  faults in all", sum("fault ") + sum("outage "));
        for (what, times) in &self.counts {
            println!("{times:>9}  {what}");
        }
    }
}

#[test]
fn one_history_again() {
    let Ok(text) = std::env::var("SIM_REPLAY") else { return };
    let plan = Plan::read(&text);
    let outcome = play(&plan);
    println!("{}", tell(&plan));
    assert!(outcome.violation.is_none(), "{:?}", outcome.violation);
}

#[test]
fn a_seed_is_the_same_history_each_time() {
    for seed in 1..=20 {
        let (one, other) = (play(&Plan::of_seed(seed)), play(&Plan::of_seed(seed)));
        assert_eq!((one.counts, one.violation), (other.counts, other.violation), "seed {seed}");
    }
}
