//! Table `live_streams`: making, finding and changing streams, and what people wish of the recorder.

use super::Statement;
use super::row::{FromRow, Row};
use super::tombstones::NAME_HELD_MS;
use crate::params;
use crate::time::{MINUTE, Millis};

/// A row, with the newest job beside it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Stream {
    pub id: String,
    pub title: String,
    pub about: Option<String>,
    pub room_name: String,
    pub owns_room: bool,
    pub owner_id: String,
    pub visibility: String,
    pub status: String,
    pub record: bool,
    pub save_to_storj: bool,
    pub quality: String,
    pub layout: String,
    pub audio_only: bool,
    pub wish: String,
    pub wish_at: Option<Millis>,
    pub wish_error: Option<String>,
    pub host_until: Option<Millis>,
    pub public_url: Option<String>,
    pub session_sid: Option<String>,
    pub viewer_count: i64,
    pub peak_viewers: i64,
    pub unique_viewers: i64,
    pub watch_ms: i64,
    pub created_at: Millis,
    pub started_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    pub ended_by: Option<String>,
    pub published_at: Option<Millis>,
    pub quiet_at: Option<Millis>,
    pub guests_at: Option<Millis>,
    pub tend_at: Option<Millis>,
    /// Deleted, and tended until all of it is over.
    pub deleted_at: Option<Millis>,
    pub thumbnail_key: Option<String>,
    /// The newest attempt to record.
    pub job_id: Option<String>,
    pub job_egress_id: Option<String>,
    pub job_key: Option<String>,
    pub job_status: Option<String>,
    pub job_quality: Option<String>,
    pub job_audio_only: Option<i64>,
    pub job_layout: Option<String>,
    pub job_requested_at: Option<Millis>,
    pub job_started_at: Option<Millis>,
    pub job_ended_at: Option<Millis>,
    pub job_size_bytes: Option<i64>,
    pub job_duration_ms: Option<i64>,
    pub job_error: Option<String>,
    pub job_stop_reason: Option<String>,
}

impl FromRow for Stream {
    fn from_row(row: &Row) -> Self {
        Self {
            id: row.text("id"),
            title: row.text("title"),
            about: row.maybe_text("about"),
            room_name: row.text("room_name"),
            owns_room: row.flag("owns_room"),
            owner_id: row.text("owner_id"),
            visibility: row.text("visibility"),
            status: row.text("status"),
            record: row.flag("record"),
            save_to_storj: row.flag("save_to_storj"),
            quality: row.text("quality"),
            layout: row.text("layout"),
            audio_only: row.flag("audio_only"),
            wish: row.text("wish"),
            wish_at: row.maybe_time("wish_at"),
            wish_error: row.maybe_text("wish_error"),
            host_until: row.maybe_time("host_until"),
            public_url: row.maybe_text("public_url"),
            session_sid: row.maybe_text("session_sid"),
            viewer_count: row.number("viewer_count"),
            peak_viewers: row.number("peak_viewers"),
            unique_viewers: row.number("unique_viewers"),
            watch_ms: row.number("watch_ms"),
            created_at: row.time("created_at"),
            started_at: row.maybe_time("started_at"),
            ended_at: row.maybe_time("ended_at"),
            ended_by: row.maybe_text("ended_by"),
            published_at: row.maybe_time("published_at"),
            quiet_at: row.maybe_time("quiet_at"),
            guests_at: row.maybe_time("guests_at"),
            tend_at: row.maybe_time("tend_at"),
            deleted_at: row.maybe_time("deleted_at"),
            thumbnail_key: row.maybe_text("thumbnail_key"),
            job_id: row.maybe_text("job_id"),
            job_egress_id: row.maybe_text("job_egress_id"),
            job_key: row.maybe_text("job_key"),
            job_status: row.maybe_text("job_status"),
            job_quality: row.maybe_text("job_quality"),
            job_audio_only: row.maybe_number("job_audio_only"),
            job_layout: row.maybe_text("job_layout"),
            job_requested_at: row.maybe_time("job_requested_at"),
            job_started_at: row.maybe_time("job_started_at"),
            job_ended_at: row.maybe_time("job_ended_at"),
            job_size_bytes: row.maybe_number("job_size_bytes"),
            job_duration_ms: row.maybe_number("job_duration_ms"),
            job_error: row.maybe_text("job_error"),
            job_stop_reason: row.maybe_text("job_stop_reason"),
        }
    }
}

