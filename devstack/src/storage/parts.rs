//! The parts of uploads under way. `s3s-fs` puts together the numbers that it is told, whatever their ETags, and
//! leaves out the others. S3 takes nothing but the very list of what it answered; Storj may take less, and this is stricter on purpose.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::refusal::element;

/// ETags without their quotes, by number.
type Tags = BTreeMap<u32, String>;

/// Marks a request to complete an upload with another list: refused once its signature is known to be right.
#[derive(Clone, Copy, Debug)]
pub(super) struct OtherParts;

/// Uploads that began since this process did; of others nothing is known, and nothing is refused.
#[derive(Debug, Default)]
pub(super) struct Uploads(Mutex<HashMap<String, Tags>>);

impl Uploads {
    /// After an answer to `POST ?uploads`.
    pub(super) fn begin(&self, answer: &str) {
        if let Some(id) = element(answer, "UploadId") {
            self.all().insert(id.to_owned(), Tags::new());
        }
    }

    /// After an answer to a part; written again, the later one counts.
    pub(super) fn take(&self, id: &str, number: &str, etag: &str) {
        if let (Some(tags), Ok(number)) = (self.all().get_mut(id), number.parse()) {
            tags.insert(number, bare(etag));
        }
    }

    /// Whether this list names every part by the ETag that was answered, and no other part.
    pub(super) fn agree(&self, id: &str, list: &str) -> bool {
        self.all().get(id).is_none_or(|tags| listed(list).as_ref() == Some(tags))
    }

    pub(super) fn end(&self, id: &str) {
        self.all().remove(id);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Tags>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `<CompleteMultipartUpload>` lists; `None` when a number or an ETag is missing. The order is for `s3s-fs` to judge.
fn listed(xml: &str) -> Option<Tags> {
    let part = |text| Some((element(text, "PartNumber")?.trim().parse().ok()?, bare(element(text, "ETag")?)));
    xml.split("<Part>").skip(1).map(part).collect()
}

fn bare(etag: &str) -> String {
    etag.replace("&quot;", "\"").replace("&#34;", "\"").trim().trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::Uploads;

    #[test]
    fn quotes_in_any_form_are_no_difference() {
        let uploads = Uploads::default();
        uploads.begin("<UploadId>u</UploadId>");
        uploads.take("u", "1", "\"abc\"");
        for tag in ["abc", "\"abc\"", "&quot;abc&quot;", "&#34;abc&#34;"] {
            assert!(uploads.agree("u", &format!("<Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part>")), "{tag}");
        }
        assert!(!uploads.agree("u", "<Part><PartNumber>1</PartNumber></Part>"));
        assert!(uploads.agree("of an earlier run", ""));
    }
}
