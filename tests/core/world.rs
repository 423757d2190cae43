//! [`Ports`] natively: SQLite with all migrations, a clock that tests set, LiveKit and Storj as models.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use livekit_storj::api::serve::{follow_up, serve};
use livekit_storj::api::{Reply, Request};
use livekit_storj::auth::jwks::JwksCache;
use livekit_storj::auth::token::Algorithm;
use livekit_storj::config::Config;
use livekit_storj::flow::sweep::sweep;
use livekit_storj::http::{Incoming, Outgoing, Unanswered, Unpiped};
use livekit_storj::livekit::signature::sign_body;
use livekit_storj::ports::{DatabaseFailed, Desk, Guard, Ports, Trail, calls_of_pipe};
use livekit_storj::store::{Param, Rows, Statement};
use livekit_storj::time::Millis;
use rusqlite::types::{Value as Sql, ValueRef};
use serde_json::{Map, Value, json};

use super::models::{LiveKit, Storj};

pub const SECRET: &str = "callers-secret-0123456789abcdef0123";
pub const START: Millis = Millis(1_795_390_100_000);

pub struct World {
    pub db: rusqlite::Connection,
    pub clock: Cell<Millis>,
    dice: Cell<u64>,
    pub config: Config,
    pub livekit: RefCell<LiveKit>,
    pub storj: RefCell<Storj>,
    /// Every text of SQL that ran.
    pub ran: RefCell<BTreeSet<String>>,
    /// The n-th batch from now fails.
    pub fail_batch: Cell<Option<u32>>,
    /// SQL that somebody else runs while the probe is under way.
    pub meanwhile: RefCell<Option<String>>,
    /// SQL that somebody else runs while the Worker pauses.
    pub in_the_pause: RefCell<Option<String>>,
    /// What came at `https://hooks.example/in`, and with which status it is answered.
    pub told: RefCell<Vec<Outgoing>>,
    pub hook_status: Cell<u16>,
    /// Bindings that allow nothing more.
    pub spent: RefCell<Vec<&'static str>>,
    batches: Cell<u32>,
    calls: Cell<u32>,
    events: Cell<u32>,
}

impl World {
    pub fn new() -> Self {
        Self::with(&[])
    }

    pub fn with(changes: &[(&str, &str)]) -> Self {
        let base = [
            ("LIVEKIT_URL", "ws://127.0.0.1:7880"),
            ("LIVEKIT_API_KEY", "devkey"),
            ("LIVEKIT_API_SECRET", "devsecret-0123456789abcdef0123456789abcdef"),
            ("STORJ_ACCESS_KEY_ID", "ak"),
            ("STORJ_SECRET_ACCESS_KEY", "sk"),
            ("STORJ_BUCKET", "recordings"),
            ("STORJ_ENDPOINT", "http://127.0.0.1:9000"),
            ("AUTH_JWT_SECRET", SECRET),
            ("PUBLIC_URL", "https://rec.example"),
        ];
        let var = |name: &str| changes.iter().chain(&base).find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        let db = rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch(&migrations()).unwrap();
        Self {
            db,
            clock: Cell::new(START),
            dice: Cell::new(1),
            config: Config::read(var).unwrap(),
            livekit: RefCell::default(),
            storj: RefCell::default(),
            ran: RefCell::default(),
            fail_batch: Cell::new(None),
            meanwhile: RefCell::default(),
            in_the_pause: RefCell::default(),
            told: RefCell::default(),
            hook_status: Cell::new(204),
            spent: RefCell::default(),
            batches: Cell::new(0),
            calls: Cell::new(0),
            events: Cell::new(0),
        }
    }

    pub fn advance(&self, ms: i64) {
        self.clock.set(self.clock.get().plus(ms));
    }

    /// A request of `user` (empty: nobody; `admin`: an admin), with all the work behind its answer done.
    pub fn call(&self, user: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        if !user.is_empty() {
            headers.push(("authorization".to_owned(), format!("Bearer {}", self.token(user))));
        }
        let body = if body.is_null() { vec![] } else { body.to_string().into_bytes() };
        let reply = self.send_raw(method, path, headers, body);
        (reply.status, reply.body.unwrap_or_default())
    }

