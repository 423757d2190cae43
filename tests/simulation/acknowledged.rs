//! What must be in the database as soon as a webhook was answered 200.

use livekit_storj::params;
use serde_json::{Value, json};

use super::keeping::What;
use super::kept::{asked_to_delete, gone};
use super::people::HOST;
use super::world::World;

/// Whether the whole effect of an event is there. An event of a room that is nobody's has none.
pub fn effect_is_there(world: &World, event: &Value) -> Result<(), String> {
    let name = event["event"].as_str().unwrap();
    if name.starts_with("egress_") {
        return of_egress(world, &event["egressInfo"]);
    }
    let sid = event["room"]["sid"].as_str().unwrap();
    let session = world.db.rows("SELECT ended_at, stream_id FROM sessions WHERE sid = ?", params![sid]);
    let Some(session) = session.first() else {
        // A stream ended in this very moment is not there any more.
        let sql = "SELECT count(*) FROM live_streams WHERE room_name = ? AND ended_at IS NULL";
        let ours = world.db.one(sql, params![event["room"]["name"].as_str().unwrap()]);
        return if ours == json!(0) || was_nobodys(world, event) { Ok(()) } else { Err("no session".to_owned()) };
    };
    let who = &event["participant"];
    // Of a stream that was deleted nobody is counted any more.
    if world.db.one("SELECT count(*) FROM live_streams WHERE id = ?", params![session["stream_id"].as_str().unwrap_or_default()])
        == json!(0)
    {
        return Ok(());
    }
    if name == "room_finished" {
        return if session["ended_at"].is_null() { Err("the session is open".to_owned()) } else { Ok(()) };
    }
    if name == "room_started" || who["kind"] == json!("EGRESS") {
        return Ok(());
    }
    let row = world.db.rows("SELECT role, joined_at, left_at FROM participants WHERE sid = ?", params![who["sid"].as_str().unwrap()]);
    let Some(row) = row.first() else {
        return if name == "track_unpublished" || was_nobodys(world, event) { Ok(()) } else { Err("no participant".to_owned()) };
    };
    let is_there = match name {
        "participant_joined" => !row["joined_at"].is_null(),
        "participant_left" => !row["left_at"].is_null() && !row["joined_at"].is_null(),
        "participant_connection_aborted" => !row["left_at"].is_null(),
        "track_published" => (row["role"] == json!("host")) == (who["identity"] == json!(HOST)),
        _ => true,
    };
    if is_there { Ok(()) } else { Err(row.to_string()) }
}

/// Taken in before its room's newest stream was made, when the room was nobody's: said then, or told once more now.
fn was_nobodys(world: &World, event: &Value) -> bool {
    let sql = "SELECT count(*) FROM commits WHERE event = ? AND n < (SELECT max(n) FROM commits WHERE room = ?)";
    let known = params![event["id"].as_str().unwrap(), event["room"]["name"].as_str().unwrap()];
    world.db.one(sql, known) != json!(0)
}

fn of_egress(world: &World, info: &Value) -> Result<(), String> {
    let key = info["roomComposite"]["fileOutputs"][0]["filepath"].as_str().unwrap();
    let sql =
        "SELECT egress_id, session_sid, status, inferred, heard, started_at, ended_at, file, size_bytes FROM egresses WHERE object_key = ?";
    let rows = world.db.rows(sql, params![key]);
    let Some(job) = rows.first() else {
        // Of a deleted stream nothing is left but its recordings.
        let egress = world.livekit.borrow().egresses.iter().find(|egress| egress.key == key).map(|egress| egress.stream.clone());
        let deleted = egress.is_some_and(|stream| asked_to_delete(world, What::DeleteStream, &stream));
        return if deleted { Ok(()) } else { Err("no job".to_owned()) };
    };
    let lacks = |what: &str| Err(format!("{what}: {job}"));
    let (status, depth) = match info["status"].as_str() {
        None => ("", 0),
        Some("EGRESS_ACTIVE") => ("", 1),
        Some("EGRESS_ENDING") => ("", 2),
        Some("EGRESS_COMPLETE") => ("complete", 3),
        Some("EGRESS_FAILED") => ("failed", 3),
        Some("EGRESS_ABORTED") => ("aborted", 3),
        _ => ("limit_reached", 3),
    };
    if job["egress_id"] != info["egressId"] {
        return lacks("not known by its id");
    }
    if job["session_sid"] != info["roomId"] {
        return lacks("filed under another session");
    }
    if job["heard"].as_i64() < Some(depth) || (depth == 3 && (job["status"] != json!(status) || job["inferred"] != json!(0))) {
        return lacks("not as far as LiveKit said");
    }
    if depth == 3 && job["ended_at"].is_null() {
        return lacks("no time of its end");
    }
    let size = &info["fileResults"][0]["size"];
    if let Some(size) = size.as_str() {
        // By its job: one of segments has another object's key.
        let sql = "SELECT livepeer_asset_id FROM assets WHERE job_id = (SELECT id FROM egresses WHERE object_key = ?)";
        let asset = world.db.rows(sql, params![key]);
        if job["file"] != json!("yes")
            || job["size_bytes"].is_null()
            || (!gone(world).contains(key) && (asset.len() != 1 || asset[0]["livepeer_asset_id"] != info["egressId"]))
        {
            return lacks(&format!("no recording of {size} bytes"));
        }
    }
    Ok(())
}
