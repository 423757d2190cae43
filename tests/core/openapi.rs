//! `web/files/openapi.json` is what the routes really take and answer: each operation is called here, and its schema is
//! that of the answers. `OPENAPI=write cargo test --test core openapi` writes it anew.

use std::collections::{BTreeMap, BTreeSet};

use livekit_storj::quality::LAYOUTS;
use livekit_storj::recording::STATUSES;
use serde_json::{Map, Value, json};

use super::flows::egress_event;
use super::world::World;

const FILE: &str = "web/files/openapi.json";

/// One line of what can be seen.
const LINE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$";

/// What is told of a field beyond its type, by its name: the code's own lists and limits.
fn known(name: &str) -> Option<Value> {
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
        "roomName" => json!({ "pattern": LINE, "maxLength": 256 }),
        "description" => json!({ "type": ["null", "string"], "maxLength": 5000 }),
        "streamId" | "id" => json!({ "pattern": "^[A-Za-z0-9_-]{1,64}$" }),
        "limit" => json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 }),
        "q" => json!({ "maxLength": 200 }),
        "mine" => json!({ "enum": ["true", "false", "1", "0", ""], "default": "false" }),
        // Not in these answers: a failure's code or words, and a picture.
        "error" | "thumbnailUrl" | "nextCursor" | "answer" | "next" => json!({ "type": ["null", "string"] }),
        "nextAt" | "lastWebhookAt" => json!({ "type": ["null", "string"], "format": "date-time" }),
        "webhook" | "livekitList" | "storj" => json!({ "type": ["null", "object"] }),
        "scheduleAgeSeconds" | "webhookAgeSeconds" => json!({ "type": ["integer", "null"] }),
        "faults" => json!({ "items": { "type": "object" } }),
        "Stream.status" => json!({ "enum": ["created", "live", "ended"] }),
        "Recording.status" => json!({ "enum": ["processing", "ready", "missing", "deleting"] }),
        "from" | "to" => json!({ "pattern": "^$|^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:\\d\\d))?$" }),
        _ => return None,
    })
}

/// The contract's shapes, each known by a member that only it has.
const SHAPES: [(&str, &str); 2] = [("Stream", "viewerCount"), ("Recording", "sizeBytes")];

fn shape(sample: &Value) -> Option<&'static str> {
    SHAPES.into_iter().find(|(_, member)| sample.get(member).is_some()).map(|(name, _)| name)
}

/// Everything of that shape within a value.
fn all_of<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    if shape(value) == Some(name) {
        found.push(value);
    }
    match value {
        Value::Object(fields) => fields.values().for_each(|value| all_of(value, name, found)),
        Value::Array(list) => list.iter().for_each(|value| all_of(value, name, found)),
        _ => {}
    }
}

fn schema(name: &str, samples: &[&Value]) -> Value {
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
                for key in ["type", "items"].into_iter().filter(|key| more.contains_key(*key)) {
                    one.remove(key);
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

#[derive(Default)]
struct Operation {
    summary: &'static str,
    signed_in: bool,
    parameters: &'static [&'static str],
    /// Fields that a body has to have.
    required: &'static [&'static str],
    bodies: Vec<Value>,
    /// By status.
    answers: BTreeMap<u16, Vec<Value>>,
}

struct Doc {
    world: World,
    operations: BTreeMap<(String, &'static str), Operation>,
}

impl Doc {
    /// Describes an operation; what follows calls it.
    fn describe(
        &mut self,
        method: &'static str,
        path: &str,
        summary: &'static str,
        signed_in: bool,
        parameters: &'static [&'static str],
        required: &'static [&'static str],
    ) {
        let operation = Operation { summary, signed_in, parameters, required, ..Operation::default() };
        self.operations.insert((path.to_owned(), method), operation);
    }

    /// Calls it: `{id}` of the template is filled by `id`, and the query comes behind.
    fn call(&mut self, user: &str, method: &'static str, template: &str, id: &str, query: &str, body: Value) -> Value {
        let path = format!("{}{query}", template.replace("{id}", id));
        let (status, answer) = self.world.call(user, method, &path, body.clone());
        let operation = self.operations.get_mut(&(template.to_owned(), method)).unwrap();
        if status < 300 {
            operation.bodies.extend((!body.is_null()).then_some(body));
        }
        operation.answers.entry(status).or_default().push(answer.clone());
        answer
    }
}

