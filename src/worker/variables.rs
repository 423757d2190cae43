//! The configuration, read from the variables once and again when they change.
//!
//! They may change under a running isolate: with a deployment that changes variables alone, Cloudflare goes on with the
//! isolates that are there (Cloudflare's documentation, Bindings, "Making changes to bindings"; read November 2026). So
//! all of them are taken as one text, in one call, which is compared; asked for one by one they were half of a request's
//! calls out of wasm.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::JSON;
use worker::Env;

use super::js;
use crate::config::{Config, Fault};

/// The configuration, or all that is wrong with it.
pub(super) type Configured = Rc<Result<Config, Vec<Fault>>>;

thread_local! {
    /// As of the last request, with the variables that it was made of.
    static KNOWN: RefCell<Option<(String, Configured)>> = const { RefCell::new(None) };
}

/// The configuration of this request.
pub(super) fn config(env: &Env) -> Configured {
    // Bindings that are no text are in it as objects.
    let all = JSON::stringify(env).ok().and_then(|text| text.as_string());
    KNOWN.with_borrow_mut(|known| match known {
        Some((before, config)) if all.as_ref() == Some(before) => Rc::clone(config),
        _ => {
            let config = Rc::new(Config::read(|name| js::get(env, name).as_string()));
            *known = all.map(|all| (all, Rc::clone(&config)));
            config
        }
    })
}
