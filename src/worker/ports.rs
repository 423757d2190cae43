//! [`Ports`] on Workers: the isolate's clock and dice, D1, `fetch` and WebCrypto.

use std::cell::{Cell, RefCell};

use js_sys::{Object, Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use super::d1::{self, Database, Touched};
use super::{js, outside, pipe};
use crate::auth::jwks::JwksCache;
use crate::auth::token::Algorithm;
use crate::http::{Incoming, Outgoing, Unanswered, Unpiped};
use crate::object;
use crate::ports::{DatabaseFailed, Guard, Ports, Trail};
use crate::store::{Rows, Statement};
use crate::time::Millis;

#[wasm_bindgen]
extern "C" {
    /// The runtime's own `scheduler.wait()`: a promise, where `setTimeout` would need a closure.
    #[wasm_bindgen(js_namespace = scheduler)]
    fn wait(ms: u32) -> Promise;

    /// A rate-limiting binding.
    type Limiter;
    #[wasm_bindgen(method, catch)]
    fn limit(this: &Limiter, what: &JsValue) -> Result<Promise, JsValue>;
}

thread_local! {
    /// Plain data only: a promise of one request must never be awaited in another.
    static JWKS: RefCell<JwksCache> = RefCell::default();
}

/// Every batch is safe to repeat, so a transient failure is tried three times in all.
const TRIES: u32 = 3;

/// The world of one invocation.
pub(super) struct WorkerPorts {
    env: JsValue,
    database: Database,
    round_trips: Cell<usize>,
    batches: Cell<u32>,
    calls: Cell<u32>,
    touched: Cell<Touched>,
}

impl WorkerPorts {
    pub(super) fn new(env: &Env) -> Result<Self, String> {
        let database = js::get(env, "DB");
        if !database.is_object() {
            return Err("there is no D1 database bound as DB".to_owned());
        }
        Ok(Self {
            env: env.into(),
            database: database.unchecked_into(),
            round_trips: Cell::default(),
            batches: Cell::default(),
            calls: Cell::default(),
            touched: Cell::default(),
        })
    }

    /// Notes what D1 did since the last note: round trips, rows read, rows written.
    pub(super) fn note_d1(&self, trail: &Trail, name: &str) {
        let touched = self.touched.take();
        trail.note(name, object!({ "trips": self.round_trips.take(), "read": touched.read, "written": touched.written }));
    }
}

impl Ports for WorkerPorts {
    fn now(&self) -> Millis {
        Millis(js_sys::Date::now() as i64)
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let drawn = crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
        if drawn.is_err() {
            // Ids and identities must not be predictable: better this request fails than that.
            wasm_bindgen::throw_str("no randomness");
        }
        bytes
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Rows>, DatabaseFailed> {
        self.batches.set(self.batches.get() + 1);
        let mut tried = 0;
        loop {
            tried += 1;
            self.round_trips.set(self.round_trips.get() + 1);
            match d1::batch(&self.database, &statements).await {
                Ok((rows, touched)) => {
                    let sum = self.touched.get();
                    self.touched.set(Touched { read: sum.read + touched.read, written: sum.written + touched.written });
                    return Ok(rows);
                }
                Err((_, true)) if tried < TRIES => {
                    // 50 and 100 ms, and up to as much again, so that a hundred do not come back at once.
                    let base = 50 * tried;
                    let [jitter, ..] = self.random();
                    self.pause(base + base * u32::from(jitter) / 256).await;
                }
                Err((failed, _)) => return Err(failed),
            }
        }
    }

    fn batches(&self) -> u32 {
        self.batches.get()
    }

    async fn send(&self, request: Outgoing) -> Result<Incoming, Unanswered> {
        self.calls.set(self.calls.get() + 1);
        outside::send(request).await
    }

    async fn pipe(&self, sources: Vec<Outgoing>, length: u64, sink: Outgoing) -> Result<Incoming, Unpiped> {
        self.calls.set(self.calls.get() + crate::ports::calls_of_pipe(&sources));
        pipe::pipe(sources, length, &sink).await
    }

    fn calls(&self) -> u32 {
        self.calls.get()
    }

    async fn allows(&self, guard: Guard, key: &str) -> bool {
        // A counter that does not count stops nobody.
        allows(&self.env, guard, key).await.unwrap_or(true)
    }

    async fn pause(&self, ms: u32) {
        // Nothing can make it fail, and nothing would be different.
        let _ = JsFuture::from(wait(ms)).await;
    }

    async fn verifies(&self, algorithm: Algorithm, jwk: &str, signed: &[u8], signature: &[u8]) -> bool {
        verifies(algorithm, jwk, signed, signature).await.unwrap_or(false)
    }

    fn plain(&self, text: &str) -> String {
        // The runtime has Unicode's tables; in the bundle they would weigh 40 kB.
        let decomposed = js_sys::JsString::from(text).normalize("NFKD");
        String::from(decomposed.to_upper_case().to_lower_case())
    }

    fn jwks<T>(&self, with: impl FnOnce(&mut JwksCache) -> T) -> T {
        JWKS.with_borrow_mut(with)
    }
}

async fn allows(env: &JsValue, guard: Guard, key: &str) -> Result<bool, JsValue> {
    let binding = js::get(env, guard.binding());
    if !binding.is_object() {
        return Ok(true);
    }
    let what = Object::new();
    js_sys::Reflect::set(&what, &JsValue::from_str("key"), &JsValue::from_str(key))?;
    let counted = JsFuture::from(binding.unchecked_into::<Limiter>().limit(&what)?).await?;
    Ok(!js::get(&counted, "success").is_falsy())
}

fn crypto() -> Result<web_sys::Crypto, JsValue> {
    js::get(&js_sys::global(), "crypto").dyn_into()
}

/// RS256 and ES256 by the runtime: no weight in the bundle, native speed. The signature of a JWS is the
/// very form that WebCrypto takes (RFC 7518, section 3.4: R and S run together).
async fn verifies(algorithm: Algorithm, jwk: &str, signed: &[u8], signature: &[u8]) -> Result<bool, JsValue> {
    let (import, verify) = match algorithm {
        Algorithm::Rs256 => (r#"{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-256"}"#, r#"{"name":"RSASSA-PKCS1-v1_5"}"#),
        Algorithm::Es256 => (r#"{"name":"ECDSA","namedCurve":"P-256"}"#, r#"{"name":"ECDSA","hash":"SHA-256"}"#),
        Algorithm::Hs256 => return Ok(false),
    };
    let object = |text: &str| js_sys::JSON::parse(text).map(JsCast::unchecked_into::<Object>);
    let subtle = crypto()?.subtle();
    let usages = js_sys::Array::of1(&JsValue::from_str("verify"));
    let key = JsFuture::from(subtle.import_key_with_object("jwk", &object(jwk)?, &object(import)?, false, &usages)?).await?;
    let verdict = subtle.verify_with_object_and_js_u8_array_and_js_u8_array(
        &object(verify)?,
        key.unchecked_ref(),
        &Uint8Array::from(signature),
        &Uint8Array::from(signed),
    )?;
    Ok(JsFuture::from(verdict).await?.as_bool().unwrap_or(false))
}
