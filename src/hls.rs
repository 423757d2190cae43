//! A recording made of segments: which of them there are, how long and how large, and the playlist of them (HLS,
//! RFC 8216 and draft-pantos-hls-rfc8216bis).
//!
//! In scope: LiveKit's own playlist and the bucket's listing to a [`Reel`], and a reel to our playlist. Out of
//! scope: fetching, signing, joining.

use std::fmt::Write as _;

use crate::storj::key::segment_number;

/// What is asked of LiveKit: milliseconds of one segment. One that its playlist does not have yet is taken to be so long.
pub const SEGMENT_MS: i64 = 6_000;

/// More segments than a page of D1's rows holds are nobody's recording: 20,000 are 33 h.
const MOST_SEGMENTS: u32 = 20_000;

/// One segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// How long it plays.
    pub ms: i64,
    /// How large it is; 0: it is not there.
    pub bytes: i64,
}

/// The segments of one recording without a hole in their numbers, the first and the last of them there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reel {
    /// The number of the first.
    pub first: u32,
    /// From there on.
    pub segments: Vec<Segment>,
}

impl Reel {
    /// Of LiveKit's playlist (empty: there is none) and what the bucket lists, numbers and sizes in any order.
    /// `None`: no segment is there.
    #[must_use]
    pub fn of(index: &str, listed: &[(u32, i64)]) -> Option<Self> {
        let there = || listed.iter().filter(|(number, bytes)| *bytes > 0 && *number < MOST_SEGMENTS);
        let (first, last) = (there().map(|(number, _)| *number).min()?, there().map(|(number, _)| *number).max()?);
        let mut segments: Vec<Segment> = (first..=last).map(|_| Segment { ms: SEGMENT_MS, bytes: 0 }).collect();
        let place = |number: u32| number.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        for (number, bytes) in there() {
            if let Some(segment) = place(*number).and_then(|place| segments.get_mut(place)) {
                segment.bytes = *bytes;
            }
        }
        let mut ms = SEGMENT_MS;
        for line in index.lines() {
            if let Some(length) = line.strip_prefix("#EXTINF:") {
                ms = millis(length).unwrap_or(SEGMENT_MS);
            } else if let Some(segment) = segment_number(line.trim()).and_then(place).and_then(|place| segments.get_mut(place)) {
                segment.ms = ms;
            }
        }
        Some(Self { first, segments })
    }

    /// How long all that is there plays, in milliseconds.
    #[must_use]
    pub fn ms(&self) -> i64 {
        self.segments.iter().filter(|segment| segment.bytes > 0).map(|segment| segment.ms).sum()
    }

    /// How large it is.
    #[must_use]
    pub fn bytes(&self) -> i64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// As it is kept: `first ms:bytes ms:bytes …`, 13 bytes a segment.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.first.to_string();
        for segment in &self.segments {
            let _ = write!(text, " {}:{}", segment.ms, segment.bytes);
        }
        text
    }

    /// Reads [`Self::text`]; what is none of it is left out.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut words = text.split(' ');
        let first = words.next().and_then(|first| first.parse().ok()).unwrap_or_default();
        let segment = |word: &str| {
            let (ms, bytes) = word.split_once(':')?;
            Some(Segment { ms: ms.parse().ok()?, bytes: bytes.parse().ok()? })
        };
        Self { first, segments: words.filter_map(segment).collect() }
    }

    /// The playlist: every segment at the address that `write_address` writes for its number, what is not there
    /// marked as a gap (hence version 8).
    #[must_use]
    pub fn playlist(&self, mut write_address: impl FnMut(&mut String, u32, &Segment)) -> String {
        let longest = self.segments.iter().map(|segment| segment.ms).max().unwrap_or(SEGMENT_MS);
        let mut text = "#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-TARGETDURATION:".to_owned();
        let _ = writeln!(text, "{}\n#EXT-X-MEDIA-SEQUENCE:{}", longest.div_euclid(1_000) + 1, self.first);
        for (number, segment) in (self.first..).zip(&self.segments) {
            let _ = writeln!(text, "#EXTINF:{}.{:03},", segment.ms / 1_000, segment.ms % 1_000);
            if segment.bytes > 0 {
                write_address(&mut text, number, segment);
            } else {
                // A player asks for none of these, but each has an address.
                text.push_str("#EXT-X-GAP\ngap.ts");
            }
            text.push('\n');
        }
        text.push_str("#EXT-X-ENDLIST\n");
        text
    }
}

