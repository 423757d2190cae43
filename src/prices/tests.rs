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
