//! What a recording is called on the disk of who downloads it: `2026-11-23 Friday show.mp4`.
//!
//! In scope: a name that every file system takes, and the header that carries it. Out of scope: the object's
//! own name ([`crate::storj::key`]).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::time::Millis;

/// The most bytes of a title that are kept. File systems take names of 255 bytes; date, part and ending have 30.
const MAX_TITLE_BYTES: usize = 180;

/// What stands for itself in `filename*`: part of RFC 5987's `attr-char`.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// A file's name. The date comes first (UTC, of the first frame): a folder then sorts by it, and no title can
/// make a name that is hidden (`.a`) or a device of Windows' (`CON.x`).
#[must_use]
pub fn of_recording(title: &str, part: i64, at: Millis, ending: &str) -> String {
    let mut name: String = at.iso().chars().take("2026-11-23".len()).collect();
    let mut gap = true;
    let longest = name.len() + MAX_TITLE_BYTES;
    for letter in title.chars().filter(|letter| !is_invisible(*letter)) {
        if name.len() + letter.len_utf8() > longest {
            break;
        }
        // What Windows refuses in a name, and what a shell or a browser takes for a path.
        if letter.is_whitespace() || letter.is_control() || matches!(letter, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*') {
            gap = true;
        } else {
            if gap {
                name.push(' ');
            }
            gap = false;
            name.push(letter);
        }
    }
    // Windows drops these from an end.
    name.truncate(name.trim_end_matches(['.', ' ']).len());
    if part > 1 {
        name.push_str(" part ");
        name.push_str(&part.to_string());
    }
    name.push('.');
    name.push_str(ending);
    name
}

/// Turns the direction of writing or shows nothing: with U+202E before `4pm.exe` a name ends in `exe.mp4` for the
/// eye alone. The joiners U+200C and U+200D stay: scripts and emoji need them.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// `Content-Disposition` that saves under `name` (RFC 6266): `filename*` in its own alphabet, and `filename` in
/// ASCII for what does not read that. A `%` in the latter would be decoded by some.
#[must_use]
pub fn attachment(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.chars() {
        let stays = letter == ' ' || (letter.is_ascii_graphic() && !matches!(letter, '"' | '\\' | '%'));
        if stays || !plain.ends_with('_') {
            plain.push(if stays { letter } else { '_' });
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ATTR_CHAR))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    /// 2026-11-23T01:30:00.713Z
    const AT: Millis = Millis(1_795_397_400_713);

    fn named(title: &str) -> String {
        of_recording(title, 1, AT, "mp4")
    }

    #[test]
    fn a_title_of_any_alphabet_stays_as_it_is() {
        for title in ["Friday show", "Näkö ja kuulo", "録画 №1", "Выпуск 7", "family 👩‍👩‍👧", "v1.2 (final)", "100%"]
        {
            assert_eq!(named(title), format!("2026-11-23 {title}.mp4"));
        }
        assert_eq!(of_recording("Friday show", 2, AT, "ts"), "2026-11-23 Friday show part 2.ts");
    }

    #[test]
    fn no_title_makes_a_name_that_a_system_refuses_hides_or_misreads() {
        for (title, name) in [
            ("a/b\\c:d*e?f\"g<h>i|j", "2026-11-23 a b c d e f g h i j.mp4"),
            ("../../etc/passwd", "2026-11-23 .. .. etc passwd.mp4"),
            ("CON.x", "2026-11-23 CON.x.mp4"),
            (".hidden", "2026-11-23 .hidden.mp4"),
            ("ends in dots. . ..", "2026-11-23 ends in dots.mp4"),
            ("a\u{202e}4pm.exe", "2026-11-23 a4pm.exe.mp4"),
            ("\t a \u{a0}\u{3000} b\r\n", "2026-11-23 a b.mp4"),
            ("???", "2026-11-23.mp4"),
        ] {
            assert_eq!(named(title), name, "{title:?}");
        }
    }

    #[test]
    fn the_longest_name_fits_a_file_system() {
        for letter in ["x", "ö", "録", "👩"] {
            let name = of_recording(&letter.repeat(200), 1_000, AT, "mp4");
            assert!((170..=255).contains(&name.len()), "{}", name.len());
        }
    }

    #[test]
    fn the_header_says_it_in_ascii_and_in_its_own_alphabet() {
        assert_eq!(
            attachment("2026-11-23 Friday.mp4"),
            "attachment; filename=\"2026-11-23 Friday.mp4\"; filename*=UTF-8''2026-11-23%20Friday.mp4"
        );
        assert_eq!(
            attachment("näkö 録画 100%; \"x\\.mp4"),
            "attachment; filename=\"n_k_ _ 100_; _x_.mp4\"; filename*=UTF-8''n%C3%A4k%C3%B6%20%E9%8C%B2%E7%94%BB%20100%25%3B%20%22x%5C.mp4"
        );
        assert!(attachment(&named("a\r\nset-cookie: x")).is_ascii());
        assert!(!attachment("a\r\n\u{85}b").contains(['\r', '\n']));
    }
}
