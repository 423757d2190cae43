//! JSON without derived readers: each of those costs kilobytes of wasm, and a Worker may have few.
//!
//! Messages of others (LiveKit's) are read leniently, member by member: one that is absent, `null` or of
//! another type is as good as not sent, and both of protojson's names count, `egressId` and `egress_id`.
//! What is read strictly (tokens, key sets, bodies) starts with [`members`] and sees to the types itself.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Why a text is no object that can be read strictly.
#[derive(Debug)]
pub enum Fault {
    /// Not JSON, or something follows it.
    Syntax(serde_json::Error),
    /// JSON of another kind: a list, a text, a number.
    NoObject,
    /// A member is there twice: two readers could take it for two things.
    Twice(String),
}

/// Reads the members of a JSON object, each of them there once.
///
/// # Errors
/// [`Fault`].
pub fn members(text: &[u8]) -> Result<Map<String, Value>, Fault> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = json.deserialize_any(Members).map_err(Fault::Syntax)?;
    json.end().map_err(Fault::Syntax)?;
    let (members, twice) = read.ok_or(Fault::NoObject)?;
    twice.map_or(Ok(members), |name| Err(Fault::Twice(name)))
}

/// Collects the members of the outermost object and the name of one that is there twice, which
/// [`Value`] does not tell. Everything else is `None`: the library's own refusal would tell the number that it
/// found, and printing one takes 12 kB.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Option<(Map<String, Value>, Option<String>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut members, mut twice) = (Map::new(), None);
        while let Some(name) = map.next_key::<String>()? {
            let value: Value = map.next_value()?;
            if members.contains_key(&name) {
                twice = Some(name);
            } else {
                members.insert(name, value);
            }
        }
        Ok(Some((members, twice)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// The member by one of its names, unless it is `null`.
#[must_use]
pub fn member<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| value.get(*name).filter(|member| !member.is_null()))
}

/// A text; else the empty one.
#[must_use]
pub fn text<'a>(value: &'a Value, names: &[&str]) -> &'a str {
    member(value, names).and_then(Value::as_str).unwrap_or_default()
}

/// A text of one's own; else the empty one.
#[must_use]
pub fn string(value: &Value, names: &[&str]) -> String {
    text(value, names).to_owned()
}

/// A 64-bit integer, a string in protojson and a number where somebody wrote it by hand; else 0.
#[must_use]
pub fn int64(value: &Value, names: &[&str]) -> i64 {
    match member(value, names) {
        Some(Value::Number(number)) => number.as_i64().unwrap_or(0),
        Some(Value::String(text)) => text.parse().unwrap_or(0),
        _ => 0,
    }
}

/// An enum: its name, or its number as text. Absent is empty, protojson's zero; of another type is `?`,
/// which is nobody's name.
#[must_use]
pub fn enum_name(value: &Value, names: &[&str]) -> String {
    match member(value, names) {
        None => String::new(),
        Some(Value::String(name)) => name.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => "?".to_owned(),
    }
}

/// Whether it is `true`.
#[must_use]
pub fn flag(value: &Value, names: &[&str]) -> bool {
    member(value, names) == Some(&Value::Bool(true))
}

/// A message within the message.
#[must_use]
pub fn object<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    member(value, names).filter(|member| member.is_object())
}

/// A list; else the empty one.
#[must_use]
pub fn list<'a>(value: &'a Value, names: &[&str]) -> &'a [Value] {
    member(value, names).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A list from which somebody is going to conclude that a thing is not there: `None` if it is no list, or
/// one entry is no object or has one of `texts` in another type. Absent and `null` are the empty list.
#[must_use]
pub fn whole_list<'a>(value: &'a Value, name: &str, texts: &[&str]) -> Option<&'a [Value]> {
    let Some(list) = member(value, &[name]) else { return Some(&[]) };
    let list = list.as_array()?;
    let readable = |entry: &Value| entry.is_object() && texts.iter().all(|name| member(entry, &[name]).is_none_or(Value::is_string));
    list.iter().all(readable).then_some(list)
}

/// Writes a value. `Value`'s own `Display` brings a second writer, the pretty one, along.
#[must_use]
pub fn write(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_whole_object_with_each_member_once_has_members() {
        assert_eq!(members(br#" {"a":1,"b":{"c":1,"c":2}} "#).unwrap().len(), 2);
        assert!(matches!(members(br#"{"a":1,"b":2,"a":1}"#), Err(Fault::Twice(name)) if name == "a"));
        assert!(matches!(members(br#"{"a":1,"\u0061":1}"#), Err(Fault::Twice(name)) if name == "a"));
        for other in ["[]", "[[\"a\",1]]", "5", "null", "\"{}\"", "true"] {
            assert!(matches!(members(other.as_bytes()), Err(Fault::NoObject)), "{other}");
        }
        let deep = format!("{{\"a\":{}", "[".repeat(60_000));
        for broken in ["", "{", "{}x", "{\"a\":}", "{\"a\":1e999}", "{1:2}", "\u{feff}{}", &deep] {
            assert!(matches!(members(broken.as_bytes()), Err(Fault::Syntax(_))), "{broken:.20}");
        }
    }

    #[test]
    fn a_member_of_another_type_is_as_good_as_absent() {
        let value =
            json!({ "textA": "a", "number": 7, "long": "1795397420268635163", "null": null, "list": [1], "yes": true, "broken": 1.5 });
        assert_eq!((text(&value, &["text_a", "textA"]), text(&value, &["number"]), text(&value, &["null"])), ("a", "", ""));
        let int = |name| int64(&value, &[name]);
        assert_eq!((int("number"), int("long"), int("textA"), int("broken")), (7, 1_795_397_420_268_635_163, 0, 0));
        let name = |name| enum_name(&value, &[name]);
        assert_eq!((name("textA").as_str(), name("number").as_str(), name("null").as_str(), name("list").as_str()), ("a", "7", "", "?"));
        assert!(flag(&value, &["yes"]) && !flag(&value, &["number"]));
        assert!(object(&value, &["list"]).is_none() && list(&value, &["yes"]).is_empty() && text(&json!([]), &["a"]).is_empty());
    }

    #[test]
    fn a_list_that_proves_absence_is_whole() {
        let whole = |value: Value| whole_list(&value, "rooms", &["sid"]).map(<[Value]>::len);
        assert_eq!(whole(json!({})), Some(0));
        assert_eq!(whole(json!({ "rooms": null })), Some(0));
        assert_eq!(whole(json!({ "rooms": [{ "sid": "a" }, { "sid": null }, {}] })), Some(3));
        for bad in [json!({ "rooms": {} }), json!({ "rooms": [1] }), json!({ "rooms": [{ "sid": 1 }] })] {
            assert_eq!(whole(bad), None);
        }
    }
}
