//! A broadcast, played through every operation.

use serde_json::{Value, json};

use super::keeping;
use super::played::Played;
use crate::flows::egress_event;
use crate::world::World;

/// Plays it.
#[allow(clippy::too_many_lines)]
pub(super) fn play() -> Played {
    let mut doc = Played::new();
    let none = || Value::Null;
    let all = json!({ "title": "Friday show", "description": "Every Friday", "roomName": "r", "visibility": "public", "record": true, "saveToStorj": false, "quality": "1080p" });
    let stream = doc.call("alice", "POST", "/api/streams", "", "", all.clone());
    doc.call("alice", "POST", "/api/streams", "", "", all);
    let id = stream["id"].as_str().unwrap().to_owned();
    let token = json!({ "roomName": "r", "role": "host", "title": "Friday show", "record": true, "saveToStorj": false, "quality": "1080p", "visibility": "public" });
    doc.call("alice", "POST", "/livekit-token", "", "", token);
    // The dialect of LiveKit's own token endpoint.
    let token = json!({ "room_name": "r", "participant_name": "Bob", "participant_identity": "bob", "participant_metadata": "", "participant_attributes": { "seat": "4" } });
    doc.call("bob", "POST", "/livekit-token", "", "", token);
    doc.call("alice", "GET", "/api/streams/{id}/why", &id, "", none());
    doc.call("alice", "GET", "/api/streams/{id}/viewers", &id, "", none());
    doc.world.open_room("r", "RM_1", "alice", true);
    let room = doc.world.room("r", "RM_1");
    let who = json!({ "sid": "PA_alice_RM_1", "identity": "alice" });
    doc.world.webhook(json!({ "event": "room_started", "room": room }));
    doc.world.webhook(json!({ "event": "participant_joined", "room": room, "participant": who }));
    doc.world.webhook(json!({ "event": "participant_joined", "room": room, "participant": { "sid": "PA_b", "identity": "bob~x" } }));
    doc.world.webhook(json!({ "event": "track_published", "room": room, "participant": who, "track": { "sid": "TR_1" } }));
    doc.world.webhook(egress_event(&doc.world, 0, "egress_updated", "EGRESS_ACTIVE"));
    doc.world.advance(30_000);
    doc.call(
        "alice",
        "POST",
        "/livekit-egress",
        "",
        "",
        json!({ "roomName": "r", "streamId": id, "quality": "1080p", "layout": "speaker", "audioOnly": false }),
    );
    for user in ["alice", "bob"] {
        doc.call(user, "GET", "/api/streams/{id}", &id, "", none());
        doc.call(user, "GET", "/api/streams", "", "?limit=20", none());
    }
    doc.call(
        "alice",
        "PATCH",
        "/api/streams/{id}",
        &id,
        "",
        json!({ "title": "Friday show", "description": null, "visibility": "public" }),
    );
    doc.call("alice", "POST", "/livekit-egress/stop", "", "", json!({ "roomName": "r" }));
    doc.call("alice", "POST", "/livekit-egress/stop", "", "", json!({ "egressId": "EG_1" }));
    let key = doc.world.livekit.borrow().egresses[0].key.clone();
    doc.world.storj.borrow_mut().bucket.objects.insert(key, 525_783);
    doc.world.advance(30_000);
    doc.world.webhook(egress_event(&doc.world, 0, "egress_ended", "EGRESS_COMPLETE"));
    doc.world.cron();
    let recording = doc.world.one("SELECT id FROM assets").as_str().unwrap().to_owned();
    for user in ["alice", "bob"] {
        doc.call(user, "GET", "/api/recordings", "", "?q=friday&limit=1", none());
        doc.call(user, "GET", "/api/recordings/{id}", &recording, "", none());
    }
    doc.call("alice", "PATCH", "/api/recordings/{id}", &recording, "", json!({ "title": "Friday show", "visibility": "public" }));
    doc.call("", "GET", "/api/recordings/{id}/playback", &recording, "", none());
    doc.call("", "GET", "/api/recordings/{id}/download", &recording, "", none());
    doc.call("", "POST", "/api/recordings/{id}/download", &recording, "", none());
    doc.call("alice", "GET", "/api/recordings/{id}/why", &recording, "", none());
    doc.call("alice", "GET", "/api/streams/{id}/viewers", &id, "", none());
    doc.call("alice", "POST", "/api/streams/{id}/end", &id, "", none());
    doc.call("alice", "GET", "/api/streams/{id}/why", &id, "", none());
    doc.call("", "GET", "/healthz", "", "", none());
    // A recording of which nothing is known but its key, a stream that nobody saw: what may be null is null.
    doc.world
        .db
        .execute_batch("UPDATE assets SET stream_id = NULL, livepeer_asset_id = NULL, duration_ms = NULL, size_bytes = NULL, started_at = NULL, ended_at = NULL, expires_at = 1795999999000")
        .unwrap();
    for user in ["alice", "bob"] {
        let after = doc.call(user, "GET", "/api/recordings", "", "?limit=1", none());
        assert!(after["recordings"][0]["streamId"].is_null());
        doc.call(user, "GET", "/api/recordings/{id}", &recording, "", none());
    }
    doc.call("alice", "PATCH", "/api/recordings/{id}", &recording, "", json!({ "title": null, "visibility": null }));
    doc.call("alice", "GET", "/api/recordings/{id}/why", &recording, "", none());
    doc.call("bob", "POST", "/api/streams", "", "", json!({ "title": "t", "description": null, "roomName": null, "visibility": null, "record": null, "saveToStorj": null, "quality": null }));
    for user in ["alice", "bob"] {
        doc.call(user, "GET", "/api/streams", "", "?limit=1", none());
    }
    doc.call(
        "bob",
        "POST",
        "/livekit-egress",
        "",
        "",
        json!({ "roomName": doc_room(&doc.world), "streamId": null, "quality": null, "layout": null, "audioOnly": null }),
    );

    for query in ["?hours=100", "?hours=0.5&prices=guide"] {
        doc.call("", "GET", "/api/estimate", "", query, none());
    }
    keeping::play(&mut doc, &recording, &id);
    // Refused: what there is not, and with a hint.
    doc.call("", "GET", "/api/streams/{id}", "never-there", "", Value::Null);
    doc.call("", "GET", "/api/streams", "", "?mine=true", Value::Null);
    doc
}

fn doc_room(world: &World) -> Value {
    world.one("SELECT room_name FROM live_streams WHERE owner_id = 'bob'")
}
