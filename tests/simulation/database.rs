//! D1: SQLite with all migrations. Every statement runs as it would there, a batch as one transaction.

use std::cell::RefCell;

use livekit_storj::store::{Param, Rows, Statement};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::types::{Value as Sql, ValueRef};
use serde_json::{Map, Value, json};

thread_local! {
    /// Opening a database takes longer than a history, so each thread keeps one and empties it.
    static KEPT: RefCell<Option<(Connection, Vec<String>)>> = const { RefCell::new(None) };
}

/// Watches every committed change by triggers, which roll back with what they watched.
const WATCHERS: &str = "
CREATE TEMP TABLE violations (what TEXT NOT NULL);
CREATE TEMP TRIGGER a_state_went_backwards AFTER UPDATE OF status, inferred ON main.egresses
WHEN NOT (
  (NEW.status = OLD.status AND NEW.inferred = OLD.inferred)
  OR (OLD.status NOT IN ('complete', 'failed', 'aborted', 'limit_reached') AND
      instr('requested starting recording stopping complete failed aborted limit_reached', NEW.status)
      > instr('requested starting recording stopping complete failed aborted limit_reached', OLD.status))
  OR (OLD.inferred = 1 AND NEW.inferred = 0 AND NEW.status IN ('complete', 'failed', 'aborted', 'limit_reached')))
BEGIN
  INSERT INTO violations VALUES ('job went from ' || OLD.status || OLD.inferred || ' to ' || NEW.status || NEW.inferred);
END;
CREATE TEMP TRIGGER a_ready_recording_was_lost AFTER UPDATE OF status ON main.assets
WHEN OLD.status = 'ready' AND NEW.status <> 'ready'
BEGIN INSERT INTO violations VALUES ('recording went from ready to ' || NEW.status); END;
CREATE TEMP TRIGGER an_ended_stream_came_back AFTER UPDATE OF ended_at, status ON main.live_streams
WHEN OLD.ended_by = 'owner' AND (NEW.ended_at IS NULL OR NEW.status <> 'ended')
BEGIN INSERT INTO violations VALUES ('a stream that its owner ended came back'); END;
CREATE TEMP TRIGGER a_session_came_back AFTER UPDATE OF ended_at ON main.sessions
WHEN OLD.ended_at IS NOT NULL AND NEW.ended_at IS NULL
BEGIN INSERT INTO violations VALUES ('a session that was over came back'); END;
CREATE TEMP TRIGGER an_egress_changed_its_job AFTER UPDATE OF egress_id ON main.egresses
WHEN OLD.egress_id IS NOT NULL AND OLD.egress_id IS NOT NEW.egress_id
BEGIN INSERT INTO violations VALUES ('a job changed its egress'); END;
CREATE TEMP TRIGGER a_count_below_zero AFTER UPDATE OF viewer_count ON main.live_streams
WHEN NEW.viewer_count < 0 OR NEW.peak_viewers < NEW.viewer_count
BEGIN INSERT INTO violations VALUES ('viewers below zero or above their peak'); END;
";

/// All tables of ours, whichever migrations there are.
const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' UNION ALL SELECT 'violations'";

/// The database of one history.
pub struct Database(Option<(Connection, Vec<String>)>);

impl Database {
    pub fn empty() -> Self {
        let kept = KEPT.with_borrow_mut(Option::take);
        let kept = kept.unwrap_or_else(|| {
            let db = Connection::open_in_memory().unwrap();
            db.set_prepared_statement_cache_capacity(512);
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
            (db, tables)
        });
        for table in &kept.1 {
            kept.0.prepare_cached(&format!("DELETE FROM {table}")).unwrap().execute([]).unwrap();
        }
        Self(Some(kept))
    }

    /// Runs a batch as one transaction.
    pub fn batch(&self, statements: &[Statement]) -> Vec<Rows> {
        let db = &self.0.as_ref().unwrap().0;
        db.prepare_cached("BEGIN").unwrap().execute([]).unwrap();
        // A statement that SQLite does not take is a fault of this program, not of the world.
        let rows = statements.iter().map(|s| query(db, s).unwrap_or_else(|error| panic!("{error}: {}", s.sql))).collect();
        db.prepare_cached("COMMIT").unwrap().execute([]).unwrap();
        rows
    }

    /// For the checks: rows of a query of our own.
    pub fn rows(&self, sql: &str, params: Vec<Param>) -> Rows {
        query(&self.0.as_ref().unwrap().0, &Statement::new(sql.to_owned(), params)).unwrap()
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

fn query(db: &Connection, statement: &Statement) -> rusqlite::Result<Rows> {
    let mut prepared = db.prepare_cached(&statement.sql)?;
    let params = statement.params.iter().map(|param| match param {
        Param::Null => Sql::Null,
        Param::Number(number) => Sql::Integer(number.get()),
        Param::Text(text) => Sql::Text(text.clone()),
    });
    let mut rows = prepared.query(rusqlite::params_from_iter(params))?;
    let mut all = vec![];
    let mut columns: Vec<String> = vec![];
    while let Some(row) = rows.next()? {
        if columns.is_empty() {
            columns = row.as_ref().column_names().into_iter().map(str::to_owned).collect();
        }
        let value = |index| match row.get_ref_unwrap(index) {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => json!(number),
            ValueRef::Real(number) => json!(number),
            ValueRef::Text(text) => Value::String(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(_) => panic!("no blobs here"),
        };
        let object: Map<String, Value> = columns.iter().enumerate().map(|(index, name)| (name.clone(), value(index))).collect();
        all.push(Value::Object(object));
    }
    Ok(all)
}
