//! A webhook receiver that remembers what came and answers as told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use livekit_api::access_token::TokenVerifier;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::devstack::{KEY, SECRET};

/// One webhook as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// `event`, and the status for egress events.
    pub(crate) fn label(&self) -> String {
        let json = self.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let who = match json["participant"]["kind"].as_str() {
            Some(kind) => format!(" {kind}"),
            None => String::new(),
        };
        let status = text(&json["egressInfo"]["status"]);
        format!("{}{who}{}", text(&json["event"]), status.replace("EGRESS_", " "))
    }

    /// Signature, issuer, times and body hash, by LiveKit's own verifier.
    pub(crate) fn assert_signed(&self) {
        let token = self.header("authorization");
        let claims = TokenVerifier::with_api_key(KEY, SECRET).verify(token).unwrap();
        assert_eq!(claims.sha256, STANDARD.encode(Sha256::digest(&self.body)));
        assert_eq!(claims.exp - claims.nbf, 300);
    }
}

#[derive(Default)]
struct Inner {
    received: Mutex<Vec<Received>>,
    /// Statuses for the next ones; 200 afterwards.
    answers: Mutex<Vec<u16>>,
    /// Goes with every answer, when set.
    retry_after: Mutex<Option<&'static str>>,
}

/// Listens until the test ends.
pub(crate) struct Receiver {
    pub(crate) url: String,
    inner: Arc<Inner>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let inner = Arc::new(Inner::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inner }
    }

    pub(crate) fn answer_next_with(&self, statuses: &[u16]) {
        *self.inner.answers.lock().unwrap() = statuses.to_vec();
    }

    pub(crate) fn ask_to_wait(&self, seconds: &'static str) {
        *self.inner.retry_after.lock().unwrap() = Some(seconds);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.inner.received.lock().unwrap().clone()
    }

    pub(crate) fn labels(&self) -> Vec<String> {
        self.received().iter().map(Received::label).collect()
    }

    /// Waits for a webhook with that label, 10 s at most.
    pub(crate) async fn wait_for(&self, label: &str) -> Received {
        for _ in 0..500 {
            if let Some(found) = self.received().into_iter().find(|r| r.label() == label) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{label} did not come, only {:?}", self.labels());
    }
}

async fn receive(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let received = Received { headers, body };
    inner.received.lock().unwrap().push(received);
    let mut answers = inner.answers.lock().unwrap();
    let status = if answers.is_empty() { 200 } else { answers.remove(0) };
    let mut response = StatusCode::from_u16(status).unwrap().into_response();
    if let Some(seconds) = *inner.retry_after.lock().unwrap() {
        let value = HeaderValue::from_static(seconds);
        response.headers_mut().insert("retry-after", value);
    }
    response
}
