//! Identifiers as LiveKit makes them: a prefix and twelve letters or digits.

use rand::Rng;
use rand::distr::Alphanumeric;

/// An identifier such as `EG_aB3…`; `prefix` is `EG_`, `RM_`, `PA_`, `TR_AM`, `TR_VC` or `EV_`.
pub(crate) fn new(prefix: &str) -> String {
    format!("{prefix}{}", letters(12))
}

/// Letters and digits that nobody guesses.
pub(crate) fn letters(count: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(count).map(char::from).collect()
}

/// A random identifier in the form of a UUID, which browsers give their tracks.
pub(crate) fn uuid() -> String {
    let random: u128 = rand::rng().random();
    let hex = format!("{random:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}
