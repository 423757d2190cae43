//! The world of one history: the clock, D1, LiveKit, Storj, and what of all that goes wrong.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use livekit_storj::config::{self, Config};
use serde_json::json;

use super::database::Database;
use super::dice::Dice;
use super::executor::Executor;
use super::fault::{Edge, Fault};
use super::keeping::{Asked, Keeping};
use super::livekit::LiveKit;
use super::people::Said;
use super::plan::{Outage, Plan};
use super::storj::Storj;

/// When every history begins.
pub const START: i64 = 1_795_390_100_000;
pub const CALLERS_SECRET: &str = "callers-secret-0123456789abcdef0123";

/// What is set up at LiveKit's dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dashboard {
    /// Every event comes.
    All,
    /// The guide's seven.
    Seven,
    /// Nobody set up a webhook there: only what a start asks for comes.
    Nothing,
}

/// The world.
pub struct World {
    pub plan: Plan,
    pub dice: Dice,
    pub config: Result<Config, Vec<config::Fault>>,
    pub dashboard: Dashboard,
    pub exec: Executor,
    pub db: Database,
    pub livekit: RefCell<LiveKit>,
    pub storj: RefCell<Storj>,
    /// What expired in it.
    pub expired: RefCell<BTreeSet<String>>,
    /// Which segments were written, by number with their bytes, by the key of their recording.
    pub cut: RefCell<BTreeMap<String, BTreeMap<u32, u64>>>,
    pub outages: RefCell<BTreeMap<Outage, i64>>,
    /// Faults stop.
    pub calm: Cell<bool>,
    /// Every fault that struck.
    pub struck: RefCell<BTreeMap<String, Fault>>,
    /// How often something happened, for the report.
    pub counts: RefCell<BTreeMap<String, u64>>,
    /// What must not happen and did.
    pub violations: RefCell<Vec<(&'static str, String)>>,
    /// What people said to the Worker about recording.
    pub said: RefCell<Vec<Said>>,
    /// What people said about recordings that are there.
    pub asked: RefCell<Vec<Asked>>,
    /// When a list of that kind was last emptied.
    pub emptied: RefCell<BTreeMap<String, i64>>,
}

impl World {
    pub fn new(plan: Plan) -> Rc<Self> {
        let dice = plan.dice();
        let dashboard = match dice.below("world", "dashboard", 10) {
            0..=5 => Dashboard::All,
            6..=8 => Dashboard::Seven,
            _ => Dashboard::Nothing,
        };
        let world = Self {
            dice,
            dashboard,
            config: config_of(plan.keeping(), plan.pictures()),
            exec: Executor::default(),
            db: Database::empty(),
            livekit: RefCell::default(),
            storj: RefCell::default(),
            expired: RefCell::default(),
            cut: RefCell::default(),
            outages: RefCell::default(),
            calm: Cell::new(false),
            struck: RefCell::default(),
            counts: RefCell::default(),
            violations: RefCell::default(),
            said: RefCell::default(),
            asked: RefCell::default(),
            emptied: RefCell::default(),
            plan,
        };
        world.exec.start_at(START);
        if let Keeping::Days(days) = world.plan.keeping() {
            let long_ago = "INSERT INTO retention (name, days, since_at, grace_ends_at) VALUES ('RETENTION_DAYS', ?, 0, 0)";
            world.db.rows(long_ago, livekit_storj::params![days as i64]);
        }
        Rc::new(world)
    }

    pub fn config(&self) -> &Config {
        self.config.as_ref().unwrap()
    }

    pub fn now(&self) -> i64 {
        self.exec.now()
    }

    /// LiveKit's clock: in a third of all histories it is off by up to 3 s.
    pub fn livekit_now(&self) -> i64 {
        let off = if self.dice.chance("livekit", "clock", 333) { self.dice.ms("livekit", "off by", -3_000, 3_000) } else { 0 };
        self.now() + off
    }

