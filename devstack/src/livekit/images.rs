//! The picture of a recording while it is recorded: one object, written at the first frame and then once an interval.
//! One that cannot be written ends the recording at once (seen: FAILED 0.1 s after the start, no MP4).

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::StandIn;
use super::image_request::ImageTarget;
use super::media_clock::MediaClock;
use super::upload::Object;

/// 640x360, baseline. Each picture is this one.
static SAMPLE: &[u8] = include_bytes!("../../assets/sample.jpg");

/// What is being written; dropping it ends it.
#[derive(Debug)]
pub(super) struct ImageTask(JoinHandle<()>);

impl Drop for ImageTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl StandIn {
    /// From the first frame on.
    pub(super) fn write_images(self: &Arc<Self>, egress_id: &str, target: &ImageTarget, clock: Arc<MediaClock>) -> ImageTask {
        let (stand_in, egress_id, target) = (Arc::clone(self), egress_id.to_owned(), target.clone());
        ImageTask(tokio::spawn(async move {
            let interval = f64::from(target.seconds);
            let key = target.key();
            for count in 0.. {
                // The last one is before the end.
                if clock.reaches(f64::from(count) * interval).await.is_err() {
                    return;
                }
                let picture =
                    Object { storage: &target.upload, key: &key, content_type: "image/jpeg", content: Bytes::from_static(SAMPLE) };
                if let Err(error) = picture.put(&stand_in.client, stand_in.pace).await {
                    stand_in.output_refused(&egress_id, &error);
                    return;
                }
                if let Some(egress) = stand_in.world().egresses.get_mut(&egress_id) {
                    egress.image_stored();
                }
            }
        }))
    }
}
