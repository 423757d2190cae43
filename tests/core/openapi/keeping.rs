//! What is done with a recording afterwards, and what administrators do.

use serde_json::{Value, json};

use super::played::Played;

/// Calls them. Nothing is left afterwards.
pub(super) fn play(doc: &mut Played, recording: &str, stream: &str) {
    let none = || Value::Null;
    for (path, id) in [("/api/streams/{id}/thumbnail", stream), ("/api/recordings/{id}/thumbnail", recording)] {
        doc.picture("alice", path, id);
        doc.call("alice", "GET", path, id, "", none());
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
