//! What `s3s-fs` writes down beside an object: its content type and its `x-amz-meta-*` headers.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The parts of the file that are of use here.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sidecar {
    #[serde(default)]
    pub(super) user_metadata: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    pub(super) content_type: Option<String>,
}

/// An object without one has nothing written down.
pub(super) fn read(root: &Path, bucket: &str, key: &str) -> Sidecar {
    let text = std::fs::read(path(root, bucket, key)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// The file of [`read`].
pub(super) fn path(root: &Path, bucket: &str, key: &str) -> PathBuf {
    root.join(format!(".bucket-{}.object-{}.metadata.json", encode(bucket), encode(key)))
}

/// Removes an object and what belongs to it.
pub(super) fn remove_object(root: &Path, bucket: &str, key: &str) {
    let internal = format!(".bucket-{}.object-{}.internal.json", encode(bucket), encode(key));
    for file in [root.join(bucket).join(key), path(root, bucket, key), root.join(internal)] {
        // What is gone already need not go.
        let _ = std::fs::remove_file(file);
    }
}

/// Cuts off the rest of an object.
pub(super) fn shorten(root: &Path, bucket: &str, key: &str, bytes: u64) {
    let file = std::fs::OpenOptions::new().write(true).open(root.join(bucket).join(key));
    // What is not there is not any longer either.
    let _ = file.and_then(|file| file.set_len(bytes));
}

/// Bucket and key of a file name that [`path`] makes.
pub(super) fn object_of(file_name: &str) -> Option<(String, String)> {
    let names = file_name.strip_prefix(".bucket-")?.strip_suffix(".metadata.json")?;
    let (bucket, key) = names.split_once(".object-")?;
    Some((decode(bucket)?, decode(key)?))
}

fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn decode(text: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::{object_of, path};
    use std::path::Path;

    #[test]
    fn names_come_back() {
        let file = path(Path::new("/"), "bucket", "a/b ü.mp4");
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        assert_eq!(object_of(name), Some(("bucket".to_owned(), "a/b ü.mp4".to_owned())));
        // The sidecar of an unfinished multipart upload is nobody's yet.
        assert_eq!(object_of(".bucket-Yg.object-aw.upload-1.metadata.json"), None);
    }
}
