//! What StartRoomCompositeEgress accepts. Where the real server only fails at the end of the
//! recording (an endpoint without scheme, no bucket), the stand-in refuses at once.

use livekit_protocol::encoded_file_output::Output;
use livekit_protocol::room_composite_egress_request::{self as composite, Options};
use livekit_protocol::{EncodedFileType, EncodingOptions, RoomCompositeEgressRequest, S3Upload, WebhookConfig};

use super::auth::ApiKeys;
use super::image_request::{self, ImageTarget};
use super::segment_request::{self, SegmentOutput};
use super::twirp::TwirpError;
use super::webhook::Target;

/// A request that can be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    /// The request with its S3 keys masked, as events and lists show it.
    pub(crate) shown: RoomCompositeEgressRequest,
    /// Where the file goes, with the keys.
    pub(crate) upload: S3Upload,
    /// The object's key.
    pub(crate) filename: String,
    pub(crate) with_manifest: bool,
    /// Beside the file.
    pub(crate) segments: Option<SegmentOutput>,
    /// Beside the file, too.
    pub(crate) images: Option<ImageTarget>,
    pub(crate) webhooks: Vec<Target>,
}

/// Checks the request in the real server's order: outputs, encoding, storage, webhooks.
pub(crate) fn check(mut request: RoomCompositeEgressRequest, keys: &ApiKeys) -> Result<Recording, TwirpError> {
    if request.room_name.is_empty() {
        return Err(TwirpError::invalid("room_name"));
    }
    unify_deprecated_output(&mut request)?;
    refuse_unwritten_outputs(&request)?;
    if request.audio_only && request.video_only {
        return Err(TwirpError::invalid("audio_only and video_only"));
    }
    if let Some(Options::Advanced(encoding)) = &request.options {
        check_encoding(encoding)?;
    }
    let output = match request.file_outputs.as_mut_slice() {
        [] => return Err(TwirpError::invalid("output")),
        [output] => output,
        _ => return Err(TwirpError::invalid("multiple file outputs")),
    };
    if !matches!(output.file_type(), EncodedFileType::DefaultFiletype | EncodedFileType::Mp4) {
        return Err(TwirpError::invalid("file_type"));
    }
    let filename = full_name(&output.filepath)?;
    let with_manifest = !output.disable_manifest;
    let Some(Output::S3(s3)) = output.output.as_mut() else {
        return Err(no_s3());
    };
    let upload = take_keys(s3)?;
    let segments = match request.segment_outputs.as_mut_slice() {
        [] => None,
        [output] => Some(segment_request::check(output)?),
        _ => return Err(TwirpError::invalid("multiple segmented file outputs")),
    };
    let images = match request.image_outputs.as_mut_slice() {
        [] => None,
        [output] => Some(image_request::check(output, request.audio_only)?),
        // The real server takes several, and shows the keys of all of them in its answers.
        _ => return Err(TwirpError::invalid("multiple image outputs")),
    };
    let webhooks = request.webhooks.iter().map(|hook| target(hook, keys)).collect::<Result<_, _>>()?;
    Ok(Recording { shown: request, upload, filename, with_manifest, segments, images, webhooks })
}

/// The single `file` of old clients is a list of one.
#[allow(deprecated)]
fn unify_deprecated_output(request: &mut RoomCompositeEgressRequest) -> Result<(), TwirpError> {
    match request.output.take() {
        None => Ok(()),
        Some(composite::Output::File(file)) if request.file_outputs.is_empty() => {
            request.file_outputs.push(file);
            Ok(())
        }
        Some(composite::Output::File(_)) => Err(TwirpError::invalid("multiple file outputs")),
        Some(_) => Err(unwritten("streams or segments")),
    }
}

fn refuse_unwritten_outputs(request: &RoomCompositeEgressRequest) -> Result<(), TwirpError> {
    if request.file_outputs.is_empty() && !(request.segment_outputs.is_empty() && request.image_outputs.is_empty()) {
        return Err(unwritten("segments or images without a file beside them"));
    }
    if !request.stream_outputs.is_empty() {
        return Err(unwritten("streams"));
    }
    Ok(())
}

pub(super) fn unwritten(what: &str) -> TwirpError {
    TwirpError::new("unimplemented", format!("the stand-in does not write {what} yet"))
}

/// Zero is the default; anything else must be even and at least 16.
fn check_encoding(encoding: &EncodingOptions) -> Result<(), TwirpError> {
    let wrong = |pixels: i32| pixels != 0 && (pixels < 16 || pixels % 2 != 0);
    if wrong(encoding.width) {
        return Err(TwirpError::invalid("width"));
    }
    if wrong(encoding.height) {
        return Err(TwirpError::invalid("height"));
    }
    Ok(())
}

/// A full name is asked for, because templates give the file another name than the one announced
/// (LiveKit computes `{utc}` twice), and an empty name or a folder is one of LiveKit's making.
fn full_name(filepath: &str) -> Result<String, TwirpError> {
    let last = filepath.rsplit('/').next().unwrap_or_default();
    let is_full = !last.is_empty() && !filepath.starts_with('/') && !filepath.contains(['{', '}']);
    if !is_full {
        return Err(TwirpError::invalid("filepath (the stand-in wants a full object name)"));
    }
    // LiveKit adds the extension when it is missing.
    let suffix = if last.ends_with(".mp4") { "" } else { ".mp4" };
    Ok(format!("{filepath}{suffix}"))
}

pub(super) fn no_s3() -> TwirpError {
    TwirpError::invalid("s3 (the stand-in writes to nothing else)")
}

/// Takes the storage out of an output and leaves it there with its keys masked.
pub(super) fn take_keys(s3: &mut S3Upload) -> Result<S3Upload, TwirpError> {
    let has_scheme = ["http://", "https://"].iter().any(|scheme| s3.endpoint.starts_with(scheme));
    if !has_scheme || s3.endpoint.ends_with('/') {
        return Err(TwirpError::invalid("s3.endpoint (with its scheme, without a path)"));
    }
    if !s3.force_path_style {
        return Err(TwirpError::invalid("s3.force_path_style (needed with an endpoint)"));
    }
    for (field, value) in [("s3.bucket", &s3.bucket), ("s3.access_key", &s3.access_key), ("s3.secret", &s3.secret)] {
        if value.is_empty() {
            return Err(TwirpError::invalid(field));
        }
    }
    if !s3.assume_role_arn.is_empty() || s3.proxy.is_some() {
        return Err(unwritten("through an assumed role or a proxy"));
    }
    let upload = s3.clone();
    s3.access_key = "{access_key}".into();
    s3.secret = "{secret}".into();
    if !s3.session_token.is_empty() {
        s3.session_token = "{session_token}".into();
    }
    Ok(upload)
}

/// A webhook of this request only; `signing_key` is the name of an API key.
fn target(hook: &WebhookConfig, keys: &ApiKeys) -> Result<Target, TwirpError> {
    let key = keys.named(&hook.signing_key).ok_or(TwirpError::invalid("webhooks.signing_key"))?;
    if hook.url.parse::<axum::http::Uri>().is_err() || !hook.url.starts_with("http") {
        return Err(TwirpError::invalid("webhooks.url"));
    }
    let filter = hook.filter_params.clone().unwrap_or_default();
    Ok(Target { url: hook.url.clone(), key: key.clone(), include: filter.include_events, exclude: filter.exclude_events })
}
