//! The schema that answers fit, from the answers.

use std::collections::BTreeSet;

use livekit_storj::quality::LAYOUTS;
use livekit_storj::recording::STATUSES;
use serde_json::{Map, Value, json};

/// One line of what can be seen.
pub(super) const LINE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$";

/// What is told of a field beyond its type, by its name: the code's own lists and limits.
pub(super) fn known(name: &str) -> Option<Value> {
    let mut states = vec!["none"];
    states.extend(STATUSES.into_iter().map(livekit_storj::recording::Status::name));
    Some(match name {
        "visibility" => json!({ "enum": ["public", "private"] }),
        "quality" => json!({ "enum": ["720p", "1080p", "4k"] }),
        "hours" => json!({ "type": ["integer", "number"], "maximum": 100_000 }),
        "prices" => json!({ "enum": ["today", "guide"] }),
        "layout" => json!({ "enum": LAYOUTS }),
        "role" => json!({ "enum": ["host", "viewer"] }),
        "format" => json!({ "enum": ["mp4", "segments"] }),
        "recording.status" => json!({ "enum": states }),
        "title" => json!({ "pattern": LINE, "maxLength": 200 }),
        "roomName" | "room_name" => json!({ "pattern": LINE, "maxLength": 256 }),
        "description" => json!({ "type": ["null", "string"], "maxLength": 5000 }),
        "streamId" | "id" => json!({ "pattern": "^[A-Za-z0-9_-]{1,64}$" }),
        "limit" => json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 }),
        "q" => json!({ "maxLength": 200 }),
        "mine" => json!({ "enum": ["true", "false", "1", "0", ""], "default": "false" }),
        // Not in these answers: a failure's code or words, and a picture.
        "error" | "thumbnailUrl" | "nextCursor" | "answer" | "next" => json!({ "type": ["null", "string"] }),
        "nextAt" | "lastWebhookAt" => json!({ "type": ["null", "string"], "format": "date-time" }),
        "detail" => json!({ "type": ["integer", "null", "string"] }),
        "participant_attributes" => json!({ "additionalProperties": { "type": "string" } }),
        "webhook" | "livekitList" | "storj" => json!({ "type": ["null", "object"] }),
        "scheduleAgeSeconds" | "webhookAgeSeconds" => json!({ "type": ["integer", "null"] }),
        "remedy" => json!({ "type": ["null", "string"] }),
        "hoursRecorded" => json!({ "type": ["integer", "number"] }),
        "faults" => json!({ "items": { "type": "object" } }),
        "Stream.status" => json!({ "enum": ["created", "live", "ended"] }),
        "Recording.status" => json!({ "enum": ["processing", "ready", "missing", "deleting"] }),
        "from" | "to" => json!({ "pattern": "^$|^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:\\d\\d))?$" }),
        _ => return None,
    })
}

/// The shapes of answers, each known by a member that only it has.
pub(super) const SHAPES: [(&str, &str); 2] = [("Stream", "viewerCount"), ("Recording", "sizeBytes")];

fn shape(sample: &Value) -> Option<&'static str> {
    SHAPES.into_iter().find(|(_, member)| sample.get(member).is_some()).map(|(name, _)| name)
}

/// Everything of that shape within a value.
pub(super) fn all_of<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    if shape(value) == Some(name) {
        found.push(value);
    }
    match value {
        Value::Object(fields) => fields.values().for_each(|value| all_of(value, name, found)),
        Value::Array(list) => list.iter().for_each(|value| all_of(value, name, found)),
        _ => {}
    }
}

pub(super) fn schema(name: &str, samples: &[&Value]) -> Value {
    match samples.first().and_then(|sample| shape(sample)) {
        Some(shape) if name != shape => json!({ "$ref": format!("#/components/schemas/{shape}") }),
        _ => inline(name, samples),
    }
}

/// The schema that all of `samples` fit. A member that one of them lacks is optional.
fn inline(name: &str, samples: &[&Value]) -> Value {
    let kinds: BTreeSet<&str> = samples
        .iter()
        .map(|sample| match sample {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        })
        .collect();
    let mut whole = Map::new();
    whole.insert("type".to_owned(), if kinds.len() == 1 { json!(kinds.first()) } else { json!(kinds) });
    let texts: Vec<&str> = samples.iter().filter_map(|sample| sample.as_str()).collect();
    if !texts.is_empty() && texts.iter().all(|text| text.len() == 24 && livekit_storj::time::Millis::parse_iso(text).is_some()) {
        whole.insert("format".to_owned(), json!("date-time"));
    }
    if kinds.contains("array") {
        let items: Vec<&Value> = samples.iter().filter_map(|sample| sample.as_array()).flatten().collect();
        whole.insert("items".to_owned(), if items.is_empty() { json!({}) } else { schema(name, &items) });
    }
    if kinds.contains("object") {
        let objects: Vec<&Map<String, Value>> = samples.iter().filter_map(|sample| sample.as_object()).collect();
        let names: BTreeSet<&String> = objects.iter().flat_map(|object| object.keys()).collect();
        let required: Vec<&&String> = names.iter().filter(|name| objects.iter().all(|object| object.contains_key(**name))).collect();
        let mut properties = Map::new();
        for member in &names {
            let values: Vec<&Value> = objects.iter().filter_map(|object| object.get(*member)).collect();
            let of_shape = format!("{name}.{member}");
            let path = if known(&of_shape).is_some() { of_shape.as_str() } else { member.as_str() };
            let mut one = schema(path, &values);
            if let (Some(Value::Object(more)), Some(one)) = (known(path), one.as_object_mut()) {
                for key in ["type", "items", "additionalProperties"].into_iter().filter(|key| more.contains_key(*key)) {
                    one.remove(key);
                }
                // Whatever names there are: not those of the samples.
                if more.contains_key("additionalProperties") {
                    one.remove("properties");
                    one.remove("required");
                }
                for (key, value) in more {
                    // Null is one of the values where it is one of the types.
                    let value = match value {
                        Value::Array(mut list) if key == "enum" && values.iter().any(|value| value.is_null()) => {
                            list.push(Value::Null);
                            Value::Array(list)
                        }
                        value => value,
                    };
                    one.entry(key).or_insert(value);
                }
            }
            properties.insert((*member).clone(), one);
        }
        whole.insert("properties".to_owned(), Value::Object(properties));
        whole.insert("required".to_owned(), json!(required));
        whole.insert("additionalProperties".to_owned(), json!(false));
    }
    Value::Object(whole)
}
