//! `web/files/openapi.json` is made of the types that the routes read and answer, and the examples in it are a broadcast that
//! is played here: whatever was sent and answered in it fits. `OPENAPI=write cargo test --test core openapi` writes it anew.

mod broadcast;
mod fields;
mod keeping;
mod operations;
mod played;
mod schema;

use std::collections::BTreeSet;

use livekit_storj::route::{self, MAX_THUMBNAIL_BYTES, MAX_WEBHOOK_BYTES};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use operations::{Answer, Body, Operation, Who, operations};
use played::Played;

const FILE: &str = "web/files/openapi.json";

/// A value that anybody may ask with.
fn asked(name: &str, path: &str) -> Option<Value> {
    match name {
        "limit" => return Some(json!(20)),
        "hours" => return Some(json!(100)),
        "viewers" => return Some(json!(5)),
        _ => {}
    }
    Some(json!(match name {
        "q" => "friday sh",
        "from" => "2026-11-01",
        "to" => "2027-01-01T00:00:00Z",
        "mine" | "stop" => "true",
        "status" if path == "/api/streams" => "live",
        "status" => "ready",
        "quality" => "1080p",
        "prices" => "today",
        // Those of one's own, of an answer and of a link.
        _ => return None,
    }))
}

fn response(status: u16, answer: Answer, example: Option<Value>, schemas: &mut SchemaGenerator) -> Value {
    let about = match status {
        200 => "Done.",
        201 => "Made.",
        202 => "Wanted; it is seen to until it is done.",
        302 => "The link.",
        503 => "It cannot.",
        other => panic!("{other}"),
    };
    match answer {
        Answer::Redirect => json!({ "description": about, "headers": { "location": { "schema": { "type": "string" } } } }),
        Answer::Text(kind) => json!({ "description": about, "content": { kind: { "schema": { "type": "string" } } } }),
        Answer::Json(schema) => {
            let mut content = json!({ "schema": schema(schemas) });
            if let Some(example) = example {
                content["example"] = example;
            }
            json!({ "description": about, "content": { "application/json": content } })
        }
    }
}

fn request_body(of: &Operation, example: Option<Value>, schemas: &mut SchemaGenerator) -> Option<Value> {
    let content = match of.body {
        Body::None => return None,
        Body::Json(taken) => json!({ "application/json": { "schema": schema::body(schemas, &taken), "example": example.unwrap() } }),
        Body::Picture => {
            let about = format!("The picture's bytes, at most {MAX_THUMBNAIL_BYTES}.");
            let picture = |kind: &str| json!({ "schema": { "type": "string", "contentMediaType": kind, "description": about } });
            json!({ "image/jpeg": picture("image/jpeg"), "image/webp": picture("image/webp") })
        }
        Body::Event => {
            let about = format!("The event as LiveKit wrote it, whose bytes are signed; at most {MAX_WEBHOOK_BYTES}.");
            json!({ "application/webhook+json": { "schema": { "type": "string", "description": about } } })
        }
    };
    Some(json!({ "required": true, "content": content }))
}

/// The route's own name: `readStream`.
fn name(of: &Operation) -> String {
    let path = of.path.replace("{id}", "an-id").replace("{n}", "0");
    let variant = format!("{:?}", route::find(of.method, &path).unwrap().route);
    let name = variant.split('(').next().unwrap();
    name[..1].to_lowercase() + &name[1..]
}

fn operation(of: &Operation, played: &Played, schemas: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    for (status, answer) in &of.answers {
        let example = played.answer(of, *status);
        responses.insert(status.to_string(), response(*status, *answer, example, schemas));
    }
    let error = schema::error(schemas);
    let refused = |about: &str| json!({ "description": about, "content": { "application/json": { "schema": error } } });
    responses.insert("4XX".to_owned(), refused("Refused: `code` says why, `message` names field and limit, `hint` what to do."));
    responses.insert("5XX".to_owned(), refused("LiveKit, Storj or the database is in trouble; every request may be repeated safely."));
    let mut parameters = schema::path(of.path);
    parameters.extend(of.query.iter().flat_map(|members| schema::query(&members(schemas), of.who, |name| asked(name, of.path))));
    let mut whole = json!({
        "summary": of.about,
        "operationId": name(of),
        "tags": [match of.path.split('/').nth(2) {
            _ if of.path.starts_with("/livekit-") => "LiveKit",
            Some("streams") => "streams",
            Some("recordings") => "recordings",
            _ => "operation and costs",
        }],
        "parameters": parameters,
        "responses": responses,
        "security": match of.who {
            Who::SignedIn | Who::Admin => json!([{ "bearer": [] }]),
            Who::Anyone | Who::Viewer => json!([{}, { "bearer": [] }]),
            Who::Link => json!([{ "link": [] }]),
            Who::LiveKit => json!([{ "livekit": [] }]),
        },
    });
    if of.who == Who::Admin {
        whole["x-admin"] = json!(true);
    }
    if let Some(body) = request_body(of, played.body(of), schemas) {
        whole["requestBody"] = body;
    }
    whole
}

