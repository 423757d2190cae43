//! Any request to Storj, against a verifier of its own.

use livekit_storj::http::Outgoing;
use livekit_storj::storj::sign::{Bucket, SignError, encode_path, presign, signed};
use livekit_storj::time::Millis;
use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::judge::{Arrived, judge};
use super::storj_given::{SECRET, bucket, credentials, judge_url};

proptest! {
    #[test]
    fn a_path_decodes_to_the_key(key in any::<String>()) {
        let path = encode_path(&key);
        prop_assert_eq!(percent_decode_str(&path).decode_utf8().unwrap(), key);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~/%".contains(&b);
        prop_assert!(path.bytes().all(plain), "{}", path);
    }

    #[test]
    fn the_judge_agrees_with_every_signature(
        key in "[^\\x00-\\x1f\\x7f-\\x9f/]{1,40}(/[^\\x00-\\x1f\\x7f-\\x9f/]{1,20}){0,3}",
        query in proptest::collection::btree_map("[a-zA-Z][a-zA-Z0-9-]{0,12}", any::<String>(), 0..4),
        headers in proptest::collection::btree_map("x-amz-meta-[a-z]{1,6}", "[ -~]{0,20}", 0..3),
        body in any::<Vec<u8>>(),
        now in 0..253_402_300_799_000_i64,
        expires_s in any::<u32>(),
    ) {
        let query: Vec<(&str, &str)> = query.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let now = Millis(now);
        let (bucket, creds) = (bucket(), credentials());

        match presign("GET", &bucket, &creds, &key, &query, now, expires_s) {
            Ok(url) => prop_assert_eq!(judge_url("GET", &url, now), Ok(())),
            Err(why) => prop_assert!(matches!(why, SignError::Key | SignError::Query)),
        }
        match signed("PUT", &bucket, &creds, &key, &query, &headers, body, now, 1) {
            Ok(it) => {
                let Outgoing { method, url, headers, body, .. } = &it;
                let arrived = Arrived { method, url, headers, body };
                prop_assert_eq!(judge(&arrived, SECRET, now), Ok(()));
                prop_assert_eq!(judge(&arrived, "another", now), Err("SignatureDoesNotMatch"));
            }
            Err(why) => prop_assert!(matches!(why, SignError::Key | SignError::Query)),
        }
    }

    #[test]
    fn nothing_panics(
        method in any::<String>(), endpoint in any::<String>(), name in any::<String>(),
        key in any::<String>(), query in any::<(String, String)>(), now in any::<i64>(),
    ) {
        let bucket = Bucket { endpoint: format!("https://{endpoint}"), region: name.clone(), name };
        let query = [(query.0.as_str(), query.1.as_str())];
        let _ = presign(&method, &bucket, &credentials(), &key, &query, Millis(now), 1);
    }
}
