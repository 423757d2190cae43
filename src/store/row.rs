//! Rows to types, by hand. A derived `Deserialize` for each would weigh 8 to 20 kB in the bundle; all of
//! these together weigh less than one.

use std::cell::Cell;

use serde_json::Value;

use crate::time::Millis;

/// A row has another shape than this program expects: the column. A fault of this program, found by the
/// tests that run every query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch(pub &'static str);

/// A row, as a JSON object of columns. A mismatch is remembered and told at the end: a branch after each of
/// forty columns would weigh more than the reading.
#[derive(Debug)]
pub struct Row<'a> {
    columns: &'a Value,
    mismatch: Cell<Option<&'static str>>,
}

/// What can be read from a row.
pub trait FromRow: Sized {
    /// Reads it. Columns that do not fit are empty here, and [`Row::read`] refuses the whole.
    fn from_row(row: &Row) -> Self;
}

/// The row itself.
impl FromRow for Value {
    fn from_row(row: &Row) -> Self {
        row.columns.clone()
    }
}

impl<'a> Row<'a> {
    /// Reads a row.
    ///
    /// # Errors
    /// The last column that is absent or of another type.
    pub fn read<T: FromRow>(columns: &'a Value) -> Result<T, Mismatch> {
        let row = Self { columns, mismatch: Cell::new(None) };
        let read = T::from_row(&row);
        row.mismatch.get().map_or(Ok(read), |column| Err(Mismatch(column)))
    }

    fn column(&self, name: &'static str) -> &'a Value {
        self.columns.get(name).unwrap_or_else(|| {
            self.mismatch.set(Some(name));
            &Value::Null
        })
    }

    fn required<T: Default>(&self, name: &'static str, value: Option<T>) -> T {
        value.unwrap_or_else(|| {
            self.mismatch.set(Some(name));
            T::default()
        })
    }

    /// Text, or NULL.
    pub(crate) fn maybe_text(&self, name: &'static str) -> Option<String> {
        match self.column(name) {
            Value::String(text) => return Some(text.clone()),
            Value::Null => {}
            _ => self.mismatch.set(Some(name)),
        }
        None
    }

    /// Text.
    pub(crate) fn text(&self, name: &'static str) -> String {
        self.required(name, self.maybe_text(name))
    }

    /// A whole number, or NULL.
    pub(crate) fn maybe_number(&self, name: &'static str) -> Option<i64> {
        let value = self.column(name);
        let number = value.as_i64();
        if number.is_none() && !value.is_null() {
            self.mismatch.set(Some(name));
        }
        number
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &'static str) -> i64 {
        self.required(name, self.maybe_number(name))
    }

    /// A time, or NULL.
    pub(crate) fn maybe_time(&self, name: &'static str) -> Option<Millis> {
        self.maybe_number(name).map(Millis)
    }

    /// A time.
    pub(crate) fn time(&self, name: &'static str) -> Millis {
        Millis(self.number(name))
    }

    /// SQLite has no booleans: 0 and 1.
    pub(crate) fn flag(&self, name: &'static str) -> bool {
        self.number(name) != 0
    }
}
