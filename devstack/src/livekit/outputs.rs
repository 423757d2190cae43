//! What a recording uploads at its end: the file and the manifests.

use bytes::Bytes;
use livekit_protocol::EgressInfo;
use serde_json::json;

use super::StandIn;
use super::egress_request::Recording;
use super::upload::Object;

/// Ten seconds of picture and sound: 640x360, H.264 main profile and AAC, index at the front. Each
/// recording is this file, however long it lasted.
static SAMPLE: &[u8] = include_bytes!("../../assets/sample.mp4");

impl StandIn {
    /// The MP4.
    pub(super) async fn store_file(&self, info: &EgressInfo, recording: &Recording) -> Result<(), String> {
        let file =
            Object { storage: &recording.upload, key: &recording.filename, content_type: "video/mp4", content: Bytes::from_static(SAMPLE) };
        file.put(&self.client, self.pace).await?;
        if let Some(egress) = self.world().egresses.get_mut(&info.egress_id) {
            egress.file_stored(i64::try_from(SAMPLE.len()).unwrap_or_default(), file.location());
        }
        Ok(())
    }

    /// Beside the file and in the segments' folder, unless declined; one that cannot be written is
    /// passed over.
    pub(super) async fn store_manifests(&self, info: &EgressInfo, recording: &Recording) {
        let name = format!("{}.json", info.egress_id);
        let folder = recording.filename.rfind('/').map_or("", |slash| recording.filename.get(..=slash).unwrap_or_default());
        let beside_file = recording.with_manifest.then(|| (&recording.upload, format!("{folder}{name}")));
        let of_segments = recording.segments.iter().filter(|output| output.with_manifest);
        let with_segments = of_segments.map(|output| (&output.upload, output.key(&name)));
        for (storage, key) in beside_file.into_iter().chain(with_segments) {
            let content = Bytes::from(manifest(info, recording));
            let manifest = Object { storage, key: &key, content_type: "application/json", content };
            if manifest.put(&self.client, self.pace).await.is_ok()
                && let Some(egress) = self.world().egresses.get_mut(&info.egress_id)
                && egress.info.manifest_location.is_empty()
            {
                egress.info.manifest_location = manifest.location();
            }
        }
    }
}

fn manifest(info: &EgressInfo, recording: &Recording) -> String {
    json!({
        "egress_id": info.egress_id,
        "room_id": info.room_id,
        "room_name": info.room_name,
        "started_at": info.started_at,
        "files": [{"filename": recording.filename}],
    })
    .to_string()
}
