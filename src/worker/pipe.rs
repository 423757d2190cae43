//! Bodies from requests into a request, streamed by the runtime itself: no byte of them crosses into wasm.

use js_sys::{JSON, Promise};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStream, Response};

use super::outside::{ask, fetch, init, read};
use crate::http::{Incoming, Outgoing, Unanswered, Unpiped};

#[wasm_bindgen]
extern "C" {
    /// Gives a body its `content-length`, which Storj demands; a plain stream goes out chunked.
    type FixedLengthStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(length: f64) -> Result<FixedLengthStream, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn readable(this: &FixedLengthStream) -> ReadableStream;
    #[wasm_bindgen(method, getter)]
    fn writable(this: &FixedLengthStream) -> Writable;

    type Writable;
    #[wasm_bindgen(method, catch)]
    fn close(this: &Writable) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn abort(this: &Writable) -> Result<Promise, JsValue>;

    type Source;
    #[wasm_bindgen(method, catch, js_name = pipeTo)]
    fn pipe_to(this: &Source, sink: &Writable, options: &JsValue) -> Result<Promise, JsValue>;
}

/// As [`crate::ports::Ports::pipe`] says.
#[allow(clippy::cast_precision_loss)]
pub(super) async fn pipe(sources: Vec<Outgoing>, length: u64, sink: &Outgoing) -> Result<Incoming, Unpiped> {
    let signal = AbortSignal::timeout_with_u32(sink.timeout_ms);
    // The first source is asked before the sink, which need not hear of what cannot be.
    let mut left = length;
    let mut sources = sources.iter().enumerate();
    let mut next = match sources.next() {
        Some((index, source)) => Some((index, open(index, source, &mut left, &signal).await?)),
        None => None,
    };
    let broken = |source| move |_: JsValue| Unpiped::Broken { source };
    let stream = FixedLengthStream::new(length as f64).map_err(broken(0))?;
    let writable = stream.writable();
    let started = init(sink, &signal).and_then(|init| {
        init.set_body(&stream.readable());
        fetch(&sink.url, &init)
    });
    // Listened to from now on: what nobody listens to fails the whole invocation when it fails.
    let answer = JsFuture::from(started.map_err(broken(0))?);
    let mut failed = None;
    while let Some((index, body)) = next.take() {
        let flowed = match body {
            Some(body) => flow(&body, &writable).await.map_err(broken(index)),
            None => Ok(()),
        };
        let opened = match (flowed, sources.next()) {
            (Ok(()), Some((index, source))) => open(index, source, &mut left, &signal).await.map(|body| Some((index, body))),
            (Ok(()), None) if left > 0 => Err(Unpiped::Length { source: index }),
            (flowed, _) => flowed.map(|()| None),
        };
        match opened {
            Ok(opened) => next = opened,
            Err(unpiped) => failed = Some(unpiped),
        }
    }
    // The end, or the end of it: a body that is cut off is never taken for a whole one. Neither promise tells
    // what the sink's answer does not.
    let ended = if failed.is_some() { writable.abort() } else { writable.close() };
    let ended = ended.map(JsFuture::from);
    let answered = match answer.await {
        Ok(response) => read(response.unchecked_into()).await.map_err(|_| ()),
        Err(_) => Err(()),
    };
    drop(ended);
    match (answered, failed) {
        // It refused before it had it all.
        (Ok(incoming), _) if incoming.status >= 300 => Ok(incoming),
        (_, Some(failed)) => Err(failed),
        (Ok(incoming), None) => Ok(incoming),
        (Err(()), None) if signal.aborted() => Err(Unpiped::Sink(Unanswered::Timeout)),
        (Err(()), None) => Err(Unpiped::Sink(Unanswered::Network)),
    }
}

/// A source's body, if it is of the status that was wanted and fits into what is left.
async fn open(index: usize, source: &Outgoing, left: &mut u64, signal: &AbortSignal) -> Result<Option<Source>, Unpiped> {
    let broken = |_: JsValue| Unpiped::Broken { source: index };
    let response: Response = ask(source, signal).await.map_err(broken)?.unchecked_into();
    let length = response.headers().get("content-length").map_err(broken)?.and_then(|text| text.parse::<u64>().ok());
    let unpiped = match length {
        _ if response.status() != source.wanted_status() => Unpiped::Refused { source: index, status: response.status() },
        Some(length) if length <= *left => {
            *left -= length;
            return Ok(response.body().map(JsValue::from).map(Source::unchecked_from_js));
        }
        _ => Unpiped::Length { source: index },
    };
    // Its connection is given back; whether that works changes nothing.
    if let Some(body) = response.body() {
        let _ = JsFuture::from(body.cancel()).await;
    }
    Err(unpiped)
}

async fn flow(body: &Source, writable: &Writable) -> Result<(), JsValue> {
    let options = JSON::parse(r#"{"preventClose":true}"#)?;
    JsFuture::from(body.pipe_to(writable, &options)?).await.map(drop)
}
