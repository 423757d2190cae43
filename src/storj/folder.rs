//! Listing a folder: every object whose key begins with a prefix that ends in `/`.
//!
//! Storj encrypts paths segment by segment: such a prefix is found at once, any other by walking through up to
//! 100,000 keys, or not at all. The order is nobody's, so pages go on by the token alone.

use super::sign::{Bucket, SignError, signed_bucket};
use super::trouble::{self, Trouble};
use super::xml::{element, elements, unescape};
use crate::config::Config;
use crate::http::{Incoming, Outgoing, Unanswered};
use crate::time::Millis;

/// A thousand keys take Storj a second or two.
const TIMEOUT_MS: u32 = 15_000;

/// A page of a folder: at most 1,000 objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Keys and sizes in bytes, in no order.
    pub objects: Vec<(String, u64)>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<String>,
}

/// Asks for a page of the folder `prefix`, which ends in `/`.
///
/// # Errors
/// [`SignError::Key`] for a prefix that is not a folder's; else it could not be signed.
pub fn list(config: &Config, bucket: &Bucket, prefix: &str, after: Option<&str>, now: Millis) -> Result<Outgoing, SignError> {
    if !prefix.ends_with('/') || prefix.len() < 2 {
        return Err(SignError::Key);
    }
    let mut query = vec![("list-type", "2"), ("prefix", prefix)];
    query.extend(after.map(|token| ("continuation-token", token)));
    signed_bucket("GET", bucket, &config.storj, &query, &[], Vec::new(), now, TIMEOUT_MS)
}

/// Reads the page. What does not lie in the folder is not in it, whatever the answer says.
///
/// # Errors
/// [`Trouble`].
pub fn listed(result: &Result<Incoming, Unanswered>, prefix: &str) -> Result<Page, Trouble> {
    let text = trouble::body(result)?;
    if !text.contains("<ListBucketResult") {
        return Err(Trouble::Unknown);
    }
    let object = |contents: &str| {
        let key = element(contents, "Key").map(unescape).filter(|key| key.len() > prefix.len() && key.starts_with(prefix))?;
        Some((key, element(contents, "Size").and_then(|size| size.parse().ok())?))
    };
    let objects = elements(&text, "Contents").filter_map(object).collect();
    let more = element(&text, "IsTruncated") == Some("true");
    let next = element(&text, "NextContinuationToken").filter(|_| more).map(unescape);
    // More to come and no way to it: whoever deletes what he saw would stop half-way.
    if more && next.is_none() { Err(Trouble::Unknown) } else { Ok(Page { objects, next }) }
}
