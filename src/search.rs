//! The words of titles and rooms, and of what people type to find them.
//!
//! In scope: which words a text has. Out of scope: accents and case, which the runtime takes away
//! ([`Ports::plain`]), and where words are kept ([`crate::store::search`]).
//!
//! A word is found by its beginning. Chinese, Japanese, Thai and their neighbours write without spaces: there
//! every two letters that stand together are a word, so that any part of a title is found.

use crate::ports::Ports;

/// A longer word is found by so many letters of it. UUIDs are words of 4 to 12, an hour's German seldom has 16.
const MOST_LETTERS: usize = 16;
/// Of a title and a room's name. The table holds a row for each letter of a word: some 60 a recording, and at
/// most 40 × 16 for each who may see it.
const MOST_WORDS: usize = 40;
/// Of what somebody looks for; the rest is not looked at.
const MOST_TERMS: usize = 12;

/// The words under which a recording is found, with spaces between.
pub fn words<P: Ports>(ports: &P, title: &str, room_name: &str) -> String {
    let mut words = split(&ports.plain(&[title, room_name].join(" ")), true);
    words.truncate(MOST_WORDS);
    words.join(" ")
}

/// What has to be among the beginnings of those words, with spaces between: the longest first, for it is the
/// rarest, and none that another one implies.
pub fn terms<P: Ports>(ports: &P, text: &str) -> String {
    let found = split(&ports.plain(text), false);
    let mut terms: Vec<String> = Vec::new();
    for letters in (1..=MOST_LETTERS).rev() {
        for word in found.iter().filter(|word| word.chars().count() == letters) {
            if terms.len() < MOST_TERMS && !terms.iter().any(|term| term.starts_with(word.as_str())) {
                terms.push(word.clone());
            }
        }
    }
    terms.join(" ")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Between words.
    Gap,
    /// Of a word.
    Letter,
    /// Of a script without spaces.
    Dense,
}

/// Collects words, each once. `ends`: the last letter of a dense run is a word too, so that it is found alone.
fn split(plain: &str, ends: bool) -> Vec<String> {
    let (mut words, mut run) = (Vec::new(), Vec::new());
    let mut kind = Kind::Gap;
    // The gap at the end closes the last run.
    for letter in plain.chars().filter(|letter| !is_mark(*letter)).chain([' ']) {
        let next = kind_of(letter);
        if next != kind {
            let (size, step) = if kind == Kind::Dense { (2, 1) } else { (MOST_LETTERS, run.len()) };
            let mut rest = run.as_slice();
            while !rest.is_empty() && (rest.len() == run.len() || rest.len() > 1 || ends) {
                let word: String = rest.iter().take(size).collect();
                if !words.contains(&word) {
                    words.push(word);
                }
                rest = rest.get(step..).unwrap_or_default();
            }
            run.clear();
            kind = next;
        }
        if kind != Kind::Gap {
            match written(letter) {
                Some(text) => run.extend(text.chars()),
                None => run.push(letter),
            }
        }
    }
    words
}

/// Accents of Latin, Greek and Cyrillic, and the points of Hebrew and Arabic with its lengthening stroke.
const fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}'..='\u{5c7}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

/// Letters that no normal form takes apart, though people without the key on their keyboard write them so.
const fn written(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ς' => "σ",
        'ґ' => "г",
        _ => return None,
    })
}

fn kind_of(letter: char) -> Kind {
    match letter {
        // Thai, Lao; Burmese; Khmer; Kana with its voicing marks; Han.
        '\u{e01}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' => Kind::Dense,
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' => Kind::Dense,
        '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => Kind::Dense,
        // India's scripts join letters by signs that are none; a danda ends a sentence.
        '\u{900}'..='\u{963}' | '\u{966}'..='\u{dff}' => Kind::Letter,
        _ if letter.is_alphanumeric() => Kind::Letter,
        _ => Kind::Gap,
    }
}