    pub fn send_raw(&self, method: &str, path: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Reply {
        let reply = self.answer_only(method, path, headers, body);
        if let Some(work) = &reply.background {
            run(follow_up(self, &self.config, &Trail::default(), work));
        }
        reply
    }

    /// The answer alone: what a Worker that is killed right after it has done.
    pub fn answer_only(&self, method: &str, path: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Reply {
        // Each invocation counts for itself.
        self.calls.set(0);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            origin: "https://rec.example".to_owned(),
            headers,
            body,
        };
        run(serve(self, &Ok(self.config.clone()), &Trail::default(), "test", &request))
    }

    pub fn token(&self, user: &str) -> String {
        let role = if user == "admin" { "service_role" } else { "authenticated" };
        let claims = json!({ "sub": user, "role": role, "exp": self.clock.get().secs() + 600 });
        hs256(&claims, SECRET)
    }

    /// A webhook, signed now as LiveKit does it.
    pub fn webhook(&self, event: Value) -> u16 {
        let body = self.numbered(event);
        self.webhook_bytes(&body)
    }

    pub fn numbered(&self, mut event: Value) -> Vec<u8> {
        self.events.set(self.events.get() + 1);
        if event["id"].is_null() {
            event["id"] = json!(format!("EV_{}", self.events.get()));
        }
        if event["createdAt"].is_null() {
            event["createdAt"] = json!(self.clock.get().secs().to_string());
        }
        event.to_string().into_bytes()
    }

    pub fn webhook_bytes(&self, body: &[u8]) -> u16 {
        let authorization = sign_body(&self.config.livekit_key, body, self.clock.get()).unwrap();
        self.send_raw("POST", "/livekit-webhook", vec![("authorization".to_owned(), authorization)], body.to_vec()).status
    }

    pub fn cron(&self) {
        self.calls.set(0);
        let trail = Trail::default();
        run(sweep(&Desk { ports: self, config: &self.config, trail: &trail })).unwrap();
    }

    pub fn rows(&self, sql: &str) -> Vec<Value> {
        query(&self.db, &Statement::new(sql.to_owned(), vec![])).unwrap()
    }

    pub fn one(&self, sql: &str) -> Value {
        let row = self.rows(sql).into_iter().next().unwrap_or_default();
        row.as_object().and_then(|row| row.values().next().cloned()).unwrap_or_default()
    }

    /// A room at LiveKit with its host in it, publishing or not.
    pub fn open_room(&self, name: &str, sid: &str, host: &str, publishes: bool) {
        let tracks = if publishes { json!([{ "sid": "TR_1" }]) } else { json!([]) };
        let host = json!({ "sid": format!("PA_{host}_{sid}"), "identity": host, "kind": "STANDARD", "joined_at": self.clock.get().secs().to_string(), "tracks": tracks });
        self.livekit.borrow_mut().rooms.insert(name.to_owned(), (sid.to_owned(), vec![host]));
    }

    pub fn room(&self, name: &str, sid: &str) -> Value {
        json!({ "sid": sid, "name": name, "creationTimeMs": START.0.to_string(), "turnPassword": "secret" })
    }
}

pub fn migrations() -> String {
    let mut files: Vec<_> = std::fs::read_dir("migrations").unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files.iter().map(|f| std::fs::read_to_string(f).unwrap()).collect::<Vec<_>>().join("\n")
}

pub fn hs256(claims: &Value, secret: &str) -> String {
    use base64::Engine as _;
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let b64 = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", b64(br#"{"alg":"HS256","typ":"JWT"}"#), b64(claims.to_string().as_bytes()));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", b64(&mac.finalize().into_bytes()))
}

/// Nothing here ever waits: pauses move the clock.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

