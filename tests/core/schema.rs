//! `schema.sql` is what all migrations make, and the guide's two queries work.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::json;

use super::world::{World, migrations};

fn objects(sql: &str) -> BTreeMap<String, String> {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(sql).unwrap();
    let mut statement = db.prepare("SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn schema_sql_equals_all_migrations() {
    let schema = std::fs::read_to_string("schema.sql").unwrap();
    assert_eq!(objects(&schema), objects(&migrations()), "write schema.sql anew from the migrations");
}

#[test]
fn the_guides_queries_work_to_the_letter() {
    let world = World::new();
    for (title, record) in [("With", true), ("Recording in the title only", false)] {
        let body = json!({ "title": title, "record": record, "description": "a Recording of nothing" });
        assert_eq!(world.call("alice", "POST", "/api/streams", body).0, 201);
    }
    let found = world.rows("SELECT * FROM live_streams WHERE description LIKE '%Recording%' ORDER BY created_at DESC");
    assert_eq!(found.iter().map(|row| row["title"].as_str().unwrap()).collect::<Vec<_>>(), ["With"]);
    assert!(world.rows("SELECT * FROM assets WHERE livepeer_asset_id LIKE 'EG_%' ORDER BY created_at DESC LIMIT 10").is_empty());
}

#[test]
fn no_virtual_tables() {
    // D1 cannot export a database that has one.
    assert!(objects(&migrations()).values().all(|sql| !sql.to_uppercase().contains("VIRTUAL TABLE")));
}
