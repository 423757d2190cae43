//! Parts and the list that makes an object of them.

use bytes::Bytes;

use crate::devstack::{ADD_ONLY, Answer, Devstack, FULL, S3};
use crate::storage::bare;
use crate::storage_refusals::assert_refused;

/// Begins an upload of `/recordings/big`; its id.
async fn begin(devstack: &Devstack) -> String {
    let created = devstack.s3(FULL, bare("POST", "/recordings/big?uploads=")).await.text();
    created.split("<UploadId>").nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_owned()
}

/// Its ETag, with quotes.
async fn part(devstack: &Devstack, id: &str, number: u32, content: &str) -> String {
    let path = format!("/recordings/big?partNumber={number}&uploadId={id}");
    let answer = devstack.put(FULL, &path, content).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("etag").to_owned()
}

async fn complete(devstack: &Devstack, key: (&str, &str), id: &str, etags: &[&str]) -> Answer {
    let parts = etags.iter().enumerate().map(|(i, tag)| format!("<Part><PartNumber>{}</PartNumber><ETag>{tag}</ETag></Part>", i + 1));
    let list = format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts.collect::<String>());
    let path = format!("/recordings/big?uploadId={id}");
    devstack.s3(key, S3 { body: Bytes::from(list), ..bare("POST", &path) }).await
}

#[tokio::test]
async fn a_part_is_named_by_the_etag_that_was_answered() {
    let devstack = Devstack::start(&["--no-livekit"]);
    let id = begin(&devstack).await;
    let first = part(&devstack, &id, 1, "before").await;
    // Written again: the first ETag is another part's now.
    let second = part(&devstack, &id, 1, "after").await;
    for wrong in [first.as_str(), "\"0123456789abcdef0123456789abcdef\"", ""] {
        assert_refused(&complete(&devstack, FULL, &id, &[wrong]).await, 400, "InvalidPart");
    }
    // Refusing it changed nothing.
    let done = complete(&devstack, FULL, &id, &[second.trim_matches('"')]).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(devstack.s3(FULL, bare("GET", "/recordings/big")).await.text(), "after");
}

#[tokio::test]
async fn the_list_has_every_part_and_no_other() {
    let devstack = Devstack::start(&["--no-livekit"]);
    let id = begin(&devstack).await;
    let first = part(&devstack, &id, 1, &"x".repeat(5 * 1024 * 1024)).await;
    let second = part(&devstack, &id, 2, "y").await;
    assert_refused(&complete(&devstack, FULL, &id, &[&first]).await, 400, "InvalidPart");
    assert_refused(&complete(&devstack, FULL, &id, &[&first, &second, &second]).await, 400, "InvalidPart");
    // Whoever may not ask is told so, and nothing of the parts.
    assert_refused(&complete(&devstack, (FULL.0, "wrong"), &id, &[&first]).await, 403, "SignatureDoesNotMatch");
    assert_eq!(complete(&devstack, FULL, &id, &[&first, &second]).await.status, 200);
    let again = begin(&devstack).await;
    assert_eq!(devstack.s3(FULL, bare("DELETE", &format!("/recordings/big?uploadId={again}"))).await.status, 204);
    assert_refused(&complete(&devstack, FULL, &again, &[&first]).await, 404, "NoSuchUpload");
    assert_refused(&complete(&devstack, ADD_ONLY, &again, &[&first]).await, 403, "AccessDenied");
}