/// `5.994,` in milliseconds, up to an hour. By hand: the library's reader of fractions takes 8 kB.
fn millis(text: &str) -> Option<i64> {
    let text = text.split(',').next()?.trim();
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let thousandths = fraction
        .bytes()
        .chain(*b"000")
        .take(3)
        .try_fold(0_i64, |all, digit| digit.is_ascii_digit().then(|| all * 10 + i64::from(digit - b'0')))?;
    let seconds: i64 = seconds.parse().ok().filter(|seconds| (0..3_600).contains(seconds))?;
    Some(seconds * 1_000 + thousandths)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    /// Letter for letter as LiveKit Egress 1.14.1 writes it.
    const INDEX: &str = "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-ALLOW-CACHE:NO\n#EXT-X-TARGETDURATION:6\n\
        #EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PROGRAM-DATE-TIME:2023-05-03T22:55:04.814Z\n#EXTINF:5.994,\ns_00000.ts\n\
        #EXT-X-PROGRAM-DATE-TIME:2023-05-03T22:55:10.808Z\n#EXTINF:6.1,\ns_00001.ts\n\
        #EXT-X-PROGRAM-DATE-TIME:2023-05-03T22:55:16.802Z\n#EXTINF:5.5,\ns_00002.ts\n#EXT-X-ENDLIST\n";

    fn segment(ms: i64, bytes: i64) -> Segment {
        Segment { ms, bytes }
    }

    #[test]
    fn what_the_bucket_lists_counts_and_the_index_says_how_long_it_is() {
        let reel = Reel::of(INDEX, &[(3, 9), (0, 7), (2, 8)]).unwrap();
        assert_eq!(reel, Reel { first: 0, segments: vec![segment(5_994, 7), segment(6_100, 0), segment(5_500, 8), segment(6_000, 9)] });
        assert_eq!((reel.ms(), reel.bytes()), (17_494, 24), "what is not there does not count");
        assert_eq!(Reel::of(INDEX, &[]), None);
        assert_eq!(Reel::of(INDEX, &[(1, 0)]), None, "empty is not there");
        assert_eq!(Reel::of("", &[(5, 1)]).unwrap(), Reel { first: 5, segments: vec![segment(6_000, 1)] });
    }

    #[test]
    fn numbers_from_outside_take_no_memory() {
        assert_eq!(Reel::of("", &[(0, 1), (u32::MAX, 1)]).unwrap().segments.len(), 1);
        assert_eq!(Reel::of("#EXTINF:6,\ns_4294967295.ts\n", &[(0, 1)]).unwrap().segments, [segment(6_000, 1)]);
    }

    #[test]
    fn it_is_kept_and_read_again() {
        let reel = Reel { first: 3, segments: vec![segment(5_994, 3_450_000), segment(6_000, 0), segment(1, 1)] };
        assert_eq!(reel.text(), "3 5994:3450000 6000:0 1:1");
        assert_eq!(Reel::read(&reel.text()), reel);
        assert_eq!(Reel::read(""), Reel::default());
    }

    #[test]
    fn the_playlist_is_whole_and_marks_what_is_not_there() {
        let reel = Reel { first: 1, segments: vec![segment(5_994, 7), segment(6_100, 0), segment(500, 8)] };
        let text = reel.playlist(|text, number, segment| {
            let _ = write!(text, "{number}-{}", segment.bytes);
        });
        assert_eq!(
            text,
            "#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-TARGETDURATION:7\n#EXT-X-MEDIA-SEQUENCE:1\n\
             #EXTINF:5.994,\n1-7\n#EXTINF:6.100,\n#EXT-X-GAP\ngap.ts\n#EXTINF:0.500,\n3-8\n#EXT-X-ENDLIST\n"
        );
    }

    #[test]
    fn lengths_are_read_as_livekit_writes_them() {
        for (text, ms) in [("5.994,", 5_994), ("6.000,", 6_000), ("6,", 6_000), ("0.04,title", 40), ("6.00049,", 6_000)] {
            assert_eq!(millis(text), Some(ms), "{text}");
        }
        for bad in ["", ",", "-1,", "1e3,", "NaN,", "3600,", "6.x,"] {
            assert_eq!(millis(bad), None, "{bad}");
        }
    }
}
