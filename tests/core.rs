//! The core against real SQL: SQLite under the very statements that run on D1, and models of LiveKit and
//! Storj that answer as the real ones were seen to do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    unreachable_pub
)]

#[path = "core/asked_again.rs"]
mod asked_again;
#[path = "bucket/mod.rs"]
mod bucket;
#[path = "core/cost.rs"]
mod cost;
#[path = "core/deletion.rs"]
mod deletion;
#[path = "core/discard.rs"]
mod discard;
#[path = "core/docs.rs"]
mod docs;
#[path = "core/doctor.rs"]
mod doctor;
#[path = "core/erasing.rs"]
mod erasing;
#[path = "core/flows.rs"]
mod flows;
#[path = "core/late_file.rs"]
mod late_file;
#[path = "core/left_open.rs"]
mod left_open;
#[path = "core/models.rs"]
mod models;
#[path = "core/notify.rs"]
mod notify;
#[path = "core/openapi/mod.rs"]
mod openapi;
#[path = "core/pages.rs"]
mod pages;
#[path = "core/pictures.rs"]
mod pictures;
#[path = "core/plans.rs"]
mod plans;
#[path = "core/recorded.rs"]
mod recorded;
#[path = "core/recorded_loss.rs"]
mod recorded_loss;
#[path = "core/retention.rs"]
mod retention;
#[path = "core/runaway.rs"]
mod runaway;
#[path = "core/safety.rs"]
mod safety;
#[path = "core/saving.rs"]
mod saving;
#[path = "core/schedule.rs"]
mod schedule;
#[path = "core/schema.rs"]
mod schema;
#[path = "core/search.rs"]
mod search;
#[path = "core/second_click.rs"]
mod second_click;
#[path = "core/sessions.rs"]
mod sessions;
#[path = "core/storage_months.rs"]
mod storage_months;
#[path = "core/transitions.rs"]
mod transitions;
#[path = "core/unread.rs"]
mod unread;
#[path = "core/viewer_series.rs"]
mod viewer_series;
#[path = "core/viewers.rs"]
mod viewers;
#[path = "core/why.rs"]
mod why;
#[path = "core/world.rs"]
mod world;
