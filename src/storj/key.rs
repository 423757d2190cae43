//! Object keys: the only names that are ever signed, copied or deleted.
//!
//! In scope: names made from a user id, a room's name and a time, and those of what lies beside a recording.

use sha2::{Digest as _, Sha256};

use crate::time::Millis;

/// The folder of all that LiveKit writes.
const RECORDINGS: &str = "livekit-recordings";

/// The most characters that are kept of a part: a UUID has 36. Two parts with their hashes, the folder
/// and the time stay below 150 bytes. Storj takes 1,024, but S3 servers that keep objects as files encode
/// whole keys into file names of at most 255.
const MAX_CHARS: usize = 40;

/// The hash's bytes that a changed part carries: 48 bits. A user cannot hit another's given name
/// (2^48 tries), and two names of one's own that meet do no harm: the time tells them apart.
const HASH_BYTES: usize = 6;

/// Where a recording goes: `livekit-recordings/{user}/{room}_{ms}.mp4`.
///
/// `now` is the attempt's time: the last `_` parts it from the room, so keys of different attempts
/// differ.
#[must_use]
pub fn recording_key(user_id: &str, room_name: &str, now: Millis) -> String {
    format!("{RECORDINGS}/{}/{}_{}.mp4", clean(user_id), clean(room_name), now.0)
}

/// Where the lasting copy of a recording goes: its key with `saved` for its first folder. One recording has one
/// place for it, so who deletes the recording knows it before there is a copy.
#[must_use]
pub fn saved_key(recording_key: &str) -> String {
    let name = recording_key.split_once('/').map_or(recording_key, |(_, name)| name);
    format!("saved/{name}")
}

/// The folder of what lies beside a recording (its safety copy in segments): its key without `.mp4`, and a `/`.
#[must_use]
pub fn folder_of(recording_key: &str) -> String {
    format!("{}/", stem(recording_key))
}

/// Where a recording goes that was joined from segments: its key with `.ts` for `.mp4`.
#[must_use]
pub fn joined_key(recording_key: &str) -> String {
    format!("{}.ts", stem(recording_key))
}

/// Where LiveKit puts its picture of a recording, beside it: its key with `.jpeg` for `.mp4`. LiveKit is given all but the
/// ending ([`picture_prefix`]).
#[must_use]
pub fn picture_key(recording_key: &str) -> String {
    format!("{}.jpeg", stem(recording_key))
}

/// What LiveKit calls the picture, to which it adds `.jpeg`.
#[must_use]
pub fn picture_prefix(recording_key: &str) -> &str {
    stem(recording_key)
}

/// Where a picture of a stream or a recording goes: `thumbnails/{user}/{id}_{ms}.{jpg or webp}`, new for each picture.
#[must_use]
pub fn thumbnail_key(user_id: &str, id: &str, now: Millis, ending: &str) -> String {
    format!("thumbnails/{}/{}_{}.{ending}", clean(user_id), clean(id), now.0)
}

/// What tells one picture from the next one of the same thing: the time in its key.
#[must_use]
pub fn thumbnail_version(key: &str) -> &str {
    let stem = key.rsplit_once('.').map_or(key, |(stem, _)| stem);
    stem.rsplit_once('_').map_or(stem, |(_, ms)| ms)
}

/// What the names of segments begin with.
pub const SEGMENT: &str = "s";
/// LiveKit's playlist of them.
pub const INDEX: &str = "index.m3u8";

/// One segment, as LiveKit names it (`livekit/egress`, `pkg/config/output_segment.go`).
#[must_use]
pub fn segment_key(recording_key: &str, number: u32) -> String {
    format!("{}{SEGMENT}_{number:05}.ts", folder_of(recording_key))
}

