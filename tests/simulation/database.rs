//! D1: SQLite with all migrations. Every statement runs as it would there, a batch as one transaction.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use livekit_storj::store::{Param, Rows, Statement};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};

use super::watchers::WATCHERS;

thread_local! {
    /// Opening a database takes longer than a history, so each thread keeps one and empties it.
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// All tables of ours, whichever migrations there are; last those that triggers fill while the others are emptied.
const TABLES: &str = "SELECT name FROM (SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' \
     UNION ALL SELECT 'violations' UNION ALL SELECT 'gone') ORDER BY (name = 'trash') + 2 * (name IN ('violations', 'gone'))";

/// The database of one history.
pub struct Database(RefCell<Option<Kept>>);

/// A connection and what it has prepared, which outlive a history.
struct Kept {
    /// Lives as long as its thread: statements borrow from it.
    db: &'static Connection,
    tables: Vec<String>,
    /// By the hash of their text: a few hundred of 2^64.
    statements: HashMap<u64, Prepared, BuildHasherDefault<Itself>>,
}

struct Prepared {
    statement: rusqlite::Statement<'static>,
    /// The names of its columns and their places, as a JSON object has them.
    columns: Vec<(String, usize)>,
    reads: bool,
    /// What it read since the last change, by its parameters: much is asked for twice.
    read: Vec<(Vec<Param>, Rows)>,
    changes: u64,
}

/// Statements are long and few: eight bytes at a time is good enough.
fn hash(sql: &str) -> u64 {
    sql.as_bytes().chunks(8).fold(0, |hash: u64, word| {
        let mut eight = [0; 8];
        eight[..word.len()].copy_from_slice(word);
        (hash.rotate_left(5) ^ u64::from_le_bytes(eight)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    })
}

/// The hash of what is a hash.
#[derive(Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Kept {
    fn open() -> Self {
        let db: &'static Connection = Box::leak(Box::new(Connection::open_in_memory().unwrap()));
        // Nothing is rolled back here, and a plan made once is good for every value: a third less time.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
        db.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;").unwrap();
        let mut files: Vec<_> = std::fs::read_dir("migrations").unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files {
            db.execute_batch(&std::fs::read_to_string(file).unwrap()).unwrap();
        }
        db.execute_batch(WATCHERS).unwrap();
        let tables = db.prepare(TABLES).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        Self { db, tables, statements: HashMap::default() }
    }

    fn empty(&mut self) {
        for table in std::mem::take(&mut self.tables) {
            self.query(&format!("DELETE FROM {table}"), &[]).unwrap();
            self.tables.push(table);
        }
    }

    fn query(&mut self, sql: &str, params: &[Param]) -> rusqlite::Result<Rows> {
        let prepared = match self.statements.entry(hash(sql)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Prepared::new(self.db, sql)?),
        };
        if !prepared.reads {
            return prepared.run(params);
        }
        let changes = self.db.total_changes();
        if prepared.changes != changes {
            prepared.read.clear();
            prepared.changes = changes;
        }
        if let Some((_, rows)) = prepared.read.iter().find(|(with, _)| with == params) {
            return Ok(rows.clone());
        }
        let rows = prepared.run(params)?;
        prepared.read.push((params.to_vec(), rows.clone()));
        Ok(rows)
    }
}

fn reads(sql: &str) -> bool {
    sql.starts_with("SELECT")
}

impl Prepared {
    fn new(db: &'static Connection, sql: &str) -> rusqlite::Result<Self> {
        let statement = db.prepare(sql)?;
        let mut columns: Vec<_> = statement.column_names().into_iter().map(str::to_owned).zip(0..).collect();
        columns.sort();
        Ok(Self { statement, columns, reads: reads(sql), read: vec![], changes: 0 })
    }

    fn run(&mut self, params: &[Param]) -> rusqlite::Result<Rows> {
        for (index, param) in params.iter().enumerate() {
            match param {
                Param::Null => self.statement.raw_bind_parameter(index + 1, rusqlite::types::Null)?,
                // As D1 binds them.
                Param::Number(number) => self.statement.raw_bind_parameter(index + 1, number.as_f64())?,
                Param::Text(text) => self.statement.raw_bind_parameter(index + 1, text.as_str())?,
            }
        }
        let mut rows = self.statement.raw_query();
        let mut all = vec![];
        while let Some(row) = rows.next()? {
            let value = |index| match row.get_ref_unwrap(index) {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => number.into(),
                ValueRef::Real(number) if number.fract() == 0.0 => (number as i64).into(),
                ValueRef::Real(number) => number.into(),
                ValueRef::Text(text) => Value::String(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(_) => panic!("no blobs here"),
            };
            let object: Map<String, Value> = self.columns.iter().map(|(name, index)| (name.clone(), value(*index))).collect();
            all.push(Value::Object(object));
        }
        Ok(all)
    }
}

impl Database {
    pub fn empty() -> Self {
        let mut kept = KEPT.with_borrow_mut(Option::take).unwrap_or_else(Kept::open);
        kept.empty();
        Self(RefCell::new(Some(kept)))
    }

    /// Runs a batch as one transaction.
    pub fn batch(&self, statements: &[Statement]) -> Vec<Rows> {
        let mut kept = self.0.borrow_mut();
        let kept = kept.as_mut().unwrap();
        // A statement that SQLite does not take is a fault of this program, not of the world.
        let mut run = |sql: &str, params: &[Param]| kept.query(sql, params).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let writes = !statements.iter().all(|statement| reads(&statement.sql));
        if writes {
            run("BEGIN", &[]);
        }
        let rows = statements.iter().map(|statement| run(&statement.sql, &statement.params)).collect();
        if writes {
            run("COMMIT", &[]);
        }
        rows
    }

    /// For the checks: rows of a query of our own.
    pub fn rows(&self, sql: &str, params: Vec<Param>) -> Rows {
        self.0.borrow_mut().as_mut().unwrap().query(sql, &params).unwrap()
    }

    /// The first column of the first row, or null.
    pub fn one(&self, sql: &str, params: Vec<Param>) -> Value {
        let row = self.rows(sql, params).into_iter().next().unwrap_or_default();
        row.as_object().and_then(|row| row.values().next().cloned()).unwrap_or_default()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            KEPT.with_borrow_mut(|kept| *kept = self.0.take());
        }
    }
}
