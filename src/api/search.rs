//! `GET /api/recordings?q=`: recordings by words of their title and room.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::input::Cursor;
use super::recordings::Recordings;
use super::{Reply, page, views};
use crate::batch;
use crate::error::Error;
use crate::ports::{Desk, Ports};
use crate::search;
use crate::store::lists::{Filter, Recording, Seer};
use crate::store::row::Row;
use crate::store::search::{self as words, Sought};
use crate::time::Millis;

/// One page. It may be short or even empty while there is more: the work a page is bounded.
///
/// # Errors
/// 400 for `cursor`, 503.
pub(super) async fn page<P: Ports>(
    desk: &Desk<'_, P>,
    reader: &views::Reader<'_>,
    seer: &Seer,
    q: &str,
    filter: &Filter,
    limit: i64,
    cursor: Option<Cursor>,
) -> Result<Reply, Error> {
    let terms = search::terms(desk.ports, q);
    // A cursor goes on with the words that it was made for, and no others.
    let mark = [" ", &hex::encode(Sha256::digest(&terms))].concat();
    let sought = Sought { terms: &terms, filter, after: cursor.map(|cursor| cursor.after(&mark)).transpose()?, limit };
    // Nothing but signs is found nowhere.
    let results = if terms.is_empty() { vec![] } else { desk.batch(batch![words::recordings(seer, &sought)]).await? };
    let rows = results.first().map(Vec::as_slice).unwrap_or_default();

    // (1) How far every scope was looked through: beyond that the page cannot tell what comes next.
    let mut end = None;
    for row in rows {
        let of_scope = || rows.iter().filter(|other| other["scope"] == row["scope"]);
        if i64::try_from(of_scope().count()).is_ok_and(|count| count >= sought.candidates()) {
            end = end.max(of_scope().next_back().map(place));
        }
    }
    // (2) What fits, each recording once: a user's own public ones are in two scopes.
    let (mut shown, mut last, mut next) = (vec![], ("", Millis(0)), None);
    for row in rows {
        let (at, id) = place(row);
        if row["id"].is_null() || id == last.0 || end.is_some_and(|end| (at, id) < end) {
            continue;
        }
        if i64::try_from(shown.len()).is_ok_and(|count| count >= limit) {
            next = Some((last.1, last.0));
            break;
        }
        let recording: Recording = Row::read(row).map_err(|_| Error::internal())?;
        shown.push(views::recording(&recording, reader));
        last = (id, at);
    }
    // (3) Where the next page begins: after the last one shown, or where the looking ended.
    let next = next.or(end).map(|(at, id)| page::cursor_marked(at, id, &mark));
    Ok(Reply::json(200, &Recordings { recordings: shown, next_cursor: next }))
}

fn place(row: &Value) -> (Millis, &str) {
    (Millis(row["at"].as_i64().unwrap_or_default()), row["found"].as_str().unwrap_or_default())
}
