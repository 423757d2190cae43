//! Rows to types, by hand. A derived `Deserialize` for each would weigh 8 to 20 kB in the bundle; all of
//! these together weigh less than one.

use serde_json::Value;

use crate::time::Millis;

/// A row has another shape than this program expects: the column. A fault of this program, found by the
/// tests that run every query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch(pub &'static str);

/// A row, as a JSON object of columns.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a>(pub &'a Value);

/// What can be read from a row.
pub trait FromRow: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// The column that is absent or of another type.
    fn from_row(row: Row) -> Result<Self, Mismatch>;
}

/// The row itself.
impl FromRow for Value {
    fn from_row(row: Row) -> Result<Self, Mismatch> {
        Ok(row.0.clone())
    }
}

impl Row<'_> {
    fn column(&self, name: &'static str) -> Result<&Value, Mismatch> {
        self.0.get(name).ok_or(Mismatch(name))
    }

    /// Text, or NULL.
    pub(crate) fn maybe_text(self, name: &'static str) -> Result<Option<String>, Mismatch> {
        match self.column(name)? {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            _ => Err(Mismatch(name)),
        }
    }

    /// Text.
    pub(crate) fn text(self, name: &'static str) -> Result<String, Mismatch> {
        self.maybe_text(name)?.ok_or(Mismatch(name))
    }

    /// A whole number, or NULL.
    pub(crate) fn maybe_number(self, name: &'static str) -> Result<Option<i64>, Mismatch> {
        match self.column(name)? {
            Value::Null => Ok(None),
            value => value.as_i64().map(Some).ok_or(Mismatch(name)),
        }
    }

    /// A whole number.
    pub(crate) fn number(self, name: &'static str) -> Result<i64, Mismatch> {
        self.maybe_number(name)?.ok_or(Mismatch(name))
    }

    /// A time, or NULL.
    pub(crate) fn maybe_time(self, name: &'static str) -> Result<Option<Millis>, Mismatch> {
        Ok(self.maybe_number(name)?.map(Millis))
    }

    /// A time.
    pub(crate) fn time(self, name: &'static str) -> Result<Millis, Mismatch> {
        self.number(name).map(Millis)
    }

    /// SQLite has no booleans: 0 and 1.
    pub(crate) fn flag(self, name: &'static str) -> Result<bool, Mismatch> {
        self.number(name).map(|number| number != 0)
    }
}
