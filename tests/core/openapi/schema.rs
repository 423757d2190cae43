//! Types to schemas as OpenAPI 3.1 has them.

use livekit_storj::api::input::{Member, StreamId};
use livekit_storj::auth::caller::MAX_USER_ID_BYTES;
use livekit_storj::error::ErrorBody;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema as _, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::operations::{Taken, Who};
use crate::docs;

/// Draft 2020-12 is OpenAPI 3.1's own dialect. For what is answered: a member that may be `null` is there all the same.
pub(super) fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    settings.into_generator()
}

/// What every refusal answers, with each code of the source.
pub(super) fn error(schemas: &mut SchemaGenerator) -> Value {
    let reference = schemas.subschema_for::<ErrorBody>();
    let name = reference.get("$ref").unwrap().as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let code = &mut schemas.definitions_mut()[&name]["properties"]["code"];
    code["enum"] = docs::codes().keys().cloned().collect();
    reference.to_value()
}

/// A schema with `null`, or without.
fn nullable(mut schema: Value, null: bool) -> Value {
    let is_null = |kind: &Value| kind == "null" || kind["type"] == "null" || kind.is_null();
    if schema.get("anyOf").is_none() && schema.get("type").is_none() {
        schema = json!({ "anyOf": [schema] });
    }
    for (keyword, of_null) in [("anyOf", json!({ "type": "null" })), ("type", json!("null")), ("enum", Value::Null)] {
        let Some(given) = schema.get(keyword) else { continue };
        let mut list = given.as_array().cloned().unwrap_or_else(|| vec![given.clone()]);
        list.retain(|one| !is_null(one));
        list.extend(null.then_some(of_null));
        schema[keyword] = if keyword == "type" && list.len() == 1 { list.remove(0) } else { Value::Array(list) };
    }
    match schema["anyOf"].as_array().map(Vec::as_slice) {
        Some([one]) => one.clone(),
        _ => schema,
    }
}

/// What is said of a member, in place of what its type says of itself.
fn described(mut schema: Value, about: &str) -> Value {
    schema["description"] = json!(about.trim());
    schema
}

/// Files a body's schema under its name.
pub(super) fn body(schemas: &mut SchemaGenerator, taken: &Taken) -> Value {
    let (mut properties, mut required, mut rules) = (Map::new(), vec![], vec![]);
    // Where several names stand for one thing a request gives it under one of them.
    let given = |names: &[&str]| names.iter().map(|name| json!({ "required": [name] })).collect::<Vec<_>>();
    for member in (taken.members)(schemas) {
        let [first, others @ ..] = member.names else { panic!("{}", member.about) };
        let schema = nullable(member.schema.clone().to_value(), !member.required);
        properties.insert((*first).to_owned(), described(schema.clone(), member.about));
        for name in others {
            properties.insert((*name).to_owned(), described(schema.clone(), &format!("`{first}` by LiveKit's name.")));
        }
        match (member.required, others) {
            (true, []) => required.push(*first),
            (true, _) => rules.push(json!({ "oneOf": given(member.names) })),
            (false, []) => {}
            (false, _) => rules.push(json!({ "not": { "required": member.names } })),
        }
    }
    if !taken.one_of.is_empty() {
        let text = |name: &&str| json!({ "required": [name], "properties": { *name: { "type": "string", "minLength": 1 } } });
        rules.push(json!({ "oneOf": taken.one_of.iter().map(text).collect::<Vec<_>>() }));
    }
    let mut schema = json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    if !rules.is_empty() {
        schema["allOf"] = json!(rules);
    }
    let before = schemas.definitions_mut().insert(taken.name.to_owned(), described(schema, taken.about));
    assert!(before.is_none(), "{} is two things", taken.name);
    json!({ "$ref": format!("#/components/schemas/{}", taken.name) })
}

/// A query's parameters. An empty one is as good as none. Of a signed link `exp` has to be there, and `sig` is its security.
pub(super) fn query(members: &[Member], who: Who, examples: impl Fn(&str) -> Option<Value>) -> Vec<Value> {
    let one = |member: &Member| {
        let (name, mut schema) = (member.names[0], nullable(member.schema.clone().to_value(), false));
        schema.as_object_mut().unwrap().remove("description");
        let required = member.required || who == Who::Link;
        let mut whole = json!({ "name": name, "in": "query", "required": required, "description": member.about.trim(), "schema": schema });
        if who != Who::Link {
            whole["allowEmptyValue"] = json!(true);
        }
        if let Some(example) = examples(name) {
            whole["example"] = example;
        }
        whole
    };
    members.iter().filter(|member| who != Who::Link || member.names[0] == "exp").map(one).collect()
}

/// A path's parameters.
pub(super) fn path(path: &str) -> Vec<Value> {
    let kind = path.split('/').nth(2).unwrap_or_default();
    let id = if kind == "users" {
        json!({ "type": "string", "minLength": 1, "maxLength": MAX_USER_ID_BYTES, "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$" })
    } else {
        let mut schema = StreamId::json_schema(&mut generator()).to_value();
        schema.as_object_mut().unwrap().remove("description");
        schema
    };
    let id = (format!("The {}'s id.", kind.trim_end_matches('s')), id);
    let number = ("The segment's number.".to_owned(), json!({ "type": "integer", "minimum": 0 }));
    let known = [("id", id), ("n", number)];
    let there = known.into_iter().filter(|(name, _)| path.contains(&format!("{{{name}}}")));
    there
        .map(|(name, (about, schema))| json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema }))
        .collect()
}
