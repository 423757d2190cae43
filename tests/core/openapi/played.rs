//! What was sent and answered, operation by operation, and whether it fits the document.

use serde_json::{Value, json};

use super::operations::{Answer, Body, Operation};
use crate::world::World;

/// A request and its answer.
struct Call {
    method: &'static str,
    /// As the document has it.
    path: &'static str,
    body: Value,
    status: u16,
    answer: Value,
}

/// Requests and their answers, in order.
pub(super) struct Played {
    pub(super) world: World,
    calls: Vec<Call>,
}

impl Played {
    pub(super) fn new() -> Self {
        Self { world: World::new(), calls: vec![] }
    }

    /// Calls an operation: `{id}` of the path is filled by `id`, and the query comes behind.
    pub(super) fn call(&mut self, user: &str, method: &'static str, path: &'static str, id: &str, query: &str, body: Value) -> Value {
        let address = format!("{}{query}", path.replace("{id}", id));
        let (status, answer) = self.world.call(user, method, &address, body.clone());
        self.calls.push(Call { method, path, body, status, answer: answer.clone() });
        answer
    }

    /// Puts a picture.
    pub(super) fn picture(&mut self, user: &str, path: &'static str, id: &str) {
        let headers = vec![("authorization".to_owned(), format!("Bearer {}", self.world.token(user)))];
        let body = vec![0xFF, 0xD8, 0xFF, 0xE0];
        let reply = self.world.send_raw("PUT", &path.replace("{id}", id), headers, body);
        self.calls.push(Call { method: "PUT", path, body: Value::Null, status: reply.status, answer: reply.body.unwrap() });
    }

    /// Sends a webhook as it was signed.
    pub(super) fn webhook(&mut self, signed: &Value) -> Value {
        let text = |name: &str| signed[name].as_str().unwrap().to_owned();
        let headers = vec![("authorization".to_owned(), text("authorization"))];
        let reply = self.world.send_raw("POST", "/livekit-webhook", headers, text("body").into_bytes());
        let (path, answer) = ("/livekit-webhook", reply.body.unwrap());
        self.calls.push(Call { method: "POST", path, body: Value::Null, status: reply.status, answer: answer.clone() });
        answer
    }

    fn of(&self, of: &Operation) -> impl Iterator<Item = &Call> {
        let (method, path) = (of.method, of.path);
        self.calls.iter().filter(move |call| call.method == method && call.path == path)
    }

    /// An answer with that status.
    pub(super) fn answer(&self, of: &Operation, status: u16) -> Option<Value> {
        self.of(of).find(|call| call.status == status).map(|call| shown(&call.answer))
    }

    /// A body that was taken.
    pub(super) fn body(&self, of: &Operation) -> Option<Value> {
        self.of(of).find(|call| call.status < 300).map(|call| call.body.clone())
    }

    /// Whatever was sent and taken fits what the document says of it, and so does whatever was answered.
    pub(super) fn judge(&self, document: &Value, of: &Operation) {
        let name = format!("{} {}", of.method, of.path);
        let told = &document["paths"][of.path][of.method.to_lowercase()];
        let json = |content: &'_ Value| content["content"]["application/json"]["schema"].clone();
        for call in self.of(of) {
            let answer = of.answers.iter().find(|(status, _)| *status == call.status);
            match answer {
                Some((status, Answer::Json(_))) => fits(document, &json(&told["responses"][status.to_string()]), &call.answer, &name),
                Some(_) => assert!(call.answer.is_null(), "{name}: {}", call.answer),
                None => {
                    assert!(call.status >= 400, "{name} answered {}, of which nothing is told", call.status);
                    fits(document, &json(&told["responses"]["4XX"]), &call.answer, &name);
                }
            }
            if let (Body::Json(..), ..300) = (of.body, call.status) {
                fits(document, &json(&told["requestBody"]), &call.body, &name);
            }
        }
        for (status, answer) in &of.answers {
            // Links that players follow are played by other tests, and so is a Worker that is unwell.
            let elsewhere = matches!(answer, Answer::Text(_)) || of.path.ends_with(".ts") || *status == 503;
            assert!(elsewhere || self.of(of).any(|call| call.status == *status), "{name} was never answered with {status}");
        }
    }
}

pub(super) fn fits(document: &Value, schema: &Value, value: &Value, name: &str) {
    let whole = json!({ "$ref": "#/here", "here": schema, "components": document["components"] });
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&whole).unwrap();
    let misfits: Vec<String> = validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(misfits.is_empty(), "{name}: {misfits:#?}");
}

/// Tokens are long and say nothing here, and of a list the first will do.
fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("eyJ") || text.starts_with("Bearer eyJ") => json!("eyJ…"),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), shown(value))).collect(),
        Value::Array(list) => list.iter().take(1).map(shown).collect(),
        other => other.clone(),
    }
}
