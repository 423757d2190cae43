//! What the S3 server refuses, as Storj does.

use std::time::{Duration, SystemTime};

use axum::http::Request;
use bytes::Bytes;

use crate::devstack::{ADD_ONLY, Answer, Devstack, FULL, S3, get_url, send};
use crate::storage::bare;

pub(crate) fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().contains(&format!("<Code>{code}</Code>")), "{}", answer.text());
}

#[tokio::test]
async fn the_add_only_key_adds_and_nothing_else() {
    let devstack = Devstack::start(&["--no-livekit"]);
    assert_eq!(devstack.put(ADD_ONLY, "/recordings/x", "first").await.status, 200);
    let again = devstack.put(ADD_ONLY, "/recordings/x", "second").await;
    assert_refused(&again, 403, "AccessDenied");
    for (method, path) in
        [("GET", "/recordings/x"), ("DELETE", "/recordings/x"), ("GET", "/recordings?list-type=2"), ("POST", "/recordings/x?uploads=")]
    {
        assert_refused(&devstack.s3(ADD_ONLY, bare(method, path)).await, 403, "AccessDenied");
    }
    assert_eq!(devstack.s3(ADD_ONLY, bare("HEAD", "/recordings/x")).await.status, 403);
    let upload = devstack.s3(ADD_ONLY, bare("POST", "/recordings/new?uploads=")).await;
    assert_eq!(upload.status, 200, "{}", upload.text());
    assert_eq!(devstack.s3(FULL, bare("GET", "/recordings/x")).await.text(), "first");
    assert_eq!(devstack.put(FULL, "/recordings/x", "third").await.status, 200);
}

#[tokio::test]
async fn the_writer_key_writes_and_deletes_and_reads_nothing() {
    let writer = ("writer", "writersecretwritersecret");
    let devstack = Devstack::start(&["--no-livekit", "--writer-key", "writer:writersecretwritersecret"]);
    for body in ["first", "second"] {
        assert_eq!(devstack.put(writer, "/recordings/x", body).await.status, 200);
    }
    assert_eq!(devstack.s3(FULL, bare("GET", "/recordings/x")).await.text(), "second");
    for (method, path) in [("GET", "/recordings/x"), ("GET", "/recordings?list-type=2"), ("GET", "/recordings?uploads=")] {
        assert_refused(&devstack.s3(writer, bare(method, path)).await, 403, "AccessDenied");
    }
    assert_eq!(devstack.s3(writer, bare("HEAD", "/recordings/x")).await.status, 403);
    let copy = S3 { headers: &[("x-amz-copy-source", "recordings/x")], ..bare("PUT", "/recordings/y") };
    assert_refused(&devstack.s3(writer, copy).await, 403, "AccessDenied");
    assert_eq!(devstack.s3(writer, bare("POST", "/recordings/x?uploads=")).await.status, 200);
    assert_eq!(devstack.s3(writer, bare("DELETE", "/recordings/x")).await.status, 204);
    assert_eq!(devstack.s3(FULL, bare("HEAD", "/recordings/x")).await.status, 404);
}

#[tokio::test]
async fn paths_must_be_encoded_strictly() {
    let devstack = Devstack::start(&["--no-livekit"]);
    for letter in ["!", "'", "(", ")", "*", "@", ":", "$", "&", "+", ",", ";", "="] {
        let raw = devstack.put(FULL, &format!("/recordings/a{letter}b"), "x").await;
        assert_refused(&raw, 403, "SignatureDoesNotMatch");
    }
    assert_eq!(devstack.put(FULL, "/recordings/a%21b", "x").await.status, 200);
    let climbing = devstack.put(FULL, "/recordings/a/%2E%2E/b", "x").await;
    assert_refused(&climbing, 400, "XMinioInvalidResourceName");
}

#[tokio::test]
async fn presigned_urls_have_limits() {
    let devstack = Devstack::start(&["--no-livekit"]);
    devstack.put(FULL, "/recordings/x", "x").await;
    let now = SystemTime::now();
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let url = |seconds, at| devstack.presigned("GET", "/recordings/x", seconds, at);
    assert_eq!(get_url(&url(604_800, now)).await.status, 200);
    let code = "AuthorizationQueryParametersError";
    assert_refused(&get_url(&url(604_801, now)).await, 400, code);
    assert_refused(&get_url(&url(60, now + minutes(20))).await, 403, "AccessDenied");
    assert_refused(&get_url(&url(60, now - minutes(2))).await, 403, "AccessDenied");
    let other = send(Request::put(url(60, now)), "x").await;
    assert_refused(&other, 403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn keys_and_bodies_must_match() {
    let devstack = Devstack::start(&["--no-livekit"]);
    let unknown = devstack.put(("nokey", "x"), "/recordings/x", "x").await;
    assert_refused(&unknown, 403, "InvalidAccessKeyId");
    let wrong = devstack.put((FULL.0, "wrong"), "/recordings/x", "x").await;
    assert_refused(&wrong, 403, "SignatureDoesNotMatch");
    let unsigned = send(Request::put(format!("{}/recordings/x", devstack.s3)), "x").await;
    assert_refused(&unsigned, 403, "AccessDenied");
    // Signed for one body, sent with another.
    let hash = "0".repeat(64);
    let request = S3 { body: Bytes::from("x"), ..bare("PUT", "/recordings/x") };
    let other_body = devstack.s3_with_hash(FULL, request, &hash).await;
    assert_refused(&other_body, 400, "XAmzContentSHA256Mismatch");
    assert_eq!(devstack.s3(FULL, bare("HEAD", "/recordings/x")).await.status, 404);
}

#[tokio::test]
async fn headers_that_storj_wants_or_refuses() {
    let devstack = Devstack::start(&["--no-livekit"]);
    let url = devstack.presigned("PUT", "/recordings/x", 60, SystemTime::now());
    let chunked = devstack.put_chunked(&url, "x").await;
    assert!(chunked.starts_with("HTTP/1.1 411 ") && chunked.contains("MissingContentLength"), "{chunked}");
    let hash = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    let request = S3 { body: Bytes::from("x"), ..bare("PUT", "/recordings/x") };
    let trailer = devstack.s3_with_hash(FULL, request, hash).await;
    assert_refused(&trailer, 400, "InvalidRequest");
    let body = Bytes::from("<Delete><Object><Key>x</Key></Object></Delete>");
    let delete = S3 { body, ..bare("POST", "/recordings?delete=") };
    assert_refused(&devstack.s3(FULL, delete).await, 400, "MissingContentMD5");
    for value in ["30d", "+30d", "soon"] {
        let headers = [("x-amz-meta-object-expires", value)];
        let put = S3 { headers: &headers, ..bare("PUT", "/recordings/x") };
        assert_refused(&devstack.s3(FULL, put).await, 400, "InvalidTTL");
    }
    assert_eq!(devstack.put(FULL, "/recordings/x", "x").await.status, 200);
}
