//! Recording qualities: what LiveKit is asked for, and what it weighs. What that costs: [`crate::prices`].
//!
//! Sources: presets of LiveKit Egress v1.14.1 `pkg/config/encoding.go` (read August 2026). Its code
//! defaults differ from the protocol's comments, so nothing is left to a default here.

use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::names::Named;
use crate::object;
use crate::shape::ToJson;

/// A recording's picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
pub enum Quality {
    /// 1280×720, 30 frames a second, 3,000 kbit/s.
    #[schemars(rename = "720p")]
    Hd,
    /// 1920×1080, 30 frames a second, 4,500 kbit/s.
    #[default]
    #[schemars(rename = "1080p")]
    FullHd,
    /// 3840×2160, 30 frames a second, 16,000 kbit/s: no preset of LiveKit's goes there.
    #[schemars(rename = "4k")]
    UltraHd,
}

impl Named for Quality {
    const NAMES: &'static [&'static str] = &[Self::Hd.name(), Self::FullHd.name(), Self::UltraHd.name()];

    fn named(name: &'static str) -> Self {
        Self::ALL.into_iter().find(|quality| quality.name() == name).unwrap_or_default()
    }
}

impl ToJson for Quality {
    fn to_json(&self) -> Value {
        Value::from(self.name())
    }
}

/// AAC in every preset, kbit/s.
const AUDIO_KBPS: i64 = 128;
/// 16 Mbit/s: 4K30 H.264 at the bits per pixel of LiveKit's 1080p30 preset would need 18; x264 needs
/// less per pixel at larger sizes.
const UHD_KBPS: i64 = 16_000;

impl Quality {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hd, Self::FullHd, Self::UltraHd];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hd => "720p",
            Self::FullHd => "1080p",
            Self::UltraHd => "4k",
        }
    }

    /// The encoding part of an egress request: `preset`, or `advanced` where no preset fits.
    #[must_use]
    pub fn encoding(self) -> (&'static str, Value) {
        match self {
            Self::Hd => ("preset", json!("H264_720P_30")),
            Self::FullHd => ("preset", json!("H264_1080P_30")),
            Self::UltraHd => (
                "advanced",
                object!({
                    "width": 3840, "height": 2160, "depth": 24, "framerate": 30,
                    "video_codec": "H264_HIGH", "video_bitrate": UHD_KBPS, "key_frame_interval": 4.0,
                    "audio_codec": "AAC", "audio_bitrate": AUDIO_KBPS, "audio_frequency": 48_000,
                }),
            ),
        }
    }

    /// Size of a file of that length, in bytes: bit rates of the preset, so rather too much for a
    /// picture at rest.
    #[must_use]
    pub const fn estimated_bytes(self, audio_only: bool, duration_ms: i64) -> i64 {
        let video = match self {
            Self::Hd => 3_000,
            Self::FullHd => 4_500,
            Self::UltraHd => UHD_KBPS,
        };
        let kbps = AUDIO_KBPS + if audio_only { 0 } else { video };
        duration_ms.saturating_mul(kbps) / 8
    }
}

/// LiveKit's layouts for room composites, with their colour variants
/// (docs.livekit.io, "Room composite & web egress", default layouts; read August 2026).
pub const LAYOUTS: [&str; 9] = [
    "grid",
    "speaker",
    "single-speaker",
    "grid-dark",
    "speaker-dark",
    "single-speaker-dark",
    "grid-light",
    "speaker-light",
    "single-speaker-light",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn an_hour_weighs_what_the_presets_say() {
        // 1.41, 2.08 GB and 57.6 MB an hour.
        assert_eq!(Quality::Hd.estimated_bytes(false, 3_600_000), 1_407_600_000);
        assert_eq!(Quality::FullHd.estimated_bytes(false, 3_600_000), 2_082_600_000);
        assert_eq!(Quality::FullHd.estimated_bytes(true, 3_600_000), 57_600_000);
    }
}
