//! Storj as a model: objects that an egress wrote, and what a gateway answers about them.

use std::collections::BTreeMap;

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

/// Where a recording's segments go.
pub fn folder_of(key: &str) -> String {
    format!("{}/", key.strip_suffix(".mp4").unwrap())
}

/// The segments that lie beside a recording: by number, their bytes.
pub fn segments_of(storj: &Storj, key: &str) -> BTreeMap<u32, u64> {
    let folder = folder_of(key);
    let all = storj.objects.range(folder.clone()..).take_while(|(key, _)| key.starts_with(&folder));
    let number = |key: &str| key.strip_prefix(&folder)?.strip_prefix("s_")?.strip_suffix(".ts")?.parse().ok();
    all.filter_map(|(key, bytes)| Some((number(key)?, *bytes))).collect()
}
