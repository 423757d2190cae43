//! Prices: what LiveKit and Storj charge, with source and date, and what an amount of recording comes to.
//!
//! The only place with prices in it. All money is in micro-dollars, millionths of a dollar, so that every price
//! is a whole number. What an operator pays LiveKit for a minute and which of Storj's tiers the bucket is in
//! are settings: `LIVEKIT_MINUTE_USD`, `STORJ_TIER`.

/// A GB as Storj counts it: base 10.
pub const GB: i64 = 1_000_000_000;
/// Dollars have two digits in texts.
const CENT: i64 = 10_000;

/// Where a price is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it says.
    pub what: &'static str,
    /// Where it says so.
    pub at: &'static str,
    /// When that was read or came into effect.
    pub date: &'static str,
}

/// Storj's tiers under its simplified pricing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StorjTier {
    /// Everywhere.
    #[default]
    Standard,
    /// In one region.
    Advanced,
}

/// A price list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// Its name in `prices=`.
    pub name: &'static str,
    /// A minute of recording at LiveKit; each recording is rounded up to whole minutes.
    pub recording_minute: i64,
    /// A GB in Storj for a month.
    pub storage_gb: i64,
    /// A GB out of Storj.
    pub egress_gb: i64,
    /// GB of storage, and as many of egress, that cost nothing in a month.
    pub free_gb: i64,
    /// What Storj bills at least in a month.
    pub storj_minimum: i64,
    /// Where all that is from.
    pub sources: [Source; 2],
}

/// The guide's $0.007 for a minute. LiveKit meters room composites in transcode minutes; its own price of one
/// could not be verified from a source at hand (2026-11).
pub const GUIDES_MINUTE: i64 = 7_000;

const MINUTE_OF_THE_GUIDE: Source = Source {
    what: "LiveKit: $0.007 a minute of recording, each recording rounded up to a whole minute. The price is the guide's and could not be \
           verified; LIVEKIT_MINUTE_USD sets your own",
    at: "the guide, Costs; LiveKit's documentation, Billing (rounding)",
    date: "2026-11",
};

impl Prices {
    /// Today's: Storj's simplified pricing, and the minute that the operator pays.
    #[must_use]
    pub const fn today(tier: StorjTier, recording_minute: i64) -> Self {
        let (storage_gb, what) = match tier {
            StorjTier::Standard => (7_000, "Storj, Standard: $7 a TB and month, $7 a TB egress, at least $5 a month"),
            StorjTier::Advanced => (10_000, "Storj, Advanced: $10 a TB and month, $7 a TB egress, at least $5 a month"),
        };
        let storj = Source { what, at: "Storj's documentation, Object Storage: Simplified Pricing", date: "2026-07-15" };
        let livekit = if recording_minute == GUIDES_MINUTE {
            MINUTE_OF_THE_GUIDE
        } else {
            Source {
                what: "LiveKit: a minute of recording, each recording rounded up to a whole minute",
                at: "LIVEKIT_MINUTE_USD",
                date: "now",
            }
        };
        Self {
            name: "today",
            recording_minute,
            storage_gb,
            egress_gb: 7_000,
            free_gb: 0,
            storj_minimum: 5_000_000,
            sources: [livekit, storj],
        }
    }

    /// Those of the guide that this project grew out of.
    #[must_use]
    pub const fn guide() -> Self {
        let storj = Source {
            what: "Storj: $4 a TB and month, $7 a TB download, 150 GB of each free; no longer what Storj offers",
            at: "the guide, Costs",
            date: "before 2026-07",
        };
        Self {
            name: "guide",
            recording_minute: GUIDES_MINUTE,
            storage_gb: 4_000,
            egress_gb: 7_000,
            free_gb: 150,
            storj_minimum: 0,
            sources: [MINUTE_OF_THE_GUIDE, storj],
        }
    }

    /// What one recording has cost so far: LiveKit's minutes, and a month in Storj for what it weighs.
    #[must_use]
    pub const fn so_far(&self, duration_ms: i64, bytes: i64) -> i64 {
        minutes(duration_ms).saturating_mul(self.recording_minute).saturating_add(up(bytes.saturating_mul(self.storage_gb), GB))
    }

    /// A month's bill, line by line.
    #[must_use]
    pub fn bill(&self, used: &Used) -> Bill {
        // Storj rounds up once a month, over all objects: the safety copies fill up the last GB of the recordings.
        let (files, all) = (up(used.stored_bytes, GB), up(used.stored_bytes.saturating_add(used.copied_bytes), GB));
        let mut lines = vec![
            Line::new("livekit_recording", "minute", used.minutes, 0, self.recording_minute),
            Line::new("storj_storage", "GB month", files, self.free_gb, self.storage_gb),
            Line::new("storj_safety_copy", "GB month", all - files, (self.free_gb - files).max(0), self.storage_gb),
            Line::new("storj_egress", "GB", up(used.egress_bytes, GB), self.free_gb, self.egress_gb),
        ];
        let storj: i64 = lines.iter().skip(1).map(|line| line.micro_dollars).sum();
        let short = if all > 0 { (self.storj_minimum - storj).max(0) } else { 0 };
        lines.push(Line { micro_dollars: short, ..Line::new("storj_minimum", "account", i64::from(short > 0), 0, self.storj_minimum) });
        let micro_dollars = lines.iter().map(|line| line.micro_dollars).sum();
        Bill { lines, micro_dollars }
    }
}

