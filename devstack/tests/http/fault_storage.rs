//! The S3 server that goes wrong, by `storage…` of `/dev/faults` and `POST /dev/s3`.

use std::time::{Duration, Instant, SystemTime};

use axum::http::Request;
use serde_json::json;

use crate::devstack::{ADD_ONLY, Devstack, FULL, get_url, try_send};
use crate::storage::bare;

#[tokio::test]
async fn slow_refused_and_by_key() {
    let devstack = Devstack::start(&[]);
    let rules = json!([
        {"on": "PUT slow", "delay_ms": 300},
        {"on": "PUT ill", "times": 2, "status": 503},
        {"on": "GET gone", "status": 404, "code": "NoSuchBucket"},
        {"on": format!("PUT by {}", ADD_ONLY.0), "status": 403},
    ]);
    devstack.faults(json!({"storage": rules})).await;
    let began = Instant::now();
    assert_eq!(devstack.put(FULL, "/recordings/slow", "x").await.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(300));
    for status in [503, 503, 200] {
        assert_eq!(devstack.put(FULL, "/recordings/ill", "x").await.status, status);
    }
    let gone = devstack.s3(FULL, bare("GET", "/recordings/gone")).await;
    assert!(gone.status == 404 && gone.text().contains("<Code>NoSuchBucket</Code>"), "{}", gone.text());
    let denied = devstack.put(ADD_ONLY, "/recordings/new", "x").await;
    assert!(denied.status == 403 && denied.text().contains("<Code>AccessDenied</Code>"), "{}", denied.text());
    assert_eq!(devstack.put(FULL, "/recordings/new", "x").await.status, 200);
    // Counts are shown, and a reset ends it all.
    assert_eq!(devstack.faults(json!({})).await["storage"][1]["times"], 0);
    assert_eq!(devstack.faults(json!({"reset": true})).await["storage"], json!([]));
}

#[tokio::test]
async fn cut_before_or_after_it_was_written() {
    let devstack = Devstack::start(&[]);
    for (key, acts, status) in [("before", false, 404), ("after", true, 200)] {
        devstack.faults(json!({"storage": [{"on": "PUT", "cut": true, "acts": acts}]})).await;
        let url = devstack.presigned("PUT", &format!("/recordings/{key}"), 60, SystemTime::now());
        assert!(try_send(Request::put(url), "x").await.is_none());
        assert_eq!(devstack.s3(FULL, bare("GET", &format!("/recordings/{key}"))).await.status, status, "{key}");
    }
}

#[tokio::test]
async fn a_partial_object_and_one_that_disappears() {
    let devstack = Devstack::start(&[]);
    devstack.faults(json!({"storage": [{"on": "PUT part", "keep_bytes": 3}]})).await;
    assert_eq!(devstack.put(FULL, "/recordings/a/part", "whole object").await.status, 200);
    let head = devstack.s3(FULL, bare("HEAD", "/recordings/a/part")).await;
    assert_eq!((head.status, head.header("content-length")), (200, "3"));
    devstack.put(FULL, "/recordings/b", "x").await;
    let removed = devstack.post("/dev/s3", json!({"remove": "a/"})).await.json();
    assert_eq!((removed, devstack.keys().await), (json!({"removed": 1}), vec!["b".to_owned()]));
    assert_eq!(devstack.s3(FULL, bare("GET", "/recordings/a/part")).await.status, 404);
}

#[tokio::test]
async fn a_clock_that_is_off_either_way() {
    let devstack = Devstack::start(&[]);
    devstack.put(FULL, "/recordings/x", "x").await;
    let url = devstack.presigned("GET", "/recordings/x", 600, SystemTime::now());
    for (off, words) in [(1_200, "Request has expired"), (-1_200, "Request is not valid yet")] {
        devstack.faults(json!({"storage_clock_s": off})).await;
        let put = devstack.put(FULL, "/recordings/y", "x").await;
        assert!(put.status == 403 && put.text().contains("<Code>RequestTimeTooSkewed</Code>"), "{}", put.text());
        let got = get_url(&url).await;
        assert!(got.status == 403 && got.text().contains(words), "{}", got.text());
    }
    devstack.faults(json!({"storage_clock_s": 840})).await;
    assert_eq!(devstack.put(FULL, "/recordings/y", "x").await.status, 200);
}

#[tokio::test]
async fn a_key_that_was_just_written_is_refused_for_a_while() {
    let devstack = Devstack::start(&[]);
    devstack.faults(json!({"storage_rewrite_ms": 200})).await;
    assert_eq!(devstack.put(FULL, "/recordings/x", "x").await.status, 200);
    let again = devstack.put(FULL, "/recordings/x", "x").await;
    assert!(again.status == 429 && again.text().contains("<Code>SlowDown</Code>"), "{}", again.text());
    assert_eq!(devstack.put(FULL, "/recordings/y", "x").await.status, 200);
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(devstack.put(FULL, "/recordings/x", "x").await.status, 200);
}
