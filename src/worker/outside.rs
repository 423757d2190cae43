//! Requests to LiveKit, Storj and the key server.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, RequestRedirect, Response};

use super::stream::{self, Unread};
use crate::http::{Incoming, MAX_ANSWER_BYTES, Outgoing, Unanswered};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    pub(super) fn fetch(url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

/// Sends a request as it is and reads the whole answer within its time-out. No redirect is followed: a
/// signature holds for one address.
pub(super) async fn send(request: Outgoing) -> Result<Incoming, Unanswered> {
    let signal = AbortSignal::timeout_with_u32(request.timeout_ms);
    match exchange(&request, &signal).await {
        Ok(answer) => Ok(answer),
        Err(Unread::TooLong) => Err(Unanswered::TooLong),
        Err(Unread::Broken) if signal.aborted() => Err(Unanswered::Timeout),
        Err(Unread::Broken) => Err(Unanswered::Network),
    }
}

async fn exchange(request: &Outgoing, signal: &AbortSignal) -> Result<Incoming, Unread> {
    read(ask(request, signal).await?.unchecked_into()).await
}

/// Sends it; resolves to the response as soon as its headers are there.
pub(super) async fn ask(request: &Outgoing, signal: &AbortSignal) -> Result<JsValue, JsValue> {
    JsFuture::from(fetch(&request.url, &init(request, signal)?)?).await
}

/// The whole of a response.
pub(super) async fn read(response: Response) -> Result<Incoming, Unread> {
    let headers = response.headers();
    let content_length = headers.get("content-length")?.and_then(|text| text.parse().ok());
    let etag = headers.get("etag")?;
    let body = stream::whole(response.body(), MAX_ANSWER_BYTES, 0).await?;
    Ok(Incoming { status: response.status(), content_length, etag, body })
}

pub(super) fn init(request: &Outgoing, signal: &AbortSignal) -> Result<RequestInit, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method(request.method);
    init.set_headers(&headers);
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(signal));
    if !request.body.is_empty() {
        init.set_body(&Uint8Array::from(request.body.as_slice()));
    }
    Ok(init)
}
