//! The runtime's request to ours, with the body read up to the route's limit, and our answer to its.
//!
//! All through `web_sys`: what the `worker` crate wraps around it takes an unknown method for GET, and
//! brings a URL parser of 60 kB along where the runtime has one of its own.

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{Headers, Request, Response, ResponseInit, Url};

use super::stream::{self, Unread};
use crate::api::{self, Reply};
use crate::error::Error;
use crate::route::{self, MAX_JSON_BYTES};

/// So much of a body that is refused as too long is taken in: 16 MiB, twice the longest webhook.
const SPILL: usize = 16 * 1024 * 1024;

/// Reads a request. With an error comes what was read of it: all but the body. `is_worth_it` says by the rest of a request
/// whether its body is kept: one that is refused whatever it says is read past.
///
/// # Errors
/// 413 for a body longer than the route takes, 400 for one that breaks off.
pub(super) async fn read(request: &Request, is_worth_it: impl Fn(&api::Request) -> bool) -> Result<api::Request, (Error, api::Request)> {
    let mut read = api::Request { method: request.method(), headers: pairs(&request.headers()), ..api::Request::default() };
    let Ok(url) = Url::new(&request.url()) else {
        return Err((Error::invalid("the request could not be read"), read));
    };
    read.path = url.pathname();
    read.query = url.search().strip_prefix('?').unwrap_or_default().to_owned();
    read.origin = url.origin();
    let limit = route::find(&read.method, &read.path).map_or(MAX_JSON_BYTES, |found| found.route.body_limit());
    let too_long = || Error::new(413, "body_too_large", format!("the body is longer than the {limit} bytes that this address takes"));
    let broke_off = || Error::invalid("the body broke off");
    let announced = read.header("content-length").and_then(|value| value.parse::<usize>().ok());
    let announced_too_long = announced.is_some_and(|length| length > limit);
    let is_read_past = announced_too_long || !is_worth_it(&read);
    match stream::whole(request.body(), if is_read_past { 0 } else { limit }, SPILL).await {
        _ if announced_too_long => Err((too_long(), read)),
        _ if is_read_past => Ok(read),
        Err(Unread::TooLong) => Err((too_long(), read)),
        Err(Unread::Broken) => Err((broke_off(), read)),
        Ok(body) if announced.is_some_and(|length| length != body.len()) => Err((broke_off(), read)),
        Ok(body) => Ok(api::Request { body, ..read }),
    }
}

/// Every header; the runtime gives the names in lower case.
fn pairs(headers: &Headers) -> Vec<(String, String)> {
    let text = |pair: &Array, index| pair.get(index).as_string().unwrap_or_default();
    Array::from(headers)
        .iter()
        .map(|pair| {
            let pair = Array::from(&pair);
            (text(&pair, 0), text(&pair, 1))
        })
        .collect()
}

/// Writes an answer. A HEAD has none of the body.
pub(super) fn answer(reply: &Reply, head: bool) -> Result<Response, JsValue> {
    let json = reply.body.as_ref().map(crate::json::write);
    let (kind, body) = match &reply.text {
        Some((kind, text)) => (*kind, Some(text)),
        None => ("application/json; charset=utf-8", json.as_ref()),
    };
    write(reply, body.map(|_| kind), body.filter(|_| !head).map(String::as_str))
}

/// Writes that status, those headers and this body.
pub(super) fn write(reply: &Reply, kind: Option<&str>, body: Option<&str>) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &reply.headers {
        headers.append(name, value)?;
    }
    if let Some(kind) = kind {
        headers.set("content-type", kind)?;
    }
    let init = ResponseInit::new();
    init.set_status(reply.status);
    init.set_headers(&headers);
    Response::new_with_opt_str_and_init(body, &init)
}
