//! `docs/errors.md` has a row for each code that the source has, and for no other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// Each code of an error in the source, with its statuses: `Error::new(<status>, "<code>"`, in error.rs also `Self::new(`.
pub(super) fn codes() -> BTreeMap<String, BTreeSet<String>> {
    let mut text = String::new();
    sources(Path::new("src"), &mut text);
    let mut codes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for call in ["Error::new(", "Self::new("].iter().flat_map(|call| text.split(call).skip(1)) {
        let Some((status, rest)) = call.split_once(',') else { continue };
        let status = status.trim();
        let code = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
        if let Some(code) = code.filter(|_| status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit())) {
            codes.entry(code.to_owned()).or_default().insert(status.to_owned());
        }
    }
    codes
}

/// The cells of each row of the table under that heading.
fn table(heading: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string("docs/errors.md").unwrap();
    let section = text.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()).collect()
}

#[test]
fn every_error_has_its_row_and_no_row_is_of_another() {
    let rows = table("Codes of answers");
    let told: BTreeMap<String, BTreeSet<String>> =
        rows.iter().map(|row| (row[0].clone(), row[1].split(',').map(|status| status.trim().to_owned()).collect())).collect();
    assert_eq!(told.len(), rows.len(), "a code has one row");
    assert_eq!(told, codes());
}

#[test]
fn every_reason_of_a_recording_has_its_row_and_no_row_is_of_another() {
    let views = fs::read_to_string("src/api/views.rs").unwrap();
    let words = views.split("pub fn explain").nth(1).unwrap().split("other => other").next().unwrap();
    // Of each arm what stands before its words.
    let arms = words.lines().filter_map(|line| line.split_once(" =>")).map(|(arm, _)| arm);
    let mut explained: BTreeSet<&str> = arms.flat_map(|arm| arm.split('"').skip(1).step_by(2)).collect();
    // Has no words of its own.
    explained.insert("livekit_over_already");
    let rows = table("Codes of `recording.error`");
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<BTreeSet<_>>(), explained);
}
