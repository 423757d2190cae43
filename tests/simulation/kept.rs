//! What must hold of recordings that were deleted, saved or have expired.

use std::collections::{BTreeMap, BTreeSet};

use livekit_storj::storj::key::{folder_of, joined_key, picture_key, saved_key};
use serde_json::{Value, json};

use super::bucket::Piece;
use super::invariants::text;
use super::keeping::What;
use super::world::World;

/// Keys of recordings that were deleted or have expired, as [`super::watchers`] saw it.
pub fn gone(world: &World) -> BTreeSet<String> {
    world.db.rows("SELECT object_key FROM gone", vec![]).iter().map(|row| text(row, "object_key")).collect()
}

/// Whether somebody asked to delete that stream, or recording.
pub fn asked_to_delete(world: &World, what: What, id: &str) -> bool {
    world.asked.borrow().iter().any(|asked| asked.what == what && asked.ids.iter().any(|one| one == id))
}

/// After each calm.
pub fn at_any_time(world: &World) {
    only_what_was_asked_for_is_deleted(world);
    what_was_answered_is_so(world);
    nothing_else_is_deleted(world);
    saved_copies_are_whole(world);
    what_is_shown_is_there(world);
}

/// No card has a broken picture.
fn what_is_shown_is_there(world: &World) {
    for row in world.db.rows("SELECT thumbnail_key FROM assets WHERE thumbnail_key IS NOT NULL AND status = 'ready'", vec![]) {
        world.count("pictures are shown");
        if !world.storj.borrow().objects.contains_key(&text(&row, "thumbnail_key")) {
            world.violated("a picture that is shown is there", row.to_string());
        }
    }
}

fn only_what_was_asked_for_is_deleted(world: &World) {
    let sql = "SELECT g.asset_id, g.expires_at, g.object_key, e.id, e.deleted_at FROM gone g LEFT JOIN egresses e ON e.id = g.job_id";
    for row in world.db.rows(sql, vec![]) {
        let expired = row["expires_at"].as_i64().is_some_and(|at| at <= world.now());
        if !expired && !asked_to_delete(world, What::Delete, &text(&row, "asset_id")) {
            world.violated("only what was asked for is deleted", row.to_string());
        }
        world.count(if expired { "recording expired" } else { "recording deleted" });
        // Its job keeps late words away; without it there is none whose words could come.
        if !row["id"].is_null() && row["deleted_at"].is_null() {
            world.violated("a tombstone stays", row.to_string());
        }
    }
}

/// A success is one for good.
fn what_was_answered_is_so(world: &World) {
    let assets = world.db.rows("SELECT id, status, saved FROM assets", vec![]);
    let gone: BTreeSet<String> = world.db.rows("SELECT asset_id FROM gone", vec![]).iter().map(|row| text(row, "asset_id")).collect();
    for asked in world.asked.borrow().iter() {
        let Some((status, body)) = &asked.answered else { continue };
        for id in &asked.ids {
            let row = assets.iter().find(|row| text(row, "id") == *id);
            let is_gone = gone.contains(id) && row.is_none_or(|row| row["status"] == json!("deleting"));
            let broken = match (asked.what, status) {
                (What::Delete, 200 | 202) => !is_gone && deletes(body, id),
                (What::Save, 200) => !is_gone && row.is_none_or(|row| row["saved"] != json!(1)),
                _ => false,
            };
            if broken {
                world.violated("what was deleted or saved stays so", format!("{asked:?}: {row:?}"));
            }
        }
    }
}

/// Of many each has its own word.
fn deletes(body: &Value, id: &str) -> bool {
    match body["results"].as_array() {
        Some(results) => results.iter().any(|one| one["id"] == json!(id) && matches!(one["status"].as_str(), Some("deleted" | "deleting"))),
        None => true,
    }
}

