//! The S3 keys and what they may do. Asked by `s3s` after the signature was verified.

use std::path::PathBuf;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};

use super::parts::OtherParts;
use crate::options::{Options, S3Key};

/// Finds the secret of an access key.
#[derive(Debug)]
pub(super) struct Keys(Vec<S3Key>);

impl Keys {
    pub(super) fn new(options: &Options) -> Self {
        Self(std::iter::once(&options.full_key).chain(&options.write_only_key).chain(&options.writer_key).cloned().collect())
    }
}

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let known = self.0.iter().find(|key| key.access_key == access_key);
        let key = known.ok_or_else(|| s3_error!(InvalidAccessKeyId, "The Access Key Id you provided does not exist in our records."))?;
        Ok(SecretKey::from(key.secret_key.as_str()))
    }
}

/// Decides about a request whose signature is right.
#[derive(Debug)]
pub(super) struct Access {
    write_only: Option<String>,
    writer: Option<String>,
    root: PathBuf,
}

impl Access {
    pub(super) fn new(options: &Options, root: PathBuf) -> Self {
        let name = |key: &Option<S3Key>| key.as_ref().map(|key| key.access_key.clone());
        Self { write_only: name(&options.write_only_key), writer: name(&options.writer_key), root }
    }
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let denied = || s3_error!(AccessDenied, "Access Denied.");
        let caller = context.credentials().ok_or_else(denied)?;
        let operation = context.s3_op().name();
        let write_only = self.write_only.as_deref() == Some(caller.access_key.as_str());
        let writer = self.writer.as_deref() == Some(caller.access_key.as_str());
        if (write_only && !is_adding(operation)) || (writer && !is_adding(operation) && !is_deleting(operation)) {
            return Err(denied());
        }
        // Storj has it switched off.
        if operation == "UploadPartCopy" {
            return Err(s3_error!(NotImplemented, "UploadPartCopy is not enabled."));
        }
        let Some((bucket, key)) = context.s3_path().as_object() else {
            return Ok(());
        };
        // Without this, s3s-fs would make the bucket by the way, or call the key missing.
        if !self.root.join(bucket).is_dir() {
            return Err(s3_error!(NoSuchBucket, "The specified bucket does not exist"));
        }
        let path = self.root.join(bucket).join(key);
        // As with a Storj grant that has no delete permission: what is there stays as it is.
        if write_only && replaces(operation) && path.exists() {
            return Err(denied());
        }
        // A folder of files is not an object.
        if matches!(operation, "GetObject" | "HeadObject") && path.is_dir() {
            return Err(s3_error!(NoSuchKey, "The specified key does not exist."));
        }
        if context.extensions_mut().get::<OtherParts>().is_some() {
            return Err(s3_error!(InvalidPart, "One or more of the specified parts could not be found, or its entity tag did not match."));
        }
        Ok(())
    }
}

fn is_adding(operation: &str) -> bool {
    replaces(operation) || matches!(operation, "UploadPart" | "AbortMultipartUpload")
}

fn is_deleting(operation: &str) -> bool {
    matches!(operation, "DeleteObject" | "DeleteObjects")
}

fn replaces(operation: &str) -> bool {
    matches!(operation, "PutObject" | "CreateMultipartUpload" | "CompleteMultipartUpload")
}
