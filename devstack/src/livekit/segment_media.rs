//! MPEG-TS segments that really play, of any length: the same four seconds again and again, each packet with new
//! timestamps and continuity counters, so that segments joined byte by byte are one unbroken stream.

/// Four seconds of picture and sound: 192x108, 25 frames a second, H.264 main profile with a key frame each second, and
/// 125 frames of AAC at 32 kHz, so that it closes on itself. PAT and PMT stand before each key frame.
static LOOP: &[u8] = include_bytes!("../../assets/loop.ts");

const LOOP_SECONDS: u64 = 4;
const PACKET: usize = 188;
/// Ticks of PCR's base, PTS and DTS; the counters have 33 bits.
const TICKS_PER_SECOND: u64 = 90_000;
const TIME_MASK: u64 = (1 << 33) - 1;
const FRAMES_PER_SECOND: u64 = 25;
/// A picture's length in seconds.
pub(super) const FRAME: f64 = 0.04;

const PAT: u16 = 0;
const VIDEO: u16 = 0x100;

/// Makes the segments of one recording, each going on where the one before ended.
#[derive(Debug, Default)]
pub(super) struct SegmentMedia {
    /// Whole seconds made so far: each segment begins with a key frame.
    seconds: u64,
    /// By packet identifier (0, 0x100, 0x101, 0x1000).
    counters: [u8; 4],
}

impl SegmentMedia {
    /// The next segment and its length in seconds: `seconds` to the nearest picture, at least one.
    pub(super) fn next(&mut self, seconds: f64) -> (Vec<u8>, f64) {
        let wanted = pictures(seconds);
        let mut bytes = Vec::new();
        let mut left = wanted;
        while left > 0 {
            let here = left.min(FRAMES_PER_SECOND);
            self.second(here, &mut bytes);
            left -= here;
            self.seconds += 1;
        }
        // Up to 2^53 pictures are exact.
        (bytes, wanted as f64 * FRAME)
    }

    /// The first `pictures` of one second, with the sound that lies between them.
    fn second(&mut self, pictures: u64, out: &mut Vec<u8>) {
        let later = self.seconds / LOOP_SECONDS * LOOP_SECONDS * TICKS_PER_SECOND;
        let mut seen = 0;
        for packet in second_of_loop(self.seconds % LOOP_SECONDS) {
            let begins = flag(packet, 1, 0x40);
            if begins && identifier(packet) == VIDEO {
                seen += 1;
                if seen > pictures {
                    return;
                }
            }
            let mut packet = packet.to_vec();
            self.number(&mut packet);
            shift_times(&mut packet, begins, later);
            out.extend(packet);
        }
    }

    /// The counter goes up with each packet that carries something.
    fn number(&mut self, packet: &mut [u8]) {
        let slot = match identifier(packet) {
            PAT => 0,
            VIDEO => 1,
            0x101 => 2,
            _ => 3,
        };
        if let (Some(counter), Some(byte)) = (self.counters.get_mut(slot), packet.get_mut(3)) {
            *byte = (*byte & 0xf0) | *counter;
            *counter = (*counter + 1) & 0x0f;
        }
    }
}

fn pictures(seconds: f64) -> u64 {
    let rounded = (seconds / FRAME).round().max(1.0);
    // Recordings of a hundred years fit.
    if rounded < 1e12 { rounded as u64 } else { 1 }
}

/// The packets from the n-th PAT to the next.
fn second_of_loop(n: u64) -> impl Iterator<Item = &'static [u8]> {
    let mut second = None;
    LOOP.chunks_exact(PACKET).filter(move |packet| {
        if identifier(packet) == PAT {
            second = Some(second.map_or(0, |second| second + 1));
        }
        second == Some(n)
    })
}

fn identifier(packet: &[u8]) -> u16 {
    u16::from(byte(packet, 1) & 0x1f) << 8 | u16::from(byte(packet, 2))
}

fn flag(packet: &[u8], at: usize, mask: u8) -> bool {
    byte(packet, at) & mask != 0
}

fn byte(packet: &[u8], at: usize) -> u8 {
    packet.get(at).copied().unwrap_or_default()
}

