//! HLS playlists, letter for letter as LiveKit Egress 1.14.1 writes them (`pkg/pipeline/sink/m3u8/writer.go`).

use chrono::{DateTime, Utc};

/// How many segments a live playlist shows.
const LIVE_WINDOW: usize = 5;

/// The playlist of a recording: everything, or what is live.
#[derive(Debug)]
pub(super) struct Playlist {
    target_seconds: u32,
    live: bool,
    entries: Vec<String>,
    ended: bool,
}

impl Playlist {
    /// Of the kind EVENT: every segment from the first on.
    pub(super) fn event(target_seconds: u32) -> Self {
        Self { target_seconds, live: false, entries: Vec::new(), ended: false }
    }

    /// The last five segments.
    pub(super) fn live(target_seconds: u32) -> Self {
        Self { live: true, ..Self::event(target_seconds) }
    }

    /// `began_ms`: since 1970; `name`: relative to the playlist.
    pub(super) fn append(&mut self, began_ms: i64, seconds: f64, name: &str) {
        self.entries.push(format!("#EXT-X-PROGRAM-DATE-TIME:{}\n#EXTINF:{seconds:.3},\n{name}\n", time(began_ms)));
    }

    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    pub(super) fn text(&self) -> String {
        let shown_from = if self.live { self.entries.len().saturating_sub(LIVE_WINDOW) } else { 0 };
        let kind = if self.live { "" } else { "#EXT-X-PLAYLIST-TYPE:EVENT\n" };
        let head = format!(
            "#EXTM3U\n#EXT-X-VERSION:4\n{kind}#EXT-X-ALLOW-CACHE:NO\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:{shown_from}\n",
            self.target_seconds
        );
        let entries: String = self.entries.iter().skip(shown_from).map(String::as_str).collect();
        let end = if self.ended { "#EXT-X-ENDLIST\n" } else { "" };
        head + &entries + end
    }
}

/// Go's `2006-01-02T15:04:05.999Z07:00`: milliseconds without the zeros at their end, none without a point.
fn time(ms: i64) -> String {
    let Some(time) = DateTime::<Utc>::from_timestamp_millis(ms) else {
        return String::new();
    };
    let text = time.format("%Y-%m-%dT%H:%M:%S%.3f").to_string();
    format!("{}Z", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::{Playlist, time};

    #[test]
    fn as_in_livekits_own_test() {
        let mut playlist = Playlist::event(6);
        for n in 0..3 {
            playlist.append(1_683_154_504_814 + 5_994 * n, 5.994, &format!("playlist_0000{n}.ts"));
        }
        playlist.end();
        assert_eq!(
            playlist.text(),
            "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-ALLOW-CACHE:NO\n#EXT-X-TARGETDURATION:6\n\
             #EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PROGRAM-DATE-TIME:2023-05-03T22:55:04.814Z\n#EXTINF:5.994,\nplaylist_00000.ts\n\
             #EXT-X-PROGRAM-DATE-TIME:2023-05-03T22:55:10.808Z\n#EXTINF:5.994,\nplaylist_00001.ts\n\
             #EXT-X-PROGRAM-DATE-TIME:2023-05-03T22:55:16.802Z\n#EXTINF:5.994,\nplaylist_00002.ts\n#EXT-X-ENDLIST\n"
        );
    }

    #[test]
    fn a_live_one_slides() {
        let mut playlist = Playlist::live(6);
        for n in 0..7 {
            playlist.append(0, 6.0, &format!("s_0000{n}.ts"));
        }
        let text = playlist.text();
        assert!(text.starts_with("#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-ALLOW-CACHE:NO\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:2\n"));
        assert!(!text.contains("s_00001.ts") && text.ends_with("s_00006.ts\n"), "{text}");
    }

    #[test]
    fn zeros_at_the_end_of_a_time_are_left_out() {
        assert_eq!(time(1_683_154_504_810), "2023-05-03T22:55:04.81Z");
        assert_eq!(time(1_683_154_500_000), "2023-05-03T22:55:00Z");
    }
}