impl Stream {
    /// Whether a recording is wanted.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.ended_at.is_none() && matches!(self.wish.as_str(), "auto" | "asked")
    }
}

/// What every query of a [`Stream`] selects.
pub(super) const COLUMNS: &str = "l.id, l.title, l.about, l.room_name, l.owns_room, l.owner_id, l.visibility, l.status, l.record, \
    l.save_to_storj, l.quality, l.layout, l.audio_only, l.wish, l.wish_at, l.wish_error, l.host_until, l.public_url, l.session_sid, \
    l.viewer_count, l.peak_viewers, l.unique_viewers, l.watch_ms, l.created_at, l.started_at, l.ended_at, l.ended_by, l.published_at, l.quiet_at, l.guests_at, l.tend_at, \
    l.deleted_at, l.thumbnail_key, \
    l.job_id, j.egress_id AS job_egress_id, j.object_key AS job_key, j.status AS job_status, j.quality AS job_quality, \
    j.audio_only AS job_audio_only, j.layout AS job_layout, j.requested_at AS job_requested_at, j.started_at AS job_started_at, \
    j.ended_at AS job_ended_at, j.size_bytes AS job_size_bytes, j.duration_ms AS job_duration_ms, \
    j.error AS job_error, j.stop_reason AS job_stop_reason";

/// By id.
#[must_use]
pub fn by_id(id: &str) -> Statement {
    any_by_id(id).then(" AND l.deleted_at IS NULL", vec![])
}

/// By id, also one that is being deleted: to be tended, not to be shown.
#[must_use]
pub fn any_by_id(id: &str) -> Statement {
    Statement::new(format!("SELECT {COLUMNS} FROM live_streams l LEFT JOIN egresses j ON j.id = l.job_id WHERE l.id = ?"), params![id])
}

/// One row where that id is, or was, a stream's: its sessions stay when it is deleted. Nobody takes it over then, for its links
/// would lead to another one's.
#[must_use]
pub fn id_is_taken(id: &str) -> Statement {
    Statement::new(
        "SELECT id FROM live_streams WHERE id = ? UNION ALL SELECT sid FROM sessions WHERE stream_id = ? LIMIT 1",
        params![id, id],
    )
}

/// The stream that a room's name means: the newest, and that is the one not ended if there is one.
/// Streams made for one session of somebody else's room count last.
#[must_use]
pub fn by_room(room_name: &str) -> Statement {
    Statement::new(
        format!(
            "SELECT {COLUMNS} FROM live_streams l LEFT JOIN egresses j ON j.id = l.job_id WHERE l.room_name = ? AND l.deleted_at IS NULL \
             ORDER BY l.created_at DESC, l.id DESC LIMIT 5"
        ),
        params![room_name],
    )
}

/// A stream to be made.
#[derive(Clone, Debug)]
pub struct New<'a> {
    /// Its id.
    pub id: &'a str,
    /// What people call it.
    pub title: &'a str,
    /// The user's own words.
    pub about: Option<&'a str>,
    /// LiveKit's name of the room.
    pub room_name: &'a str,
    /// False for one session of another backend's room.
    pub owns_room: bool,
    /// Whose it is.
    pub owner_id: &'a str,
    /// `public` or `private`.
    pub visibility: &'a str,
    /// Recorded by itself once the host publishes.
    pub record: bool,
    /// Its recordings are kept from the start.
    pub save_to_storj: bool,
    /// Of its recordings.
    pub quality: &'a str,
    /// Where LiveKit reaches this Worker.
    pub public_url: &'a str,
}

