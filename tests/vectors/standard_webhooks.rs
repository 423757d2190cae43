//! Outgoing webhooks: the vectors that Standard Webhooks and Svix publish with their libraries.

use livekit_storj::http::Outgoing;
use livekit_storj::notify::{Notify, key, request, sign};
use livekit_storj::secret::Secret;
use livekit_storj::time::Millis;

/// standard-webhooks, `libraries/*`: "sign function works".
#[test]
fn standard_webhooks_own_vector() {
    let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/// svix-webhooks, the Rust library's test of a signature.
#[test]
fn svixs_vector() {
    let key = key("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
    let body = "{\"email\":\"test@example.com\",\"username\":\"test_user\"}";
    assert_eq!(sign(&key, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body), "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
}

#[test]
fn a_secret_is_24_to_64_bytes_of_base64() {
    assert_eq!(key("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").map(|key| key.len()), Some(24), "without its prefix too");
    for bad in ["", "whsec_", "whsec_dG9vLXNob3J0", "whsec_not base64 at all, however long it is", &format!("whsec_{}", "A".repeat(88))] {
        assert_eq!(key(bad), None, "{bad}");
    }
}

#[test]
fn a_request_bears_id_time_and_signature_and_nothing_of_the_secret() {
    let notify = Notify { url: "https://hooks.example/in".to_owned(), secret: Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") };
    let Outgoing { method, url, headers, body, .. } =
        request(&notify, "msg_p5jXN8AQM9LWM0D4loKWxJek", "{\"test\": 2432232314}", Millis(1_614_265_330_999));
    let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    assert_eq!((method, url.as_str(), body.as_slice()), ("POST", "https://hooks.example/in", &b"{\"test\": 2432232314}"[..]));
    assert_eq!(header("webhook-id"), Some("msg_p5jXN8AQM9LWM0D4loKWxJek"));
    assert_eq!(header("webhook-timestamp"), Some("1614265330"));
    assert_eq!(header("webhook-signature"), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    assert!(!format!("{headers:?}{notify:?}").contains("MfKQ"));
}
