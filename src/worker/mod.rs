//! The shell: what only exists on Workers. It reads requests, asks the core, and holds no rule about
//! recordings.

mod d1;
mod js;
mod log;
mod outside;
mod page;
mod pipe;
mod ports;
#[cfg(feature = "panic-probe")]
mod probe;
mod request;
mod stream;
mod variables;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;
use web_sys::{Request, Response};
use worker::Env;

use crate::api::serve::{finish, follow_up, refusal, serve};
use crate::api::webhook::is_worth_reading;
use crate::flow::sweep::sweep;
use crate::ports::{Desk, Ports, Trail};
use crate::route;
use ports::WorkerPorts;
use variables::config;

#[wasm_bindgen]
extern "C" {
    /// The invocation's `ctx`.
    #[derive(Debug)]
    pub type Context;
    #[wasm_bindgen(method, js_name = waitUntil)]
    fn wait_until(this: &Context, work: &Promise);
}

/// The runtime's `fetch` event. Not by the macro `#[event(fetch)]`: it brings the crate's own `Response` along,
/// with readers and writers of streams that nothing here uses, 4 kB gzip.
// Public for wasm-bindgen, which exports nothing else.
#[allow(unreachable_pub)]
#[wasm_bindgen]
pub fn fetch(request: Request, env: Env, context: Context) -> Promise {
    promise(Box::pin(async move { answer(request, env, context).await.map(JsValue::from) }))
}

/// The runtime's `scheduled` event. Its outcome stands in the log and in D1 (`pulse`).
// Public for wasm-bindgen, which exports nothing else.
#[allow(unreachable_pub)]
#[wasm_bindgen]
pub fn scheduled(_event: JsValue, env: Env) -> Promise {
    promise(Box::pin(async move {
        schedule(&env).await;
        Ok(JsValue::UNDEFINED)
    }))
}

type Work = Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>;

/// Every piece of work as a promise. A panic rejects it, and costs nobody else anything. Boxed, because each type of
/// future would have a copy of its own of what is in here, 3 kB.
fn promise(work: Work) -> Promise {
    future_to_promise(AssertUnwindSafe(work))
}

async fn answer(request: Request, env: Env, context: Context) -> Result<Response, JsValue> {
    let trail = Trail::default();
    let ports = WorkerPorts::new(&env)?;
    let began = ports.now();
    // Cloudflare's own id of the request where there is one, so that our line is found from theirs.
    let id = request.headers().get("cf-ray").ok().flatten().unwrap_or_else(|| hex::encode(ports.random()));
    trail.note("request_id", id.clone());
    let config = config(&env);
    let (reply, head) = match request::read(&request, |head| is_worth_reading(head, &config, ports.now())).await {
        Ok(read) => {
            #[cfg(feature = "panic-probe")]
            probe::panic_if_asked(&read);
            let reply = serve(&ports, &config, &trail, &id, &read).await;
            (reply, read.method == "HEAD")
        }
        Err((error, unread)) => {
            trail.note("route", route::find(&unread.method, &unread.path).map_or("none", |found| found.name));
            trail.note("code", error.code);
            let mut reply = refusal(&error, &id);
            finish(&mut reply, &config, &trail, &id, &unread);
            (reply, unread.method == "HEAD")
        }
    };
    trail.note("ms", ports.now().since(began));
    ports.note_d1(&trail, "d1");
    let background = reply.background.clone();
    let response = match &reply.html {
        Some(html) => page::answer(&env, html, &reply, head).await?,
        None => request::answer(&reply, head)?,
    };
    match background {
        Some(work) => context.wait_until(&promise(Box::pin(async move {
            if let Ok(config) = &*config {
                follow_up(&ports, config, &trail, &work).await;
            }
            trail.note("background_ms", ports.now().since(began));
            ports.note_d1(&trail, "background_d1");
            log::line(&trail);
            Ok(JsValue::UNDEFINED)
        }))),
        None => log::line(&trail),
    }
    Ok(response)
}

async fn schedule(env: &Env) {
    let trail = Trail::default();
    trail.note("route", "schedule");
    let ports = match WorkerPorts::new(env) {
        Ok(ports) => ports,
        Err(error) => {
            trail.decided(format!("no database: {error}"));
            return log::line(&trail);
        }
    };
    let began = ports.now();
    match &*config(env) {
        Ok(config) => {
            let desk = Desk { ports: &ports, config, trail: &trail };
            if let Err(error) = sweep(&desk).await {
                trail.note("code", error.code);
            }
        }
        Err(faults) => trail.decided(format!("not configured: {}", faults.iter().map(|f| f.name).collect::<Vec<_>>().join(", "))),
    }
    trail.note("ms", ports.now().since(began));
    ports.note_d1(&trail, "d1");
    log::line(&trail);
}
