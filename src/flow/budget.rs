//! [`Ports`] that count: a run of the schedule stays within what a free plan allows.

use std::cell::Cell;

use crate::auth::jwks::JwksCache;
use crate::auth::token::Algorithm;
use crate::http::{Incoming, Outgoing, Unanswered};
use crate::ports::{DatabaseFailed, Ports};
use crate::store::{Rows, Statement};
use crate::time::Millis;

/// A free plan allows 50 outside calls and 50 queries an invocation (Cloudflare, "Limits", read 2026). A
/// stream that is under way is brought to rest, which takes up to about 15 of each, so no new one is
/// begun after 25.
const BEGIN_BELOW: u32 = 25;

/// Counts what passes through to the world.
pub(super) struct Counted<'a, P> {
    world: &'a P,
    spent: Cell<u32>,
}

impl<'a, P> Counted<'a, P> {
    pub(super) const fn new(world: &'a P) -> Self {
        Self { world, spent: Cell::new(0) }
    }

    /// Whether another stream may be begun.
    pub(super) fn may_begin(&self) -> bool {
        self.spent.get() < BEGIN_BELOW
    }
}

impl<P: Ports> Ports for Counted<'_, P> {
    fn now(&self) -> Millis {
        self.world.now()
    }

    fn random(&self) -> [u8; 16] {
        self.world.random()
    }

    /// A step reads the database twice for each call outside, so counting these bounds both.
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Rows>, DatabaseFailed> {
        self.spent.set(self.spent.get() + 1);
        self.world.batch(statements).await
    }

    async fn send(&self, request: Outgoing) -> Result<Incoming, Unanswered> {
        self.world.send(request).await
    }

    async fn pause(&self, ms: u32) {
        self.world.pause(ms).await;
    }

    async fn verifies(&self, algorithm: Algorithm, jwk: &str, signed: &[u8], signature: &[u8]) -> bool {
        self.world.verifies(algorithm, jwk, signed, signature).await
    }

    fn jwks<T>(&self, with: impl FnOnce(&mut JwksCache) -> T) -> T {
        self.world.jwks(with)
    }
}
