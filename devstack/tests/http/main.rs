//! The built binary, over HTTP, as the Worker and its tests see it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod devstack;
mod fault_calls;
mod fault_recorders;
mod fault_storage;
mod fault_webhooks;
mod multipart;
mod process;
mod receiver;
mod recording;
mod refusals;
mod rooms;
mod segments;
mod signed_headers;
mod storage;
mod storage_refusals;
mod webhooks;
