//! The five worked examples of Amazon's S3 documentation: "Authenticating Requests: Using the
//! Authorization Header" and "… Using Query Parameters". A signature covers its canonical request,
//! so an equal signature is an equal canonical request.

use livekit_storj::secret::Secret;
use livekit_storj::storj::sign::{Credentials, encode_path};
use livekit_storj::storj::sigv4::{Place, Scope, Signature, Unsigned, sign_request};
use livekit_storj::time::Millis;

const HOST: &str = "https://examplebucket.s3.amazonaws.com";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn sign(request: Unsigned<'_>, place: Place) -> Signature {
    let credentials = Credentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
        secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    };
    let now = Millis::parse_iso("2013-05-24T00:00:00Z").unwrap();
    let scope = Scope { region: "us-east-1", service: "s3", now };
    sign_request(&request, &credentials, &scope, place).unwrap()
}

fn by_header(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Signature {
    let url = format!("{HOST}{path}");
    sign(Unsigned { method, url: &url, headers, body: Some(body) }, Place::Headers { content_hash: true })
}

/// What is added to the headers, whole.
fn added(signed_headers: &str, hash: &str, signature: &str) -> Vec<(String, String)> {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
         SignedHeaders={signed_headers}, Signature={signature}"
    );
    [("x-amz-date", "20130524T000000Z"), ("x-amz-content-sha256", hash), ("authorization", authorization.as_str())]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

#[test]
fn example_1_get_object() {
    let signature = by_header("GET", "/test.txt", &[("range", "bytes=0-9")], b"");
    let expected = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    assert_eq!(signature.hex, expected);
    assert_eq!(signature.add, added("host;range;x-amz-content-sha256;x-amz-date", EMPTY, expected));
}

#[test]
fn example_2_put_object() {
    let path = encode_path("/test$file.text");
    assert_eq!(path, "/test%24file.text");
    let headers = [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")];
    let signature = by_header("PUT", &path, &headers, b"Welcome to Amazon S3.");
    let expected = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
    assert_eq!(signature.hex, expected);
    assert_eq!(
        signature.add,
        added(
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            expected
        )
    );
}

#[test]
fn example_3_get_bucket_lifecycle() {
    assert_eq!(by_header("GET", "/?lifecycle", &[], b"").hex, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

#[test]
fn example_4_list_objects() {
    assert_eq!(by_header("GET", "/?max-keys=2&prefix=J", &[], b"").hex, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

#[test]
fn example_5_presigned_get() {
    let url = format!("{HOST}/test.txt");
    let signature = sign(Unsigned { method: "GET", url: &url, headers: &[], body: None }, Place::Query { expires_s: 86_400 });
    let hex = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    assert_eq!(signature.hex, hex);
    let expected = [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"),
        ("X-Amz-Date", "20130524T000000Z"),
        ("X-Amz-Expires", "86400"),
        ("X-Amz-SignedHeaders", "host"),
        ("X-Amz-Signature", hex),
    ];
    let added: Vec<(&str, &str)> = signature.add.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(added, expected);
}
