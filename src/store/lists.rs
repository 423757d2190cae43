//! Pages of streams and recordings: newest first, by keyset, a constant number of rows a page.
//!
//! Each query is a union of branches, one for each reason to see a row, and each branch walks one index
//! from the cursor on and stops at the limit. An OR of the reasons would scan.

use super::row::{FromRow, Row};
use super::{Param, Statement, streams};
use crate::params;
use crate::time::Millis;

/// Whose rows a caller sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seer {
    /// Public rows.
    Anyone,
    /// Public ones and this user's own.
    User(String),
    /// This user's own alone.
    Mine(String),
    /// All.
    Admin,
}

/// Where a page begins: after this row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// `created_at` of the last row of the page before.
    pub created_at: Millis,
    /// Its id.
    pub id: String,
}

/// What narrows a list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A status.
    pub status: Option<String>,
    /// Recordings of one stream.
    pub stream_id: Option<String>,
    /// Created at this time or later.
    pub from: Option<Millis>,
    /// Created before this time.
    pub to: Option<Millis>,
}

/// A page of streams. CROSS JOIN holds the order (<https://sqlite.org/optoverview.html>, 8.2): with a bound
/// LIMIT, D1's planner would walk the whole table and look for each row in the page.
#[must_use]
pub fn streams(seer: &Seer, filter: &Filter, after: Option<&After>, limit: i64) -> Statement {
    let ids = page("live_streams", seer, filter, after, limit);
    let sql = format!(
        "SELECT {} FROM ({}) k CROSS JOIN live_streams l ON l.id = k.id LEFT JOIN egresses j ON j.id = l.job_id \
         ORDER BY l.created_at DESC, l.id DESC",
        streams::COLUMNS,
        ids.sql
    );
    Statement::new(sql, ids.params)
}

/// A row of a list of recordings.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Recording {
    pub id: String,
    pub livepeer_asset_id: Option<String>,
    pub stream_id: Option<String>,
    pub title: String,
    pub room_name: String,
    pub owner_id: String,
    pub part: i64,
    pub status: String,
    pub visibility: String,
    /// The object to be played: the lasting copy, once there is one.
    pub object_key: String,
    /// The one that LiveKit wrote.
    pub original_key: String,
    pub bucket: String,
    pub endpoint: String,
    pub region: String,
    pub duration_ms: Option<i64>,
    pub size_bytes: Option<i64>,
    pub quality: String,
    pub format: String,
    pub thumbnail_key: Option<String>,
    pub partial: bool,
    pub saved: bool,
    pub downloads: i64,
    pub created_at: Millis,
    pub started_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    pub expires_at: Option<Millis>,
}

impl FromRow for Recording {
    fn from_row(row: &Row) -> Self {
        Self {
            id: row.text("id"),
            livepeer_asset_id: row.maybe_text("livepeer_asset_id"),
            stream_id: row.maybe_text("stream_id"),
            title: row.text("title"),
            room_name: row.text("room_name"),
            owner_id: row.text("owner_id"),
            part: row.number("part"),
            status: row.text("status"),
            visibility: row.text("visibility"),
            object_key: row.text("object_key"),
            original_key: row.text("original_key"),
            bucket: row.text("bucket"),
            endpoint: row.text("endpoint"),
            region: row.text("region"),
            duration_ms: row.maybe_number("duration_ms"),
            size_bytes: row.maybe_number("size_bytes"),
            quality: row.text("quality"),
            format: row.text("format"),
            thumbnail_key: row.maybe_text("thumbnail_key"),
            partial: row.flag("partial"),
            saved: row.flag("saved"),
            downloads: row.number("downloads"),
            created_at: row.time("created_at"),
            started_at: row.maybe_time("started_at"),
            ended_at: row.maybe_time("ended_at"),
            expires_at: row.maybe_time("expires_at"),
        }
    }
}

pub(super) const RECORDING: &str = "a.id, a.livepeer_asset_id, a.stream_id, a.title, a.room_name, a.owner_id, a.part, a.status, a.visibility, \
    COALESCE(a.saved_key, a.object_key) AS object_key, a.object_key AS original_key, a.bucket, a.endpoint, a.region, a.duration_ms, a.size_bytes, a.quality, a.format, a.thumbnail_key, a.partial, a.saved, a.downloads, \
    a.created_at, a.started_at, a.ended_at, a.expires_at";

/// A page of recordings.
#[must_use]
pub fn recordings(seer: &Seer, filter: &Filter, after: Option<&After>, limit: i64) -> Statement {
    let ids = page("assets", seer, filter, after, limit);
    let sql = format!("SELECT {RECORDING} FROM ({}) k CROSS JOIN assets a ON a.id = k.id ORDER BY a.created_at DESC, a.id DESC", ids.sql);
    Statement::new(sql, ids.params)
}

/// One recording.
#[must_use]
pub fn recording(id: &str) -> Statement {
    Statement::new(format!("SELECT {RECORDING} FROM assets a WHERE a.id = ?"), params![id])
}

/// Changes a recording's title and visibility, each where it is given.
#[must_use]
pub fn change_recording(id: &str, title: Option<&str>, visibility: Option<&str>) -> Statement {
    Statement::new(
        "UPDATE assets SET title = COALESCE(?, title), visibility = COALESCE(?, visibility) WHERE id = ?",
        params![title, visibility, id],
    )
}

/// The ids of one page, newest first.
fn page(table: &str, seer: &Seer, filter: &Filter, after: Option<&After>, limit: i64) -> Statement {
    let branches: Vec<Vec<(&str, Param)>> = match seer {
        Seer::Admin => vec![vec![]],
        Seer::Anyone => vec![vec![("visibility = ?", Param::from("public"))]],
        Seer::Mine(user) => vec![vec![("owner_id = ?", Param::from(user))]],
        Seer::User(user) => {
            vec![vec![("owner_id = ?", Param::from(user))], vec![("visibility = ?", Param::from("public"))]]
        }
    };
    let mut whole = Statement::new("SELECT id FROM (", vec![]);
    for (index, conditions) in branches.into_iter().enumerate() {
        if index > 0 {
            // Not UNION ALL: the user's own public rows are in both branches.
            whole = whole.then(" UNION ", vec![]);
        }
        whole = whole.then("SELECT * FROM (SELECT id, created_at FROM ", vec![]).then(table, vec![]).then(" WHERE 1", vec![]);
        for (sql, param) in conditions {
            // A stream has few recordings: its index is the one to walk, and `+` keeps the planner off
            // the others.
            let and = if filter.stream_id.is_some() { " AND +" } else { " AND " };
            whole = whole.then(and, vec![]).then(sql, vec![param]);
        }
        if let Some(stream_id) = &filter.stream_id {
            whole = whole.then(" AND stream_id = ?", params![stream_id]);
        }
        if let Some(status) = &filter.status {
            let and = if filter.stream_id.is_some() { " AND +status = ?" } else { " AND status = ?" };
            whole = whole.then(and, params![status]);
        }
        if let Some(from) = filter.from {
            whole = whole.then(" AND created_at >= ?", params![from]);
        }
        if let Some(to) = filter.to {
            whole = whole.then(" AND created_at < ?", params![to]);
        }
        if let Some(after) = after {
            whole = whole.then(" AND (created_at, id) < (?, ?)", params![after.created_at, &after.id]);
        }
        whole = whole.then(" ORDER BY created_at DESC, id DESC LIMIT ?)", params![limit]);
    }
    whole.then(") ORDER BY created_at DESC, id DESC LIMIT ?", params![limit])
}