/// Adds that many ticks to the clock reference in the adaptation field, and to the times of a PES header.
fn shift_times(packet: &mut [u8], begins: bool, ticks: u64) {
    let mut payload = 4;
    if flag(packet, 3, 0x20) {
        let length = usize::from(byte(packet, 4));
        payload += 1 + length;
        if length > 0 && flag(packet, 5, 0x10) {
            shift_reference(packet, ticks);
        }
    }
    if !begins || !flag(packet, 3, 0x10) || packet.get(payload..payload + 3) != Some(&[0, 0, 1]) {
        return;
    }
    let present = byte(packet, payload + 7) >> 6;
    if present & 0b10 != 0 {
        shift_stamp(packet, payload + 9, ticks);
    }
    if present == 0b11 {
        shift_stamp(packet, payload + 14, ticks);
    }
}

/// PCR: 33 bits of base, six reserved ones, nine of extension.
fn shift_reference(packet: &mut [u8], ticks: u64) {
    let Some(field) = packet.get_mut(6..12) else { return };
    let value = field.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let base = (value >> 15).wrapping_add(ticks) & TIME_MASK;
    let moved = base << 15 | value & 0x7fff;
    for (byte, moved) in field.iter_mut().zip(moved.to_be_bytes().into_iter().skip(2)) {
        *byte = moved;
    }
}

/// PTS or DTS: 3, 15 and 15 bits, each followed by a marker.
fn shift_stamp(packet: &mut [u8], at: usize, ticks: u64) {
    let Some(field) = packet.get_mut(at..at + 5) else { return };
    let value = field.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let time = (value >> 33 & 0x7) << 30 | (value >> 17 & 0x7fff) << 15 | value >> 1 & 0x7fff;
    let time = time.wrapping_add(ticks) & TIME_MASK;
    let marks = value & 0xf1_0001_0001;
    let moved = marks | (time >> 30) << 33 | (time >> 15 & 0x7fff) << 17 | (time & 0x7fff) << 1;
    for (byte, moved) in field.iter_mut().zip(moved.to_be_bytes().into_iter().skip(3)) {
        *byte = moved;
    }
}

#[cfg(test)]
mod tests {
    use super::{PACKET, SegmentMedia, byte, flag, identifier};
    use std::collections::HashMap;

    fn stamp(packet: &[u8]) -> Option<u64> {
        let payload = 4 + if flag(packet, 3, 0x20) { 1 + usize::from(byte(packet, 4)) } else { 0 };
        let begins = flag(packet, 1, 0x40) && packet.get(payload..payload + 3) == Some(&[0, 0, 1]);
        let b = |at| u64::from(byte(packet, payload + 9 + at));
        begins.then(|| (b(0) >> 1 & 7) << 30 | b(1) << 22 | (b(2) >> 1) << 15 | b(3) << 7 | b(4) >> 1)
    }

    #[test]
    fn segments_joined_are_one_unbroken_stream() {
        let mut media = SegmentMedia::default();
        let made: Vec<_> = [6.0, 6.0, 6.0, 2.44].into_iter().map(|seconds| media.next(seconds)).collect();
        let lengths: Vec<String> = made.iter().map(|(_, seconds)| format!("{seconds:.2}")).collect();
        assert_eq!(lengths, ["6.00", "6.00", "6.00", "2.44"]);
        let mut counters: HashMap<u16, u8> = HashMap::new();
        let mut times: HashMap<u16, Vec<u64>> = HashMap::new();
        for (bytes, _) in &made {
            // Each can be played alone: it begins with its tables.
            assert_eq!((identifier(bytes), identifier(bytes.get(PACKET..).unwrap_or_default())), (0, 0x1000));
            assert_eq!(bytes.len() % PACKET, 0);
            for packet in bytes.chunks_exact(PACKET) {
                assert_eq!(byte(packet, 0), 0x47);
                let counter = byte(packet, 3) & 0x0f;
                let expected = counters.insert(identifier(packet), (counter + 1) & 0x0f);
                assert!(expected.is_none_or(|expected| expected == counter), "a packet of {:#x} is missing", identifier(packet));
                if let Some(time) = stamp(packet) {
                    times.entry(identifier(packet)).or_default().push(time);
                }
            }
        }
        let pictures = times.remove(&0x100).unwrap_or_default();
        assert_eq!(pictures.len(), 3 * 150 + 61);
        assert!(pictures.windows(2).all(|pair| matches!(pair, [a, b] if b - a == 3_600)), "{pictures:?}");
        let sounds = times.remove(&0x101).unwrap_or_default();
        // One or two frames of 32 ms a packet; across the seams too.
        assert!(sounds.windows(2).all(|pair| matches!(pair, [a, b] if [2_880, 5_760].contains(&(b - a)))), "{sounds:?}");
    }
}
