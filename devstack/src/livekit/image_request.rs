//! Pictures beside the file: what is accepted of an `ImageOutput`. Only the kind that is one object, written again and
//! again; the stand-in writes no numbered ones.

use livekit_protocol::image_output::Output;
use livekit_protocol::{ImageCodec, ImageFileSuffix, ImageOutput, S3Upload};

use super::egress_request::{no_s3, take_keys, unwritten};
use super::twirp::TwirpError;

/// LiveKit's default, in seconds.
const CAPTURE_SECONDS: u32 = 10;

/// A picture that can be written.
#[derive(Clone, Debug)]
pub(crate) struct ImageTarget {
    pub(crate) upload: S3Upload,
    pub(crate) prefix: String,
    /// Between two pictures.
    pub(crate) seconds: u32,
}

impl ImageTarget {
    /// LiveKit adds the ending.
    pub(crate) fn key(&self) -> String {
        format!("{}.jpeg", self.prefix)
    }
}

/// Checks it and masks its keys.
pub(super) fn check(output: &mut ImageOutput, audio_only: bool) -> Result<ImageTarget, TwirpError> {
    if audio_only {
        // The real server refuses it too.
        return Err(TwirpError::invalid("image_outputs (with audio_only)"));
    }
    if output.filename_suffix() != ImageFileSuffix::ImageSuffixNoneOverwrite {
        return Err(unwritten("images with a number or a time in their names"));
    }
    if !matches!(output.image_codec(), ImageCodec::IcDefault | ImageCodec::IcJpeg) {
        return Err(TwirpError::invalid("image_outputs.image_codec"));
    }
    let prefix = &output.filename_prefix;
    let is_full = !prefix.is_empty() && !prefix.ends_with('/') && !prefix.starts_with('/') && !prefix.contains(['{', '}']);
    if !is_full {
        return Err(TwirpError::invalid("image_outputs.filename_prefix (the stand-in wants a full name)"));
    }
    let wrong = |pixels: i32| pixels != 0 && (pixels < 16 || pixels % 2 != 0);
    if wrong(output.width) || wrong(output.height) {
        return Err(TwirpError::invalid("image_outputs.width or height"));
    }
    if !output.disable_manifest {
        return Err(unwritten("manifests of images"));
    }
    let seconds = if output.capture_interval == 0 { CAPTURE_SECONDS } else { output.capture_interval };
    let prefix = prefix.clone();
    let Some(Output::S3(s3)) = output.output.as_mut() else {
        return Err(no_s3());
    };
    Ok(ImageTarget { upload: take_keys(s3)?, prefix, seconds })
}
