//! Statements to D1 and rows back.

use wasm_bindgen::JsValue;
use worker::D1Database;

use crate::ports::DatabaseFailed;
use crate::store::{Param, Rows, Statement};

/// D1's own count of what a batch touched.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Touched {
    pub(super) read: usize,
    pub(super) written: usize,
}

/// Runs a batch as one transaction. `Err` says whether trying again makes sense.
pub(super) async fn batch(database: &D1Database, statements: &[Statement]) -> Result<(Vec<Rows>, Touched), (DatabaseFailed, bool)> {
    let prepared: worker::Result<Vec<_>> = statements
        .iter()
        .map(|statement| {
            let params: Vec<JsValue> = statement.params.iter().map(value).collect();
            database.prepare(&statement.sql).bind(&params)
        })
        .collect();
    let results = database.batch(prepared.map_err(failed)?).await.map_err(failed)?;
    let mut touched = Touched::default();
    let mut all = Vec::with_capacity(results.len());
    for result in results {
        if let Ok(Some(meta)) = result.meta() {
            touched.read += meta.rows_read.unwrap_or(0);
            touched.written += meta.rows_written.unwrap_or(0);
        }
        all.push(result.results::<serde_json::Value>().map_err(failed)?);
    }
    Ok((all, touched))
}

fn value(param: &Param) -> JsValue {
    match param {
        // Never `undefined`: D1 refuses it.
        Param::Null => JsValue::NULL,
        Param::Number(number) => JsValue::from_f64(number.as_f64()),
        Param::Text(text) => JsValue::from_str(text),
    }
}

/// `Display` of worker 0.8.7's `D1Error` throws when its cause is an `Error` object, which it is in
/// workerd, so the message is taken from the object itself.
fn failed(error: worker::Error) -> (DatabaseFailed, bool) {
    let message = match &error {
        worker::Error::D1(error) => String::from(AsRef::<js_sys::Error>::as_ref(error).message()),
        worker::Error::UnknownJsError { message, .. } => message.clone(),
        other => other.to_string(),
    };
    // The transient ones of Cloudflare's page "D1: retry queries"; an overloaded D1 is left alone.
    let again = ["Network connection lost", "storage caused object to be reset", "reset because its code was updated"]
        .iter()
        .any(|known| message.contains(known));
    (DatabaseFailed { message }, again)
}
