//! AWS's own signature test suite, each case by header and by query: `fixtures/aws-sigv4/`.

use std::fs;
use std::path::Path;

use livekit_storj::secret::Secret;
use livekit_storj::storj::sign::{Credentials, encode_path};
use livekit_storj::storj::sigv4::{Place, Scope, Unsigned, sign_request};
use livekit_storj::time::Millis;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// `request.txt`, with path and query encoded as we would send them.
struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
}

fn read(case: &Path, file: &str) -> String {
    fs::read_to_string(case.join(file)).unwrap()
}

fn parse(text: &str) -> Request {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let (method, rest) = lines.next().unwrap().split_once(' ').unwrap();
    let target = rest.strip_suffix(" HTTP/1.1").unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, String)> =
        lines.map(|line| line.split_once(':').unwrap()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (host, headers): (Vec<_>, Vec<_>) = headers.into_iter().partition(|(name, _)| name.eq_ignore_ascii_case("host"));

    // The suite's queries are partly encoded already; ours is encoded from plain text.
    let encode = |text: &str| encode_path(&percent_decode_str(text).decode_utf8().unwrap()).replace('/', "%2F");
    let query: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    Request {
        method: method.to_owned(),
        url: format!("https://{}{}{mark}{}", host[0].1, encode_path(path), query.join("&")),
        headers,
        body: body.to_owned(),
    }
}

/// Our signatures and the suite's, by header and by query.
fn signatures(case: &Path) -> [(String, String); 2] {
    let context: Value = serde_json::from_str(&read(case, "context.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let credentials = Credentials {
        access_key_id: text(&context["credentials"]["access_key_id"]),
        secret_access_key: Secret::new(text(&context["credentials"]["secret_access_key"])),
    };
    let (region, service) = (text(&context["region"]), text(&context["service"]));
    let now = Millis::parse_iso(context["timestamp"].as_str().unwrap()).unwrap();
    let scope = Scope { region: &region, service: &service, now };
    let expires_s = u32::try_from(context["expiration_in_seconds"].as_u64().unwrap()).unwrap();

    let request = parse(&read(case, "request.txt"));
    let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let unsigned = Unsigned { method: &request.method, url: &request.url, headers: &headers, body: Some(request.body.as_bytes()) };
    let content_hash = context["sign_body"].as_bool().unwrap();
    let sign = |place| sign_request(&unsigned, &credentials, &scope, place).unwrap().hex;
    [
        (sign(Place::Headers { content_hash }), read(case, "header-signature.txt")),
        (sign(Place::Query { expires_s }), read(case, "query-signature.txt")),
    ]
}

#[test]
fn every_case() {
    let mut checked = 0;
    for entry in fs::read_dir(super::fixture("aws-sigv4")).unwrap() {
        let case = entry.unwrap().path();
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        if !case.is_dir() {
            continue;
        }
        for (ours, theirs) in signatures(&case) {
            if name.ends_with("-normalized") {
                assert_ne!(ours, theirs.trim(), "{name} is for services that normalize paths");
            } else {
                assert_eq!(ours, theirs.trim(), "{name}");
            }
            checked += 1;
        }
    }
    assert_eq!(checked, 2 * 30, "27 cases and 3 controls, twice each");
}
