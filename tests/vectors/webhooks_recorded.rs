//! The 287 webhooks of a real LiveKit, and each with one thing changed.

use std::fs;

use livekit_storj::livekit::signature::{Refused, verify};
use livekit_storj::livekit::token::ApiKey;
use livekit_storj::time::{MINUTE, Millis};
use serde_json::Value;

use super::tokens::{open, with_altered_signature};
use super::webhook_given::{GOOD, HS256, NAME, SECRET, key, ours};

struct Recorded {
    at: Millis,
    authorization: String,
    body: Vec<u8>,
}

fn recorded() -> Vec<Recorded> {
    let lines = fs::read_to_string(super::fixture("real-webhooks.jsonl")).unwrap();
    let all: Vec<Recorded> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| Recorded {
            at: Millis::parse_iso(line["receivedAt"].as_str().unwrap()).unwrap(),
            authorization: line["authorization"].as_str().unwrap().to_owned(),
            body: line["body"].as_str().unwrap().as_bytes().to_vec(),
        })
        .collect();
    assert_eq!(all.len(), 287);
    all
}

#[test]
fn all_recorded_webhooks_verify_when_they_came() {
    for it in recorded() {
        assert_eq!(verify(&it.body, Some(&it.authorization), &[&ours()], it.at), GOOD);
        let (header, claims) = open(&it.authorization, SECRET);
        assert_eq!(header, HS256);
        assert_eq!(claims.as_object().unwrap().len(), 4, "exp, iss, nbf, sha256");
    }
}

#[test]
fn all_recorded_webhooks_are_refused_with_one_byte_of_the_body_changed() {
    for it in recorded() {
        for place in [0, it.body.len() / 2, it.body.len() - 1] {
            let mut body = it.body.clone();
            body[place] ^= 1;
            let result = verify(&body, Some(&it.authorization), &[&ours()], it.at);
            assert_eq!(result, Err(Refused::BodyAltered));
        }
        let shorter = &it.body[..it.body.len() - 1];
        let result = verify(shorter, Some(&it.authorization), &[&ours()], it.at);
        assert_eq!(result, Err(Refused::BodyAltered));
        let result = verify(b"", Some(&it.authorization), &[&ours()], it.at);
        assert_eq!(result, Err(Refused::BodyAltered));
    }
}

#[test]
fn all_recorded_webhooks_are_refused_when_sent_anew_as_other_json() {
    let mut differing = 0;
    for it in recorded() {
        let value: Value = serde_json::from_slice(&it.body).unwrap();
        let body = serde_json::to_vec(&value).unwrap();
        if body != it.body {
            differing += 1;
            let result = verify(&body, Some(&it.authorization), &[&ours()], it.at);
            assert_eq!(result, Err(Refused::BodyAltered));
        }
    }
    assert_eq!(differing, 287, "LiveKit's JSON is not canonical");
}

#[test]
fn all_recorded_webhooks_are_refused_with_one_byte_of_the_signature_changed() {
    for it in recorded() {
        let token = with_altered_signature(&it.authorization);
        let result = verify(&it.body, Some(&token), &[&ours()], it.at);
        assert_eq!(result, Err(Refused::BadSignature));
    }
}

#[test]
fn all_recorded_webhooks_are_refused_ten_minutes_later_and_earlier() {
    for it in recorded() {
        let at = |ms| verify(&it.body, Some(&it.authorization), &[&ours()], it.at.plus(ms));
        assert_eq!(at(10 * MINUTE), Err(Refused::Expired));
        assert_eq!(at(-10 * MINUTE), Err(Refused::NotYetValid));
    }
}

#[test]
fn all_recorded_webhooks_are_refused_by_another_key() {
    let other_secret = key(NAME, "devsecret-0123456789abcdef0123456789abcdeF");
    let other_name = key("devkez", SECRET);
    for it in recorded() {
        let by = |keys: &[&ApiKey]| verify(&it.body, Some(&it.authorization), keys, it.at);
        assert_eq!(by(&[&other_secret]), Err(Refused::BadSignature));
        assert_eq!(by(&[&other_name]), Err(Refused::UnknownKey));
        assert_eq!(by(&[]), Err(Refused::UnknownKey));
    }
}
