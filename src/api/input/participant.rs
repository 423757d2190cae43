//! What may be said of a participant in a request for a token.

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::Field;
use super::fields::{expected, is_line, text};
use crate::error::Error;

/// Long enough for a person.
const MOST_NAME_CHARS: usize = 128;
/// LiveKit sends it to everybody in the room.
const MOST_METADATA_BYTES: usize = 4_096;
/// Likewise.
const MOST_ATTRIBUTES: usize = 20;
/// Likewise.
const MOST_ATTRIBUTE_BYTES: usize = 1_024;
/// Attributes of ours in a token.
const RESERVED: [&str; 4] = ["role", "record", "saveToStorj", "quality"];
/// The same, or nothing.
const LINE_OR_NONE: &str = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$";

/// A participant's name, trimmed; an empty one is none.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("maxLength" = MOST_NAME_CHARS, "pattern" = LINE_OR_NONE))]
pub struct ParticipantName(pub String);

impl Field for ParticipantName {
    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let text = text(name, given)?;
        if text.trim().chars().count() > MOST_NAME_CHARS || !is_line(text) {
            return Err(Error::invalid(format!("`{name}` takes at most {MOST_NAME_CHARS} characters in one line")));
        }
        Ok(Self(text.trim().to_owned()))
    }
}

/// A participant's metadata.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("maxLength" = MOST_METADATA_BYTES))]
pub struct Metadata(pub String);

impl Field for Metadata {
    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let text = text(name, given)?;
        if text.len() > MOST_METADATA_BYTES {
            return Err(Error::invalid(format!("`{name}` takes at most {MOST_METADATA_BYTES} bytes")));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A participant's attributes, texts by their names.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("maxProperties" = MOST_ATTRIBUTES, "additionalProperties" = { "type": "string", "maxLength": MOST_ATTRIBUTE_BYTES },
    "propertyNames" = { "not": { "anyOf": [{ "enum": RESERVED }, { "pattern": "^lk\\." }] } }))]
pub struct Attributes(pub Map<String, Value>);

impl Field for Attributes {
    const REQUIRED: bool = false;

    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let fields = given.as_object().ok_or_else(|| expected(name, "an object of strings"))?;
        for (key, value) in fields {
            let Some(value) = value.as_str() else { return Err(expected(&format!("{name}.{key}"), "a string")) };
            if fields.len() > MOST_ATTRIBUTES || key.len() + value.len() > MOST_ATTRIBUTE_BYTES {
                return Err(Error::invalid(format!("`{name}` takes at most {MOST_ATTRIBUTES} entries of {MOST_ATTRIBUTE_BYTES} bytes")));
            }
            // Ours, and what LiveKit keeps for itself.
            if RESERVED.contains(&key.as_str()) || key.starts_with("lk.") {
                return Err(Error::invalid(format!("`{name}.{key}` is reserved")));
            }
        }
        Ok(Self(fields.clone()))
    }

    fn absent(_: &str) -> Result<Self, Error> {
        Ok(Self(Map::new()))
    }
}

/// A field that is refused, with the reason.
#[derive(Debug, JsonSchema)]
#[schemars(inline)]
pub struct NotTaken(());

impl Field for NotTaken {
    const REQUIRED: bool = false;

    fn of(name: &str, _: &Value) -> Result<Self, Error> {
        Err(Error::invalid(format!("`{name}` is not taken: rooms are configured by this Worker")))
    }

    fn absent(_: &str) -> Result<Self, Error> {
        Ok(Self(()))
    }
}
