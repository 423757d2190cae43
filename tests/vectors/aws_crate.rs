//! Any request, signed by us and by the whole of the crate `aws-sigv4`, which makes its canonical request by code of its
//! own: `http`'s URLs and header maps.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use livekit_storj::secret::Secret;
use livekit_storj::storj::sign::{Credentials, encode_path};
use livekit_storj::storj::sigv4::{Place, Scope, Unsigned, sign_request};
use livekit_storj::time::Millis;
use proptest::prelude::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn theirs(request: &Unsigned<'_>, region: &str, now: Millis, place: Place) -> Option<String> {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    match place {
        Place::Headers { content_hash } if content_hash => settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256,
        Place::Headers { .. } => {}
        Place::Query { expires_s } => {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(expires_s.into()));
        }
    }
    let identity = AwsCredentials::new("AKIDEXAMPLE", SECRET, None, None, "test").into();
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).unwrap());
    let params = v4::SigningParams::builder().identity(&identity).region(region).name("s3").time(time).settings(settings);
    let params = params.build().unwrap().into();
    let body = request.body.map_or(SignableBody::UnsignedPayload, SignableBody::Bytes);
    let signable = SignableRequest::new(request.method, request.url, request.headers.iter().copied(), body).ok()?;
    Some(sign(signable, &params).ok()?.into_parts().1)
}

fn ours(request: &Unsigned<'_>, region: &str, now: Millis, place: Place) -> Option<String> {
    let credentials = Credentials { access_key_id: "AKIDEXAMPLE".into(), secret_access_key: Secret::new(SECRET) };
    sign_request(request, &credentials, &Scope { region, service: "s3", now }, place).ok().map(|signature| signature.hex)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn the_same_signature(
        method in "GET|HEAD|PUT|POST|DELETE",
        scheme in "https?",
        host in "[a-z][a-z0-9.-]{0,20}(:(80|443|9000))?",
        key in "[^\\x00-\\x1f/]{0,30}(/[^\\x00-\\x1f/]{1,20}){0,3}",
        query in proptest::collection::vec(("[a-zA-Z%+ -]{1,8}", "[ -~é日]{0,12}"), 0..5),
        headers in proptest::collection::vec(("(x-amz-meta-[a-cA-C]|Content-Type|host)", "[ -~\\t]{0,20}"), 0..5),
        body in proptest::option::of(any::<Vec<u8>>()),
        region in "[a-z0-9-]{1,12}",
        now in 0..253_402_300_799_000_i64,
        place in prop_oneof![
            any::<bool>().prop_map(|content_hash| Place::Headers { content_hash }),
            (1..604_801_u32).prop_map(|expires_s| Place::Query { expires_s }),
        ],
    ) {
        let encode = |text: &str| encode_path(text).replace('/', "%2F");
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!("{scheme}://{host}/{}{mark}{}", encode_path(&key), query.join("&"));
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let request = Unsigned { method: &method, url: &url, headers: &headers, body: body.as_deref() };
        let theirs = theirs(&request, &region, Millis(now), place);
        prop_assert!(theirs.is_some(), "{url}");
        prop_assert_eq!(ours(&request, &region, Millis(now), place), theirs);
    }
}
