//! The flows: what is done in which order, over [`crate::ports::Ports`].
//!
//! Level-triggered: routes and webhooks write what is wanted and what was heard, and [`tend`] brings one
//! stream from wherever it is to where it should be. The schedule tends whatever is due, so work that
//! was cut off anywhere is finished by the same code that began it.

pub mod decide;
pub mod discard;
pub mod erase;
mod file;
mod job;
mod join;
mod look;
pub mod notify;
pub mod piece;
mod proof;
pub mod save;
mod segments;
pub mod sweep;
pub mod tend;
pub mod verdict;

pub use job::refused_meanwhile;
