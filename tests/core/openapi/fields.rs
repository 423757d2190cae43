//! What the schema of a field lets through is what its reading takes, probe by probe.

use livekit_storj::api::input::{
    Attributes, Change, Description, Field, Flag, Hours, Ids, Limit, Metadata, Moment, NotTaken, ParticipantName, RoomName, StreamId,
    Title, Viewers, Words,
};
use livekit_storj::names::{Layout, PriceList, RecordingStatus, Role, StreamStatus, Visibility};
use livekit_storj::quality::Quality;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::schema::generator;

/// Texts at the edges of what anything takes. Those of many characters have one byte each: a schema counts no bytes.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> =
        ["", " ", "a", " a ", "a b", "ä", "日本", "a\n", "\ta", "a\r\nb", "\u{0}", "a\u{7f}", "a\u{85}", "\u{b}", "\u{a0}"]
            .into_iter()
            .chain([
                "\u{2028}a",
                "\u{2029}",
                "\u{2003}",
                "a_b-c",
                "a.b",
                "a/b",
                "true",
                "false",
                "1",
                "0",
                "yes",
                "TRUE",
                "private",
                "1080p",
            ])
            .chain(["host", "live", "ready", "today", "grid-dark", "2026-11-23", "2026-11-23T01:30:00Z", "2026-11-23T01:30:00.5+02:00"])
            .chain(["2026-11-23T01:30", "23.11.2026", "2026-11-23T01:30:00", "2026-1-1"])
            .map(str::to_owned)
            .collect();
    texts.extend([64, 65, 128, 129, 200, 201, 256, 257, 1_024, 1_025, 4_096, 4_097, 5_000, 5_001].map(|length| "a".repeat(length)));
    texts
}

fn probes() -> Vec<Value> {
    let ids = |count| Value::Array((0..count).map(|n| json!(format!("id-{n}"))).collect());
    let entries = |count| (0..count).map(|n| (format!("k{n}"), json!("v"))).collect();
    let mut probes: Vec<Value> = texts().into_iter().map(Value::String).collect();
    probes.extend([json!(true), json!(0), json!(1.5), json!([]), json!({}), json!(["a", 1]), json!(["a.b"]), json!({ "a": 1 })]);
    probes.extend([ids(1), ids(100), ids(101), Value::Object(entries(20)), Value::Object(entries(21))]);
    probes
}

fn agree<T: Field + JsonSchema>(probes: impl IntoIterator<Item = (Value, Value)>) {
    let mut schemas = generator();
    let mut schema = T::json_schema(&mut schemas).to_value();
    schema["$defs"] = json!(schemas.take_definitions(true));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let mut taken = 0;
    for (given, meant) in probes {
        let read = T::of("field", &given);
        assert_eq!(validator.is_valid(&meant), read.is_ok(), "{} {given}: {:?}", T::schema_name(), read.err());
        taken += usize::from(validator.is_valid(&meant));
    }
    assert!(taken > 0 || T::schema_name() == "NotTaken", "{} takes none of them", T::schema_name());
}

fn of_body<T: Field + JsonSchema>() {
    agree::<T>(probes().into_iter().map(|probe| (probe.clone(), probe)));
}

/// In a query all is text, and none is empty.
fn of_query<T: Field + JsonSchema>() {
    agree::<T>(texts().into_iter().filter(|text| !text.is_empty()).map(|text| (json!(text), json!(text))));
}

/// Numbers come as text too.
fn of_numbers<T: Field + JsonSchema>() {
    let numbers = ["0", "1", "20", "100", "101", "-1", "10000", "10001", "100000", "100001", "0.5", "0.000001", "99999.999999"];
    agree::<T>(numbers.into_iter().map(|text| (json!(text), serde_json::from_str(text).unwrap())));
}

#[test]
fn what_bodies_take_is_what_is_told_of_them() {
    of_body::<String>();
    of_body::<bool>();
    of_body::<RoomName>();
    of_body::<Title>();
    of_body::<Description>();
    of_body::<Change<Description>>();
    of_body::<StreamId>();
    of_body::<Ids>();
    of_body::<ParticipantName>();
    of_body::<Metadata>();
    of_body::<Attributes>();
    of_body::<NotTaken>();
    of_body::<Quality>();
    of_body::<Visibility>();
    of_body::<Layout>();
    of_body::<Role>();
}

#[test]
fn what_queries_take_is_what_is_told_of_them() {
    of_query::<Flag>();
    of_query::<Moment>();
    of_query::<Words>();
    of_query::<StreamId>();
    of_query::<StreamStatus>();
    of_query::<RecordingStatus>();
    of_query::<PriceList>();
    of_numbers::<Limit>();
    of_numbers::<Viewers>();
    of_numbers::<Hours>();
}
