//! Why Storj did not do what it was asked: codes of ours, for what it wrote itself is neither stored nor told.

use super::xml::element;
use crate::http::{Incoming, Unanswered};

/// Why a request did not succeed, or cannot be known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// 404: the object, or for a part the upload, is not there.
    Absent,
    /// 404 `NoSuchBucket`.
    NoBucket,
    /// 401 or 403: the key may not do this.
    Forbidden,
    /// 429 or 503: later.
    Busy,
    /// Any other refusal.
    Refused,
    /// No answer, or one that says nothing: it may or may not have been done.
    Unknown,
}

impl Trouble {
    /// As it is stored and logged.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Absent => "object_not_found",
            Self::NoBucket => "bucket_not_found",
            Self::Forbidden => "storage_key_refused",
            Self::Busy => "storage_busy",
            Self::Refused => "storage_refused",
            Self::Unknown => "storage_unreachable",
        }
    }

    /// Of an error's code in S3's words.
    #[must_use]
    pub(super) fn named(code: &str, status: u16) -> Self {
        match (code, status) {
            ("NoSuchBucket", _) => Self::NoBucket,
            (_, 404) => Self::Absent,
            ("AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch", _) | (_, 401 | 403) => Self::Forbidden,
            ("SlowDown" | "ServiceUnavailable", _) | (_, 429 | 503) => Self::Busy,
            ("InternalError", _) | (_, 500..) => Self::Unknown,
            _ => Self::Refused,
        }
    }
}

/// The body of a success, or why there is none. S3 answers 200 to copying and completing before it has done
/// them, and an `<Error>` as the body when it then could not.
///
/// # Errors
/// [`Trouble`].
pub fn body(result: &Result<Incoming, Unanswered>) -> Result<String, Trouble> {
    let Ok(incoming) = result else { return Err(Trouble::Unknown) };
    let text = String::from_utf8_lossy(&incoming.body).into_owned();
    match incoming.status {
        200..=299 if !text.contains("<Error>") => Ok(text),
        200..=299 => Err(Trouble::named(element(&text, "Code").unwrap_or_default(), 500)),
        status => Err(Trouble::named(element(&text, "Code").unwrap_or_default(), status)),
    }
}