/// The document, with what was played as its examples.
fn document(played: &Played) -> Value {
    let mut schemas = schema::generator();
    let mut paths = Map::new();
    for of in operations() {
        let whole = operation(&of, played, &mut schemas);
        paths.entry(of.path).or_insert_with(|| json!({}))[of.method.to_lowercase()] = whole;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "livekit-storj",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Records LiveKit rooms straight into Storj.",
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        // Wherever it is deployed.
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "link": { "type": "apiKey", "in": "query", "name": "sig", "description": "The signature of a link that this Worker gave out." },
                "livekit": { "type": "apiKey", "in": "header", "name": "Authorization", "description": "LiveKit's token with the hash of the body." },
            },
        },
    })
}

#[test]
fn openapi_json_is_made_of_the_types_and_what_is_played_fits_it() {
    let played = broadcast::play();
    let document = document(&played);
    for of in operations() {
        played.judge(&document, &of);
    }
    let text = format!("{}\n", serde_json::to_string_pretty(&document).unwrap());
    if std::env::var("OPENAPI").is_ok_and(|what| what == "write") {
        std::fs::write(FILE, &text).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(kept == text, "{FILE} is stale: OPENAPI=write cargo test --test core openapi");
}

/// The members and parameters below `value` that nothing is said of.
fn undescribed(value: &Value, place: &str, found: &mut Vec<String>) {
    let says = |one: &Value| one["description"].as_str().is_some_and(|about| !about.is_empty());
    for (name, one) in value["properties"].as_object().into_iter().flatten().filter(|_| value.get("required").is_some()) {
        // `anyOf` repeats some to say which has to be given.
        let whole = value.get("additionalProperties").is_some();
        found.extend((whole && !says(one)).then(|| format!("{place}.{name}")));
    }
    for one in value["parameters"].as_array().into_iter().flatten() {
        found.extend((!says(one)).then(|| format!("{place}?{}", one["name"])));
    }
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, one)| undescribed(one, &format!("{place}/{name}"), found)),
        Value::Array(list) => list.iter().for_each(|one| undescribed(one, place, found)),
        _ => {}
    }
}

/// Every example below `value` fits the schema beside it.
fn examples_fit(document: &Value, value: &Value, place: &str) -> usize {
    let mut found = 0;
    if let (Some(example), Some(schema)) = (value.get("example"), value.get("schema")) {
        played::fits(document, schema, example, place);
        found += 1;
    }
    let inside = |(name, one): (&String, &Value)| examples_fit(document, one, &format!("{place}/{name}"));
    found += match value {
        Value::Object(fields) => fields.iter().map(inside).sum(),
        Value::Array(list) => list.iter().map(|one| examples_fit(document, one, place)).sum(),
        _ => 0,
    };
    found
}

#[test]
fn every_example_fits_its_schema() {
    let document = document(&broadcast::play());
    assert!(examples_fit(&document, &document["paths"], "") > 50);
}

#[test]
fn who_has_to_sign_in_is_told_and_nobody_else() {
    let played = broadcast::play();
    for of in operations().iter().filter(|of| !matches!(of.who, Who::Link | Who::LiveKit)) {
        let body = played.body(of).unwrap_or_default();
        let (status, answer) = played.world.call("", of.method, &of.path.replace("{id}", "never-there"), body);
        assert_eq!(status == 401, !matches!(of.who, Who::Anyone), "{} {}: {answer}", of.method, of.path);
    }
}

#[test]
fn something_is_said_of_every_member_and_parameter() {
    let document = document(&broadcast::play());
    let mut found = vec![];
    undescribed(&document, "", &mut found);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_route_is_in_it_and_nothing_else() {
    // Pages are for people.
    let is_page = |name: &str| {
        let (method, pattern) = name.split_once(' ').unwrap();
        let path = pattern.replace("{id}", "an-id").replace("{n}", "0");
        matches!(route::find(method, &path).unwrap_or_else(|_| panic!("{name}")).route, route::Route::Page(_))
    };
    let routes: BTreeSet<String> = route::TABLE.iter().map(|(name, _)| (*name).to_owned()).filter(|name| !is_page(name)).collect();
    assert!(routes.len() > 30, "{routes:?}");
    let told: Vec<String> = operations().iter().map(|of| format!("{} {}", of.method, of.path)).collect();
    assert_eq!(told.len(), routes.len());
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), routes);
}
