//! `DELETE /api/users/{id}`: an admin erases everything of one user.

use super::Reply;
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::flow::erase;
use crate::object;
use crate::ports::{Desk, Ports};
use crate::store::erasures;

/// So many steps in one request; the schedule does the rest.
const STEPS: usize = 4;

/// 200 when nothing is left, 202 with what is left.
///
/// # Errors
/// 401, 403, 503.
pub async fn erase<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, user_id: &str) -> Result<Reply, Error> {
    caller.user_id().ok_or_else(Error::sign_in)?;
    if !caller.is_admin() {
        return Err(Error::admins_only());
    }
    desk.batch(batch![erasures::ask(user_id, desk.now())]).await?;
    let mut left = erase::step(desk, user_id).await?;
    for _ in 1..STEPS {
        if left.is_nothing() {
            break;
        }
        left = erase::step(desk, user_id).await?;
    }
    Ok(Reply::json(
        if left.is_nothing() { 200 } else { 202 },
        object!({
            "success": true,
            "userId": user_id,
            "status": if left.is_nothing() { "erased" } else { "erasing" },
            "left": object!({ "recordings": left.recordings, "streams": left.streams, "viewerRows": left.viewer_rows }),
        }),
    ))
}
