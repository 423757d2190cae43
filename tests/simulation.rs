//! The simulation: the core and its SQL under one seeded scheduler with a virtual clock, with models of
//! LiveKit, Storj, people and the schedule, and faults before and after every effect.
//!
//! - `cargo test --test simulation` plays 2,000 histories.
//! - `node scripts/simulate.mjs 1000000` plays more, with progress and a report (`SIM_HISTORIES`, `SIM_SEED`: the first
//!   seed, `SIM_THREADS`).
//! - `SIM_REPORT=1` prints how often which fault struck and which states were reached.
//! - `SIM_REPLAY='…'` plays the one history that a failure names.
//! - `node scripts/mutants.mjs` puts one-line bugs in on purpose and says which of them it finds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub
)]

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[path = "simulation/acknowledged.rs"]
mod acknowledged;
#[path = "bucket/mod.rs"]
mod bucket;
#[path = "simulation/cutter.rs"]
mod cutter;
#[path = "simulation/database.rs"]
mod database;
#[path = "simulation/dice.rs"]
mod dice;
#[path = "simulation/egress.rs"]
mod egress;
#[path = "simulation/executor.rs"]
mod executor;
#[path = "simulation/fault.rs"]
mod fault;
#[path = "simulation/histories.rs"]
mod histories;
#[path = "simulation/history.rs"]
mod history;
#[path = "simulation/invariants.rs"]
mod invariants;
#[path = "simulation/keeping.rs"]
mod keeping;
#[path = "simulation/kept.rs"]
mod kept;
#[path = "simulation/livekit.rs"]
mod livekit;
#[path = "simulation/livekit_api.rs"]
mod livekit_api;
#[path = "simulation/numbers.rs"]
mod numbers;
#[path = "simulation/open_rooms.rs"]
mod open_rooms;
#[path = "simulation/people.rs"]
mod people;
#[path = "simulation/plan.rs"]
mod plan;
#[path = "simulation/recorder.rs"]
mod recorder;
#[path = "simulation/regressions.rs"]
mod regressions;
#[path = "simulation/shrink.rs"]
mod shrink;
#[path = "simulation/storj.rs"]
mod storj;
#[path = "simulation/watchers.rs"]
mod watchers;
#[path = "simulation/webhooks.rs"]
mod webhooks;
#[path = "simulation/worker.rs"]
mod worker;
#[path = "simulation/world.rs"]
mod world;
