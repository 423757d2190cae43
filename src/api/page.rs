//! Cursors: where the next page begins, opaque to whoever carries it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Error;
use crate::store::lists::After;
use crate::time::Millis;

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

/// Reads a cursor of the list with that `mark`. One that begins with a space leaves an id that is none without it.
///
/// # Errors
/// 400 for anything that [`cursor`] or [`cursor_marked`] did not write with this mark.
pub fn after(cursor: &str, mark: &str) -> Result<After, Error> {
    let read = || {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (at, id) = plain.strip_suffix(mark)?.split_once(' ')?;
        Some(After { created_at: Millis(at.parse().ok()?), id: crate::route::identifier(id)? })
    };
    read()
        .ok_or_else(|| Error::invalid("`cursor` is not one of this list's").hint("take it from `nextCursor` of the page before, unchanged"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let written = cursor(Millis(1_795_397_400_713), "b7c1-x");
        assert_eq!(after(&written, ""), Ok(After { created_at: Millis(1_795_397_400_713), id: "b7c1-x".to_owned() }));
    }

    #[test]
    fn a_made_up_cursor_is_refused() {
        for bad in ["x", "MTIz", "!!!", &URL_SAFE_NO_PAD.encode("12 a'b"), &URL_SAFE_NO_PAD.encode("x y")] {
            assert_eq!(after(bad, "").map_err(|e| e.status), Err(400), "{bad}");
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let marked = cursor_marked(Millis(7), "a", " 1f2e3d4c");
        assert_eq!(after(&marked, " 1f2e3d4c").map(|after| after.id), Ok("a".to_owned()));
        for (cursor, mark) in [(&marked, ""), (&marked, " 00000000"), (&cursor(Millis(7), "a"), " 1f2e3d4c")] {
            assert_eq!(after(cursor, mark).map_err(|e| e.status), Err(400), "{mark}");
        }
    }
}
