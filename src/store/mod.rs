//! SQL as data: what is asked of D1, without asking it.
//!
//! A [`Statement`] is text and parameters. The shell runs lists of them as one transaction in one
//! round trip; native tests run the very same ones in SQLite.

pub mod assets;
pub mod doctor;
pub mod downloads;
pub mod egresses;
pub mod erasures;
pub mod events;
pub mod lists;
pub mod outbox;
pub mod participants;
pub mod previews;
pub mod reels;

pub mod retention;
pub mod row;
pub mod saves;
pub mod schedule;
pub mod search;
pub mod sessions;
pub mod story;
pub mod streams;
pub mod thumbnails;
pub mod tombstones;
pub mod trash;
pub mod usage;
pub mod viewers;
pub mod wishes;

use std::borrow::Cow;

use crate::time::Millis;
use row::{FromRow, Mismatch, Row};

/// A parameter. There is no way to say a 64-bit integer: D1 answers `Type 'bigint' not supported`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param {
    /// SQL's NULL.
    Null,
    /// A whole number within ±2^53.
    Number(Safe),
    /// Text.
    Text(String),
}

/// A whole number that a JavaScript number holds exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Safe(i64);

/// 2^53 − 1, `Number.MAX_SAFE_INTEGER`.
const MAX_SAFE: i64 = 9_007_199_254_740_991;

impl Safe {
    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The same as JavaScript holds it. Exact, because it is within ±2^53.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub const fn as_f64(self) -> f64 {
        self.0 as f64
    }
}

impl From<i64> for Param {
    /// Numbers outside ±2^53 are clamped: sizes and times of this program stay far below.
    fn from(number: i64) -> Self {
        Self::Number(Safe(number.clamp(-MAX_SAFE, MAX_SAFE)))
    }
}

impl From<bool> for Param {
    fn from(flag: bool) -> Self {
        Self::from(i64::from(flag))
    }
}

impl From<Millis> for Param {
    fn from(time: Millis) -> Self {
        Self::from(time.0)
    }
}

impl From<&str> for Param {
    #[inline(never)]
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Param {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for Param {
    #[inline(never)]
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Makes the parameters of a statement, in the order of its question marks. One after the other: where all are made
/// before the list is, each has its own way out for a panic, and the Worker is larger by as much.
#[macro_export]
macro_rules! params {
    () => { Vec::new() };
    ($($value:expr),+ $(,)?) => {{
        let mut params = Vec::new();
        $($crate::store::add(&mut params, $value);)+
        params
    }};
}

/// For [`params!`].
#[inline(never)]
pub fn add<T: Into<Param>>(params: &mut Vec<Param>, value: T) {
    params.push(value.into());
}

/// Makes the statements of a batch, one after the other for the same reason.
#[macro_export]
macro_rules! batch {
    ($($statement:expr),+ $(,)?) => {{
        let mut statements = Vec::new();
        $($crate::store::file(&mut statements, $statement);)+
        statements
    }};
}

/// For [`batch!`].
#[inline(never)]
pub fn file(statements: &mut Vec<Statement>, statement: Statement) {
    statements.push(statement);
}

/// One SQL statement with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The text, with a `?` for each parameter.
    pub sql: Cow<'static, str>,
    /// As many as there are question marks.
    pub params: Vec<Param>,
}

impl Statement {
    /// A statement.
    #[must_use]
    pub fn new(sql: impl Into<Cow<'static, str>>, params: Vec<Param>) -> Self {
        Self { sql: sql.into(), params }
    }

    /// More of it.
    #[must_use]
    #[inline(never)]
    pub fn then(mut self, sql: &str, params: Vec<Param>) -> Self {
        self.sql.to_mut().push_str(sql);
        self.params.extend(params);
        self
    }

    /// Makes it depend on `only`. The text so far ends inside a WHERE.
    #[must_use]
    #[inline(never)]
    pub fn only(self, only: &Only) -> Self {
        match only {
            Only::Always => self,
            Only::Receipt { event_id, receipt } => {
                self.then(" AND EXISTS (SELECT 1 FROM webhook_events WHERE id = ? AND receipt = ?)", params![event_id, receipt])
            }
        }
    }
}

/// On what the statements of a batch depend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Only {
    /// On nothing: reconciliation, which looks at the world itself.
    Always,
    /// On this delivery being the one that brought the event in.
    Receipt {
        /// The event's id.
        event_id: String,
        /// This delivery's own mark.
        receipt: String,
    },
}

/// The rows of one statement, each a JSON object.
pub type Rows = Vec<serde_json::Value>;

/// Reads rows of one statement of a batch.
///
/// # Errors
/// [`Mismatch`].
pub fn read<T: FromRow>(results: &[Rows], index: usize) -> Result<Vec<T>, Mismatch> {
    let rows = results.get(index).map(Vec::as_slice).unwrap_or_default();
    rows.iter().map(Row::read).collect()
}

/// Names as a list of SQL text literals. Only for names of our own: letters and underscores.
pub(crate) fn literals<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("'{name}'")).collect();
    quoted.join(", ")
}
