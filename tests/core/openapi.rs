//! `web/files/openapi.json` is what the routes really take and answer: each operation is called here, and its schema is
//! that of the answers. `OPENAPI=write cargo test --test core openapi` writes it anew.

use std::collections::{BTreeMap, BTreeSet};

use livekit_storj::route::{self, MAX_THUMBNAIL_BYTES, MAX_WEBHOOK_BYTES};
use serde_json::{Map, Value, json};

use super::openapi_schema::{LINE, known, schema};
use super::world::World;

const FILE: &str = "web/files/openapi.json";

#[derive(Default)]
pub(super) struct Operation {
    summary: &'static str,
    who: Who,
    parameters: &'static [&'static str],
    /// Fields that a body has to have.
    required: &'static [&'static str],
    /// The type of an answer that is no JSON.
    produces: Option<&'static str>,
    bodies: Vec<Value>,
    /// By status.
    pub(super) answers: BTreeMap<u16, Vec<Value>>,
}

/// Who may call it.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Who {
    #[default]
    Anyone,
    SignedIn,
    Admin,
    /// Whoever has a link with a signature of ours.
    Link,
    LiveKit,
}

pub(super) struct Doc {
    pub(super) world: World,
    pub(super) operations: BTreeMap<(String, &'static str), Operation>,
}

impl Doc {
    /// Describes an operation; what follows calls it.
    pub(super) fn describe(
        &mut self,
        method: &'static str,
        path: &str,
        summary: &'static str,
        who: Who,
        parameters: &'static [&'static str],
        required: &'static [&'static str],
    ) -> &mut Operation {
        let operation = Operation { summary, who, parameters, required, ..Operation::default() };
        self.operations.entry((path.to_owned(), method)).or_insert(operation)
    }

    /// Calls it: `{id}` of the template is filled by `id`, and the query comes behind.
    pub(super) fn call(&mut self, user: &str, method: &'static str, template: &str, id: &str, query: &str, body: Value) -> Value {
        let path = format!("{}{query}", template.replace("{id}", id));
        let (status, answer) = self.world.call(user, method, &path, body.clone());
        let operation = self.operations.get_mut(&(template.to_owned(), method)).unwrap();
        if status < 300 {
            operation.bodies.extend((!body.is_null()).then_some(body));
        }
        operation.answers.entry(status).or_default().push(answer.clone());
        answer
    }

    /// Puts a picture.
    pub(super) fn picture(&mut self, user: &str, template: &'static str, id: &str) {
        let headers = vec![("authorization".to_owned(), format!("Bearer {}", self.world.token(user)))];
        let body = vec![0xFF, 0xD8, 0xFF, 0xE0];
        let reply = self.world.send_raw("PUT", &template.replace("{id}", id), headers, body);
        let operation = self.operations.get_mut(&(template.to_owned(), "PUT")).unwrap();
        operation.answers.entry(reply.status).or_default().push(reply.body.unwrap());
    }

    /// Sends a webhook as it was signed.
    pub(super) fn webhook(&mut self, signed: &Value) -> Value {
        let text = |name: &str| signed[name].as_str().unwrap().to_owned();
        let headers = vec![("authorization".to_owned(), text("authorization"))];
        let reply = self.world.send_raw("POST", "/livekit-webhook", headers, text("body").into_bytes());
        let operation = self.operations.get_mut(&("/livekit-webhook".to_owned(), "POST")).unwrap();
        let answer = reply.body.unwrap();
        operation.answers.entry(reply.status).or_default().push(answer.clone());
        answer
    }
}

impl Operation {
    /// No call of it succeeded.
    pub(super) fn is_unknown(&self) -> bool {
        self.answers.keys().all(|status| *status >= 400)
    }

    /// Answers what is no JSON.
    pub(super) fn produces(&mut self, kind: &'static str, status: u16) {
        self.produces = Some(kind);
        self.answers.insert(status, vec![Value::Null]);
    }
}

