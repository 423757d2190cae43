//! A page out of the assets binding, with the core's words written into it.

use js_sys::Promise;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;
use worker::Env;

use super::{js, request};
use crate::api::{HEAD, Html, Reply};

#[wasm_bindgen]
extern "C" {
    /// The binding.
    type Assets;
    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Assets, url: &str) -> Result<Promise, JsValue>;
}

/// Answers with the page. A Worker that was deployed without its assets throws here, which is a 500.
pub(super) async fn answer(env: &Env, html: &Html, reply: &Reply, head: bool) -> Result<Response, JsValue> {
    let assets: Assets = js::get(env, "ASSETS").unchecked_into();
    // The host is of no importance to the binding.
    let file: Response = JsFuture::from(assets.fetch(&format!("https://assets{}", html.file))?).await?.unchecked_into();
    let text = JsFuture::from(file.text()?).await?.as_string().unwrap_or_default();
    let text = text.replacen(HEAD, &html.head, 1).replacen("<title>", &format!("<title>{}", html.title), 1);
    request::write(reply, Some("text/html; charset=utf-8"), Some(&text).filter(|_| !head).map(String::as_str))
}