/// The number of a segment by its name in the folder; `None` for whatever else lies there.
#[must_use]
pub fn segment_number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix(SEGMENT)?.strip_prefix('_')?.strip_suffix(".ts")?;
    (digits.len() >= 5 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// What so many segments of a reel make that are too little for a part, while they are joined.
#[must_use]
pub fn carried_key(recording_key: &str, done: usize) -> String {
    format!("{}carried_{done:05}.ts", folder_of(recording_key))
}

/// The manifest that LiveKit lays beside a file, unless it is asked not to: `{egress id}.json`.
#[must_use]
pub fn manifest_key(recording_key: &str, egress_id: &str) -> String {
    let folder = recording_key.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{}.json", clean(egress_id))
}

fn stem(recording_key: &str) -> &str {
    recording_key.strip_suffix(".mp4").unwrap_or(recording_key)
}

/// Where the object goes that proves that a key may write: `livekit-recordings/_probe/{ms}-{hex}.txt`,
/// in the folder of the recordings, for a grant may be limited to it. No recording ends in `.txt`.
#[must_use]
pub fn probe_key(random: &[u8; 16], now: Millis) -> String {
    format!("{RECORDINGS}/_probe/{}-{}.txt", now.0, hex::encode(random))
}

/// One segment of a key from any text.
///
/// `A-Z a-z 0-9 - _ .` stay; every run of others becomes one `-`, as does a leading dot, and 40
/// characters are kept. What that changed (or was empty) gets `~` and 12 hex digits of the
/// original's SHA-256. A part that was not changed never has a `~`, so two texts never get the same
/// name.
#[must_use]
pub fn clean(part: &str) -> String {
    let mut kept = String::with_capacity(part.len().min(MAX_CHARS));
    let mut in_run = false;
    for letter in part.chars() {
        let stays = letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_') || (letter == '.' && !kept.is_empty());
        if stays {
            kept.push(letter);
        } else if !in_run {
            kept.push('-');
        }
        in_run = !stays;
        if kept.len() > MAX_CHARS {
            kept.truncate(MAX_CHARS);
            break;
        }
    }
    if kept == part && !part.is_empty() {
        return kept;
    }
    let hash = Sha256::digest(part.as_bytes());
    let hash: Vec<u8> = hash.iter().copied().take(HASH_BYTES).collect();
    format!("{kept}~{}", hex::encode(hash))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn what_needs_no_cleaning_stays() {
        for part in ["alice", "A-1_b.c", "a..b", "--", "_probe", "6f9619ff-8b86-d011-b42d-00c04fc964ff"] {
            assert_eq!(clean(part), part);
        }
        let longest = "x".repeat(40);
        assert_eq!(clean(&longest), longest);
    }

    #[test]
    fn what_is_changed_carries_a_hash_of_what_it_was() {
        // The hashes are those of `printf %s … | sha256sum`.
        for (part, cleaned) in [
            ("", "~e3b0c44298fc"),
            (".", "-~cdb4ee2aea69"),
            ("..", "-.~5ec1f7e700f3"),
            ("a b", "a-b~c8687a08aa5d"),
            ("a~b", "a-b~941528e5e77c"),
        ] {
            assert_eq!(clean(part), cleaned, "{part:?}");
        }
    }

    #[test]
    fn keys_as_the_guide_has_them() {
        let now = Millis(1_795_397_400_713);
        assert_eq!(recording_key("alice", "my-room", now), "livekit-recordings/alice/my-room_1795397400713.mp4");
        assert_eq!(probe_key(&[0xab; 16], now), "livekit-recordings/_probe/1795397400713-abababababababababababababababab.txt");
    }

    #[test]
    fn what_hangs_on_a_recordings_key() {
        let key = "livekit-recordings/alice/my-room_1.mp4";
        assert_eq!(saved_key(key), "saved/alice/my-room_1.mp4");
        assert_eq!(folder_of(key), "livekit-recordings/alice/my-room_1/");
        assert_eq!(joined_key(key), "livekit-recordings/alice/my-room_1.ts");
        assert_eq!(manifest_key(key, "EG_a"), "livekit-recordings/alice/EG_a.json");
        // Whatever the key is, its folder is one: an empty prefix would be the whole bucket.
        assert_eq!((folder_of(""), folder_of("a.mp4")), ("/".to_owned(), "a/".to_owned()));
    }

    #[test]
    fn the_longest_key_is_short_enough() {
        let long = "ö".repeat(500);
        let key = recording_key(&long, &long, Millis(i64::MIN));
        assert!(key.len() < 150, "{}", key.len());
    }
}
