//! Any text as a webhook's `Authorization`.

use livekit_storj::livekit::signature::{unverified_issuer, verify};
use livekit_storj::time::Millis;
use proptest::prelude::*;
use serde_json::json;

use super::tokens::{hs256, jwt};
use super::webhook_given::{BODY, HS256, NAME, NOW, SECRET, check, claims, ours};

proptest! {
    #[test]
    fn garbage_is_refused_and_never_panics(header in any::<String>(), body in any::<Vec<u8>>()) {
        prop_assert!(verify(&body, Some(&header), &[&ours()], NOW).is_err());
        let _ = unverified_issuer(Some(&header));
    }

    #[test]
    fn shaped_garbage_is_refused_and_never_panics(
        header in prop_oneof![any::<String>(), Just(HS256.to_owned())],
        payload in prop_oneof![
            any::<String>(),
            any::<(f64, i64, String)>().prop_map(|(exp, nbf, sha256)| {
                json!({"iss": NAME, "exp": exp, "nbf": nbf, "sha256": sha256}).to_string()
            }),
        ],
        now in any::<i64>(),
    ) {
        let token = jwt(&header, &payload, SECRET);
        prop_assert!(verify(BODY, Some(&token), &[&ours()], Millis(now)).is_err());
        let _ = unverified_issuer(Some(&token));
    }

    #[test]
    fn any_changed_character_is_refused(place in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_.-]") {
        let good = hs256(&claims(json!({})), SECRET);
        let place = place.index(good.len());
        let mut bad = good.clone();
        bad.replace_range(place..=place, &letter);
        prop_assert_eq!(check(&bad).is_ok(), bad == good);
    }
}
