//! Our requests to Storj: judged by a verifier of its own, and their exact text.

use livekit_storj::http::Outgoing;
use livekit_storj::storj::sign::{encode_path, presign, signed_bucket};

use super::storj_given::{KEY, NOW, bucket, credentials, get, header, judge_request, judge_url, put};

#[test]
fn a_presigned_url_in_full() {
    let query = [("response-content-type", "video/mp4"), ("response-cache-control", "no-store")];
    let url = get(KEY, &query).unwrap();
    let (rest, signature) = url.rsplit_once("&X-Amz-Signature=").unwrap();
    assert_eq!(
        rest,
        "https://gateway.storjshare.io/recordings/livekit-recordings/alice/my-room_1795397400713.mp4\
         ?response-content-type=video%2Fmp4&response-cache-control=no-store\
         &X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKTESTKEY1%2F20261123%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20261123T013000Z&X-Amz-Expires=300&X-Amz-SignedHeaders=host"
    );
    assert_eq!(signature.len(), 64);
    assert_eq!(judge_url("GET", &url, NOW), Ok(()));
}

#[test]
fn a_presigned_url_does_one_thing_for_its_time() {
    let url = get(KEY, &[]).unwrap();
    assert_eq!(judge_url("GET", &url, NOW.plus(299_000)), Ok(()));
    assert_eq!(judge_url("GET", &url, NOW.plus(301_000)), Err("expired"));
    for other in ["HEAD", "PUT", "DELETE"] {
        assert_eq!(judge_url(other, &url, NOW), Err("SignatureDoesNotMatch"), "{other}");
    }
    for (from, to) in [
        ("alice", "bob"),
        ("Expires=300", "Expires=604800"),
        ("recordings/livekit", "others/livekit"),
        ("&X-Amz-Signature", "&response-content-type=text%2Fhtml&X-Amz-Signature"),
    ] {
        let altered = url.replacen(from, to, 1);
        assert_ne!(altered, url);
        assert_eq!(judge_url("GET", &altered, NOW), Err("SignatureDoesNotMatch"), "{to}");
    }
}

#[test]
fn a_life_is_clamped_to_a_second_and_a_week() {
    for (asked, given) in [(0, "=1&"), (1, "=1&"), (604_800, "=604800&"), (u32::MAX, "=604800&")] {
        let url = presign("GET", &bucket(), &credentials(), KEY, &[], NOW, asked).unwrap();
        assert!(url.contains(&format!("X-Amz-Expires{given}")), "{url}");
        assert_eq!(judge_url("GET", &url, NOW), Ok(()));
    }
}

#[test]
fn a_signed_request_in_full() {
    let request = put(KEY, &[("Content-Type", "text/plain"), ("range", "bytes=0-0")], b"hello").unwrap();
    assert_eq!(judge_request(&request), Ok(()));
    let authorization = header(&request, "authorization").unwrap();
    let (start, _) = authorization.rsplit_once('=').unwrap();
    assert_eq!(
        start,
        "AWS4-HMAC-SHA256 Credential=AKTESTKEY1/20261123/us-east-1/s3/aws4_request, \
         SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature"
    );
    assert_eq!(
        request,
        Outgoing {
            method: "PUT",
            url: format!("https://gateway.storjshare.io/recordings/{KEY}"),
            headers: [
                ("content-type", "text/plain"),
                ("range", "bytes=0-0"),
                ("x-amz-date", "20261123T013000Z"),
                ("x-amz-content-sha256", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
                ("authorization", authorization),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            body: b"hello".to_vec(),
            timeout_ms: 10_000,
        }
    );
}

#[test]
fn only_what_nobody_changes_on_the_way_is_signed() {
    let headers = [
        ("accept-encoding", "identity"),
        ("content-length", "5"),
        ("content-md5", "XUFAKrxLKna5cZ2REBfFkg=="),
        ("content-type", "text/plain"),
        ("if-none-match", "*"),
        ("range", "bytes=0-0"),
        ("user-agent", "livekit-storj"),
        ("x-amz-meta-object-expires", "+1h"),
    ];
    let request = put(KEY, &headers, b"hello").unwrap();
    assert!(header(&request, "authorization").unwrap().contains(
        "SignedHeaders=content-md5;content-type;host;x-amz-content-sha256;x-amz-date;\
         x-amz-meta-object-expires,"
    ));

    // Cloudflare's changes do no harm; those of what is signed do.
    let mut changed = request.clone();
    changed.headers.retain(|(name, _)| name != "content-length");
    changed.headers[0].1 = "gzip, br".into();
    assert_eq!(judge_request(&changed), Ok(()));
    for name in ["content-md5", "content-type", "x-amz-meta-object-expires"] {
        let mut changed = request.clone();
        changed.headers.iter_mut().filter(|(known, _)| known == name).for_each(|it| it.1 += "x");
        assert_eq!(judge_request(&changed), Err("SignatureDoesNotMatch"), "{name}");
    }
    let mut changed = request;
    changed.body.push(b'!');
    assert_eq!(judge_request(&changed), Err("XAmzContentSHA256Mismatch"));
}

#[test]
fn requests_for_the_bucket_itself() {
    let list = [("list-type", "2"), ("prefix", "livekit-recordings/a b+c/")];
    let request = signed_bucket("GET", &bucket(), &credentials(), &list, &[], Vec::new(), NOW, 1).unwrap();
    assert_eq!(request.url, "https://gateway.storjshare.io/recordings?list-type=2&prefix=livekit-recordings%2Fa%20b%2Bc%2F");
    assert_eq!(judge_request(&request), Ok(()));

    let delete = b"<Delete/>".to_vec();
    let request = signed_bucket("POST", &bucket(), &credentials(), &[("delete", "")], &[], delete, NOW, 1);
    let request = request.unwrap();
    assert_eq!(request.url, "https://gateway.storjshare.io/recordings?delete=");
    assert_eq!(judge_request(&request), Ok(()));
}

#[test]
fn only_unreserved_characters_stay() {
    let ascii: String = (0x20..0x7f_u8).map(char::from).collect();
    assert_eq!(
        encode_path(&ascii),
        "%20%21%22%23%24%25%26%27%28%29%2A%2B%2C-./0123456789%3A%3B%3C%3D%3E%3F%40\
         ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~"
    );
    assert_eq!(encode_path("ü/ሴ"), "%C3%BC/%E1%88%B4");
}
