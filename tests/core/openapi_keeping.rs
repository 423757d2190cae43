//! What is done with a recording afterwards, and what administrators do.

use serde_json::{Value, json};

use super::openapi::{Doc, Who};

/// The operations.
pub(super) fn describe(doc: &mut Doc) {
    let (none, admin) = (&[] as &[&str], Who::Admin);
    doc.describe("POST", "/livekit-webhook", "What LiveKit tells.", Who::LiveKit, none, none);
    doc.describe("POST", "/api/recordings/{id}/save", "Saves it for good: a copy that nothing expires.", Who::SignedIn, none, none);
    doc.describe("DELETE", "/api/recordings/{id}", "Deletes it, its objects first.", Who::SignedIn, none, none);
    doc.describe("POST", "/api/recordings/delete", "Deletes up to 100.", Who::SignedIn, none, &["ids"]);
    doc.describe("DELETE", "/api/streams/{id}", "Deletes it; its recordings stay.", Who::SignedIn, &["stop"], none);
    for path in ["/api/streams/{id}/thumbnail", "/api/recordings/{id}/thumbnail"] {
        doc.describe(
            "GET",
            path,
            "Leads to its picture; one of what is private by a signed link.",
            Who::Anyone,
            &["v", "exp", "sig"],
            none,
        );
        doc.describe("PUT", path, "Its picture, a JPEG or WebP.", Who::SignedIn, none, none);
    }
    let link = &["exp", "sig"];
    let playlist = "/api/recordings/{id}/playlist.m3u8";
    doc.describe("GET", playlist, "What plays a recording that was made of segments.", Who::Link, link, none)
        .produces("application/vnd.apple.mpegurl", 200);
    let segment = "/api/recordings/{id}/segments/{n}.ts";
    doc.describe("GET", segment, "Leads to a segment.", Who::Link, link, none).produces("video/mp2t", 302);
    doc.describe("GET", "/api/usage", "What each month recorded, kept, gave out and cost.", admin, none, none);
    doc.describe("GET", "/api/doctor", "Every check, done and not guessed.", admin, none, none);
    doc.describe("POST", "/api/doctor/record", "Ten seconds recorded where somebody publishes now.", admin, none, &["roomName"]);
    doc.describe("POST", "/api/doctor/webhook", "A webhook signed as LiveKit signs, to be sent.", admin, none, none);
    doc.describe("DELETE", "/api/users/{id}", "Erases everything of a user.", admin, none, none);
}

/// Calls them. Nothing is left afterwards.
pub(super) fn play(doc: &mut Doc, recording: &str, stream: &str) {
    let none = || Value::Null;
    for (template, id) in [("/api/streams/{id}/thumbnail", stream), ("/api/recordings/{id}/thumbnail", recording)] {
        doc.picture("alice", template, id);
        doc.call("alice", "GET", template, id, "", none());
    }
    let signed = doc.call("admin", "POST", "/api/doctor/webhook", "", "", none());
    assert_eq!(doc.webhook(&signed), json!({ "success": true }));
    doc.call("admin", "GET", "/api/usage", "", "", none());
    doc.call("admin", "GET", "/api/doctor", "", "", none());
    doc.world.open_room("rehearsal", "RM_9", "zoe", true);
    doc.call("admin", "POST", "/api/doctor/record", "", "", json!({ "roomName": "rehearsal" }));
    // While the bucket is away everything is seen to later.
    doc.world.db.execute_batch("UPDATE assets SET size_bytes = 525783").unwrap();
    let all = json!({ "ids": ["never-there", recording] });
    for down in [true, false, false] {
        doc.world.storj.borrow_mut().down = down;
        doc.call("alice", "POST", "/api/recordings/{id}/save", recording, "", none());
        doc.world.advance(600_000);
    }
    doc.call("alice", "DELETE", "/api/streams/{id}", stream, "?stop=true", none());
    for down in [true, false] {
        doc.world.storj.borrow_mut().down = down;
        doc.call("alice", "DELETE", "/api/recordings/{id}", recording, "", none());
        doc.call("alice", "POST", "/api/recordings/delete", "", "", all.clone());
        doc.call("admin", "DELETE", "/api/users/{id}", "alice", "", none());
        doc.world.advance(600_000);
    }
    for _ in 0..3 {
        doc.world.cron();
        doc.world.advance(600_000);
    }
    doc.call("admin", "DELETE", "/api/users/{id}", "alice", "", none());
}