/// What a month used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Whole minutes of recording, each recording rounded up.
    pub minutes: i64,
    /// Recordings kept in Storj.
    pub stored_bytes: i64,
    /// Safety copies, which Storj bills for 30 days though they are deleted at once.
    pub copied_bytes: i64,
    /// What went out of Storj.
    pub egress_bytes: i64,
}

/// One line of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What for.
    pub name: &'static str,
    /// What `quantity` counts.
    pub unit: &'static str,
    /// So many, rounded up.
    pub quantity: i64,
    /// Of which so many cost nothing.
    pub free: i64,
    /// The price of one.
    pub each: i64,
    /// What they come to.
    pub micro_dollars: i64,
}

impl Line {
    fn new(name: &'static str, unit: &'static str, quantity: i64, free: i64, each: i64) -> Self {
        Self { name, unit, quantity, free: free.min(quantity), each, micro_dollars: (quantity - free).max(0).saturating_mul(each) }
    }
}

/// A bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Every line, those of nothing too.
    pub lines: Vec<Line>,
    /// Their sum.
    pub micro_dollars: i64,
}

/// Whole minutes, rounded up.
#[must_use]
pub const fn minutes(duration_ms: i64) -> i64 {
    up(duration_ms, 60_000)
}

const fn up(amount: i64, unit: i64) -> i64 {
    amount.saturating_add(unit - 1).div_euclid(unit)
}

/// `$42.00`, rounded to the nearest cent.
#[must_use]
pub fn dollars(micro_dollars: i64) -> String {
    let cents = (micro_dollars + CENT / 2) / CENT;
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// Reads a decimal number, as `0.007` or `100`, in millionths. `None` for a sign, an exponent, more than six
/// digits after the point or twelve before it.
#[must_use]
pub fn millionths(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole, 12) || !digits(fraction, 6) {
        return None;
    }
    format!("{whole}{fraction:0<6}").parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::quality::Quality;

    const HUNDRED_HOURS: i64 = 100 * 3_600_000;

    fn used(quality: Quality, viewers: i64) -> Used {
        let stored_bytes = quality.estimated_bytes(false, HUNDRED_HOURS);
        Used { minutes: minutes(HUNDRED_HOURS), stored_bytes, copied_bytes: 0, egress_bytes: stored_bytes * viewers }
    }

    fn costs(bill: &Bill) -> Vec<i64> {
        bill.lines.iter().map(|line| line.micro_dollars).collect()
    }

    #[test]
    fn the_guides_table_for_a_hundred_hours_is_42_dollars() {
        assert_eq!(costs(&Prices::guide().bill(&used(Quality::Hd, 1))), [42_000_000, 0, 0, 0, 0]);
        // 208.26 GB: 59 GB more than the free 150, at $0.004.
        assert_eq!(costs(&Prices::guide().bill(&used(Quality::FullHd, 0))), [42_000_000, 236_000, 0, 0, 0]);
    }

    #[test]
    fn todays_minimum_is_what_is_missing_to_five_dollars() {
        let today = Prices::today(StorjTier::Standard, GUIDES_MINUTE);
        let bill = today.bill(&used(Quality::FullHd, 0));
        assert_eq!((costs(&bill), bill.micro_dollars), (vec![42_000_000, 1_463_000, 0, 0, 3_537_000], 47_000_000));
        // Each full viewing costs another $1.46, and soon the minimum is none.
        let bill = today.bill(&used(Quality::FullHd, 10));
        assert_eq!((costs(&bill), bill.micro_dollars), (vec![42_000_000, 1_463_000, 0, 14_581_000, 0], 58_044_000));
        assert_eq!(Prices::today(StorjTier::Advanced, 0).bill(&used(Quality::FullHd, 10)).lines[1].micro_dollars, 2_090_000);
        assert_eq!(today.bill(&Used::default()).micro_dollars, 0, "nothing used, nothing billed");
    }

    #[test]
    fn a_safety_copy_fills_the_recordings_last_gb() {
        let used = Used { stored_bytes: GB / 2, copied_bytes: GB / 2, ..Used::default() };
        let quantities: Vec<i64> = Prices::today(StorjTier::Standard, 0).bill(&used).lines.iter().map(|line| line.quantity).collect();
        assert_eq!(quantities, [0, 1, 0, 0, 1]);
        let more = Prices::guide().bill(&Used { stored_bytes: 149 * GB, copied_bytes: 3 * GB, ..Used::default() });
        assert_eq!(costs(&more), [0, 0, 8_000, 0, 0], "1 GB of the copy is free, as the 149 are");
    }

    #[test]
    fn so_far_counts_begun_minutes_and_a_month_in_storj() {
        let today = Prices::today(StorjTier::Standard, GUIDES_MINUTE);
        assert_eq!((today.so_far(0, 0), today.so_far(1, 1), today.so_far(60_001, GB)), (0, 7_001, 21_000));
        assert!(today.so_far(i64::MAX, i64::MAX) > 0, "nothing overflows");
    }

    #[test]
    fn decimal_numbers_are_exact_or_refused() {
        assert_eq!(millionths("0.007"), Some(7_000));
        assert_eq!(millionths("100"), Some(100_000_000));
        assert_eq!(millionths("0.000001"), Some(1));
        for bad in ["", ".", "1.", ".5", "-1", "+1", "1e3", "0.0000001", "1,5", " 1", "1234567890123", "NaN", "1.5.5"] {
            assert_eq!(millionths(bad), None, "{bad}");
        }
        assert_eq!((dollars(42_000_000).as_str(), dollars(236_000).as_str(), dollars(4_999).as_str()), ("$42.00", "$0.24", "$0.00"));
    }
}
