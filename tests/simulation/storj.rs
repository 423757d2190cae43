//! Storj as a model: objects that an egress wrote, and what a gateway answers about them.

use std::collections::BTreeMap;

use livekit_storj::http::{Incoming, Outgoing, Unanswered, Unpiped};

use super::bucket::{Bucket, between};
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
    pass(world);
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
    pass(world);
    world.storj.borrow_mut().pipe(sources, length, sink)
}

/// What has expired by now goes.
pub fn pass(world: &World) {
    let mut storj = world.storj.borrow_mut();
    storj.now = world.now();
    let over: Vec<String> = storj.expires.iter().filter(|(_, at)| **at <= world.now()).map(|(key, _)| key.clone()).collect();
    over.iter().for_each(|key| storj.remove(key));
    world.expired.borrow_mut().extend(over);
}

/// Deletes half of what it is asked to, and refuses the rest.
pub fn delete_in_part(world: &World, request: &Outgoing) -> Result<Incoming, Unanswered> {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let mut keys = between(&body, "<Key>", "</Key>");
    let refused = keys.split_off(keys.len() / 2);
    let object = |key: &&str| format!("<Object><Key>{key}</Key></Object>");
    if !keys.is_empty() {
        let body = format!("<Delete>{}</Delete>", keys.iter().map(object).collect::<String>()).into_bytes();
        answer(world, &Outgoing { body, ..request.clone() })?;
    }
    let error = |key: &&str| format!("<Error><Key>{key}</Key><Code>InternalError</Code><Message>no</Message></Error>");
    let body = format!("<DeleteResult>{}</DeleteResult>", refused.iter().map(error).collect::<String>()).into_bytes();
    Ok(Incoming { status: 200, content_length: Some(body.len() as u64), body, ..Incoming::default() })
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
