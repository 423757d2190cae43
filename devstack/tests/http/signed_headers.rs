//! What a signature must cover. Both requests are signed rightly, but for the host.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SignatureLocation, SigningSettings};
use axum::http::Request;

use crate::devstack::{Devstack, FULL, send, settings, signed_pairs};
use crate::storage_refusals::assert_refused;

/// Signed too, so that a list without the host is not empty.
const OTHER: (&str, &str) = ("x-other", "y");

fn sign(url: &str, settings: SigningSettings) -> Vec<(String, String)> {
    let request = SignableRequest::new("GET", url, std::iter::once(OTHER), SignableBody::UnsignedPayload).unwrap();
    signed_pairs(request, settings, FULL, SystemTime::now())
}

#[tokio::test]
async fn the_host_is_signed() {
    let devstack = Devstack::start(&["--no-livekit"]);
    devstack.put(FULL, "/recordings/x", "x").await;
    let url = format!("{}/recordings/x", devstack.s3);
    for without_host in [false, true] {
        let mut in_header = settings();
        in_header.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let mut in_query = settings();
        in_query.signature_location = SignatureLocation::QueryParams;
        in_query.expires_in = Some(Duration::from_secs(60));
        if without_host {
            in_header.excluded_headers = Some(vec!["host".into()]);
            in_query.excluded_headers = Some(vec!["host".into()]);
        }
        let mut request = Request::get(&url).header(OTHER.0, OTHER.1);
        for (name, value) in sign(&url, in_header) {
            request = request.header(name, value);
        }
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let query: Vec<String> = sign(&url, in_query).iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let presigned = Request::get(format!("{url}?{}", query.join("&"))).header(OTHER.0, OTHER.1);
        for answer in [send(presigned, "").await, send(request, "").await] {
            if without_host {
                assert_refused(&answer, 400, "AccessDenied");
            } else {
                assert_eq!((answer.status, answer.text().as_str()), (200, "x"));
            }
        }
    }
}
