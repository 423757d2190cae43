//! The few words of JavaScript that every part of the shell speaks.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// A property; `undefined` where there is none, or nothing to have one.
pub(super) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// What an exception says. Everything that the runtime throws is an `Error`.
pub(super) fn message(thrown: &JsValue) -> String {
    get(thrown, "message").as_string().unwrap_or_else(|| "an exception without a message".to_owned())
}