/// Tokens are long and say nothing here.
fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("eyJ") || text.starts_with("Bearer eyJ") => json!("eyJ…"),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), shown(value))).collect(),
        Value::Array(list) => list.iter().take(1).map(shown).collect(),
        other => other.clone(),
    }
}

fn parameter(name: &str, path: &str) -> Value {
    let about = match name {
        "id" if path.starts_with("/api/users/") => "The user's id, percent-encoded.",
        "id" => "The stream's or the recording's id.",
        "n" => "The segment's number.",
        "stop" => "Also one that is live: what records is stopped, its room is closed.",
        "v" => "Of which picture: it changes with it, so that a browser may keep it.",
        "exp" => "Until when the link counts, in Unix seconds.",
        "sig" => "The link's signature.",
        "q" => "Words of title and room by their beginnings, in any alphabet, without accents.",
        "cursor" => "`nextCursor` of the page before, unchanged.",
        "mine" => "The caller's own alone.",
        "from" => "Made at this time or later.",
        "to" => "Made before this time.",
        "hours" => "Hours recorded in the month.",
        "viewers" => "How many watch every recording whole.",
        "prices" => "Today's, or those of the guide.",
        "quality" => "Of the recordings.",
        "limit" => "The longest page. One may be short or empty; only `nextCursor: null` is the end.",
        _ => "Narrows the list.",
    };
    let mut of = json!({ "type": "string" });
    if name == "n" {
        return json!({ "name": "n", "in": "path", "required": true, "description": about, "schema": { "type": "integer", "minimum": 0 } });
    }
    if name == "id" && path.starts_with("/api/users/") {
        let id = json!({ "type": "string", "minLength": 1, "maxLength": livekit_storj::auth::caller::MAX_USER_ID_BYTES, "pattern": LINE });
        return json!({ "name": "id", "in": "path", "required": true, "description": about, "schema": id });
    }
    let of_shape = format!("{}.{name}", if path == "/api/streams" { "Stream" } else { "Recording" });
    for (key, value) in known(&of_shape).or_else(|| known(name)).and_then(|more| more.as_object().cloned()).unwrap_or_default() {
        of[key] = value;
    }
    // An empty parameter of a query is as good as none.
    if name != "id" {
        of = json!({ "anyOf": [of, { "const": "" }] });
    }
    let mut whole = json!({ "name": name, "in": if name == "id" { "path" } else { "query" }, "required": name == "id", "description": about, "schema": of });
    if let Some(example) = asked(name, path) {
        whole["example"] = json!(example);
    }
    whole
}

/// A value that anybody may ask with.
fn asked(name: &str, path: &str) -> Option<&'static str> {
    Some(match name {
        "q" => "friday sh",
        "from" => "2026-11-01",
        "to" => "2027-01-01T00:00:00Z",
        "limit" => "20",
        "mine" | "stop" => "true",
        "status" if path == "/api/streams" => "live",
        "status" => "ready",
        "hours" => "100",
        "viewers" => "5",
        "quality" => "1080p",
        "prices" => "today",
        // Those of one's own, of an answer and of a link.
        _ => return None,
    })
}

