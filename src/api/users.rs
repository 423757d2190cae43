//! `DELETE /api/users/{id}`: an admin erases everything of one user.

use super::Reply;
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::flow::erase;
use crate::names::Erasure;
use crate::ports::{Desk, Ports};
use crate::shape;
use crate::store::erasures::{self, Left};

/// So many steps in one request; the schedule does the rest.
const STEPS: usize = 4;

shape! {
    /// How far a user is erased.
    pub struct Erased<'a> {
        /// `true`.
        "success" => success: bool,
        /// The user's id, as it was given.
        "userId" => user_id: &'a str,
        /// `erasing`: the schedule goes on until nothing is left.
        "status" => status: Erasure,
        /// What is still there.
        "left" => left: Left,
    }
}

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
    let (code, status) = if left.is_nothing() { (200, Erasure::ERASED) } else { (202, Erasure::ERASING) };
    Ok(Reply::json(code, &Erased { success: true, user_id, status, left }))
}