/// Makes the stream, unless the name is somebody else's, was until just now, or has a stream that has not ended. Who made it
/// is then read by [`by_room`].
#[must_use]
pub fn make(new: &New, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO live_streams (id, title, about, room_name, owns_room, owner_id, visibility, record, save_to_storj, quality, \
         wish, wish_at, was_auto, public_url, created_at) \
         SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? \
         WHERE ? = 0 OR NOT EXISTS (SELECT 1 FROM live_streams WHERE room_name = ? AND owner_id <> ? AND (owns_room = 1 OR deleted_at > ?)) \
         ON CONFLICT DO NOTHING",
        params![
            new.id,
            new.title,
            new.about,
            new.room_name,
            new.owns_room,
            new.owner_id,
            new.visibility,
            new.record,
            new.save_to_storj,
            new.quality,
            if new.record { "auto" } else { "none" },
            new.record.then_some(now),
            new.record,
            new.public_url,
            now,
            new.owns_room,
            new.room_name,
            new.owner_id,
            now.plus(-NAME_HELD_MS),
        ],
    )
}

/// Opens a stream again that its room's closing ended. A wish that came true before is a wish again. It is looked at in a
/// minute: whoever opened it may have been cut off.
#[must_use]
pub fn reopen(id: &str, ended_after: Millis, now: Millis) -> Statement {
    let look_at = now.plus(MINUTE);
    Statement::new(
        "UPDATE live_streams SET status = 'created', ended_at = NULL, ended_by = NULL, \
         wish_at = CASE WHEN wish IN ('auto', 'asked') THEN ? ELSE wish_at END, tend_at = min(COALESCE(tend_at, ?), ?) \
         WHERE id = ? AND ended_by = 'room' AND ended_at > ? \
         AND NOT EXISTS (SELECT 1 FROM live_streams o WHERE o.room_name = live_streams.room_name AND o.owns_room = 1 AND o.ended_at IS NULL)",
        params![now, look_at, look_at, id, ended_after],
    )
}

/// Sets what a host's token named: each only where it is given.
#[must_use]
pub fn set_details(
    id: &str,
    title: Option<&str>,
    visibility: Option<&str>,
    save_to_storj: Option<bool>,
    quality: Option<&str>,
) -> Statement {
    Statement::new(
        "UPDATE live_streams SET title = COALESCE(?, title), visibility = COALESCE(?, visibility), \
         save_to_storj = COALESCE(?, save_to_storj), quality = COALESCE(?, quality) WHERE id = ?",
        params![title, visibility, save_to_storj, quality, id],
    )
}

/// Changes what `PATCH` names. `about`: `None` leaves it, `Some(None)` clears it.
#[must_use]
pub fn change(id: &str, title: Option<&str>, about: Option<Option<&str>>, visibility: Option<&str>) -> Statement {
    Statement::new(
        "UPDATE live_streams SET title = COALESCE(?, title), about = CASE WHEN ? THEN ? ELSE about END, \
         visibility = COALESCE(?, visibility) WHERE id = ?",
        params![title, about.is_some(), about.flatten(), visibility, id],
    )
}

/// The owner ends the broadcast. Its room is closed afterwards, checked by sid.
#[must_use]
pub fn end(id: &str, now: Millis) -> Statement {
    Statement::new(
        "UPDATE live_streams SET status = 'ended', ended_at = COALESCE(ended_at, ?), ended_by = 'owner', wish = 'stopped', \
         wish_at = ?, viewer_count = 0, tend_at = ? WHERE id = ?",
        params![now, now, now, id],
    )
}

/// A stream made for a session that another one got first.
#[must_use]
pub fn drop_without_session(id: &str) -> Statement {
    Statement::new("DELETE FROM live_streams WHERE id = ? AND owns_room = 0 AND session_sid IS NULL", params![id])
}
