//! Requests about many parts and many objects: what exactly goes to Storj, and that its verifier takes it.

use livekit_storj::http::Outgoing;
use livekit_storj::storj::sign::SignError;
use livekit_storj::storj::{copy, folder, multipart, object, removal};

use super::storj_given::{KEY, NOW, bucket, config, header, judge_request};

const AT: &str = "https://gateway.storjshare.io/recordings";
/// Ids of Storj's are base58 and longer; one with the characters that a query changes.
const UPLOAD: &str = "a+b/c=";

fn judged(request: Result<Outgoing, SignError>) -> Outgoing {
    let request = request.unwrap();
    assert_eq!(judge_request(&request), Ok(()), "{request:?}");
    request
}

fn text(request: &Outgoing) -> &str {
    std::str::from_utf8(&request.body).unwrap()
}

#[test]
fn an_upload_from_its_beginning_to_its_end() {
    let config = config();
    let begun = judged(multipart::create(&config, &bucket(), KEY, "video/mp4", None, NOW));
    assert_eq!((begun.method, begun.url), ("POST", format!("{AT}/{KEY}?uploads=")));
    let begun = judged(multipart::create(&config, &bucket(), KEY, "video/mp4", Some("+720h"), NOW));
    assert_eq!((header(&begun, "content-type"), header(&begun, "x-amz-meta-object-expires")), (Some("video/mp4"), Some("+720h")));

    let part = judged(multipart::part(&config, &bucket(), KEY, UPLOAD, 10, NOW));
    assert_eq!((part.method, part.url.as_str()), ("PUT", &*format!("{AT}/{KEY}?partNumber=10&uploadId=a%2Bb%2Fc%3D")));
    assert_eq!((header(&part, "x-amz-content-sha256"), part.body.len()), (Some("UNSIGNED-PAYLOAD"), 0));
    assert!(part.timeout_ms >= 120_000, "64 MiB take a minute at 10 Mbit/s");

    let etags = ["\"5d41402abc4b2a76b9719d911017c592\"".to_owned(), "a&b".to_owned()];
    let done = judged(multipart::complete(&config, &bucket(), KEY, UPLOAD, &etags, NOW));
    assert_eq!((done.method, done.url), ("POST", format!("{AT}/{KEY}?uploadId=a%2Bb%2Fc%3D")));
    assert_eq!(
        String::from_utf8(done.body).unwrap(),
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"5d41402abc4b2a76b9719d911017c592\"</ETag></Part>\
         <Part><PartNumber>2</PartNumber><ETag>a&amp;b</ETag></Part></CompleteMultipartUpload>"
    );

    let aborted = judged(multipart::abort(&config, &bucket(), KEY, UPLOAD, NOW));
    assert_eq!((aborted.method, aborted.url), ("DELETE", format!("{AT}/{KEY}?uploadId=a%2Bb%2Fc%3D")));
}

#[test]
fn a_part_may_be_signed_before_anybody_has_its_bytes() {
    let mut part = judged(multipart::part(&config(), &bucket(), KEY, UPLOAD, 1, NOW));
    part.body = b"any bytes".to_vec();
    assert_eq!(judge_request(&part), Ok(()));
    // Nothing else of it is free.
    part.url = part.url.replace("partNumber=1", "partNumber=2");
    assert_eq!(judge_request(&part), Err("SignatureDoesNotMatch"));
}

#[test]
fn sources_of_a_pipe_and_the_status_that_each_wants() {
    let config = config();
    let range = judged(object::range(&config, &bucket(), KEY, 64, 10, NOW));
    assert_eq!((header(&range, "range"), range.wanted_status()), (Some("bytes=64-73"), 206));
    let whole = judged(object::whole(&config, &bucket(), KEY, NOW));
    assert_eq!((header(&whole, "range"), whole.wanted_status()), (None, 200));
}

#[test]
fn a_copy_names_its_source_encoded() {
    let request = judged(copy::copy(&config(), &bucket(), "livekit-recordings/a/b~c d.mp4", "saved/a/b.mp4", NOW));
    assert_eq!((request.method, request.url), ("PUT", format!("{AT}/saved/a/b.mp4")));
    let source = request.headers.iter().find(|(name, _)| name == "x-amz-copy-source").map(|(_, value)| value.as_str());
    assert_eq!(source, Some("/recordings/livekit-recordings/a/b~c%20d.mp4"));
    let signed = request.headers.iter().find(|(name, _)| name == "authorization").unwrap();
    assert!(signed.1.contains("x-amz-copy-source"), "who changes the source copies another object: {}", signed.1);
}

#[test]
fn a_folder_is_listed_by_a_prefix_that_ends_in_a_slash() {
    let first = judged(folder::list(&config(), &bucket(), "livekit-recordings/a/b_1/", None, NOW));
    assert_eq!(first.url, format!("{AT}?list-type=2&prefix=livekit-recordings%2Fa%2Fb_1%2F"));
    let next = judged(folder::list(&config(), &bucket(), "a/", Some("1/a+b="), NOW));
    assert_eq!(next.url, format!("{AT}?list-type=2&prefix=a%2F&continuation-token=1%2Fa%2Bb%3D"));
    // Neither a part of a name nor the whole bucket is ever listed in order to be deleted.
    for prefix in ["", "/", "a", "livekit-recordings/a/b_1"] {
        assert_eq!(folder::list(&config(), &bucket(), prefix, None, NOW), Err(SignError::Key), "{prefix:?}");
    }
}

#[test]
fn many_keys_are_deleted_with_their_md5() {
    let request = judged(removal::delete(&config(), &bucket(), &["a/b.mp4", "a/<&>"], NOW));
    assert_eq!((request.method, request.url.as_str()), ("POST", &*format!("{AT}?delete=")));
    assert_eq!(
        text(&request),
        "<Delete><Quiet>true</Quiet><Object><Key>a/b.mp4</Key></Object><Object><Key>a/&lt;&amp;&gt;</Key></Object></Delete>"
    );
    // By `openssl md5 -binary | base64`.
    assert_eq!(header(&request, "content-md5"), Some("T/LpxId0AqGkUtbe9DXA5A=="));
    assert!(header(&request, "authorization").unwrap().contains("content-md5;"));
}

#[test]
fn no_keys_and_more_than_a_thousand_are_no_request() {
    let keys: Vec<String> = (0..1_001).map(|n| format!("a/{n}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    assert_eq!(removal::delete(&config(), &bucket(), &[], NOW), Err(SignError::Key));
    assert_eq!(removal::delete(&config(), &bucket(), &keys, NOW), Err(SignError::Key));
    judged(removal::delete(&config(), &bucket(), &keys[1..], NOW));
}