    pub fn count(&self, what: impl Into<String>) {
        *self.counts.borrow_mut().entry(what.into()).or_default() += 1;
    }

    pub fn violated(&self, invariant: &'static str, how: impl Into<String>) {
        self.violations.borrow_mut().push((invariant, how.into()));
    }

    pub fn is_away(&self, what: Outage) -> bool {
        self.outages.borrow().get(&what).is_some_and(|until| self.now() < *until)
    }

    /// Says what happened, for whoever replays a history with `SIM_TRACE=1`.
    pub fn trace<T: std::fmt::Display>(&self, who: &str, what: impl FnOnce() -> T) {
        static WANTED: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        if *WANTED.get_or_init(|| std::env::var("SIM_TRACE").is_ok()) {
            println!("{:>10.3} s  {who}: {}", (self.now() - START) as f64 / 1_000.0, what());
        }
    }

    /// Whether something goes wrong at this place, named by what it is drawn for.
    pub fn fault(&self, place: &str, edge: Edge) -> Option<Fault> {
        if self.calm.get() {
            return None;
        }
        let fault = match &self.plan.faults {
            Some(faults) => faults.get(place).copied().filter(|fault| Fault::at(edge).contains(fault))?,
            None => {
                if !self.dice.chance(place, "fault?", self.plan.intensity(edge)) {
                    return None;
                }
                let faults = Fault::at(edge);
                faults[self.dice.below(place, "fault", faults.len() as u64) as usize]
            }
        };
        self.struck.borrow_mut().insert(place.to_owned(), fault);
        self.count(format!("fault {:<8} {}", edge.group(), fault.name()));
        Some(fault)
    }
}

fn config_of(keeping: Keeping, pictures: bool) -> Result<Config, Vec<config::Fault>> {
    if keeping == Keeping::ForEver && !pictures { CONFIG.with(Clone::clone) } else { read_config(keeping, pictures) }
}

fn read_config(keeping: Keeping, pictures: bool) -> Result<Config, Vec<config::Fault>> {
    Config::read(|name| {
        let value = match name {
            "LIVEKIT_URL" => "ws://127.0.0.1:7880",
            "LIVEKIT_API_KEY" => "devkey",
            "LIVEKIT_API_SECRET" => "devsecret-0123456789abcdef0123456789abcdef",
            "STORJ_ACCESS_KEY_ID" => "ak",
            "STORJ_SECRET_ACCESS_KEY" => "sk",
            "STORJ_BUCKET" => "recordings",
            "STORJ_ENDPOINT" => "http://127.0.0.1:9000",
            "AUTH_JWT_SECRET" => CALLERS_SECRET,
            "PUBLIC_URL" => "https://rec.example",
            "THUMBNAILS" if pictures => "livekit",
            _ => return keeping.variable(name),
        };
        Some(value.to_owned())
    })
}

thread_local! {
    static CONFIG: Result<Config, Vec<config::Fault>> = read_config(Keeping::ForEver, false);
    static BEARERS: RefCell<BTreeMap<String, String>> = RefCell::default();
}

/// A caller's token, good for a month.
pub fn bearer(user: &str) -> String {
    BEARERS.with_borrow_mut(|known| {
        let claims = || json!({ "sub": user, "role": "authenticated", "exp": START / 1_000 + 30 * 86_400 });
        known.entry(user.to_owned()).or_insert_with(|| hs256(&claims(), CALLERS_SECRET)).clone()
    })
}

fn hs256(claims: &serde_json::Value, secret: &str) -> String {
    use base64::Engine as _;
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let b64 = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", b64(br#"{"alg":"HS256","typ":"JWT"}"#), b64(claims.to_string().as_bytes()));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", b64(&mac.finalize().into_bytes()))
}

/// The claims of a token, unverified: LiveKit's side of what the Worker minted.
pub fn claims(token: &str) -> serde_json::Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap_or_default();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
