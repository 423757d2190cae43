//! The runtime's request to ours, with the body read up to the route's limit, and our answer to its.

use futures_util::StreamExt as _;
use worker::{Headers, Request, Response, ResponseBuilder};

use crate::api::{self, Reply};
use crate::error::Error;
use crate::route::{MAX_JSON_BYTES, Route};

/// Reads a request.
///
/// # Errors
/// 413 for a body longer than the route takes, 400 for one that breaks off.
pub(super) async fn read(mut request: Request) -> Result<api::Request, Error> {
    let unreadable = |_| Error::invalid("the request could not be read");
    let url = request.url().map_err(unreadable)?;
    let (method, path) = (request.method().to_string(), url.path().to_owned());
    let limit = Route::find(&method, &path).map_or(MAX_JSON_BYTES, |route| route.body_limit());
    let too_long = || Error::new(413, "body_too_large", format!("the body is longer than the {limit} bytes that this address takes"));
    let headers: Vec<(String, String)> = request.headers().entries().collect();
    let announced = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_long());
    }
    let mut body = Vec::new();
    if request.inner().body().is_some() {
        let mut stream = request.stream().map_err(unreadable)?;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| Error::invalid("the body broke off"))?;
            if body.len() + chunk.len() > limit {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
    }
    if announced.is_some_and(|length| length != body.len()) {
        return Err(Error::invalid("the body broke off"));
    }
    Ok(api::Request {
        method,
        path,
        query: url.query().unwrap_or_default().to_owned(),
        origin: url.origin().ascii_serialization(),
        headers,
        body,
    })
}

/// Writes an answer. A HEAD has none of the body.
pub(super) fn answer(reply: Reply, head: bool) -> worker::Result<Response> {
    let headers = Headers::new();
    for (name, value) in &reply.headers {
        headers.append(name, value)?;
    }
    let body = reply.body.map(|body| body.to_string()).filter(|_| !head);
    if reply.status != 204 {
        headers.set("content-type", "application/json; charset=utf-8")?;
    }
    let response = ResponseBuilder::new().with_status(reply.status).with_headers(headers);
    Ok(match body {
        Some(body) => response.fixed(body.into_bytes()),
        None => response.empty(),
    })
}
