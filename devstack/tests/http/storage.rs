//! What the S3 server does.

use std::time::{Duration, SystemTime};

use axum::http::Request;
use bytes::Bytes;

use crate::devstack::{Devstack, FULL, S3, get_url, send};

#[tokio::test]
async fn objects_go_in_and_come_out() {
    let devstack = Devstack::start(&["--no-livekit"]);
    let awkward = "/recordings/a%20%C3%BC/%21%27%28%29%2A%2B%26%3D%25.txt";
    let put = devstack.put(FULL, awkward, "0123456789").await;
    assert_eq!(put.status, 200, "{}", put.text());
    let url = devstack.presigned("GET", awkward, 60, SystemTime::now());
    let whole = get_url(&url).await;
    assert_eq!((whole.status, whole.text().as_str()), (200, "0123456789"));
    assert_eq!(whole.header("content-length"), "10");
    let part = send(Request::get(&url).header("range", "bytes=2-4"), "").await;
    assert_eq!((part.status, part.text().as_str()), (206, "234"));
    assert_eq!(part.header("content-range"), "bytes 2-4/10");
    let head = devstack.s3(FULL, bare("HEAD", awkward)).await;
    assert_eq!((head.status, head.header("content-length")), (200, "10"));
    assert_eq!(devstack.s3(FULL, bare("DELETE", awkward)).await.status, 204);
    assert_eq!(devstack.s3(FULL, bare("DELETE", awkward)).await.status, 204);
    assert_eq!(devstack.s3(FULL, bare("HEAD", awkward)).await.status, 404);
}

