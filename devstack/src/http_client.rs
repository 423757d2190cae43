//! The one HTTP client, for webhooks and uploads: HTTP/1.1, header names spelled as Go spells them,
//! no redirects followed, no retries of its own.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    inner: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<f64>,
    pub(crate) body: Bytes,
}

impl HttpClient {
    pub(crate) fn new() -> Self {
        let connector = hyper_rustls::HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        let inner = Client::builder(TokioExecutor::new())
            .http1_title_case_headers(true)
            // No idle connections: one that the receiver closes just then would look like a
            // refusal and cost a try that LiveKit would not have lost.
            .pool_max_idle_per_host(0)
            .build(connector);
        Self { inner }
    }

    /// Sends and reads the whole answer. The error is the reason that no answer came.
    pub(crate) async fn send(&self, request: axum::http::Request<Full<Bytes>>) -> Result<Answer, String> {
        let response = self.inner.request(request).await.map_err(|error| reason(&error))?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse::<f64>().ok())
            .filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        let body = response.into_body().collect().await.map_err(|error| reason(&error))?;
        Ok(Answer { status, retry_after, body: body.to_bytes() })
    }
}

/// The innermost cause says what happened ("Connection refused"); the outer ones only that it did.
fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
