//! What is never signed for Storj, and what may look odd and is.

use livekit_storj::secret::Secret;
use livekit_storj::storj::sign::{Bucket, Credentials, SignError, presign};
use livekit_storj::time::Millis;

use super::storj_given::{KEY, NOW, SECRET, at, bucket, credentials, get, judge_url, put};

#[test]
fn endpoints() {
    for (endpoint, sent) in [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/recordings/k?"),
        ("https://Gateway.StorjShare.io", "https://gateway.storjshare.io/recordings/k?"),
    ] {
        let url = presign("GET", &at(endpoint), &credentials(), "k", &[], NOW, 1).unwrap();
        assert!(url.starts_with(sent), "{url}");
        assert_eq!(judge_url("GET", &url, NOW), Ok(()));
    }
    // A runtime does not send a scheme's own port in `host`, so it is not signed.
    let url = presign("GET", &at("https://s3.example:443"), &credentials(), "k", &[], NOW, 1);
    assert_eq!(judge_url("GET", &url.unwrap().replace(":443", ""), NOW), Ok(()));

    for bad in [
        "",
        "gateway.storjshare.io",
        "ftp://a",
        "https://",
        "https://a/",
        "https://a/b",
        "https://a?b",
        "https://u@a",
        "https://a:",
        "https://a:0",
        "https://a:70000",
        "https://a b",
    ] {
        let url = presign("GET", &at(bad), &credentials(), "k", &[], NOW, 1);
        assert_eq!(url, Err(SignError::Endpoint), "{bad}");
    }
}

#[test]
fn buckets_and_credentials_that_cannot_be() {
    for (name, region) in [("", "r"), ("a/b", "r"), ("..", "r"), ("a?", "r"), ("a", ""), ("a", "r/s")] {
        let bucket = Bucket { name: name.into(), region: region.into(), ..bucket() };
        let url = presign("GET", &bucket, &credentials(), "k", &[], NOW, 1);
        assert_eq!(url, Err(SignError::Bucket), "{name:?} {region:?}");
    }
    for (id, secret) in [("", "s"), ("a", "")] {
        let creds = Credentials { access_key_id: id.into(), secret_access_key: Secret::new(secret) };
        let url = presign("GET", &bucket(), &creds, "k", &[], NOW, 1);
        assert_eq!(url, Err(SignError::EmptyKey));
    }
    assert!(!format!("{:?}", credentials()).contains(SECRET));
}

#[test]
fn keys_that_are_never_signed() {
    let longest = "k".repeat(1024);
    assert!(get(&longest, &[]).is_ok());
    for bad in [
        "",
        "/",
        "/a",
        ".",
        "..",
        "a/..",
        "../a",
        "a/../b",
        "a/./b",
        "a/ .. /b",
        "a\nb",
        "a\0",
        "a\u{7f}",
        &"k".repeat(1025),
        &"ö".repeat(513),
    ] {
        assert_eq!(get(bad, &[]), Err(SignError::Key), "{bad:?}");
        assert_eq!(put(bad, &[], b""), Err(SignError::Key), "{bad:?}");
    }
    for good in ["a", "a..b", "...", "a/.b", "%2e%2e/a", "a//b", "a/"] {
        let url = get(good, &[]).unwrap();
        assert_eq!(judge_url("GET", &url, NOW), Ok(()), "{good}");
    }
}

#[test]
fn what_signing_adds_cannot_be_given() {
    for name in ["X-Amz-Signature", "x-amz-expires", "X-Amz-Credential", "X-Amz-Date", ""] {
        assert_eq!(get(KEY, &[(name, "1")]), Err(SignError::Query), "{name}");
    }
    assert_eq!(get(KEY, &[("prefix", "a/../b")]), Err(SignError::Query));
    for name in ["Host", "authorization", "X-Amz-Date", "x-amz-content-sha256"] {
        assert_eq!(put(KEY, &[(name, "1")], b""), Err(SignError::Header), "{name}");
    }
    assert_eq!(put(KEY, &[("x-amz-meta-a", "a\nb")], b""), Err(SignError::Request));
    assert_eq!(put(KEY, &[("x-amz-a b", "c")], b""), Err(SignError::Request));
    // What the sender may say in the query: Storj reads an object's expiry there too.
    let url = presign("PUT", &bucket(), &credentials(), KEY, &[("X-Amz-Meta-Object-Expires", "+1h")], NOW, 60);
    assert_eq!(judge_url("PUT", &url.unwrap(), NOW), Ok(()));
}

#[test]
fn times_that_cannot_be_said() {
    for now in [Millis(-1), Millis(i64::MIN), Millis(i64::MAX), Millis(253_402_300_800_000)] {
        let url = presign("GET", &bucket(), &credentials(), KEY, &[], now, 1);
        assert_eq!(url, Err(SignError::Time), "{now:?}");
    }
    for now in [Millis(0), Millis(253_402_300_799_000)] {
        let url = presign("GET", &bucket(), &credentials(), KEY, &[], now, 604_800).unwrap();
        assert_eq!(judge_url("GET", &url, now), Ok(()));
    }
}
