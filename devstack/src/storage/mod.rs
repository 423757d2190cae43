//! The S3 server: `s3s` verifies signatures, `s3s-fs` keeps objects as files, and around them lie
//! the refusals that Storj's gateway adds and the two do not have.
//!
//! In scope: what the Worker, LiveKit and a browser with a presigned URL do; object expiry; a key
//! that may only add, and one that may do all but read. Out of scope: versions, locks, tags, listing order and limits of encrypted
//! paths, quotas, rate limits. Keys longer than about 150 bytes do not fit `s3s-fs`'s file names.

mod expiry;
mod faults;
mod keys;
mod parts;
mod refusal;
mod response;
mod sidecar;
mod storj_rules;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use serde::Serialize;

use self::expiry::Expiry;
pub(crate) use self::faults::StorageFaults;
use self::keys::{Access, Keys};
use self::parts::{OtherParts, Uploads};
use self::refusal::Refusal;
use self::storj_rules::ObjectName;
use crate::options::Options;
use crate::server::Cut;

/// The server's state.
#[derive(Debug)]
pub(crate) struct Storage {
    root: PathBuf,
    service: S3Service,
    expiry: Expiry,
    uploads: Uploads,
    faults: Arc<StorageFaults>,
}

/// An object as `/dev/s3` shows it.
#[derive(Debug, Serialize)]
pub(crate) struct StoredObject {
    bucket: String,
    key: String,
    size: u64,
    content_type: Option<String>,
    /// The `x-amz-meta-*` headers, without that prefix.
    metadata: serde_json::Value,
    /// When it disappears, in milliseconds since 1970.
    expires_at_ms: Option<i64>,
}

impl Storage {
    /// Opens the folder and makes the buckets.
    pub(crate) fn open(root: &Path, options: &Options) -> Result<Self, String> {
        for bucket in &options.buckets {
            if !s3s::path::check_bucket_name(bucket) {
                return Err(format!("devstack: {bucket:?} is not a bucket name"));
            }
            std::fs::create_dir_all(root.join(bucket)).map_err(|error| format!("devstack: cannot make bucket {bucket}: {error}"))?;
        }
        let root = root.canonicalize().map_err(|error| error.to_string())?;
        let files = FileSystem::new(&root).map_err(|error| format!("devstack: {error:?}"))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(Keys::new(options));
        builder.set_access(Access::new(options, root.clone()));
        let expiry = Expiry::load(&root);
        Ok(Self { root, service: builder.build(), expiry, uploads: Uploads::default(), faults: Arc::default() })
    }

    /// What goes wrong on purpose.
    pub(crate) fn faults(&self) -> Arc<StorageFaults> {
        Arc::clone(&self.faults)
    }

    /// All routes of the S3 port.
    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(serve).with_state(self)
    }

    /// Every object that has not expired.
    pub(crate) fn objects(&self) -> Vec<StoredObject> {
        self.expiry.remove_due(&self.root);
        let mut objects = Vec::new();
        for bucket in folders(&self.root) {
            let top = self.root.join(&bucket);
            for (key, size) in files_below(&top, &top) {
                let sidecar = sidecar::read(&self.root, &bucket, &key);
                objects.push(StoredObject {
                    expires_at_ms: self.expiry.of(&bucket, &key),
                    content_type: sidecar.content_type,
                    metadata: sidecar.user_metadata.into(),
                    bucket: bucket.clone(),
                    key,
                    size,
                });
            }
        }
        objects
    }

    /// Removes every object whose key begins so; answers how many.
    pub(crate) fn remove(&self, prefix: &str) -> usize {
        let objects = self.objects();
        let meant: Vec<_> = objects.iter().filter(|object| object.key.starts_with(prefix)).collect();
        for object in &meant {
            sidecar::remove_object(&self.root, &object.bucket, &object.key);
        }
        meant.len()
    }

    /// One request, unless it goes wrong on purpose.
    async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let Some(rule) = self.faults.rules.take(&faults::name_of(&parts)) else {
            return self.serve(parts, body).await;
        };
        tokio::time::sleep(Duration::from_millis(rule.delay_ms)).await;
        let (method, name) = (parts.method.clone(), ObjectName::of(&parts.uri));
        let usual = if rule.acts || !rule.spoils() {
            self.serve(parts, body).await
        } else {
            // A body that nobody reads would break the connection before the answer is seen.
            let _ = body.collect().await;
            Response::default()
        };
        if let (Some(bytes), Some(name), true) = (rule.keep_bytes, name, usual.status().is_success()) {
            sidecar::shorten(&self.root, &name.bucket, &name.key, bytes);
        }
        match rule.status {
            _ if rule.cut => Cut::response(),
            Some(status) => Refusal::on_purpose(status, &rule.code).into_response(&method),
            None => usual,
        }
    }

    /// Storj's rules, the object's expiry, then `s3s`, then what it leaves out.
    async fn serve(&self, mut parts: Parts, body: Body) -> Response {
        let checked = storj_rules::check(&parts, self.faults.now_s()).and_then(|()| self.faults.check_rewrite(&parts));
        if let Err(refusal) = checked {
            return refusal.into_response(&parts.method);
        }
        self.expiry.remove_due(&self.root);
        storj_rules::metadata_from_query(&mut parts);
        let (mut body, wrong_hash) = match storj_rules::compare_hash(&parts, body).await {
            Ok(compared) => compared,
            Err(refusal) => return refusal.into_response(&parts.method),
        };
        let asked = response::Asked::of(&parts);
        if let Some(id) = asked.completes() {
            let list = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            if !self.uploads.agree(&id, &String::from_utf8_lossy(&list)) {
                parts.extensions.insert(OtherParts);
            }
            body = Body::from(list);
        }
        let name = ObjectName::of(&parts.uri);
        let inner = axum::http::Request::from_parts(parts, s3s::Body::http_body_unsync(body));
        let answered = match self.service.call(inner).await {
            Ok(answered) => answered.map(Body::new),
            Err(error) => return Refusal::internal(&error).into_response(&asked.method),
        };
        let stored = answered.status().is_success() && asked.stores_an_object();
        if let Some(name) = name.as_ref().filter(|_| stored) {
            self.expiry.note(&self.root, &name.bucket, &name.key);
        }
        if answered.status().is_server_error() && wrong_hash {
            return Refusal::wrong_hash().into_response(&asked.method);
        }
        let answered = asked.note_parts(answered, &self.uploads).await;
        response::complete(answered, &asked, name.as_ref(), &self.root).await
    }
}

async fn serve(State(storage): State<Arc<Storage>>, request: Request) -> Response {
    let origin = request.headers().get("origin").cloned();
    let wanted = request.headers().get("access-control-request-headers").cloned();
    let mut answered = if request.method() == Method::OPTIONS {
        let mut preflight = Response::default();
        *preflight.status_mut() = StatusCode::NO_CONTENT;
        preflight
    } else {
        storage.answer(request).await
    };
    if origin.is_some() {
        response::allow_any_origin(answered.headers_mut(), wanted);
    }
    answered
}

fn folders(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// Keys and sizes of all files below, in order.
fn files_below(top: &Path, folder: &Path) -> Vec<(String, u64)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(top, &path));
        } else if let (Ok(key), Ok(metadata)) = (path.strip_prefix(top), entry.metadata()) {
            files.push((key.to_string_lossy().into_owned(), metadata.len()));
        }
    }
    files.sort();
    files
}
