//! Storj as a model: objects that an egress wrote, and what a gateway answers about them.

use livekit_storj::http::{Incoming, Outgoing, Unanswered, Unpiped};

use super::bucket::Bucket;
use super::plan::Outage;
use super::world::World;

/// The bucket: every recording by its key, with its size.
pub type Storj = Bucket;

const FORBIDDEN: &[u8] = b"<Error><Code>AccessDenied</Code></Error>";

/// Answers a request that got through.
pub fn answer(world: &World, request: &Outgoing) -> Result<Incoming, Unanswered> {
    if world.is_away(Outage::Key) {
        return Ok(Incoming { status: 403, body: FORBIDDEN.to_vec(), ..Incoming::default() });
    }
    if let Some(answer) = world.storj.borrow_mut().answer(request) {
        return Ok(answer);
    }
    let key = request.url.split_once("/recordings/").map(|(_, key)| key).unwrap_or_default();
    assert!(request.method == "PUT" && key.starts_with("livekit-recordings/_probe/"), "{} {key}", request.method);
    Ok(Incoming { status: 200, ..Incoming::default() })
}

/// Pipes what got through.
pub fn pipe(world: &World, sources: &[Outgoing], length: u64, sink: &Outgoing) -> Result<Incoming, Unpiped> {
    if world.is_away(Outage::Key) {
        return Err(Unpiped::Refused { source: 0, status: 403 });
    }
    world.storj.borrow_mut().pipe(sources, length, sink)
}
