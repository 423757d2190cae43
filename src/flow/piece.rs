//! What of a reel is moved in one step: a pure function of what is moved already.

use crate::hls::Reel;

/// S3's least part but for the last.
const LEAST_PART: i64 = 5 * 1024 * 1024;
/// Storj's own advice, and its segment.
const BEST_PART: i64 = 64 * 1024 * 1024;
/// A page's worth of calls is no step: with fewer than so many sources left nothing is begun.
const FEWEST: u32 = 4;

/// What is moved next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Places in the reel of the segments that are there.
    pub places: Vec<usize>,
    /// How many of the reel's segments are moved then, those that are not there among them.
    pub done: usize,
    /// All of it, with what is carried.
    pub bytes: i64,
    /// Enough for a part, or the last. Else it is carried: an object of its own, the first source of the next piece. (A
    /// segment of sound alone has 100 kB, so a run's sources together may be too little.)
    pub is_part: bool,
}

/// Decides, for at most so many sources. `None`: everything is moved, or there are too few sources.
#[must_use]
pub fn next(reel: &Reel, done: usize, carried: i64, sources: u32) -> Option<Piece> {
    let most = usize::try_from(sources.saturating_sub(u32::from(carried > 0))).unwrap_or_default();
    let rest: Vec<(usize, i64)> =
        reel.segments.iter().enumerate().skip(done).filter(|(_, segment)| segment.bytes > 0).map(|(place, s)| (place, s.bytes)).collect();
    if rest.is_empty() || (sources < FEWEST && rest.len() > most) {
        return None;
    }
    let (mut places, mut bytes) = (vec![], carried);
    for (place, size) in rest.iter().take(most) {
        if bytes >= LEAST_PART && bytes + size > BEST_PART {
            break;
        }
        places.push(*place);
        bytes += size;
    }
    let last = places.len() == rest.len();
    let done = if last { reel.segments.len() } else { places.last().map_or(done, |place| place + 1) };
    (!places.is_empty()).then_some(Piece { places, done, bytes, is_part: last || bytes >= LEAST_PART })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::hls::Segment;

    fn reel(bytes: &[i64]) -> Reel {
        Reel { first: 0, segments: bytes.iter().map(|bytes| Segment { ms: 6_000, bytes: *bytes }).collect() }
    }

    /// Every step from the beginning: parts in bytes, and how many pieces there were.
    fn all(reel: &Reel, sources: u32) -> (Vec<i64>, usize) {
        let (mut parts, mut done, mut carried, mut pieces) = (vec![], 0, 0, 0);
        while let Some(piece) = next(reel, done, carried, sources) {
            assert!(piece.places.len() + usize::from(carried > 0) <= sources as usize && piece.done > done);
            (done, carried, pieces) = (piece.done, if piece.is_part { 0 } else { piece.bytes }, pieces + 1);
            parts.extend(piece.is_part.then_some(piece.bytes));
        }
        assert_eq!((done, carried), (reel.segments.len(), 0));
        assert_eq!(parts.iter().sum::<i64>(), reel.bytes());
        (parts, pieces)
    }

    #[test]
    fn a_part_is_just_below_64_mib() {
        let (parts, _) = all(&reel(&[3_450_000; 100]), 30);
        assert_eq!(parts, [65_550_000, 65_550_000, 65_550_000, 65_550_000, 65_550_000, 17_250_000]);
    }

    #[test]
    fn three_hours_take_so_many_runs() {
        // 35 sources a run: 1080p, and sound alone.
        assert_eq!(all(&reel(&[3_450_000; 1_800]), 35).1, 95);
        let (parts, pieces) = all(&reel(&[105_000; 1_800]), 35);
        assert!(parts.iter().rev().skip(1).all(|part| *part >= LEAST_PART), "{parts:?}");
        assert!(pieces < 60, "{pieces}");
    }

    #[test]
    fn what_is_not_there_is_passed_over() {
        let holed = reel(&[10, 0, 0, 20, 0, 30]);
        assert_eq!(next(&holed, 0, 0, 9), Some(Piece { places: vec![0, 3, 5], done: 6, bytes: 60, is_part: true }));
        assert_eq!(next(&holed, 1, 0, 9), Some(Piece { places: vec![3, 5], done: 6, bytes: 50, is_part: true }));
        assert_eq!(next(&holed, 6, 0, 9), None);
    }

    #[test]
    fn with_few_sources_left_nothing_is_begun_but_what_ends_it() {
        let long = reel(&[10; 9]);
        assert_eq!(next(&long, 0, 0, 3), None);
        assert_eq!(next(&long, 0, 0, 4), Some(Piece { places: vec![0, 1, 2, 3], done: 4, bytes: 40, is_part: false }));
        assert_eq!(next(&long, 4, 40, 4), Some(Piece { places: vec![4, 5, 6], done: 7, bytes: 70, is_part: false }));
        assert_eq!(next(&long, 7, 70, 3), Some(Piece { places: vec![7, 8], done: 9, bytes: 90, is_part: true }));
        assert_eq!(next(&long, 0, 0, 0), None);
    }

    #[test]
    fn one_large_segment_is_a_part() {
        assert_eq!(all(&reel(&[100 << 20, 100 << 20]), 30).0, [100 << 20, 100 << 20]);
    }
}
