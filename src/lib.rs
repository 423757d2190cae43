//! livekit-storj: records LiveKit rooms straight into Storj, and keeps the books in D1.
//!
//! # Rooms of the house
//! The core knows no runtime: time, randomness, the database and every request are arguments, so it runs
//! natively under tests just as it runs on Cloudflare.
//!
//! - [`config`], [`error`], [`route`], [`time`], [`secret`], [`http`], [`json`], [`shape`], [`names`]: the
//!   ground floor.
//! - [`doctor`]: what is wrong with an installation, found by doing it.
//! - [`prices`]: what recordings cost. [`notify`]: Standard Webhooks, for the operator's own programs.
//! - [`auth`]: who calls. [`livekit`]: tokens, webhook signatures, messages. [`storj`]: SigV4, keys, objects.
//! - [`recording`]: the life of a recording job as one table. [`quality`]: what it weighs.
//! - [`hls`]: a recording made of segments.
//! - [`file_name`]: what a recording is called on somebody's disk.
//! - [`search`]: the words that a recording is found by.
//! - [`store`]: SQL as data, one file a table.
//! - [`ports`]: the world as the core sees it. [`flow`]: what is done in which order.
//! - [`api`]: the routes.
//! - `worker`: the shell, on wasm32 only.

pub mod api;
pub mod auth;
pub mod config;
pub mod doctor;
pub mod error;
pub mod file_name;
pub mod flow;
pub mod hls;
pub mod http;
pub mod json;
pub mod jws;
pub mod livekit;
pub mod names;
pub mod notify;
pub mod ports;
pub mod prices;
pub mod quality;
pub mod recording;
pub mod route;
pub mod search;
pub mod secret;
pub mod shape;
pub mod site;
pub mod store;
pub mod storj;
pub mod time;

#[cfg(target_arch = "wasm32")]
mod worker;
