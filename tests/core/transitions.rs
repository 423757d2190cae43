//! The transition table and its SQL do the same, over random histories.

use livekit_storj::livekit::info::{EgressInfo, Facts};
use livekit_storj::params;
use livekit_storj::recording::{Input, STATUSES, State, Status, Word, inputs, next};
use livekit_storj::store::egresses::{Which, apply, hear};
use livekit_storj::store::{Only, Statement};
use livekit_storj::time::Millis;
use proptest::prelude::*;
use serde_json::json;

use super::world::{World, query};

fn file_job(world: &World, status: Status, inferred: bool) {
    let insert = "INSERT INTO egresses (id, stream_id, session_sid, room_name, owner_id, project, object_key, bucket, endpoint, region, \
                  quality, layout, audio_only, part, status, inferred, requested_at) VALUES ('j', 's', 'RM', 'r', 'o', 'p', 'k', 'b', 'e', 'x', '1080p', 'grid', 0, 1, ?, ?, 0)";
    query(&world.db, &Statement::new("DELETE FROM egresses", vec![])).unwrap();
    query(&world.db, &Statement::new(insert, params![status.name(), inferred])).unwrap();
}

fn stored(world: &World) -> State {
    let row = &world.rows("SELECT status, inferred FROM egresses")[0];
    State { status: Status::from_name(row["status"].as_str().unwrap()).unwrap(), inferred: row["inferred"] == json!(1) }
}

fn facts(word: Word) -> Facts {
    Facts {
        egress_id: "EG_1".into(),
        room_id: "RM".into(),
        object_key: "k".into(),
        word,
        started_at: (word.depth() > 0).then_some(Millis(4_000)),
        ended_at: (word.depth() == 3).then_some(Millis(9_000)),
        duration_ms: (word.depth() == 3).then_some(5_000),
        size_bytes: (word == Word::Complete).then_some(525_783),
        names_a_file: word == Word::Complete,
        error: (word == Word::Failed).then_some("recorder_failed"),
    }
}

#[test]
fn every_state_and_every_input() {
    let world = World::new();
    for status in STATUSES {
        for inferred in [false, true] {
            for input in inputs() {
                file_job(&world, status, inferred);
                query(&world.db, &apply(Which::Key("k"), input, None, None, &Only::Always)).unwrap();
                let state = State { status, inferred };
                assert_eq!(stored(&world), next(state, input).unwrap_or(state), "{state:?} {input:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_histories(history in proptest::collection::vec(0_usize..inputs().len(), 1..20)) {
        let world = World::new();
        file_job(&world, Status::Requested, false);
        let mut state = State { status: Status::Requested, inferred: false };
        for index in history {
            let input = inputs()[index];
            state = next(state, input).unwrap_or(state);
            match input {
                Input::Heard(word) => for statement in hear(&facts(word), &Only::Always) { query(&world.db, &statement).unwrap(); },
                _ => { query(&world.db, &apply(Which::Id("j"), input, None, None, &Only::Always)).unwrap(); }
            }
            prop_assert_eq!(stored(&world), state);
        }
    }

    /// The words of one egress in any order, doubled or not, leave the same row.
    #[test]
    fn order_does_not_matter(order in Just(vec![Word::Starting, Word::Active, Word::Ending, Word::Complete, Word::Complete, Word::Active]).prop_shuffle()) {
        let world = World::new();
        file_job(&world, Status::Requested, false);
        for word in order {
            for statement in hear(&facts(word), &Only::Always) { query(&world.db, &statement).unwrap(); }
        }
        let row = &world.rows("SELECT egress_id, status, inferred, heard, started_at, ended_at, duration_ms, size_bytes, file FROM egresses")[0];
        prop_assert_eq!(row, &json!({
            "egress_id": "EG_1", "status": "complete", "inferred": 0, "heard": 3, "started_at": 4_000, "ended_at": 9_000,
            "duration_ms": 5_000, "size_bytes": 525_783, "file": "yes",
        }));
    }
}

#[test]
fn both_dialects_are_read_alike() {
    let twirp = json!({
        "egress_id": "EG_1", "room_id": "RM_1", "status": "EGRESS_COMPLETE", "started_at": "1795397401748850947", "ended_at": "1795397420268635163",
        "error": "", "error_code": 0, "room_composite": { "file_outputs": [{ "filepath": "k" }], "advanced": null },
        "file_results": [{ "filename": "k", "started_at": "1795397404895874594", "ended_at": "1795397420157546401", "duration": "15261671807", "size": "525783", "location": "" }],
        "next_page_token": null, "file": null,
    });
    let webhook = json!({
        "egressId": "EG_1", "roomId": "RM_1", "status": "EGRESS_COMPLETE", "endedAt": "1795397420268635163", "roomComposite": { "fileOutputs": [{ "filepath": "k" }] },
        "fileResults": [{ "filename": "k", "startedAt": "1795397404895874594", "duration": "15261671807", "size": "525783" }],
    });
    let read = |value| EgressInfo::read(&value).facts().unwrap();
    assert_eq!(read(twirp), read(webhook));
}