/// Tokens are long and say nothing here.
fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("eyJ") => json!("eyJ…"),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), shown(value))).collect(),
        Value::Array(list) => list.iter().take(1).map(shown).collect(),
        other => other.clone(),
    }
}

fn parameter(name: &str, path: &str) -> Value {
    let about = match name {
        "id" => "The stream's or the recording's id.",
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
    let of_shape = format!("{}.{name}", if path == "/api/streams" { "Stream" } else { "Recording" });
    for (key, value) in known(&of_shape).or_else(|| known(name)).and_then(|more| more.as_object().cloned()).unwrap_or_default() {
        of[key] = value;
    }
    // An empty parameter of a query is as good as none.
    if name != "id" {
        of = json!({ "anyOf": [of, { "const": "" }] });
    }
    json!({ "name": name, "in": if name == "id" { "path" } else { "query" }, "required": name == "id", "description": about, "schema": of })
}

fn operation(path: &str, method: &str, of: &Operation) -> Value {
    let mut responses = Map::new();
    for (status, bodies) in &of.answers {
        let about = match status {
            200 => "Done.",
            201 => "Made.",
            202 => "Wanted; it is asked for until it starts.",
            302 => "The link.",
            _ => continue,
        };
        let samples: Vec<&Value> = bodies.iter().collect();
        let content = json!({ "application/json": { "schema": schema("", &samples), "example": shown(samples[0]) } });
        let response = match status {
            302 => json!({ "description": about, "headers": { "location": { "schema": { "type": "string" } } } }),
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
    let names = ["id"].iter().filter(|_| path.contains("{id}")).chain(of.parameters);
    let mut whole = json!({
        "summary": of.summary,
        "operationId": format!("{method} {path}"),
        "parameters": names.map(|name| parameter(name, path)).collect::<Vec<_>>(),
        "responses": responses,
        "security": if of.signed_in { json!([{ "bearer": [] }]) } else { json!([{}, { "bearer": [] }]) },
    });
    if let Some(example) = of.bodies.first() {
        let samples: Vec<&Value> = of.bodies.iter().collect();
        let mut schema = schema("", &samples);
        schema["required"] = json!(of.required);
        // `null` is as good as left out, but for what has to be there.
        let fields = schema["properties"].as_object_mut().unwrap();
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
        if path == "/livekit-egress/stop" {
            schema["anyOf"] = json!([{ "required": ["egressId"] }, { "required": ["roomName"] }]);
        }
        whole["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema, "example": example } } });
    }
    whole
}

/// Plays a broadcast through every operation.
#[allow(clippy::too_many_lines)]
fn document() -> Value {
    let mut doc = Doc { world: World::new(), operations: BTreeMap::new() };
    let lists = &["status", "mine", "limit", "cursor"];
    doc.describe("POST", "/api/streams", "Makes a stream, or answers the caller's open one of that room.", true, &[], &["title"]);
    doc.describe("GET", "/api/streams", "Streams, newest first.", false, lists, &[]);
    doc.describe("GET", "/api/streams/{id}", "A stream, with the state of its recording.", false, &[], &[]);
    doc.describe("PATCH", "/api/streams/{id}", "Changes a stream.", true, &[], &[]);
    doc.describe("POST", "/api/streams/{id}/end", "Stops its recording and closes the room.", true, &[], &[]);
    doc.describe("GET", "/api/streams/{id}/viewers", "How many watched when, in up to 200 points.", false, &[], &[]);
    doc.describe("GET", "/api/streams/{id}/why", "What happened, what comes next, and the common issues.", true, &[], &[]);
    doc.describe("POST", "/livekit-token", "A token to join a room.", true, &[], &["roomName"]);
    doc.describe("POST", "/livekit-egress", "Starts recording.", true, &[], &["roomName"]);
    doc.describe("POST", "/livekit-egress/stop", "Stops recording.", true, &[], &[]);
    let found = &["q", "streamId", "status", "mine", "from", "to", "limit", "cursor"];
    doc.describe("GET", "/api/recordings", "Recordings, newest first.", false, found, &[]);
    doc.describe("GET", "/api/recordings/{id}", "A recording.", false, &[], &[]);
    doc.describe("PATCH", "/api/recordings/{id}", "Changes a recording.", true, &[], &[]);
    doc.describe("GET", "/api/recordings/{id}/playback", "A link that plays it.", false, &[], &[]);
    doc.describe("GET", "/api/recordings/{id}/download", "Leads to a link that saves it.", false, &[], &[]);
    doc.describe("POST", "/api/recordings/{id}/download", "The link that saves it.", false, &[], &[]);
    doc.describe("GET", "/api/recordings/{id}/why", "What happened, what comes next, and the common issues.", true, &[], &[]);
    let month = &["hours", "quality", "viewers", "prices"];
    doc.describe("GET", "/api/estimate", "What a month of so many hours costs, line by line.", false, month, &[]);
    doc.describe("GET", "/healthz", "Whether the Worker can do its work.", false, &[], &[]);

    let none = || Value::Null;
    let all = json!({ "title": "Friday show", "description": "Every Friday", "roomName": "r", "visibility": "public", "record": true, "saveToStorj": false, "quality": "1080p" });
    let stream = doc.call("alice", "POST", "/api/streams", "", "", all.clone());
    doc.call("alice", "POST", "/api/streams", "", "", all);
    let id = stream["id"].as_str().unwrap().to_owned();
    let token = json!({ "roomName": "r", "role": "host", "title": "Friday show", "record": true, "saveToStorj": false, "quality": "1080p", "visibility": "public" });
    doc.call("alice", "POST", "/livekit-token", "", "", token);
    doc.call("alice", "GET", "/api/streams/{id}/why", &id, "", none());
    doc.call("alice", "GET", "/api/streams/{id}/viewers", &id, "", none());
    doc.world.open_room("r", "RM_1", "alice", true);
    let room = doc.world.room("r", "RM_1");
    let who = json!({ "sid": "PA_alice_RM_1", "identity": "alice" });
    doc.world.webhook(json!({ "event": "room_started", "room": room }));
    doc.world.webhook(json!({ "event": "participant_joined", "room": room, "participant": who }));
    doc.world.webhook(json!({ "event": "participant_joined", "room": room, "participant": { "sid": "PA_b", "identity": "bob~x" } }));
    doc.world.webhook(json!({ "event": "track_published", "room": room, "participant": who, "track": { "sid": "TR_1" } }));
    doc.world.webhook(egress_event(&doc.world, 0, "egress_updated", "EGRESS_ACTIVE"));
    doc.world.advance(30_000);
    doc.call(
        "alice",
        "POST",
        "/livekit-egress",
        "",
        "",
        json!({ "roomName": "r", "streamId": id, "quality": "1080p", "layout": "speaker", "audioOnly": false }),
    );
    for user in ["alice", "bob"] {
        doc.call(user, "GET", "/api/streams/{id}", &id, "", none());
        doc.call(user, "GET", "/api/streams", "", "?limit=20", none());
    }
    doc.call(
        "alice",
        "PATCH",
        "/api/streams/{id}",
        &id,
        "",
        json!({ "title": "Friday show", "description": null, "visibility": "public" }),
    );
    doc.call("alice", "POST", "/livekit-egress/stop", "", "", json!({ "roomName": "r" }));
    doc.call("alice", "POST", "/livekit-egress/stop", "", "", json!({ "egressId": "EG_1" }));
    let key = doc.world.livekit.borrow().egresses[0].key.clone();
    doc.world.storj.borrow_mut().bucket.objects.insert(key, 525_783);
    doc.world.advance(30_000);
    doc.world.webhook(egress_event(&doc.world, 0, "egress_ended", "EGRESS_COMPLETE"));
    doc.world.cron();
    let recording = doc.world.one("SELECT id FROM assets").as_str().unwrap().to_owned();
    for user in ["alice", "bob"] {
        doc.call(user, "GET", "/api/recordings", "", "?q=friday&limit=1", none());
        doc.call(user, "GET", "/api/recordings/{id}", &recording, "", none());
    }
    doc.call("alice", "PATCH", "/api/recordings/{id}", &recording, "", json!({ "title": "Friday show", "visibility": "public" }));
    doc.call("", "GET", "/api/recordings/{id}/playback", &recording, "", none());
    doc.call("", "GET", "/api/recordings/{id}/download", &recording, "", none());
    doc.call("", "POST", "/api/recordings/{id}/download", &recording, "", none());
    doc.call("alice", "GET", "/api/recordings/{id}/why", &recording, "", none());
    doc.call("alice", "GET", "/api/streams/{id}/viewers", &id, "", none());
    doc.call("alice", "POST", "/api/streams/{id}/end", &id, "", none());
    doc.call("alice", "GET", "/api/streams/{id}/why", &id, "", none());
    doc.call("", "GET", "/healthz", "", "", none());
    // A recording of which nothing is known but its key, a stream that nobody saw: what may be null is null.
    doc.world
        .db
        .execute_batch("UPDATE assets SET stream_id = NULL, livepeer_asset_id = NULL, duration_ms = NULL, size_bytes = NULL, started_at = NULL, ended_at = NULL, expires_at = 1795999999000")
        .unwrap();
    for user in ["alice", "bob"] {
        let after = doc.call(user, "GET", "/api/recordings", "", "?limit=1", none());
        assert!(after["recordings"][0]["streamId"].is_null());
        doc.call(user, "GET", "/api/recordings/{id}", &recording, "", none());
    }
    doc.call("alice", "PATCH", "/api/recordings/{id}", &recording, "", json!({ "title": null, "visibility": null }));
    doc.call("alice", "GET", "/api/recordings/{id}/why", &recording, "", none());
    doc.call("bob", "POST", "/api/streams", "", "", json!({ "title": "t", "description": null, "roomName": null, "visibility": null, "record": null, "saveToStorj": null, "quality": null }));
    for user in ["alice", "bob"] {
        doc.call(user, "GET", "/api/streams", "", "?limit=1", none());
    }
    doc.call(
        "bob",
        "POST",
        "/livekit-egress",
        "",
        "",
        json!({ "roomName": doc_room(&doc.world), "streamId": null, "quality": null, "layout": null, "audioOnly": null }),
    );

    for query in ["?hours=100", "?hours=0.5&prices=guide"] {
        doc.call("", "GET", "/api/estimate", "", query, none());
    }
    let error = doc.world.call("", "GET", "/api/streams/never-there", Value::Null).1;
    let hinted = doc.world.call("", "GET", "/api/streams?mine=true", Value::Null).1;
    let mut paths = Map::new();
    for ((path, method), of) in &doc.operations {
        paths.entry(path.clone()).or_insert_with(|| json!({}))[method.to_lowercase()] = operation(path, method, of);
    }
    let mut schemas = Map::new();
    schemas.insert("Error".to_owned(), schema("", &[&error, &hinted]));
    for (name, _) in SHAPES {
        let mut samples = vec![];
        for answer in doc.operations.values().flat_map(|of| of.answers.values()).flatten() {
            all_of(answer, name, &mut samples);
        }
        schemas.insert(name.to_owned(), schema(name, &samples));
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "livekit-storj", "version": env!("CARGO_PKG_VERSION"), "description": "Records LiveKit rooms straight into Storj." },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
        },
    })
}

fn doc_room(world: &World) -> Value {
    world.one("SELECT room_name FROM live_streams WHERE owner_id = 'bob'")
}

#[test]
fn openapi_json_is_what_the_routes_take_and_answer() {
    let text = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
    if std::env::var("OPENAPI").is_ok_and(|what| what == "write") {
        std::fs::write(FILE, &text).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(kept == text, "{FILE} is stale: OPENAPI=write cargo test --test core openapi");
}
