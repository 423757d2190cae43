//! HLS segments beside the file: what is accepted of a `SegmentedFileOutput`, and where its objects go. The rules of the
//! names are those of LiveKit Egress 1.14.1 (`pkg/config/output_segment.go`).

use livekit_protocol::segmented_file_output::Output;
use livekit_protocol::{S3Upload, SegmentedFileOutput, SegmentedFileSuffix};

use super::egress_request::{no_s3, take_keys, unwritten};
use super::twirp::TwirpError;

/// LiveKit's default, in seconds.
const SEGMENT_SECONDS: u32 = 4;

/// Segments that can be written.
#[derive(Clone, Debug)]
pub(crate) struct SegmentOutput {
    pub(crate) upload: S3Upload,
    /// The folder's key with its slash, or nothing.
    pub(crate) folder: String,
    /// Names in the folder.
    pub(crate) playlist: String,
    pub(crate) live_playlist: Option<String>,
    pub(crate) prefix: String,
    /// Of one segment.
    pub(crate) seconds: u32,
    pub(crate) with_manifest: bool,
}

impl SegmentOutput {
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.folder)
    }

    /// `PREFIX_00000.ts` and counting up.
    pub(crate) fn segment_name(&self, index: u32) -> String {
        format!("{}_{index:05}.ts", self.prefix)
    }
}

/// Checks it and masks its keys.
pub(super) fn check(output: &mut SegmentedFileOutput) -> Result<SegmentOutput, TwirpError> {
    if output.filename_suffix() != SegmentedFileSuffix::Index {
        return Err(unwritten("segments named by their time"));
    }
    let (prefix_folder, prefix) = split(&output.filename_prefix, "segment_outputs.filename_prefix")?;
    let (playlist_folder, playlist) = split(&output.playlist_name, "segment_outputs.playlist_name")?;
    let (live_folder, live) = split(&output.live_playlist_name, "segment_outputs.live_playlist_name")?;
    if !live_folder.is_empty() && live_folder != playlist_folder {
        return Err(TwirpError::new("invalid_argument", "live_playlist_name must be in same directory as playlist_name"));
    }
    if ![playlist_folder, ""].contains(&prefix_folder) && !playlist_folder.is_empty() {
        // The real one makes of it a folder in the playlist's folder, which nobody expects.
        return Err(TwirpError::invalid("segment_outputs.filename_prefix (in another folder than the playlist)"));
    }
    let folder = if playlist_folder.is_empty() { prefix_folder } else { playlist_folder };
    let playlist = without_extension(playlist);
    let playlist = if playlist.is_empty() { prefix } else { playlist };
    if playlist.is_empty() {
        return Err(TwirpError::invalid("segment_outputs.playlist_name (the stand-in makes up no names)"));
    }
    let live_playlist = Some(without_extension(live)).filter(|live| !live.is_empty());
    if live_playlist == Some(playlist) {
        return Err(TwirpError::new("invalid_argument", "live_playlist_name cannot be identical to playlist_name"));
    }
    let checked = SegmentOutput {
        upload: S3Upload::default(),
        folder: folder.to_owned(),
        playlist: format!("{playlist}.m3u8"),
        live_playlist: live_playlist.map(|live| format!("{live}.m3u8")),
        prefix: if prefix.is_empty() { playlist } else { prefix }.to_owned(),
        seconds: if output.segment_duration == 0 { SEGMENT_SECONDS } else { output.segment_duration },
        with_manifest: !output.disable_manifest,
    };
    let Some(Output::S3(s3)) = output.output.as_mut() else {
        return Err(no_s3());
    };
    Ok(SegmentOutput { upload: take_keys(s3)?, ..checked })
}

/// Folder (with its slash) and name; no templates, for the same reason as in file names.
fn split<'a>(path: &'a str, field: &str) -> Result<(&'a str, &'a str), TwirpError> {
    if path.starts_with('/') || path.contains(['{', '}']) {
        return Err(TwirpError::invalid(&format!("{field} (the stand-in wants a full name)")));
    }
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    Ok(path.split_at_checked(name).unwrap_or(("", path)))
}

/// LiveKit cuts off whatever follows the last point.
fn without_extension(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(name, _)| name)
}
