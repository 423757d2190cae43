//! The world as the core sees it: a clock, dice, a database, and requests that may never be answered.
//!
//! The flows of this crate are written once against [`Ports`]. On Cloudflare D1 and `fetch` stand behind
//! it; in native tests SQLite and models do, so the very same code runs under faults.

use std::cell::RefCell;
use std::future::Future;

use serde_json::{Map, Value};

use crate::auth::jwks::JwksCache;
use crate::auth::token::Algorithm;
use crate::config::Config;
use crate::error::Error;
use crate::http::{Incoming, Outgoing, Unanswered, Unpiped};
use crate::store::row::FromRow;
use crate::store::{Rows, Statement};
use crate::time::Millis;

/// Why a batch has no result. It was done whole or not at all, and nobody knows which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFailed {
    /// For the log.
    pub message: String,
}

/// What Cloudflare counts for each user, so that nobody's bill runs away: rate-limiting bindings of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Starting recordings.
    Starts,
    /// Tokens to join.
    Tokens,
    /// Every other change.
    Writes,
}

impl Guard {
    /// The binding's name in `wrangler.toml`.
    #[must_use]
    pub const fn binding(self) -> &'static str {
        match self {
            Self::Starts => "RATE_STARTS",
            Self::Tokens => "RATE_TOKENS",
            Self::Writes => "RATE_WRITES",
        }
    }
}

/// What the shell gives the core.
pub trait Ports {
    /// The time. On Workers it stands still between two waits.
    fn now(&self) -> Millis;
    /// 128 random bits.
    fn random(&self) -> [u8; 16];
    /// Runs the statements as one transaction in one round trip.
    fn batch(&self, statements: Vec<Statement>) -> impl Future<Output = Result<Vec<Rows>, DatabaseFailed>>;
    /// How many batches ran since the beginning.
    fn batches(&self) -> u32;
    /// Sends a request and reads its answer.
    fn send(&self, request: Outgoing) -> impl Future<Output = Result<Incoming, Unanswered>>;
    /// Streams the bodies of `sources`, one after the other, into the body of `sink`, `length` bytes in all:
    /// never buffered, so memory does not grow with it. Each source has to answer its
    /// [`Outgoing::wanted_status`]. The sink's time-out counts for the whole, the sources' own for nothing.
    /// Answers what the sink answered.
    fn pipe(&self, sources: Vec<Outgoing>, length: u64, sink: Outgoing) -> impl Future<Output = Result<Incoming, Unpiped>>;
    /// How many requests were sent since the beginning; piping counts each source and the sink.
    fn calls(&self) -> u32;
    /// Counts one more by `key`, and answers whether it may be. Without such a binding everything may.
    fn allows(&self, guard: Guard, key: &str) -> impl Future<Output = bool>;
    /// Waits.
    fn pause(&self, ms: u32) -> impl Future<Output = ()>;
    /// Checks an RS256 or ES256 signature with a public key in JWK form.
    fn verifies(&self, algorithm: Algorithm, jwk: &str, signed: &[u8], signature: &[u8]) -> impl Future<Output = bool>;
    /// A text without what people leave out when they search: its compatibility decomposition (NFKD, so that
    /// accents are marks of their own), folded by way of upper case (`ß` is `ss`), in lower case.
    fn plain(&self, text: &str) -> String;
    /// The key set of callers' tokens, which lives as long as the isolate.
    fn jwks<T>(&self, with: impl FnOnce(&mut JwksCache) -> T) -> T;
}

/// How many calls outside [`Ports::pipe`] makes: each source and the sink.
#[must_use]
pub fn calls_of_pipe(sources: &[Outgoing]) -> u32 {
    u32::try_from(sources.len()).unwrap_or(u32::MAX).saturating_add(1)
}

/// Everything that a piece of work needs: the world, the configuration, and where to note what was
/// decided.
#[derive(Debug)]
pub struct Desk<'a, P> {
    /// The world.
    pub ports: &'a P,
    /// The operator's word.
    pub config: &'a Config,
    /// The log line to be.
    pub trail: &'a Trail,
}

impl<P: Ports> Desk<'_, P> {
    /// The time.
    #[must_use]
    #[inline(never)]
    pub fn now(&self) -> Millis {
        self.ports.now()
    }

    /// A new id: a random UUID (RFC 9562, version 4).
    #[must_use]
    pub fn new_id(&self) -> String {
        let bits = (u128::from_be_bytes(self.ports.random()) & !(0xF000_u128 << 64) & !(0xC000_u128 << 48))
            | (0x4000_u128 << 64)
            | (0x8000_u128 << 48);
        let hex = format!("{bits:032x}");
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    /// Runs statements; a failure is the caller's 503.
    ///
    /// # Errors
    /// 503 `database_unavailable`.
    pub async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Rows>, Error> {
        match self.ports.batch(statements).await {
            Ok(rows) => Ok(rows),
            Err(failed) => {
                self.trail.note("database_error", failed.message);
                Err(Error::database())
            }
        }
    }

    /// Reads rows of one statement's result.
    ///
    /// # Errors
    /// 500: the row has another shape than this program expects.
    pub fn rows<T: FromRow>(&self, results: &[Rows], index: usize) -> Result<Vec<T>, Error> {
        crate::store::read(results, index).map_err(|error| {
            self.trail.note("row_error", error.0);
            Error::internal()
        })
    }
}

/// What one log line tells: fields with a value each, and the list of what was decided, in order.
/// Nothing secret goes in: names, ids, codes and counts.
#[derive(Debug, Default)]
pub struct Trail {
    fields: RefCell<Map<String, Value>>,
    decided: RefCell<Vec<String>>,
}

/// More decisions than this say nothing new.
const MOST_DECISIONS: usize = 40;

impl Trail {
    /// Sets a field.
    pub fn note(&self, name: &str, value: impl Into<Value>) {
        self.fields.borrow_mut().insert(name.to_owned(), value.into());
    }

    /// Adds a decision.
    pub fn decided(&self, what: impl Into<String>) {
        let mut decided = self.decided.borrow_mut();
        if decided.len() < MOST_DECISIONS {
            decided.push(what.into());
        }
    }

    /// The whole as one JSON object.
    #[must_use]
    pub fn line(&self) -> Value {
        let mut fields = self.fields.borrow().clone();
        fields.insert("decided".to_owned(), self.decided.borrow().clone().into());
        Value::Object(fields)
    }
}
