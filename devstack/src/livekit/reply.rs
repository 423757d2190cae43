//! Writes a message as LiveKit's Twirp replies do: snake_case names, zero values present, unset
//! messages `null`, members of a oneof only when set.
//!
//! The published types serialise the other dialect (camelCase, zero values absent; the webhooks'
//! one) and carry no descriptors, so [`super::reply_fields`] lists the few messages that replies use.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// A message type: its fields by their snake_case names.
#[derive(Debug)]
pub(crate) struct Message(pub(crate) &'static [(&'static str, Field)]);

/// What a field is, which decides how it looks when it is unset.
#[derive(Debug)]
pub(crate) enum Field {
    /// A string.
    Text,
    /// A 64-bit integer: a string in proto3's JSON.
    Long,
    /// Any other number.
    Number,
    /// A bool.
    Flag,
    /// An enum, with the name of its zero value.
    Enum(&'static str),
    /// A map of strings.
    StringMap,
    /// A list of strings or enums.
    List,
    /// A list of messages.
    Many(&'static Message),
    /// A message, `null` when unset.
    One(&'static Message),
    /// A message in a oneof, absent when unset.
    Member(&'static Message),
    /// A scalar in a oneof, absent when unset.
    ScalarMember,
}

/// The reply for `value`, which must be of the message type that `message` lists.
pub(crate) fn complete(message: &'static Message, value: &impl Serialize) -> serde_json::Result<Value> {
    Ok(fill(message, &serde_json::to_value(value)?))
}

fn fill(message: &Message, value: &Value) -> Value {
    let mut filled = Map::new();
    for (name, field) in message.0 {
        let present = value.get(camel_case(name)).filter(|value| !value.is_null());
        if let Some(value) = present.map_or_else(|| unset(field), |value| Some(set(field, value))) {
            filled.insert((*name).to_owned(), value);
        }
    }
    Value::Object(filled)
}

fn set(field: &Field, value: &Value) -> Value {
    match field {
        Field::One(message) | Field::Member(message) => fill(message, value),
        Field::Many(message) => {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            items.iter().map(|item| fill(message, item)).collect()
        }
        _ => value.clone(),
    }
}

fn unset(field: &Field) -> Option<Value> {
    match field {
        Field::Text => Some(json!("")),
        Field::Long => Some(json!("0")),
        Field::Number => Some(json!(0)),
        Field::Flag => Some(json!(false)),
        Field::Enum(zero) => Some(json!(zero)),
        Field::StringMap => Some(json!({})),
        Field::List | Field::Many(_) => Some(json!([])),
        Field::One(_) => Some(Value::Null),
        Field::Member(_) | Field::ScalarMember => None,
    }
}

fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        match letter {
            '_' => upper = true,
            letter if upper => {
                camel.push(letter.to_ascii_uppercase());
                upper = false;
            }
            letter => camel.push(letter),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::super::reply_fields::{LIST_EGRESS, ROOM};
    use super::complete;
    use livekit_protocol::{EgressInfo, ListEgressResponse, Room};
    use serde_json::json;

    #[test]
    fn zero_values_are_present_and_long_integers_are_strings() {
        let room = Room { name: "r".into(), creation_time: 5, ..Default::default() };
        let reply = complete(&ROOM, &room).unwrap_or_default();
        assert_eq!(reply.get("creation_time"), Some(&json!("5")));
        assert_eq!(reply.get("num_participants"), Some(&json!(0)));
        assert_eq!(reply.get("active_recording"), Some(&json!(false)));
        assert_eq!(reply.get("enabled_codecs"), Some(&json!([])));
    }

    #[test]
    fn unset_messages_are_null_and_unset_members_absent() {
        let list = ListEgressResponse { items: vec![EgressInfo::default()], ..Default::default() };
        let reply = complete(&LIST_EGRESS, &list).unwrap_or_default();
        assert_eq!(reply.get("next_page_token"), Some(&json!(null)));
        let item = reply.pointer("/items/0").cloned().unwrap_or_default();
        assert_eq!(item.get("status"), Some(&json!("EGRESS_STARTING")));
        assert_eq!(item.get("started_at"), Some(&json!("0")));
        assert_eq!(item.get("room_composite"), None);
    }
}
