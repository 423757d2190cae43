//! What goes wrong on purpose at the S3 server; changed by `POST /dev/faults`.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use percent_encoding::percent_decode_str;

use super::refusal::Refusal;
use super::storj_rules::{has_query, query};
use crate::fault_rules::RuleSet;
use crate::pace;

#[derive(Debug, Default)]
pub(crate) struct StorageFaults {
    pub(crate) rules: RuleSet,
    /// Seconds.
    pub(crate) clock_s: AtomicI64,
    /// Milliseconds.
    pub(crate) rewrite_ms: AtomicU64,
    written: Mutex<HashMap<String, Instant>>,
}

impl StorageFaults {
    pub(crate) fn clear(&self) {
        self.rules.replace(Vec::new());
        self.clock_s.store(0, Relaxed);
        self.rewrite_ms.store(0, Relaxed);
    }

    /// Seconds since 1970 by the server's clock.
    pub(super) fn now_s(&self) -> i64 {
        pace::now_s() + self.clock_s.load(Relaxed)
    }

    /// Storj takes one write a second to a key; the next one is 429 SlowDown.
    pub(super) fn check_rewrite(&self, parts: &Parts) -> Result<(), Refusal> {
        let interval = Duration::from_millis(self.rewrite_ms.load(Relaxed));
        if interval.is_zero() || parts.method != Method::PUT || has_query(&parts.uri, "partNumber") {
            return Ok(());
        }
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let key = parts.uri.path().to_owned();
        if written.get(&key).is_some_and(|before| before.elapsed() < interval) {
            return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "SlowDown", "Please reduce your request rate."));
        }
        written.insert(key, Instant::now());
        Ok(())
    }
}

/// `METHOD /bucket/key by ACCESS_KEY`, decoded.
pub(super) fn name_of(parts: &Parts) -> String {
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
    let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let credential = match header.split_once("Credential=") {
        Some((_, credential)) => credential.to_owned(),
        None => query(&parts.uri, "X-Amz-Credential").unwrap_or_default(),
    };
    let key = credential.split('/').next().unwrap_or_default();
    format!("{} {path} by {key}", parts.method)
}
