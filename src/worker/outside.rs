//! Requests to LiveKit, Storj and the key server.

use futures_util::StreamExt as _;
use js_sys::Uint8Array;
use worker::{AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response};

use crate::http::{Incoming, MAX_ANSWER_BYTES, Outgoing, Unanswered};

/// Sends a request as it is and reads the whole answer within its time-out. No redirect is followed: a
/// signature holds for one address.
pub(super) async fn send(request: Outgoing) -> Result<Incoming, Unanswered> {
    let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(request.timeout_ms));
    let outcome = async {
        let response = Fetch::Request(build(&request)?).send_with_signal(&signal).await?;
        read(response).await
    };
    match outcome.await {
        Ok(answer) => answer,
        Err(_) if signal.aborted() => Err(Unanswered::Timeout),
        Err(_) => Err(Unanswered::Network),
    }
}

fn build(request: &Outgoing) -> worker::Result<Request> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(request.method.to_owned())).with_headers(headers).with_redirect(RequestRedirect::Manual);
    if !request.body.is_empty() {
        init.with_body(Some(Uint8Array::from(request.body.as_slice()).into()));
    }
    Request::new_with_init(&request.url, &init)
}

async fn read(mut response: Response) -> worker::Result<Result<Incoming, Unanswered>> {
    let content_length = response.headers().get("content-length")?.and_then(|text| text.parse().ok());
    let status = response.status_code();
    let mut body = Vec::new();
    if let Ok(mut stream) = response.stream() {
        while let Some(chunk) = stream.next().await {
            let chunk = chunk?;
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Ok(Err(Unanswered::TooLong));
            }
            body.extend_from_slice(&chunk);
        }
    }
    Ok(Ok(Incoming { status, content_length, body }))
}