/// Files of recordings that are there are not among what we had the bucket delete.
fn nothing_else_is_deleted(world: &World) {
    let gone = gone(world);
    let sql = "SELECT e.object_key, a.saved_key FROM assets a JOIN egresses e ON e.id = a.job_id WHERE a.status <> 'deleting'";
    let saved: BTreeMap<String, Value> =
        world.db.rows(sql, vec![]).iter().map(|row| (text(row, "object_key"), row["saved_key"].clone())).collect();
    let storj = world.storj.borrow();
    for egress in &world.livekit.borrow().egresses {
        let is_saved = saved.get(&egress.key).is_some_and(|key| !key.is_null());
        if storj.removed.contains(&egress.key) && !gone.contains(&egress.key) && !is_saved {
            world.violated("nothing else is deleted", egress.key.clone());
        }
    }
}

/// The copy is the recording, and no expiry touches it.
fn saved_copies_are_whole(world: &World) {
    let sql = "SELECT a.id, a.object_key, a.saved_key, a.size_bytes, a.format, a.expires_at FROM assets a \
               WHERE a.saved_key IS NOT NULL AND a.status = 'ready'";
    let storj = world.storj.borrow();
    for row in world.db.rows(sql, vec![]) {
        world.count("recording saved");
        let (key, copy) = (text(&row, "object_key"), text(&row, "saved_key"));
        let is_there = storj.objects.contains_key(&copy) && !storj.expires.contains_key(&copy);
        if !is_there || !row["expires_at"].is_null() {
            world.violated("what is saved lasts", row.to_string());
            continue;
        }
        let pieces = storj.pieces(&copy);
        let bytes: u64 = pieces.iter().map(|piece| piece.length).sum();
        let whole = [Piece { of: key, from: 0, length: bytes }];
        if row["size_bytes"] != json!(bytes) || (row["format"] == json!("mp4") && pieces != whole) {
            world.violated("a copy is the whole recording", format!("{pieces:?}: {row}"));
        }
    }
}

/// Everybody went home, and the schedule had half a day.
pub fn when_all_is_over(world: &World) {
    for (table, what) in [("trash", "object_key"), ("saves", "error")] {
        for row in world.db.rows(&format!("SELECT *, {what} AS what FROM {table}"), vec![]) {
            world.violated("every deletion and every saving ends", format!("{table}: {row}"));
        }
    }
    for row in world.db.rows("SELECT id FROM assets WHERE status = 'deleting'", vec![]) {
        world.violated("every deletion and every saving ends", row.to_string());
    }
    let streams = world.db.rows("SELECT id, deleted_at, tend_at FROM live_streams", vec![]);
    for asked in world.asked.borrow().iter().filter(|asked| asked.what == What::DeleteStream) {
        let is_there = |row: &&Value| asked.ids.contains(&text(row, "id"));
        if let (Some((200, _)), Some(row)) = (&asked.answered, streams.iter().find(is_there)) {
            world.violated("every deletion and every saving ends", row.to_string());
        }
    }
    nothing_lies_about(world);
}

/// Each object is what a recording plays from, or may be yet.
fn nothing_lies_about(world: &World) {
    let sql = "SELECT a.format, a.status, a.object_key, a.saved_key, e.object_key AS file, r.joined FROM assets a \
               JOIN egresses e ON e.id = a.job_id LEFT JOIN reels r ON r.job_id = a.job_id";
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    let mut folders: BTreeSet<String> = BTreeSet::new();
    for row in world.db.rows(sql, vec![]) {
        let file = text(&row, "file");
        wanted.extend([file.clone(), picture_key(&file), text(&row, "object_key"), text(&row, "saved_key")]);
        if row["format"] == json!("segments") && row["joined"] != json!(1) {
            folders.insert(folder_of(&file));
        }
    }
    let gone = gone(world);
    for key in world.storj.borrow().objects.keys() {
        // A playlist without segments is left where nothing was recorded: some hundred bytes.
        let is_empty_list = key.ends_with("/index.m3u8");
        if wanted.contains(key) || folders.iter().any(|folder| key.starts_with(folder)) {
            continue;
        }
        let of_gone = |file: &String| {
            [file.clone(), joined_key(file), saved_key(file), saved_key(&joined_key(file)), picture_key(file)].contains(key)
                || key.starts_with(&folder_of(file))
        };
        let is_of_gone = gone.iter().any(of_gone);
        if is_empty_list && !is_of_gone {
            continue;
        }
        let invariant = if is_of_gone { "what is deleted is not in the bucket" } else { "nothing lies about in the bucket" };
        world.violated(invariant, key.clone());
    }
}
