//! Cursors: where the next page begins, opaque to whoever carries it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::input::parameter;
use crate::error::Error;
use crate::store::lists::After;
use crate::time::Millis;

/// The longest page.
pub const MOST_ROWS: i64 = 100;
/// A page when nobody says.
const ROWS: i64 = 20;

/// Writes the cursor that follows a row.
#[must_use]
pub fn cursor(created_at: Millis, id: &str) -> String {
    cursor_marked(created_at, id, "")
}

/// The same for a list that `mark` tells from others.
#[must_use]
pub fn cursor_marked(created_at: Millis, id: &str, mark: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {id}{mark}", created_at.0))
}

/// Reads `cursor`.
///
/// # Errors
/// 400 for anything that [`cursor`] did not write.
pub fn after(query: &[(String, String)]) -> Result<Option<After>, Error> {
    after_marked(query, "")
}

/// Reads `cursor` of the list with that `mark`. One that begins with a space leaves an id that is none without it.
///
/// # Errors
/// 400 for anything that [`cursor_marked`] did not write with this mark.
pub fn after_marked(query: &[(String, String)], mark: &str) -> Result<Option<After>, Error> {
    let Some(text) = parameter(query, "cursor") else { return Ok(None) };
    let read = || {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (at, id) = plain.strip_suffix(mark)?.split_once(' ')?;
        Some(After { created_at: Millis(at.parse().ok()?), id: crate::route::identifier(id)? })
    };
    read()
        .map(Some)
        .ok_or_else(|| Error::invalid("`cursor` is not one of this list's").hint("take it from `nextCursor` of the page before, unchanged"))
}

/// Reads `limit`.
///
/// # Errors
/// 400 naming the bounds.
pub fn limit(query: &[(String, String)]) -> Result<i64, Error> {
    let Some(text) = parameter(query, "limit") else { return Ok(ROWS) };
    text.parse()
        .ok()
        .filter(|n| (1..=MOST_ROWS).contains(n))
        .ok_or_else(|| Error::invalid(format!("`limit` is a number from 1 to {MOST_ROWS}")))
}

/// Reads a time.
///
/// # Errors
/// 400 naming the form.
pub fn time(query: &[(String, String)], name: &str) -> Result<Option<Millis>, Error> {
    let Some(text) = parameter(query, name) else { return Ok(None) };
    Millis::parse_iso(text).map(Some).ok_or_else(|| Error::invalid(format!("`{name}` is an ISO 8601 time such as 2026-11-23T01:30:00Z")))
}

/// Reads `mine`.
///
/// # Errors
/// 400 naming the choices.
pub fn flag(query: &[(String, String)], name: &str) -> Result<bool, Error> {
    match parameter(query, name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Error::invalid(format!("`{name}` is true or false"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn query(cursor: &str) -> Vec<(String, String)> {
        vec![("cursor".to_owned(), cursor.to_owned())]
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let written = cursor(Millis(1_795_397_400_713), "b7c1-x");
        assert_eq!(after(&query(&written)), Ok(Some(After { created_at: Millis(1_795_397_400_713), id: "b7c1-x".to_owned() })));
    }

    #[test]
    fn a_made_up_cursor_is_refused() {
        for bad in ["x", "MTIz", "!!!", &URL_SAFE_NO_PAD.encode("12 a'b"), &URL_SAFE_NO_PAD.encode("x y")] {
            assert_eq!(after(&query(bad)).map_err(|e| e.status), Err(400), "{bad}");
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let marked = cursor_marked(Millis(7), "a", " 1f2e3d4c");
        assert_eq!(after_marked(&query(&marked), " 1f2e3d4c").map(|after| after.map(|after| after.id)), Ok(Some("a".to_owned())));
        for (cursor, mark) in [(&marked, ""), (&marked, " 00000000"), (&cursor(Millis(7), "a"), " 1f2e3d4c")] {
            assert_eq!(after_marked(&query(cursor), mark).map_err(|e| e.status), Err(400), "{mark}");
        }
    }
}
