//! Types to schemas as OpenAPI 3.1 has them.

use livekit_storj::api::input::{Member, StreamId};
use livekit_storj::auth::caller::MAX_USER_ID_BYTES;
use livekit_storj::error::ErrorBody;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema as _, SchemaGenerator};
use serde_json::{Map, Value, json};

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

/// What stands beside a member of several names, under the others.
fn described(member: &Member, name: &str) -> String {
    let about = member.about.trim();
    match member.names {
        [first, ..] if *first != name => format!("`{first}` under LiveKit's name."),
        _ => about.to_owned(),
    }
}

/// The schema of a body. `one_of`: members of which one has to be given.
pub(super) fn body(members: &[Member], one_of: &[&str]) -> Value {
    let (mut properties, mut required, mut either) = (Map::new(), vec![], one_of.to_vec());
    for member in members {
        for name in member.names {
            let mut schema = nullable(member.schema.clone().to_value(), !member.required);
            schema["description"] = json!(described(member, name));
            properties.insert((*name).to_owned(), schema);
        }
        match member.names {
            [name] if member.required => required.push(*name),
            names if member.required => either.extend(names),
            _ => {}
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    if !either.is_empty() {
        let given = |name: &&str| json!({ "required": [name], "properties": { *name: { "type": "string" } } });
        schema["anyOf"] = either.iter().map(given).collect();
    }
    schema
}

/// A query's parameters. An empty one is as good as none.
pub(super) fn query(members: &[Member], examples: impl Fn(&str) -> Option<Value>) -> Vec<Value> {
    let one = |member: &Member| {
        let (name, schema) = (member.names[0], nullable(member.schema.clone().to_value(), false));
        let schema = json!({ "anyOf": [schema, { "const": "" }] });
        let mut whole =
            json!({ "name": name, "in": "query", "required": member.required, "description": member.about.trim(), "schema": schema });
        if let Some(example) = examples(name) {
            whole["example"] = example;
        }
        whole
    };
    members.iter().map(one).collect()
}

/// A path's parameters.
pub(super) fn path(path: &str) -> Vec<Value> {
    let id = if path.starts_with("/api/users/") {
        let line = r"^[^\u0000-\u001f\u007f-\u009f]*$";
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": MAX_USER_ID_BYTES, "pattern": line });
        ("The user's id, percent-encoded.", schema)
    } else {
        ("Of the stream or the recording.", StreamId::json_schema(&mut generator()).to_value())
    };
    let number = ("The segment's number.", json!({ "type": "integer", "minimum": 0 }));
    let known = [("id", id), ("n", number)];
    let there = known.into_iter().filter(|(name, _)| path.contains(&format!("{{{name}}}")));
    there
        .map(|(name, (about, schema))| json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema }))
        .collect()
}
