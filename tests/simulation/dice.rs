//! Chance without state: every draw is a function of the seed and of what it is drawn for.
//!
//! A draw that is named (`"EV_3.1/2"`, `"ms"`) stays the same when another part of the history is taken
//! away, which is what makes a failing history shrink.

/// The dice of one history.
#[derive(Clone, Copy, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// 64 bits for one purpose of one thing.
    pub fn roll(self, of: &str, purpose: &str) -> u64 {
        // FNV-1a over both names, finished by SplitMix64, which spreads its low bits.
        let mut hash = 0xCBF2_9CE4_8422_2325 ^ self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for byte in of.bytes().chain([0]).chain(purpose.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        hash ^ (hash >> 31)
    }

    /// A number below `limit`.
    pub fn below(self, of: &str, purpose: &str, limit: u64) -> u64 {
        self.roll(of, purpose) % limit
    }

    /// A number of milliseconds from `least` to `most`.
    pub fn ms(self, of: &str, purpose: &str, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.below(of, purpose, (most - least + 1) as u64)).unwrap()
    }

    /// True in `per_mille` of a thousand.
    pub fn chance(self, of: &str, purpose: &str, per_mille: u64) -> bool {
        self.below(of, purpose, 1_000) < per_mille
    }
}
