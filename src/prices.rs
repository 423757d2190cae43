//! Prices: what LiveKit and Storj charge, with source and date, and what an amount of recording comes to.
//!
//! The only place with prices in it. All money is in micro-dollars, millionths of a dollar, so that every price
//! is a whole number. What an operator pays LiveKit for a minute and which of Storj's tiers the bucket is in
//! are settings: `LIVEKIT_MINUTE_USD`, `STORJ_TIER`.

use crate::names::PriceList;
use crate::shape;

/// A GB as Storj counts it: base 10.
pub const GB: i64 = 1_000_000_000;
/// Dollars have two digits in texts.
const CENT: i64 = 10_000;

shape! {
    /// Where a price is from.
    #[derive(Clone, Copy, PartialEq, Eq)]
    #[schemars(inline)]
    pub struct Source {
        /// What it says.
        "what" => pub what: &'static str,
        /// Where it says so.
        "source" => pub at: &'static str,
        /// When that was read or came into effect.
        "date" => pub date: &'static str,
    }
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
    /// Which.
    pub list: PriceList,
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
            list: PriceList::TODAY,
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
            list: PriceList::GUIDE,
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
mod tests;
