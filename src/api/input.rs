//! Bodies and parameters: read strictly, refused with the field's name and the limit.

use serde_json::{Map, Value};

use super::Request;
use crate::error::Error;
use crate::json::{self, Fault};
use crate::quality::{LAYOUTS, Quality};

/// LiveKit's own limit of a room's name (`limit.max_room_name_length`, 256 bytes).
const MOST_ROOM_NAME_BYTES: usize = 256;
/// Long enough for a headline.
const MOST_TITLE_CHARS: usize = 200;
/// Long enough for a page of text.
const MOST_DESCRIPTION_CHARS: usize = 5_000;

/// The fields of a JSON body, all of which its route knows. `null` counts as left out.
///
/// A field may have two names, LiveKit's and the guide's: a caller gives it under one of them.
#[derive(Debug)]
pub struct Body(Map<String, Value>);

/// Reads a JSON body whose fields are all in `known`, each at most once.
///
/// # Errors
/// 415 for another content type, 400 for an empty body, for what is no JSON object, and for a field that
/// is not known or there twice; each names what to do.
pub fn body(request: &Request, known: &[&str]) -> Result<Body, Error> {
    let content_type = request.header("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.is_empty() && !essence.eq_ignore_ascii_case("application/json") {
        return Err(
            Error::new(415, "unsupported_content_type", "the body has to be JSON").hint("send the header `Content-Type: application/json`")
        );
    }
    let example = "send a JSON object such as {\"roomName\":\"…\"}";
    if request.body.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::invalid("the body is empty").hint(example));
    }
    let fields = json::members(&request.body).map_err(|fault| match fault {
        Fault::Syntax(error) => Error::new(400, "invalid_json", format!("the body is not JSON: {error}")),
        Fault::NoObject => Error::invalid("the body is not a JSON object").hint(example),
        Fault::Twice(name) => Error::invalid(format!("`{name}` is given twice")),
    })?;
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Error::invalid(format!("unknown field `{name}`, expected one of `{}`", known.join("`, `")))),
        None => Ok(Body(fields)),
    }
}

impl Body {
    /// Whether the field is there, be it `null`.
    #[must_use]
    pub fn mentions(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A field by one of its names, with the name under which it is given.
    ///
    /// # Errors
    /// 400 if it is given under several.
    pub fn any(&self, names: &[&str]) -> Result<Option<(&str, &Value)>, Error> {
        let mut given = self.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
        match (given.next(), given.next()) {
            (Some((one, _)), Some((other, _))) => {
                Err(Error::invalid(format!("`{one}` is given twice")).hint(format!("`{other}` is the same field: send one of them")))
            }
            (Some((name, value)), None) if !value.is_null() => Ok(Some((name, value))),
            _ => Ok(None),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// 400 naming the field.
    pub fn text(&self, names: &[&str]) -> Result<Option<String>, Error> {
        match self.any(names)? {
            None => Ok(None),
            Some((_, Value::String(text))) => Ok(Some(text.clone())),
            Some((name, _)) => Err(expected(name, "a string")),
        }
    }

    /// A yes or no.
    ///
    /// # Errors
    /// 400 naming the field.
    pub fn flag(&self, names: &[&str]) -> Result<Option<bool>, Error> {
        match self.any(names)? {
            None => Ok(None),
            Some((_, Value::Bool(flag))) => Ok(Some(*flag)),
            Some((name, _)) => Err(expected(name, "true or false")),
        }
    }

    /// Texts by their names; none where the field is left out.
    ///
    /// # Errors
    /// 400 naming the field, and the text in it that is none.
    pub fn texts(&self, names: &[&str]) -> Result<Map<String, Value>, Error> {
        let Some((name, value)) = self.any(names)? else { return Ok(Map::new()) };
        let fields = value.as_object().ok_or_else(|| expected(name, "an object of strings"))?;
        match fields.iter().find(|(_, value)| !value.is_string()) {
            Some((key, _)) => Err(expected(&format!("{name}.{key}"), "a string")),
            None => Ok(fields.clone()),
        }
    }
}

fn expected(field: &str, what: &str) -> Error {
    Error::invalid(format!("`{field}`: expected {what}"))
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

/// Whether a text is one line of what can be seen. To be asked before the text is trimmed: some control
/// characters count as white space.
#[must_use]
pub fn is_line(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}

/// A room's name, as LiveKit takes it.
///
/// # Errors
/// 400 naming the limit.
pub fn room_name(name: Option<String>) -> Result<String, Error> {
    let name = name.filter(|name| !name.trim().is_empty()).ok_or_else(|| Error::invalid("`roomName` is missing"))?;
    if name.len() > MOST_ROOM_NAME_BYTES || !is_line(&name) {
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
    let trimmed = title.trim();
    if trimmed.is_empty() || trimmed.chars().count() > MOST_TITLE_CHARS || !is_line(&title) {
        return Err(Error::invalid(format!(
            "`title` takes 1 to {MOST_TITLE_CHARS} characters in one line, none of them a control character"
        )));
    }
    Ok(Some(trimmed.to_owned()))
}

/// A description, trimmed; an empty one is none.
///
/// # Errors
/// 400 naming the limit.
pub fn description(text: Option<&str>) -> Result<Option<String>, Error> {
    let text = text.unwrap_or_default();
    let trimmed = text.trim();
    if trimmed.chars().count() > MOST_DESCRIPTION_CHARS || text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Error::invalid(format!(
            "`description` takes at most {MOST_DESCRIPTION_CHARS} characters, none of them a control character"
        )));
    }
    Ok(Some(trimmed).filter(|text| !text.is_empty()).map(str::to_owned))
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

#[cfg(test)]
mod tests;
