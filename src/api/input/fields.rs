//! What the fields of bodies may be.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::Field;
use crate::error::Error;
use crate::names::{Named, among};

/// LiveKit's own limit of a room's name (`limit.max_room_name_length`, 256 bytes).
const MOST_ROOM_NAME_BYTES: usize = 256;
/// Long enough for a headline.
const MOST_TITLE_CHARS: usize = 200;
/// Long enough for a page of text.
const MOST_DESCRIPTION_CHARS: usize = 5_000;
/// The most recordings in one request.
const MOST_IDS: usize = 100;

/// One line of what can be seen.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$";
/// Some lines.
const LINES: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
/// An id of ours, or a `streamId` of the caller's.
const IDENTIFIER: &str = "^[A-Za-z0-9_-]{1,64}$";

#[inline(never)]
pub(super) fn expected(name: &str, what: &str) -> Error {
    Error::invalid(format!("`{name}`: expected {what}"))
}

pub(super) fn text<'a>(name: &str, given: &'a Value) -> Result<&'a str, Error> {
    given.as_str().ok_or_else(|| expected(name, "a string"))
}

/// Whether a text is one line of what can be seen. To be asked before the text is trimmed: some control
/// characters count as white space.
pub(super) fn is_line(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}

impl Field for String {
    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        text(name, given).map(str::to_owned)
    }
}

impl Field for bool {
    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        given.as_bool().ok_or_else(|| expected(name, "true or false"))
    }
}

impl<T: Field> Field for Option<T> {
    const REQUIRED: bool = false;

    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        T::of(name, given).map(Some)
    }

    fn absent(_: &str) -> Result<Self, Error> {
        Ok(None)
    }
}

impl<T: Named> Field for T {
    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        one_of(name, given, Self::NAMES).map(Self::named)
    }
}

#[inline(never)]
fn one_of(name: &str, given: &Value, names: &[&'static str]) -> Result<&'static str, Error> {
    among(names, text(name, given)?).ok_or_else(|| Error::invalid(format!("`{name}` is one of {}", names.join(", "))))
}

/// A room's name, as LiveKit takes it.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("maxLength" = MOST_ROOM_NAME_BYTES, "pattern" = LINE))]
pub struct RoomName(pub String);

impl Field for RoomName {
    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let text = text(name, given)?;
        if text.trim().is_empty() || text.len() > MOST_ROOM_NAME_BYTES || !is_line(text) {
            return Err(Error::invalid(format!("`{name}` takes 1 to {MOST_ROOM_NAME_BYTES} bytes of text without control characters")));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A title, trimmed.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("maxLength" = MOST_TITLE_CHARS, "pattern" = LINE))]
pub struct Title(pub String);

impl Field for Title {
    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let text = text(name, given)?;
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.chars().count() > MOST_TITLE_CHARS || !is_line(text) {
            return Err(Error::invalid(format!(
                "`{name}` takes 1 to {MOST_TITLE_CHARS} characters in one line, none of them a control character"
            )));
        }
        Ok(Self(trimmed.to_owned()))
    }
}

/// A description, trimmed; an empty one is none.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("maxLength" = MOST_DESCRIPTION_CHARS, "pattern" = LINES))]
pub struct Description(pub Option<String>);

impl Field for Description {
    const REQUIRED: bool = false;

    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let text = text(name, given)?;
        let trimmed = text.trim();
        if trimmed.chars().count() > MOST_DESCRIPTION_CHARS || text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(Error::invalid(format!(
                "`{name}` takes at most {MOST_DESCRIPTION_CHARS} characters, none of them a control character"
            )));
        }
        Ok(Self(Some(trimmed).filter(|text| !text.is_empty()).map(str::to_owned)))
    }

    fn absent(_: &str) -> Result<Self, Error> {
        Ok(Self(None))
    }
}

/// What changes: left out it stays as it is, while `null` makes it what it is without.
#[derive(Debug)]
pub struct Change<T>(pub Option<T>);

impl<T: Field> Field for Change<T> {
    const REQUIRED: bool = false;

    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        T::of(name, given).map(|value| Self(Some(value)))
    }

    fn absent(_: &str) -> Result<Self, Error> {
        Ok(Self(None))
    }

    fn null(name: &str) -> Result<Self, Error> {
        T::absent(name).map(|value| Self(Some(value)))
    }
}

impl<T: JsonSchema> JsonSchema for Change<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        T::json_schema(schemas)
    }
}

/// An id of a stream, the caller's own or ours.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("pattern" = IDENTIFIER))]
pub struct StreamId(pub String);

impl Field for StreamId {
    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let id = crate::route::identifier(text(name, given)?).map(Self);
        id.ok_or_else(|| Error::invalid(format!("`{name}` takes 1 to 64 of A–Z, a–z, 0–9, _ and -")))
    }
}

/// Ids of recordings.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("minItems" = 1, "maxItems" = MOST_IDS, "items" = { "type": "string", "pattern": IDENTIFIER }))]
pub struct Ids(pub Vec<String>);

impl Field for Ids {
    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let list = given.as_array().map(Vec::as_slice).unwrap_or_default();
        let ids: Option<Vec<String>> = list.iter().map(|id| id.as_str().and_then(crate::route::identifier)).collect();
        ids.filter(|ids| (1..=MOST_IDS).contains(&ids.len())).map(Self).ok_or_else(|| Self::wrong(name))
    }

    fn absent(name: &str) -> Result<Self, Error> {
        Err(Self::wrong(name))
    }
}

impl Ids {
    fn wrong(name: &str) -> Error {
        Error::invalid(format!("`{name}` is a list of 1 to {MOST_IDS} ids of recordings"))
    }
}
