//! Segments while they are recorded, as LiveKit Egress 1.14.1 writes them (`pkg/pipeline/sink/segments.go`): each is
//! uploaded as soon as it is full, beside the others; the playlist follows in order, each entry once the upload of its
//! segment is over (also when it failed), and is written again each time.
//!
//! A segment that cannot be written ends the recording at once while it records, and fails it at the end once it was
//! stopped. A playlist that cannot be written counts only at the end.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::StandIn;
use super::media_clock::MediaClock;
use super::playlist::Playlist;
use super::segment_media::{FRAME, SegmentMedia};
use super::segment_request::SegmentOutput;
use super::upload::Object;
use crate::pace;

/// What is being written; dropping it ends it.
#[derive(Debug)]
pub(super) struct SegmentTask(JoinHandle<Result<(), String>>);

impl SegmentTask {
    /// After the recording's end: all segments and the whole playlist are there, or the first error.
    pub(super) async fn finished(mut self) -> Result<(), String> {
        (&mut self.0).await.unwrap_or_else(|error| Err(error.to_string()))
    }
}

impl Drop for SegmentTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One upload, which ends with the task.
struct Upload(JoinHandle<Result<(), String>>);

impl Drop for Upload {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Segment {
    began_ms: i64,
    seconds: f64,
    name: String,
    upload: Upload,
}

/// Writes the segments of one recording.
#[derive(Clone)]
struct Writer {
    stand_in: Arc<StandIn>,
    egress_id: String,
    output: Arc<SegmentOutput>,
}

impl StandIn {
    /// From the first frame on.
    pub(super) fn write_segments(self: &Arc<Self>, egress_id: &str, output: &SegmentOutput, clock: Arc<MediaClock>) -> SegmentTask {
        let writer = Writer { stand_in: Arc::clone(self), egress_id: egress_id.to_owned(), output: Arc::new(output.clone()) };
        SegmentTask(tokio::spawn(async move {
            let (sender, receiver) = unbounded_channel();
            let recorder = writer.clone();
            // Both in one task, so that they end together.
            let ((), written) = tokio::join!(
                async move {
                    recorder
                        .cut(&clock, |segment| {
                            let _ = sender.send(segment);
                        })
                        .await;
                },
                writer.list(receiver)
            );
            written
        }))
    }
}

impl Writer {
    /// Cuts a segment each time that one is full, and the rest at the end.
    async fn cut(&self, clock: &MediaClock, hand_on: impl Fn(Segment)) {
        let began_ms = pace::now_ms();
        let full = f64::from(self.output.seconds);
        let mut media = SegmentMedia::default();
        let mut before = None;
        for index in 0.. {
            let from = f64::from(index) * full;
            let end = clock.reaches(from + full).await;
            let rest = end.map_or_else(|end| end - from, |()| full);
            if rest >= FRAME {
                let (bytes, seconds) = media.next(rest);
                let name = self.output.segment_name(index);
                // After a leap too, an upload has as much time before the next one as it would have had.
                if let Some(over) = before.take() {
                    let _ = tokio::time::timeout(self.stand_in.pace.of(full), over).await;
                }
                let (sender, over) = oneshot::channel();
                before = Some(over);
                let upload = self.upload(name.clone(), Bytes::from(bytes), sender);
                // A recording of a year fits.
                let began_ms = began_ms + (from * 1_000.0) as i64;
                hand_on(Segment { began_ms, seconds, name, upload });
            }
            if end.is_err() {
                return;
            }
        }
    }

    /// `over` is dropped when it has ended.
    fn upload(&self, name: String, content: Bytes, over: oneshot::Sender<()>) -> Upload {
        let writer = self.clone();
        Upload(tokio::spawn(async move {
            let _over = over;
            let size = i64::try_from(content.len()).unwrap_or_default();
            match writer.put(&name, "video/mp2t", content).await {
                Ok(_) => {
                    writer.change(|egress| egress.segment_stored(size));
                    Ok(())
                }
                Err(error) => {
                    writer.stand_in.output_refused(&writer.egress_id, &error);
                    Err(error)
                }
            }
        }))
    }

    /// Lists the segments in their order.
    async fn list(&self, mut segments: UnboundedReceiver<Segment>) -> Result<(), String> {
        let mut playlist = Playlist::event(self.output.seconds);
        let mut live = Playlist::live(self.output.seconds);
        let mut first_error = Ok(());
        let mut count = 0_u32;
        while let Some(mut segment) = segments.recv().await {
            let uploaded = (&mut segment.upload.0).await.unwrap_or_else(|error| Err(error.to_string()));
            first_error = first_error.and(uploaded);
            playlist.append(segment.began_ms, segment.seconds, &segment.name);
            live.append(segment.began_ms, segment.seconds, &segment.name);
            count += 1;
            // Less often the longer it lasts: each second time in the second hour, and so on.
            let hours = count * self.output.seconds / 3_600;
            if count == 1 || count.is_multiple_of(hours + 1) {
                let _ = self.put_playlist(&playlist).await;
            }
            let _ = self.put_live(&live).await;
        }
        playlist.end();
        live.end();
        let closed = match self.put_playlist(&playlist).await {
            Ok(()) => self.put_live(&live).await,
            refused => refused,
        };
        first_error.and(closed)
    }

    async fn put_playlist(&self, playlist: &Playlist) -> Result<(), String> {
        let location = self.put_text(&self.output.playlist, playlist).await?;
        self.change(|egress| {
            if let Some(info) = egress.segments_info() {
                info.playlist_location = location;
            }
        });
        Ok(())
    }

    async fn put_live(&self, playlist: &Playlist) -> Result<(), String> {
        let Some(name) = &self.output.live_playlist else { return Ok(()) };
        let location = self.put_text(name, playlist).await?;
        self.change(|egress| {
            if let Some(info) = egress.segments_info() {
                info.live_playlist_location = location;
            }
        });
        Ok(())
    }

    async fn put_text(&self, name: &str, playlist: &Playlist) -> Result<String, String> {
        self.put(name, "application/x-mpegurl", Bytes::from(playlist.text())).await
    }

    /// Answers the object's location.
    async fn put(&self, name: &str, content_type: &'static str, content: Bytes) -> Result<String, String> {
        let key = self.output.key(name);
        let object = Object { storage: &self.output.upload, key: &key, content_type, content };
        object.put(&self.stand_in.client, self.stand_in.pace).await?;
        Ok(object.location())
    }

    /// A reset may have forgotten it.
    fn change(&self, change: impl FnOnce(&mut super::egress::Egress)) {
        if let Some(egress) = self.stand_in.world().egresses.get_mut(&self.egress_id) {
            change(egress);
        }
    }
}
