//! What is wrong with this installation, found by doing it: LiveKit is called, an object is written, read and
//! deleted with each key, the key set is fetched, and what the Worker noted of webhooks and the schedule is read.
//!
//! In scope: which checks there are, what each found, and what to do about it. Out of scope: who may ask
//! ([`crate::api::doctor`]). At most 17 calls outside: LiveKit 3, Storj 13, the key server 1.

mod account;
mod database;
mod livekit;
pub mod rehearsal;
mod sign_in;
mod storj;

use std::borrow::Cow;

use crate::ports::{Desk, Ports};
use crate::shape;

pub use database::{MARKS, THERE};

shape! {
    /// What one check found.
    #[derive(Clone, PartialEq, Eq)]
    #[schemars(inline)]
    pub struct Check {
        /// Its name: stable, for programs.
        "name" => pub name: &'static str,
        /// Whether things work as they are. Advice alone does not make it false.
        "ok" => pub ok: bool,
        /// What was found.
        "what" => pub what: Cow<'static, str>,
        /// What to do about it.
        "remedy" => pub remedy: Option<Cow<'static, str>>,
    }
}

impl Check {
    fn fine(name: &'static str, what: impl Into<Cow<'static, str>>) -> Self {
        Self { name, ok: true, what: what.into(), remedy: None }
    }

    /// It works, and could be better.
    fn advice(name: &'static str, what: impl Into<Cow<'static, str>>, remedy: impl Into<Cow<'static, str>>) -> Self {
        Self { name, ok: true, what: what.into(), remedy: Some(remedy.into()) }
    }

    fn wrong(name: &'static str, what: impl Into<Cow<'static, str>>, remedy: impl Into<Cow<'static, str>>) -> Self {
        Self { name, ok: false, what: what.into(), remedy: Some(remedy.into()) }
    }
}

/// Makes every check. `worker`: the address that the caller used. `page`: the origin of the page that asks, if one
/// does.
pub async fn examine<P: Ports>(desk: &Desk<'_, P>, worker: &str, page: Option<&str>) -> Vec<Check> {
    let mut checks = livekit::checks(desk).await;
    checks.extend(storj::checks(desk).await);
    checks.push(account::public_url(desk.config, worker));
    match database::missing(desk).await {
        None => {
            checks.push(Check::fine("database", "every migration is applied"));
            checks.extend(account::checks(desk).await);
        }
        Some(check) => checks.push(check),
    }
    checks.extend(sign_in::checks(desk, page).await);
    checks
}
