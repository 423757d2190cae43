//! What LiveKit says of a job, and what people ask of it: the transition table as guarded statements.

use super::holding;
use crate::batch;
use crate::livekit::info::Facts;
use crate::params;
use crate::recording::{Input, Status, Word, moves};
use crate::store::{Only, Param, Statement, literals};
use crate::time::Millis;

/// How a job is named in a statement.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// By our id.
    Id(&'a str),
    /// By the file that it writes: how LiveKit's words are matched.
    Key(&'a str),
    /// All that hold a place for a stream.
    HoldingForStream(&'a str),
}

impl Which<'_> {
    fn clause(self) -> (String, Vec<Param>) {
        match self {
            Self::Id(id) => ("id = ?".to_owned(), params![id]),
            Self::Key(key) => ("object_key = ?".to_owned(), params![key]),
            Self::HoldingForStream(stream) => (format!("stream_id = ? AND status IN ({})", holding()), params![stream]),
        }
    }
}

/// One input to one job: the transition table as a guarded UPDATE.
#[must_use]
pub fn apply(which: Which, input: Input, error: Option<&str>, ended_at: Option<Millis>, only: &Only) -> Statement {
    let moves = moves(input);
    let from: Vec<String> = moves.iter().map(|(state, _)| format!("{}{}", state.status.name(), i64::from(state.inferred))).collect();
    let to = moves.first().map(|(_, to)| *to);
    let (clause, params) = which.clause();
    let (status, inferred) = to.map_or(("failed", false), |to| (to.status.name(), to.inferred));
    let over = to.is_some_and(|to| to.status.is_over());
    Statement::new(
        if over {
            "UPDATE egresses SET status = ?, inferred = ?, error = ?, ended_at = COALESCE(?, ended_at)"
        } else {
            "UPDATE egresses SET status = ?, inferred = ?"
        },
        if over { params![status, inferred, error, ended_at] } else { params![status, inferred] },
    )
    .then(&format!(" WHERE {clause}"), params)
    .then(&format!(" AND status || inferred IN ({})", literals(from.iter().map(String::as_str))), vec![])
    .only(only)
}

/// All that LiveKit's words about a job change: facts that only fill in, then the transition, then the
/// numbers that belong to the ending. In any order of words the row ends the same.
#[must_use]
pub fn hear(facts: &Facts, only: &Only) -> Vec<Statement> {
    let key = facts.object_key.as_str();
    let mut statements = batch![
        Statement::new(
            "UPDATE egresses SET egress_id = COALESCE(egress_id, ?), started_at = COALESCE(started_at, ?), \
             heard = max(COALESCE(heard, 0), ?) WHERE object_key = ? AND (egress_id IS NULL OR egress_id = ?)",
            params![&facts.egress_id, facts.started_at, facts.word.depth(), key, &facts.egress_id],
        )
        .only(only),
        apply(Which::Key(key), Input::Heard(facts.word), facts.error, facts.ended_at, only),
    ];
    if !facts.room_id.is_empty() {
        statements.insert(0, moved(facts).only(only));
    }
    if facts.word.depth() == 3 {
        let file = match (facts.names_a_file, facts.word) {
            (true, _) => "yes",
            (false, Word::Aborted) => "no",
            (false, _) => "unknown",
        };
        statements.push(
            Statement::new(
                "UPDATE egresses SET duration_ms = COALESCE(duration_ms, ?), size_bytes = COALESCE(?, size_bytes), \
                 file = CASE WHEN file = 'yes' THEN file ELSE ? END WHERE object_key = ? AND status = ? AND inferred = 0",
                params![facts.duration_ms, facts.size_bytes, file, key, facts.word.status().name()],
            )
            .only(only),
        );
    }
    statements
}

/// A start goes by the room's name, so what was claimed in one life of a room may record the next: LiveKit
/// says which. Where that life's place is taken, this one is surplus and is stopped.
fn moved(facts: &Facts) -> Statement {
    let holding = holding();
    Statement::new(
        format!(
            "UPDATE egresses SET session_sid = ?, status = CASE WHEN status IN ({holding}) AND EXISTS \
             (SELECT 1 FROM egresses o WHERE o.session_sid = ? AND o.status IN ({holding})) THEN '{}' ELSE status END \
             WHERE object_key = ? AND session_sid <> ? AND (egress_id IS NULL OR egress_id = ?)",
            Status::Stopping.name()
        ),
        params![&facts.room_id, &facts.room_id, &facts.object_key, &facts.room_id, &facts.egress_id],
    )
}
