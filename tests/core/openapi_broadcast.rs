//! A broadcast, played through every operation.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::docs;
use super::flows::egress_event;
use super::openapi::{Doc, Who, operation};
use super::openapi_keeping;
use super::openapi_schema::{SHAPES, all_of, schema};
use super::world::World;

/// Plays a broadcast through every operation.
#[allow(clippy::too_many_lines)]
pub(super) fn document() -> Value {
    let mut doc = Doc { world: World::new(), operations: BTreeMap::new() };
    let lists = &["status", "mine", "limit", "cursor"];
    doc.describe("POST", "/api/streams", "Makes a stream, or answers the caller's open one of that room.", Who::SignedIn, &[], &["title"]);
    doc.describe("GET", "/api/streams", "Streams, newest first.", Who::Anyone, lists, &[]);
    doc.describe("GET", "/api/streams/{id}", "A stream, with the state of its recording.", Who::Anyone, &[], &[]);
    doc.describe("PATCH", "/api/streams/{id}", "Changes a stream.", Who::SignedIn, &[], &[]);
    doc.describe("POST", "/api/streams/{id}/end", "Stops its recording and closes the room.", Who::SignedIn, &[], &[]);
    doc.describe("GET", "/api/streams/{id}/viewers", "How many watched when, in up to 200 points.", Who::Anyone, &[], &[]);
    doc.describe("GET", "/api/streams/{id}/why", "What happened, what comes next, and the common issues.", Who::SignedIn, &[], &[]);
    doc.describe("POST", "/livekit-token", "A token to join a room.", Who::SignedIn, &[], &[]);
    doc.describe("POST", "/livekit-egress", "Starts recording.", Who::SignedIn, &[], &["roomName"]);
    doc.describe("POST", "/livekit-egress/stop", "Stops recording.", Who::SignedIn, &[], &[]);
    let found = &["q", "streamId", "status", "mine", "from", "to", "limit", "cursor"];
    doc.describe("GET", "/api/recordings", "Recordings, newest first.", Who::Anyone, found, &[]);
    doc.describe("GET", "/api/recordings/{id}", "A recording.", Who::Anyone, &[], &[]);
    doc.describe("PATCH", "/api/recordings/{id}", "Changes a recording.", Who::SignedIn, &[], &[]);
    doc.describe("GET", "/api/recordings/{id}/playback", "A link that plays it.", Who::Anyone, &[], &[]);
    doc.describe("GET", "/api/recordings/{id}/download", "Leads to a link that saves it.", Who::Anyone, &[], &[]);
    doc.describe("POST", "/api/recordings/{id}/download", "The link that saves it.", Who::Anyone, &[], &[]);
    doc.describe("GET", "/api/recordings/{id}/why", "What happened, what comes next, and the common issues.", Who::SignedIn, &[], &[]);
    let month = &["hours", "quality", "viewers", "prices"];
    doc.describe("GET", "/api/estimate", "What a month of so many hours costs, line by line.", Who::Anyone, month, &[]);
    doc.describe("GET", "/healthz", "Whether the Worker can do its work.", Who::Anyone, &[], &[]);

    openapi_keeping::describe(&mut doc);

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
    openapi_keeping::play(&mut doc, &recording, &id);
    for ((path, method), of) in &doc.operations {
        assert!(!of.is_unknown(), "{method} {path} was never answered with a success");
    }
    let error = doc.world.call("", "GET", "/api/streams/never-there", Value::Null).1;
    let hinted = doc.world.call("", "GET", "/api/streams?mine=true", Value::Null).1;
    let mut paths = Map::new();
    for ((path, method), of) in &doc.operations {
        paths.entry(path.clone()).or_insert_with(|| json!({}))[method.to_lowercase()] = operation(path, method, of);
    }
    let mut schemas = Map::new();
    let mut refused = schema("", &[&error, &hinted]);
    refused["properties"]["code"]["enum"] = docs::codes().keys().cloned().collect();
    schemas.insert("Error".to_owned(), refused);
    for (name, _) in SHAPES {
        let mut samples = vec![];
        for answer in doc.operations.values().flat_map(|of| of.answers.values()).flatten() {
            all_of(answer, name, &mut samples);
        }
        schemas.insert(name.to_owned(), schema(name, &samples));
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "livekit-storj", "version": env!("CARGO_PKG_VERSION"), "description": "Records LiveKit rooms straight into Storj." },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "link": { "type": "apiKey", "in": "query", "name": "sig", "description": "The signature of a link that this Worker gave out." },
                "livekit": { "type": "apiKey", "in": "header", "name": "Authorization", "description": "LiveKit's token with the hash of the body." },
            },
        },
    })
}

fn doc_room(world: &World) -> Value {
    world.one("SELECT room_name FROM live_streams WHERE owner_id = 'bob'")
}
