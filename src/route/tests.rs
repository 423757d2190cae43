#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

#[test]
fn the_guides_functions_answer_under_both_names() {
    for prefix in ["", "/functions/v1"] {
        for (path, route) in [
            ("/livekit-egress", Route::StartEgress),
            ("/livekit-egress/stop", Route::StopEgress),
            ("/livekit-webhook", Route::Webhook),
            ("/livekit-token", Route::Token),
        ] {
            assert_eq!(find("POST", &format!("{prefix}{path}")).map(|found| found.route), Ok(route));
        }
    }
    assert_eq!(find("GET", "/functions/v1/api/streams").map_err(|e| e.status), Err(404));
}

#[test]
fn another_method_is_405_and_names_the_right_ones() {
    let refused = find("DELETE", "/livekit-egress").unwrap_err();
    assert_eq!((refused.status, refused.allow), (405, Some("POST, OPTIONS")));
    let refused = find("PUT", "/api/streams/abc").unwrap_err();
    assert_eq!((refused.status, refused.allow), (405, Some("GET, HEAD, PATCH, DELETE, OPTIONS")));
}

#[test]
fn identifiers_of_another_alphabet_are_nowhere() {
    for path in [
        "/api/streams/a%20b",
        "/api/streams/..",
        "/api/recordings/é/playback",
        "/api/streams//end",
        "/watch/..",
        "/watch/live/é",
        "/watch",
        "/api",
    ] {
        assert_eq!(find("GET", path).map_err(|e| e.status), Err(404), "{path}");
    }
    let long = format!("/api/streams/{}", "a".repeat(65));
    assert_eq!(find("GET", &long).map_err(|e| e.status), Err(404));
}

#[test]
fn head_reads_and_a_trailing_slash_is_forgiven() {
    assert_eq!(find("HEAD", "/healthz/").map(|found| found.route), Ok(Route::Health));
}

#[test]
fn each_route_of_the_table_is_found_by_its_own_pattern() {
    for (name, _) in &TABLE {
        let (method, pattern) = split(name);
        let path = pattern.replace("{id}", "an-id").replace("{n}", "7");
        assert_eq!(find(method, &path).map(|found| found.name), Ok(*name));
    }
    let deleting = find("POST", "/api/recordings/delete").map(|found| found.route);
    assert_eq!((deleting, find("DELETE", "/api/recordings/delete").map_err(|e| e.status)), (Ok(Route::DeleteRecordings), Err(405)));
}
