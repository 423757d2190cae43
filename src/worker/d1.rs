//! Statements to D1 and rows back.

use js_sys::{Array, JSON, Promise};
use serde_json::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

use super::js;
use crate::ports::DatabaseFailed;
use crate::store::{Param, Rows, Statement};

#[wasm_bindgen]
extern "C" {
    /// The binding.
    #[derive(Debug)]
    pub(super) type Database;
    #[wasm_bindgen(method, catch)]
    fn prepare(this: &Database, sql: &str) -> Result<Prepared, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn batch(this: &Database, statements: &Array) -> Result<Promise, JsValue>;

    type Prepared;
    #[wasm_bindgen(method, catch, variadic)]
    fn bind(this: &Prepared, params: &Array) -> Result<Prepared, JsValue>;
}

/// D1's own count of what a batch touched.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Touched {
    pub(super) read: u64,
    pub(super) written: u64,
}

/// Runs a batch as one transaction. `Err` says whether trying again makes sense.
pub(super) async fn batch(database: &Database, statements: &[Statement]) -> Result<(Vec<Rows>, Touched), (DatabaseFailed, bool)> {
    let text = run(database, statements).await.map_err(|thrown| failed(js::message(&thrown)))?;
    let Ok(Value::Array(results)) = serde_json::from_slice(text.as_bytes()) else {
        return Err(failed("D1 answered something else than JSON".to_owned()));
    };
    let mut touched = Touched::default();
    let mut all = Vec::with_capacity(results.len());
    for mut result in results {
        let count = |name: &str| result.pointer(name).and_then(Value::as_u64).unwrap_or(0);
        touched.read += count("/meta/rows_read");
        touched.written += count("/meta/rows_written");
        match result.get_mut("results").map(Value::take) {
            Some(Value::Array(rows)) => all.push(rows),
            _ => return Err(failed("D1 answered without rows".to_owned())),
        }
    }
    Ok((all, touched))
}

/// The results as JSON: one text crosses over to wasm, not every field of every row by itself.
async fn run(database: &Database, statements: &[Statement]) -> Result<String, JsValue> {
    let prepared = Array::new();
    for statement in statements {
        let params: Array = statement.params.iter().map(value).collect();
        prepared.push(&database.prepare(&statement.sql)?.bind(&params)?.into());
    }
    let results = JsFuture::from(database.batch(&prepared)?).await?;
    Ok(String::from(JSON::stringify(&results)?))
}

fn value(param: &Param) -> JsValue {
    match param {
        // Never `undefined`: D1 refuses it.
        Param::Null => JsValue::NULL,
        Param::Number(number) => JsValue::from_f64(number.as_f64()),
        Param::Text(text) => JsValue::from_str(text),
    }
}

fn failed(message: String) -> (DatabaseFailed, bool) {
    // The transient ones of Cloudflare's page "D1: retry queries"; an overloaded D1 is left alone.
    let again = ["Network connection lost", "storage caused object to be reset", "reset because its code was updated"]
        .iter()
        .any(|known| message.contains(known));
    (DatabaseFailed { message }, again)
}
