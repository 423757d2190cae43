//! Table `downloads`: who fetched which recording when. The number of them is `assets.downloads`, moved by a
//! trigger, and stays when the rows are purged.

use super::Statement;
use crate::params;
use crate::time::{MINUTE, Millis};

/// A second click, and a browser that asks twice, come within so much.
const ONE_DOWNLOAD_MS: i64 = MINUTE;

/// Counts a download, unless the same viewer began one of this recording within a minute.
#[must_use]
pub fn count(asset_id: &str, viewer: &str, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO downloads (asset_id, viewer, downloaded_at) SELECT ?, ?, ? WHERE NOT EXISTS \
         (SELECT 1 FROM downloads WHERE asset_id = ? AND viewer = ? AND downloaded_at > ?)",
        params![asset_id, viewer, now, asset_id, viewer, now.plus(-ONE_DOWNLOAD_MS)],
    )
}
