//! Table `asset_words`: which recordings have which words, for each circle of people who may see them.
//!
//! A row is (scope, beginning of a word, time, recording), so a page of what somebody looks for is a walk along
//! one key, newest first. A scope is `public`, `private`, or `@` and an owner's id. Triggers on `assets` keep
//! the rows in step with the column `words`, whoever publishes, renames or deletes a recording.

use super::Statement;
use super::lists::{After, Filter, RECORDING, Seer};
use crate::params;
use crate::time::Millis;

/// How many recordings with the rarest of the terms are looked at for a page that has to have others too.
const CANDIDATES: i64 = 100;
/// How far rows are counted to see which term is the rarest.
const COUNTED: i64 = 100;
/// How many recordings get their words in one run of the schedule.
const AT_ONCE: i64 = 20;

/// Files a recording's words, unless it was renamed since they were made from `title`.
#[must_use]
pub fn index(id: &str, title: &str, words: String) -> Statement {
    Statement::new("UPDATE assets SET words = ? WHERE id = ? AND title = ?", params![words, id, title])
}

/// Recordings that have no words yet: from before there were any, or renamed past us.
#[must_use]
pub fn without_words() -> Statement {
    Statement::new("SELECT id, title, room_name FROM assets WHERE words IS NULL LIMIT ?", params![AT_ONCE])
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Sought<'a> {
    /// Beginnings of words with spaces between, at least one; all of them have to be there.
    pub terms: &'a str,
    /// Status, stream and time.
    pub filter: &'a Filter,
    /// Where the page begins.
    pub after: Option<After>,
    /// Its longest length.
    pub limit: i64,
}

impl Sought<'_> {
    /// How many rows of a scope are looked at: one more than the page where each of them fits.
    #[must_use]
    pub fn candidates(&self) -> i64 {
        if self.each_fits() { self.limit + 1 } else { CANDIDATES.max(self.limit + 1) }
    }

    fn each_fits(&self) -> bool {
        !self.terms.contains(' ') && self.filter.status.is_none() && self.filter.stream_id.is_none()
    }
}

/// The recordings that were looked at for a page, newest first: `scope`, `at` and `found` of each, and its own
/// columns where it fits, else NULLs. Of each scope come at most [`Sought::candidates`].
#[must_use]
pub fn recordings(seer: &Seer, sought: &Sought) -> Statement {
    let (scope, public) = match seer {
        Seer::Admin => ("private".to_owned(), true),
        Seer::Anyone => (String::new(), true),
        Seer::Mine(user) => (["@", user].concat(), false),
        Seer::User(user) => (["@", user].concat(), true),
    };
    // A stream is a term like any other: few recordings have it.
    let stream = sought.filter.stream_id.as_ref().map_or_else(String::new, |id| [" #", id].concat());
    let before = |time: Millis| After { created_at: time, id: String::new() };
    let mut end = before(sought.filter.to.unwrap_or(Millis(i64::MAX)));
    if let Some(after) = sought.after.as_ref().filter(|after| after.created_at < end.created_at) {
        end = after.clone();
    }
    let mut whole = Statement::new(
        "WITH terms AS (SELECT value AS word FROM json_each('[\"' || replace(?, ' ', '\",\"') || '\"]')) SELECT k.scope, k.at, k.found, ",
        params![[sought.terms, &stream].concat()],
    )
    .then(RECORDING, vec![])
    .then(" FROM (", vec![]);
    if !scope.is_empty() {
        whole = branch(whole, scope, sought, &end);
    }
    if public {
        let joint = if *seer == Seer::Anyone { "" } else { " UNION ALL " };
        whole = branch(whole.then(joint, vec![]), "public".to_owned(), sought, &end);
    }
    whole = whole.then(") k LEFT JOIN assets a ON a.id = k.found AND k.fits", vec![]);
    if let Some(status) = &sought.filter.status {
        whole = whole.then(" AND a.status = ?", params![status]);
    }
    whole.then(" ORDER BY k.at DESC, k.found DESC", vec![])
}

/// What of one scope is looked at: along the term of which it has the fewest.
fn branch(whole: Statement, scope: String, sought: &Sought, end: &After) -> Statement {
    let from = sought.filter.from.unwrap_or(Millis(i64::MIN));
    // Of one term nothing has to be compared.
    let counted = if sought.each_fits() { 1 } else { COUNTED };
    whole.then(
        "SELECT * FROM (SELECT w.scope, w.place AS at, w.asset_id AS found, NOT EXISTS (SELECT 1 FROM terms t WHERE NOT EXISTS \
         (SELECT 1 FROM asset_words c WHERE c.scope = w.scope AND c.word = t.word AND c.place = w.place \
         AND c.asset_id = w.asset_id)) AS fits FROM asset_words w WHERE w.scope = ? AND w.word = \
         (SELECT t.word FROM terms t ORDER BY (SELECT count(*) FROM (SELECT 1 FROM asset_words c WHERE c.scope = ? \
         AND c.word = t.word AND (c.place, c.asset_id) < (?, ?) LIMIT ?)) LIMIT 1) \
         AND w.place >= ? AND (w.place, w.asset_id) < (?, ?) ORDER BY w.place DESC, w.asset_id DESC LIMIT ?)",
        params![&scope, scope, end.created_at, &end.id, counted, from, end.created_at, &end.id, sought.candidates()],
    )
}
