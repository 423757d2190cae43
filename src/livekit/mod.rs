//! LiveKit's side as plain data: tokens for it, and proof that a webhook is from it. No I/O.

pub mod egress;
pub mod event;
mod hs256;
pub mod info;
pub mod room;
pub mod signature;
pub mod token;
pub mod twirp;
