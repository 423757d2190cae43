//! Storj as a model: objects that an egress wrote, and what a gateway answers about them.

use std::collections::BTreeMap;

use livekit_storj::http::{Incoming, Outgoing, Unanswered};

use super::plan::Outage;
use super::world::World;

/// The bucket.
#[derive(Default)]
pub struct Storj {
    /// Every recording by its key, with its size.
    pub objects: BTreeMap<String, u64>,
}

/// Answers a request that got through.
pub fn answer(world: &World, request: &Outgoing) -> Result<Incoming, Unanswered> {
    let answer = |status, content_length, body: &str| Ok(Incoming { status, content_length, body: body.as_bytes().to_vec() });
    let key = request.url.split_once("/recordings/").map(|(_, key)| key).unwrap_or_default();
    if world.is_away(Outage::Key) {
        return answer(403, None, "<Error><Code>AccessDenied</Code></Error>");
    }
    let object = world.storj.borrow().objects.get(key).copied();
    match (request.method, object) {
        ("PUT", _) => {
            assert!(key.starts_with("livekit-recordings/_probe/"), "{key}");
            answer(200, None, "")
        }
        ("HEAD", Some(size)) => answer(200, Some(size), ""),
        ("GET", Some(_)) => answer(206, Some(1), "x"),
        ("HEAD", None) => answer(404, None, ""),
        ("GET", None) => answer(404, None, "<Error><Code>NoSuchKey</Code></Error>"),
        (other, _) => panic!("no such request: {other}"),
    }
}
