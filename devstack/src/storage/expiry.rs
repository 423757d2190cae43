//! Storj's per-object expiry: `x-amz-meta-object-expires` at the upload, and the object is gone
//! after it. It cannot be changed later; a copy keeps the source's (not modelled: it counts anew).

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use chrono::DateTime;

use super::sidecar::{self, Sidecar};
use crate::pace;

/// The metadata names (without `x-amz-meta-`) that Storj reads, besides their `x-minio-meta-` twins.
pub(super) const NAMES: [&str; 2] = ["object-expires", "storj-expires"];

/// What a value asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ttl {
    Never,
    /// From the upload on.
    After(Duration),
    /// Milliseconds since 1970.
    At(i64),
}

/// `none`, `+2h45m` (a Go duration: no days), or RFC 3339; all else is InvalidTTL at Storj.
pub(super) fn parse(value: &str) -> Option<Ttl> {
    if value == "none" {
        return Some(Ttl::Never);
    }
    if let Some(duration) = value.strip_prefix('+') {
        return go_duration(duration).map(Ttl::After);
    }
    DateTime::parse_from_rfc3339(value).ok().map(|time| Ttl::At(time.timestamp_millis()))
}

/// Numbers with units, such as `1h30m` or `1.5s`; `0` needs no unit.
fn go_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(letters)?;
        let factor = match unit {
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    if text.is_empty() { None } else { Duration::try_from_secs_f64(seconds).ok() }
}

/// Which objects go, and when (milliseconds since 1970).
#[derive(Debug, Default)]
pub(super) struct Expiry {
    due: Mutex<HashMap<(String, String), i64>>,
}

impl Expiry {
    /// Reads the sidecars of a folder that was used before.
    pub(super) fn load(root: &Path) -> Self {
        let expiry = Self::default();
        for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if let Some((bucket, key)) = name.to_str().and_then(sidecar::object_of) {
                expiry.note(root, &bucket, &key);
            }
        }
        expiry
    }

    /// After an upload: what its sidecar says, counted from when the sidecar was written.
    pub(super) fn note(&self, root: &Path, bucket: &str, key: &str) {
        let written = std::fs::metadata(sidecar::path(root, bucket, key))
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .unwrap_or_default();
        let at = match ttl(&sidecar::read(root, bucket, key)) {
            Some(Ttl::After(duration)) => i64::try_from((written + duration).as_millis()).ok(),
            Some(Ttl::At(time)) => Some(time),
            Some(Ttl::Never) | None => None,
        };
        let name = (bucket.to_owned(), key.to_owned());
        match at {
            Some(at) => self.due().insert(name, at),
            None => self.due().remove(&name),
        };
    }

    /// Takes away what is due.
    pub(super) fn remove_due(&self, root: &Path) {
        let now = pace::now_ms();
        self.due().retain(|(bucket, key), at| {
            let stays = *at > now;
            if !stays {
                sidecar::remove_object(root, bucket, key);
            }
            stays
        });
    }

    pub(super) fn of(&self, bucket: &str, key: &str) -> Option<i64> {
        self.due().get(&(bucket.to_owned(), key.to_owned())).copied()
    }

    fn due(&self) -> MutexGuard<'_, HashMap<(String, String), i64>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ttl(sidecar: &Sidecar) -> Option<Ttl> {
    let values = NAMES.iter().filter_map(|name| sidecar.user_metadata.get(*name));
    values.filter_map(|value| value.as_str()).find_map(parse)
}

#[cfg(test)]
mod tests {
    use super::{Ttl, parse};
    use std::time::Duration;

    #[test]
    fn storjs_three_forms() {
        assert_eq!(parse("none"), Some(Ttl::Never));
        assert_eq!(parse("+2h45m"), Some(Ttl::After(Duration::from_secs(9_900))));
        assert_eq!(parse("+1.5s"), Some(Ttl::After(Duration::from_millis(1_500))));
        assert_eq!(parse("1970-01-01T00:00:01Z"), Some(Ttl::At(1_000)));
    }

    #[test]
    fn what_storj_refuses() {
        for value in ["30d", "+30d", "720h", "+", "", "+h", "tomorrow", "+-1h"] {
            assert_eq!(parse(value), None, "{value}");
        }
    }
}