pub fn query(db: &rusqlite::Connection, statement: &Statement) -> rusqlite::Result<Rows> {
    let mut prepared = db.prepare(&statement.sql)?;
    let columns: Vec<String> = prepared.column_names().into_iter().map(str::to_owned).collect();
    let params = statement.params.iter().map(|param| match param {
        Param::Null => Sql::Null,
        // D1 binds JavaScript's numbers: as doubles. `? / 2` is a division of these.
        Param::Number(number) => Sql::Real(number.as_f64()),
        Param::Text(text) => Sql::Text(text.clone()),
    });
    let mut rows = prepared.query(rusqlite::params_from_iter(params))?;
    let mut all = vec![];
    while let Some(row) = rows.next()? {
        let mut object = Map::new();
        for (index, name) in columns.iter().enumerate() {
            let value = match row.get_ref(index)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => json!(number),
                // Its JSON is JavaScript's, which writes a whole number without a point.
                ValueRef::Real(number) if number.fract() == 0.0 => json!(number as i64),
                ValueRef::Real(number) => json!(number),
                ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
                ValueRef::Blob(_) => panic!("no blobs here"),
            };
            object.insert(name.clone(), value);
        }
        all.push(Value::Object(object));
    }
    Ok(all)
}

impl Ports for World {
    fn now(&self) -> Millis {
        self.clock.get()
    }

    fn random(&self) -> [u8; 16] {
        self.dice.set(self.dice.get() + 1);
        let mixed = u128::from(self.dice.get()).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        mixed.to_be_bytes()
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Rows>, DatabaseFailed> {
        self.batches.set(self.batches.get() + 1);
        match self.fail_batch.get() {
            Some(0) => {
                self.fail_batch.set(None);
                return Err(DatabaseFailed { message: "made to fail".to_owned() });
            }
            Some(n) => self.fail_batch.set(Some(n - 1)),
            None => {}
        }
        self.db.execute_batch("BEGIN").unwrap();
        let mut all = vec![];
        for statement in &statements {
            self.ran.borrow_mut().insert(statement.sql.to_string());
            // A statement that SQLite does not take is a fault of this program, not of the world.
            all.push(query(&self.db, statement).unwrap_or_else(|e| panic!("{e}: {}", statement.sql)));
        }
        self.db.execute_batch("COMMIT").unwrap();
        Ok(all)
    }

    fn batches(&self) -> u32 {
        self.batches.get()
    }

    async fn send(&self, request: Outgoing) -> Result<Incoming, Unanswered> {
        self.calls.set(self.calls.get() + 1);
        if request.url.starts_with("http://127.0.0.1:7880/twirp/") {
            self.livekit.borrow_mut().answer(&request)
        } else if request.url == "https://hooks.example/in" {
            self.told.borrow_mut().push(request);
            Ok(Incoming { status: self.hook_status.get(), content_length: None, etag: None, body: vec![] })
        } else if request.url.ends_with("max-keys=1") || (request.url.contains("/_probe/") && request.method != "PUT") {
            // The doctor may do everything.
            let (status, body) =
                if request.method == "DELETE" { (204, vec![]) } else { (200, livekit_storj::storj::object::PROBE.to_vec()) };
            Ok(Incoming { status, content_length: None, etag: None, body })
        } else {
            if let Some(sql) = self.meanwhile.take() {
                self.db.execute_batch(&sql).unwrap();
            }
            self.storj.borrow_mut().answer(&request)
        }
    }

    async fn pipe(&self, sources: Vec<Outgoing>, length: u64, sink: Outgoing) -> Result<Incoming, Unpiped> {
        self.calls.set(self.calls.get() + calls_of_pipe(&sources));
        if let Some(sql) = self.meanwhile.take() {
            self.db.execute_batch(&sql).unwrap();
        }
        self.storj.borrow_mut().pipe(&sources, length, &sink)
    }

    fn calls(&self) -> u32 {
        self.calls.get()
    }

    async fn allows(&self, guard: Guard, _: &str) -> bool {
        !self.spent.borrow().contains(&guard.binding())
    }

    async fn pause(&self, ms: u32) {
        self.advance(i64::from(ms));
        if let Some(sql) = self.in_the_pause.take() {
            self.db.execute_batch(&sql).unwrap();
        }
    }

    async fn verifies(&self, _: Algorithm, _: &str, _: &[u8], _: &[u8]) -> bool {
        false
    }

    fn plain(&self, text: &str) -> String {
        icu_normalizer::DecomposingNormalizer::new_nfkd().normalize(text).to_uppercase().to_lowercase()
    }

    fn jwks<T>(&self, with: impl FnOnce(&mut JwksCache) -> T) -> T {
        with(&mut JwksCache::default())
    }
}