pub(super) fn operation(path: &str, method: &str, of: &Operation) -> Value {
    let mut responses = Map::new();
    for (status, bodies) in &of.answers {
        let about = match status {
            200 => "Done.",
            201 => "Made.",
            202 => "Wanted; it is seen to until it is done.",
            302 => "The link.",
            _ => continue,
        };
        let samples: Vec<&Value> = bodies.iter().collect();
        let content = json!({ "application/json": { "schema": schema("", &samples), "example": shown(samples[0]) } });
        let response = match status {
            302 => json!({ "description": about, "headers": { "location": { "schema": { "type": "string" } } } }),
            _ if of.produces.is_some() => {
                json!({ "description": about, "content": { of.produces.unwrap(): { "schema": { "type": "string" } } } })
            }
            _ => json!({ "description": about, "content": content }),
        };
        responses.insert(status.to_string(), response);
    }
    // Of its own shape when it is unwell, too.
    if path == "/healthz" {
        let well = responses["200"].clone();
        responses.insert("503".to_owned(), well);
    }
    let refused = |about: &str| json!({ "description": about, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } } });
    responses.insert("4XX".to_owned(), refused("Refused: `code` says why, `message` names field and limit, `hint` what to do."));
    responses.insert("5XX".to_owned(), refused("LiveKit, Storj or the database is in trouble; every request may be repeated safely."));
    let names = ["id", "n"].iter().filter(|name| path.contains(&format!("{{{name}}}"))).chain(of.parameters);
    let mut whole = json!({
        "summary": of.summary,
        "operationId": format!("{method} {path}"),
        "parameters": names.map(|name| parameter(name, path)).collect::<Vec<_>>(),
        "responses": responses,
        "security": match of.who {
            Who::SignedIn | Who::Admin => json!([{ "bearer": [] }]),
            Who::Anyone => json!([{}, { "bearer": [] }]),
            Who::Link => json!([{ "link": [] }]),
            Who::LiveKit => json!([{ "livekit": [] }]),
        },
    });
    if of.who == Who::Admin {
        whole["x-admin"] = json!(true);
    }
    if method == "PUT" {
        let picture = json!({ "schema": { "type": "string", "contentMediaType": "image/jpeg", "description": format!("The picture's bytes, at most {MAX_THUMBNAIL_BYTES}.") } });
        whole["requestBody"] = json!({ "required": true, "content": { "image/jpeg": picture, "image/webp": picture } });
    }
    if path == "/livekit-webhook" {
        let body = json!({ "type": "string", "description": format!("The event as LiveKit wrote it, whose bytes are signed; at most {MAX_WEBHOOK_BYTES}.") });
        whole["requestBody"] = json!({ "required": true, "content": { "application/webhook+json": { "schema": body } } });
    }
    if let Some(example) = of.bodies.first() {
        let samples: Vec<&Value> = of.bodies.iter().collect();
        let mut schema = schema("", &samples);
        schema["required"] = json!(of.required);
        // `null` is as good as left out, but for what has to be there.
        let fields = schema["properties"].as_object_mut().unwrap();
        // The list's own limits.
        if let Some(ids) = fields.get_mut("ids") {
            ids["minItems"] = json!(1);
            ids["maxItems"] = json!(100);
            ids["items"]["pattern"] = json!("^[A-Za-z0-9_-]{1,64}$");
        }
        for (_, field) in fields.iter_mut().filter(|(name, _)| !of.required.contains(&name.as_str())) {
            let mut kinds: BTreeSet<String> = match &field["type"] {
                Value::Array(kinds) => kinds.iter().map(|kind| kind.as_str().unwrap().to_owned()).collect(),
                kind => BTreeSet::from([kind.as_str().unwrap().to_owned()]),
            };
            kinds.insert("null".to_owned());
            field["type"] = json!(kinds);
            if let Some(list) = field.get_mut("enum").and_then(Value::as_array_mut).filter(|list| !list.contains(&Value::Null)) {
                list.push(Value::Null);
            }
        }
        let either = match path {
            "/livekit-egress/stop" => ["egressId", "roomName"].as_slice(),
            "/livekit-token" => &["roomName", "room_name"],
            _ => &[],
        };
        if !either.is_empty() {
            schema["anyOf"] =
                either.iter().map(|name| json!({ "required": [name], "properties": { *name: { "type": "string" } } })).collect();
        }
        whole["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema, "example": example } } });
    }
    whole
}

#[test]
fn openapi_json_is_what_the_routes_take_and_answer() {
    let text = format!("{}\n", serde_json::to_string_pretty(&super::openapi_broadcast::document()).unwrap());
    if std::env::var("OPENAPI").is_ok_and(|what| what == "write") {
        std::fs::write(FILE, &text).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(kept == text, "{FILE} is stale: OPENAPI=write cargo test --test core openapi");
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
    let document: Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    let operations: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, of)| of.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase())))
        .collect();
    assert_eq!(operations, routes);
}
