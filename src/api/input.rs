//! Bodies and parameters: read strictly, refused with the field's name and the limit.

use serde::de::DeserializeOwned;

use super::Request;
use crate::error::Error;
use crate::quality::{LAYOUTS, Quality};

/// LiveKit's own limit of a room's name (`limit.max_room_name_length`, 256 bytes).
const MOST_ROOM_NAME_BYTES: usize = 256;
/// Long enough for a headline.
const MOST_TITLE_CHARS: usize = 200;
/// Long enough for a page of text.
const MOST_DESCRIPTION_CHARS: usize = 5_000;

/// Reads a JSON body into `T`, which denies unknown fields.
///
/// # Errors
/// 415 for another content type, 400 for an empty body, JSON that does not parse, and a field of
/// another type or name than the route takes; each names what to do.
pub fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Error> {
    let content_type = request.header("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.is_empty() && !essence.eq_ignore_ascii_case("application/json") {
        return Err(
            Error::new(415, "unsupported_content_type", "the body has to be JSON").hint("send the header `Content-Type: application/json`")
        );
    }
    if request.body.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::invalid("the body is empty").hint("send a JSON object such as {\"roomName\":\"…\"}"));
    }
    let mut json = serde_json::Deserializer::from_slice(&request.body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() && field != "." {
            Error::invalid(format!("`{field}`: {}", without_position(&inner)))
        } else if inner.is_data() {
            Error::invalid(without_position(&inner))
        } else {
            Error::new(400, "invalid_json", format!("the body is not JSON: {inner}"))
        }
    })?;
    json.end().map_err(|_| Error::new(400, "invalid_json", "there is something after the JSON value"))?;
    Ok(value)
}

/// A body that may be left out.
///
/// # Errors
/// As [`body`], when there is one.
pub fn optional_body<T: DeserializeOwned + Default>(request: &Request) -> Result<T, Error> {
    if request.body.iter().all(u8::is_ascii_whitespace) { Ok(T::default()) } else { body(request) }
}

/// serde ends its message with the place in the text, which says less than the field's name.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Reads a query string whose parameters are all in `known`, each at most once.
///
/// # Errors
/// 400 naming the parameter.
pub fn query(request: &Request, known: &[&str]) -> Result<Vec<(String, String)>, Error> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8().map(std::borrow::Cow::into_owned).ok()
    };
    let mut read: Vec<(String, String)> = Vec::new();
    for pair in request.query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decode(name), decode(value)) else {
            return Err(Error::invalid("a query parameter is not percent-encoded UTF-8"));
        };
        if !known.contains(&name.as_str()) {
            return Err(
                Error::invalid(format!("unknown query parameter `{name}`")).hint(format!("this address takes {}", known.join(", ")))
            );
        }
        if read.iter().any(|(n, _)| *n == name) {
            return Err(Error::invalid(format!("`{name}` is given twice")));
        }
        if !value.is_empty() {
            read.push((name, value));
        }
    }
    Ok(read)
}

/// A parameter that was read.
#[must_use]
pub fn parameter<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

fn has_controls(text: &str, but: &[char]) -> bool {
    text.chars().any(|c| c.is_control() && !but.contains(&c))
}

/// A room's name, as LiveKit takes it.
///
/// # Errors
/// 400 naming the limit.
pub fn room_name(name: Option<String>) -> Result<String, Error> {
    let name = name.filter(|name| !name.trim().is_empty()).ok_or_else(|| Error::invalid("`roomName` is missing"))?;
    if name.len() > MOST_ROOM_NAME_BYTES || has_controls(&name, &[]) {
        return Err(Error::invalid(format!("`roomName` takes 1 to {MOST_ROOM_NAME_BYTES} bytes of text without control characters")));
    }
    Ok(name)
}

/// A title, trimmed.
///
/// # Errors
/// 400 naming the limit.
pub fn title(title: Option<String>) -> Result<Option<String>, Error> {
    let Some(title) = title else { return Ok(None) };
    let title = title.trim();
    if title.is_empty() || title.chars().count() > MOST_TITLE_CHARS || has_controls(title, &[]) {
        return Err(Error::invalid(format!("`title` takes 1 to {MOST_TITLE_CHARS} characters in one line")));
    }
    Ok(Some(title.to_owned()))
}

/// A description, trimmed; an empty one is none.
///
/// # Errors
/// 400 naming the limit.
pub fn description(text: Option<&str>) -> Result<Option<String>, Error> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > MOST_DESCRIPTION_CHARS || has_controls(text, &['\n', '\r', '\t'])) {
        return Err(Error::invalid(format!("`description` takes at most {MOST_DESCRIPTION_CHARS} characters")));
    }
    Ok(text.map(str::to_owned))
}

/// A visibility's name.
///
/// # Errors
/// 400 naming the choices.
pub fn visibility(name: Option<String>) -> Result<Option<String>, Error> {
    match name.as_deref() {
        None | Some("public" | "private") => Ok(name),
        Some(_) => Err(Error::invalid("`visibility` is \"public\" or \"private\"")),
    }
}

/// A quality's name.
///
/// # Errors
/// 400 naming the choices.
pub fn quality(name: Option<String>) -> Result<Option<Quality>, Error> {
    let Some(name) = name else { return Ok(None) };
    Quality::from_name(&name).map(Some).ok_or_else(|| Error::invalid("`quality` is \"720p\", \"1080p\" or \"4k\""))
}

/// A layout's name.
///
/// # Errors
/// 400 naming the choices.
pub fn layout(name: Option<String>) -> Result<Option<String>, Error> {
    match &name {
        Some(name) if !LAYOUTS.contains(&name.as_str()) => Err(Error::invalid(format!("`layout` is one of {}", LAYOUTS.join(", ")))),
        _ => Ok(name),
    }
}

/// An id of a stream, the caller's own or ours.
///
/// # Errors
/// 400 naming the alphabet.
pub fn stream_id(id: Option<String>) -> Result<Option<String>, Error> {
    let Some(id) = id else { return Ok(None) };
    crate::route::identifier(&id).map(Some).ok_or_else(|| Error::invalid("`streamId` takes 1 to 64 of A–Z, a–z, 0–9, _ and -"))
}
