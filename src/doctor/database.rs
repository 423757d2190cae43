//! D1: is it there, and is every migration applied.

use super::Check;
use crate::params;
use crate::ports::{Desk, Ports};
use crate::store::Statement;

/// What each migration brought: the file, a table, and a column, a trigger or an index of it. A test holds this against `migrations/`.
pub const MARKS: [(&str, &str, &str); 13] = [
    ("0001_init.sql", "pulse", "note"),
    ("0002_safety_copy.sql", "reels", "reel"),
    ("0003_keep.sql", "trash", "object_key"),
    ("0004_find.sql", "downloads", "viewer"),
    ("0005_account.sql", "webhook_refusals", "signer"),
    ("0006_thumbnails.sql", "thumbnails", "object_key"),
    ("0007_short_visits.sql", "participants", "viewers_stepped"),
    ("0008_taken_over.sql", "participants", "participants_gone"),
    ("0009_counted.sql", "sessions", "counted_at"),
    ("0010_pictures.sql", "egresses", "picture"),
    ("0011_copies.sql", "assets", "copy_bytes"),
    ("0012_filed.sql", "participants", "filed_at"),
    ("0013_ids_stay.sql", "sessions", "sessions_by_stream"),
];

/// How often a table has a column, a trigger or an index of that name: of `(table, name)`, twice.
pub const THERE: &str = "SELECT (SELECT count(*) FROM pragma_table_info(?) WHERE name = ?) + \
     (SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'index') AND tbl_name = ? AND name = ?) AS n";

const REMEDY: &str =
    "`npm run deploy` applies the migrations before it deploys; by hand: npx wrangler d1 migrations apply livekit-storj --remote";

/// What is missing; `None` when all is there.
pub(super) async fn missing<P: Ports>(desk: &Desk<'_, P>) -> Option<Check> {
    let mark = |(_, table, name): (&str, &str, &str)| Statement::new(THERE, params![table, name, table, name]);
    let Ok(results) = desk.ports.batch(MARKS.into_iter().map(mark).collect()).await else {
        return Some(Check::wrong(
            "database",
            "D1 does not answer",
            "see Cloudflare's status page; is the binding DB in wrangler.toml, with this account's database_id",
        ));
    };
    let there = |index: usize| results.get(index).and_then(|rows| rows.first()).is_some_and(|row| row["n"] != 0);
    let missing: Vec<&str> = MARKS.iter().enumerate().filter(|(index, _)| !there(*index)).map(|(_, (file, ..))| *file).collect();
    (!missing.is_empty()).then(|| Check::wrong("database", format!("D1 lacks the migrations {}", missing.join(", ")), REMEDY))
}