#[tokio::test]
async fn a_request_chooses_headers_of_its_answer() {
    let devstack = Devstack::start(&["--no-livekit"]);
    devstack.put(FULL, "/recordings/x", "x").await;
    let path = "/recordings/x?response-content-type=text%2Fcss&response-content-disposition=attachment%3B%20filename%3D%22a%20b%22";
    for method in ["GET", "HEAD"] {
        let url = devstack.presigned(method, path, 60, SystemTime::now());
        let answer = send(Request::builder().method(method).uri(url), "").await;
        assert_eq!(answer.status, 200, "{method}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "text/css", "{method}");
        let disposition = answer.header("content-disposition");
        assert_eq!(disposition, "attachment; filename=\"a b\"", "{method}");
    }
}

#[tokio::test]
async fn what_is_missing_has_s3s_names() {
    let devstack = Devstack::start(&["--no-livekit"]);
    devstack.put(FULL, "/recordings/folder/x", "x").await;
    for (method, path, code) in [
        ("GET", "/recordings/none", "NoSuchKey"),
        ("GET", "/recordings/folder", "NoSuchKey"),
        ("GET", "/nobucket/none", "NoSuchBucket"),
        ("PUT", "/nobucket/none", "NoSuchBucket"),
    ] {
        let answer = devstack.s3(FULL, bare(method, path)).await;
        assert_eq!(answer.status, 404, "{method} {path}");
        assert!(answer.text().contains(&format!("<Code>{code}</Code>")), "{}", answer.text());
    }
    let listed = devstack.s3(FULL, bare("GET", "/recordings?list-type=2&prefix=folder%2F")).await;
    assert!(listed.text().contains("<Key>folder/x</Key>"), "{}", listed.text());
}

#[tokio::test]
async fn an_expired_object_is_gone() {
    let devstack = Devstack::start(&[]);
    for (path, value) in [("/recordings/short", "+1500ms"), ("/recordings/long", "+1h"), ("/recordings/none", "none")] {
        let headers = [("x-amz-meta-object-expires", value)];
        let request = S3 { method: "PUT", path, body: Bytes::from("x"), headers: &headers };
        assert_eq!(devstack.s3(FULL, request).await.status, 200);
    }
    // In the query of a presigned URL too.
    let path = "/recordings/query?x-amz-meta-object-expires=%2B1500ms";
    let url = devstack.presigned("PUT", path, 60, SystemTime::now());
    assert_eq!(send(Request::put(url), "x").await.status, 200);
    assert_eq!(devstack.s3(FULL, bare("GET", "/recordings/short")).await.status, 200);
    assert_eq!(devstack.s3(FULL, bare("GET", "/recordings/query")).await.status, 200);
    tokio::time::sleep(Duration::from_millis(1_700)).await;
    assert_eq!(devstack.s3(FULL, bare("GET", "/recordings/short")).await.status, 404);
    assert_eq!(devstack.s3(FULL, bare("GET", "/recordings/query")).await.status, 404);
    let objects = devstack.get("/dev/s3").await;
    assert_eq!(objects["objects"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn parts_become_an_object_that_keeps_its_expiry() {
    let devstack = Devstack::start(&[]);
    let headers = [("x-amz-meta-object-expires", "+1h"), ("content-type", "video/mp4")];
    let create = S3 { method: "POST", headers: &headers, ..bare("POST", "/recordings/big?uploads=") };
    let created = devstack.s3(FULL, create).await.text();
    let id = created.split("<UploadId>").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    let mut list = String::from("<CompleteMultipartUpload>");
    for (number, size) in [(1, 5 * 1024 * 1024), (2, 10)] {
        let path = format!("/recordings/big?partNumber={number}&uploadId={id}");
        let part = devstack.put(FULL, &path, &"x".repeat(size)).await;
        assert_eq!(part.status, 200, "{}", part.text());
        let tag = part.header("etag");
        list += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>");
    }
    list += "</CompleteMultipartUpload>";
    let path = format!("/recordings/big?uploadId={id}");
    let complete = S3 { body: Bytes::from(list), ..bare("POST", &path) };
    let completed = devstack.s3(FULL, complete).await;
    assert_eq!(completed.status, 200, "{}", completed.text());
    let object = &devstack.get("/dev/s3").await["objects"][0];
    assert_eq!((object["size"].as_u64(), &object["content_type"]), (Some(5_242_890), &"video/mp4".into()));
    assert!(object["expires_at_ms"].is_i64());
}

#[tokio::test]
async fn many_objects_go_at_once() {
    let devstack = Devstack::start(&["--no-livekit"]);
    devstack.put(FULL, "/recordings/x", "x").await;
    let body = "<Delete><Object><Key>x</Key></Object><Object><Key>none</Key></Object></Delete>";
    // The base64 of its MD5.
    let headers = [("content-md5", "ZlVZ0s8W+TNY6lYuSrOZjA==")];
    let delete = S3 { body: Bytes::from(body), headers: &headers, ..bare("POST", "/recordings?delete=") };
    let deleted = devstack.s3(FULL, delete).await;
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    assert_eq!(deleted.text().matches("<Deleted>").count(), 2);
    let gone = devstack.s3(FULL, bare("HEAD", "/recordings/x")).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn every_origin_is_allowed() {
    let devstack = Devstack::start(&["--no-livekit"]);
    devstack.put(FULL, "/recordings/x", "x").await;
    let url = devstack.presigned("GET", "/recordings/x", 60, SystemTime::now());
    let got = send(Request::get(&url).header("origin", "https://app.example"), "").await;
    assert_eq!((got.status, got.header("access-control-allow-origin")), (200, "*"));
    let preflight = Request::options(&url)
        .header("origin", "https://app.example")
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "content-type");
    let allowed = send(preflight, "").await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-headers"), "content-type");
}

#[tokio::test]
async fn a_folder_is_kept_between_runs_with_its_expiries() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--s3-dir", folder.path().to_str().unwrap()];
    let first = Devstack::start(&flags);
    let headers = [("x-amz-meta-object-expires", "+1h")];
    let put = S3 { method: "PUT", headers: &headers, ..bare("PUT", "/recordings/x") };
    assert_eq!(first.s3(FULL, put).await.status, 200);
    let before = first.get("/dev/s3").await;
    drop(first);
    let second = Devstack::start(&flags);
    assert_eq!(second.get("/dev/s3").await, before);
    assert!(before["objects"][0]["expires_at_ms"].is_i64());
}

pub(crate) fn bare<'a>(method: &'a str, path: &'a str) -> S3<'a> {
    S3 { method, path, body: Bytes::new(), headers: &[] }
}
