//! Table `thumbnails`: pictures that lie in a bucket as long as a stream or a recording shows them. Who stops showing
//! the last of them throws it away by the triggers of `0006_thumbnails.sql`.

use super::row::{FromRow, Row};
use super::trash::{Kind, Thrown, throw, throw_rows};
use super::{Only, Statement};
use crate::batch;
use crate::params;
use crate::storj::key::picture_key;
use crate::storj::sign::Bucket;
use crate::time::Millis;

/// What a picture is of, by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of<'a> {
    /// A stream.
    Stream(&'a str),
    /// A recording.
    Recording(&'a str),
}

impl<'a> Of<'a> {
    /// Its id.
    #[must_use]
    pub const fn id(self) -> &'a str {
        match self {
            Self::Stream(id) | Self::Recording(id) => id,
        }
    }

    /// In one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stream(_) => "stream",
            Self::Recording(_) => "recording",
        }
    }

    /// In addresses.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Stream(_) => "streams",
            Self::Recording(_) => "recordings",
        }
    }
}

/// What a stream or a recording shows, and to whom.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Shown {
    pub owner_id: String,
    pub visibility: String,
    pub object_key: Option<String>,
    place: Option<Bucket>,
}

impl FromRow for Shown {
    fn from_row(row: &Row) -> Self {
        let object_key = row.maybe_text("object_key");
        let place = || Bucket { endpoint: row.text("endpoint"), region: row.text("region"), name: row.text("bucket") };
        Self { owner_id: row.text("owner_id"), visibility: row.text("visibility"), place: object_key.is_some().then(place), object_key }
    }
}

impl Shown {
    /// Where the picture lies.
    #[must_use]
    pub fn bucket(&self) -> Option<Bucket> {
        self.place.clone()
    }
}

/// What is shown, if it is there.
#[must_use]
pub fn shown(of: Of<'_>) -> Statement {
    let sql = match of {
        Of::Stream(_) => {
            "SELECT x.owner_id, x.visibility, t.object_key, t.endpoint, t.bucket, t.region FROM live_streams x \
             LEFT JOIN thumbnails t ON t.object_key = x.thumbnail_key WHERE x.id = ? AND x.deleted_at IS NULL"
        }
        Of::Recording(_) => {
            "SELECT x.owner_id, x.visibility, t.object_key, t.endpoint, t.bucket, t.region FROM assets x \
             LEFT JOIN thumbnails t ON t.object_key = x.thumbnail_key WHERE x.id = ?"
        }
    };
    Statement::new(sql, params![of.id()])
}

/// A picture that is about to be put into the bucket: it goes again at that time, unless it is claimed.
#[must_use]
pub fn unclaimed(bucket: &Bucket, key: &str, at: Millis) -> Statement {
    throw(&Thrown { kind: Kind::Object, bucket, key, why: "thumbnail", asset_id: None, again: false, at }, &Only::Always)
}

/// LiveKit's own picture of the recording of that job is there: shown by a recording that has none, and thrown away if
/// that has one.
#[must_use]
pub fn of_livekit(object_key: &str, bucket: &Bucket) -> Vec<Statement> {
    let key = picture_key(object_key);
    batch![
        insert(&key, bucket),
        Statement::new(
            "UPDATE assets SET thumbnail_key = ? WHERE job_id = (SELECT id FROM egresses WHERE object_key = ?) \
             AND thumbnail_key IS NULL AND status <> 'deleting'",
            params![&key, object_key],
        ),
        drop_unless_shown(&key),
    ]
}

/// That of a job, if it left no recording (its segments may have become one): it goes, and an hour later again, for a
/// recorder may still be writing.
#[must_use]
pub fn of_nothing(object_key: &str, at: Millis) -> Statement {
    throw_rows(Statement::new(
        "SELECT 'object', e.endpoint, e.bucket, e.region, ?, '', 'no_recording', NULL, 1, ? FROM egresses e WHERE e.object_key = ? \
         AND e.picture = 1 AND NOT EXISTS (SELECT 1 FROM assets a WHERE a.job_id = e.id)",
        params![&picture_key(object_key), at, object_key],
    ))
}

fn insert(key: &str, bucket: &Bucket) -> Statement {
    Statement::new(
        "INSERT INTO thumbnails (object_key, endpoint, bucket, region) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        params![key, &bucket.endpoint, &bucket.name, &bucket.region],
    )
}

/// By a trigger it is thrown away.
fn drop_unless_shown(key: &str) -> Statement {
    Statement::new(
        "DELETE FROM thumbnails WHERE object_key = ? AND NOT EXISTS (SELECT 1 FROM assets WHERE thumbnail_key = ?) \
         AND NOT EXISTS (SELECT 1 FROM live_streams WHERE thumbnail_key = ?)",
        params![key, key, key],
    )
}

/// It is there: shown from now on, in place of the one before. The last statement answers what is shown.
#[must_use]
pub fn claim(of: Of<'_>, bucket: &Bucket, key: &str) -> Vec<Statement> {
    let mut statements = batch![insert(key, bucket)];
    match of {
        Of::Stream(id) => {
            statements
                .push(Statement::new("UPDATE live_streams SET thumbnail_key = ? WHERE id = ? AND deleted_at IS NULL", params![key, id]));
            statements.push(Statement::new(
                "UPDATE assets SET thumbnail_key = ? WHERE stream_id = ? AND thumbnail_key IS NULL AND status <> 'deleting' \
                 AND EXISTS (SELECT 1 FROM live_streams WHERE id = ? AND deleted_at IS NULL)",
                params![key, id, id],
            ));
        }
        Of::Recording(id) => {
            statements.push(Statement::new("UPDATE assets SET thumbnail_key = ? WHERE id = ? AND status <> 'deleting'", params![key, id]))
        }
    }
    // What nothing shows goes now, and what is shown stays.
    statements.push(drop_unless_shown(key));
    statements.push(Statement::new(
        "DELETE FROM trash WHERE bucket = ? AND object_key = ? AND endpoint = ? AND kind = 'object' \
         AND EXISTS (SELECT 1 FROM thumbnails WHERE object_key = ?)",
        params![&bucket.name, key, &bucket.endpoint, key],
    ));
    statements.push(shown(of));
    statements
}
