//! Of what a recording is made: a pure function of what is known of its MP4 and of its safety copy.
//!
//! The MP4 wins wherever it is whole. The segments win where it did not come, or where it is cut short and they
//! hold more.

use crate::hls::Reel;

/// What a look at the MP4 found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mp4 {
    /// It is there, of that size in bytes, not empty.
    There(i64),
    /// It is not there, for certain.
    Absent,
    /// No clear answer.
    Unclear,
}

/// What a look at the segments found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copy {
    /// Nobody has looked.
    NotLooked,
    /// None was asked for, or none is there.
    Nothing,
    /// No clear answer.
    Unclear,
    /// These.
    Holds(Reel),
}

/// What LiveKit told of the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// In bytes.
    pub size: Option<i64>,
    /// In milliseconds.
    pub ms: Option<i64>,
    /// The job failed, so what it left may be a part.
    pub failed: bool,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The recording is the MP4.
    Mp4(i64),
    /// It is these segments.
    Segments(Reel),
    /// There is neither.
    Nothing,
    /// The segments have to be looked at first.
    LookAtSegments,
    /// Nobody knows yet.
    Again,
}

/// LiveKit's own figure is 0.5 to 1.2 s shorter than the file (seen): less than 2 s more in the segments is no more.
const NO_MORE_MS: i64 = 2_000;

/// Decides.
#[must_use]
pub fn verdict(told: Told, mp4: Mp4, copy: Copy) -> Verdict {
    match (mp4, copy) {
        (Mp4::Unclear, _) => Verdict::Again,
        (Mp4::There(size), _) if !told.failed && told.size.is_none_or(|told| told == size) => Verdict::Mp4(size),
        (_, Copy::NotLooked) => Verdict::LookAtSegments,
        (_, Copy::Unclear) => Verdict::Again,
        (Mp4::There(size), Copy::Holds(reel)) if holds_more(&reel, told, size) => Verdict::Segments(reel),
        (Mp4::There(size), _) => Verdict::Mp4(size),
        (Mp4::Absent, Copy::Holds(reel)) => Verdict::Segments(reel),
        (Mp4::Absent, Copy::Nothing) => Verdict::Nothing,
    }
}

/// Of a file that is shorter than LiveKit told, just that share is counted. Of one of unknown length nothing can be
/// said against: an upload is whole or not there.
fn holds_more(reel: &Reel, told: Told, size: i64) -> bool {
    let Some(ms) = told.ms else { return false };
    let holds = match told.size {
        // Up to 2^43 bytes and 2^29 ms: a division first, the product would not fit.
        Some(told) if size < told => (ms / 1_000).saturating_mul(size) / told.max(1) * 1_000,
        _ => ms,
    };
    reel.ms() > holds + NO_MORE_MS
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn holds(seconds: i64) -> Copy {
        Copy::Holds(reel(seconds))
    }

    fn reel(seconds: i64) -> Reel {
        Reel::of("", &(0..u32::try_from(seconds / 6).unwrap()).map(|n| (n, 1)).collect::<Vec<_>>()).unwrap()
    }

    const MINUTE: Told = Told { size: Some(600), ms: Some(60_000), failed: false };

    #[test]
    fn a_whole_mp4_wins_unseen() {
        assert_eq!(verdict(MINUTE, Mp4::There(600), Copy::NotLooked), Verdict::Mp4(600));
        assert_eq!(verdict(MINUTE, Mp4::There(600), holds(3_600)), Verdict::Mp4(600));
        assert_eq!(verdict(Told::default(), Mp4::There(1), holds(3_600)), Verdict::Mp4(1), "nothing is told against it");
    }

    #[test]
    fn without_an_mp4_the_segments_are_it() {
        assert_eq!(verdict(MINUTE, Mp4::Absent, Copy::NotLooked), Verdict::LookAtSegments);
        assert_eq!(verdict(MINUTE, Mp4::Absent, holds(12)), Verdict::Segments(reel(12)));
        assert_eq!(verdict(MINUTE, Mp4::Absent, Copy::Nothing), Verdict::Nothing);
    }

    #[test]
    fn of_a_part_and_segments_the_longer_one_wins() {
        let failed = Told { failed: true, ..MINUTE };
        assert_eq!(verdict(failed, Mp4::There(600), Copy::NotLooked), Verdict::LookAtSegments);
        assert_eq!(verdict(failed, Mp4::There(600), holds(60)), Verdict::Mp4(600));
        assert_eq!(verdict(failed, Mp4::There(600), holds(66)), Verdict::Segments(reel(66)));
        assert_eq!(verdict(MINUTE, Mp4::There(300), holds(36)), Verdict::Segments(reel(36)), "half of the file is half a minute");
        assert_eq!(verdict(MINUTE, Mp4::There(300), holds(30)), Verdict::Mp4(300));
        assert_eq!(verdict(MINUTE, Mp4::There(601), holds(60)), Verdict::Mp4(601));
        assert_eq!(verdict(Told { ms: None, ..failed }, Mp4::There(600), holds(66)), Verdict::Mp4(600));
        assert_eq!(verdict(failed, Mp4::There(600), Copy::Nothing), Verdict::Mp4(600));
    }

    #[test]
    fn what_nobody_knows_is_asked_again() {
        assert_eq!(verdict(MINUTE, Mp4::Unclear, holds(60)), Verdict::Again);
        assert_eq!(verdict(MINUTE, Mp4::Absent, Copy::Unclear), Verdict::Again);
        assert_eq!(verdict(MINUTE, Mp4::There(300), Copy::Unclear), Verdict::Again);
    }

    #[test]
    fn the_largest_file_does_not_overflow() {
        let told = Told { size: Some(1 << 43), ms: Some(1 << 29), failed: false };
        assert_eq!(verdict(told, Mp4::There((1 << 43) - 1), holds(60)), Verdict::Mp4((1 << 43) - 1));
    }
}
