//! What is told about a recording or a stream where its link is pasted: of public ones alone, for nobody is known there.

use super::Statement;
use crate::params;

/// A public recording that plays.
#[must_use]
pub fn recording(id: &str) -> Statement {
    Statement::new(
        "SELECT title, created_at, COALESCE(duration_ms, 0) AS duration_ms, thumbnail_key FROM assets WHERE id = ? AND visibility = 'public' AND status = 'ready'",
        params![id],
    )
}

/// A public stream while it is live.
#[must_use]
pub fn stream(id: &str) -> Statement {
    Statement::new(
        "SELECT title, created_at, thumbnail_key FROM live_streams WHERE id = ? AND visibility = 'public' AND status = 'live'",
        params![id],
    )
}
