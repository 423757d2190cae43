//! Key sets: the one of RFC 7517, which keys are taken, and when a set is fetched.

use livekit_storj::auth::jwks::{Jwk, JwksCache, JwksError, Lookup};
use livekit_storj::auth::token::Algorithm;
use livekit_storj::time::{DAY, MINUTE, Millis, SECOND};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::tokens::encode;

const NOW: Millis = Millis(1_800_000_000_000);

/// RFC 7517, appendix A.1.
const EC_X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
const EC_Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
const RSA_N: &str = concat!(
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP",
    "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY",
    "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f",
    "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
);

fn rsa() -> Value {
    json!({"kty": "RSA", "n": RSA_N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
}

fn ec() -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y, "use": "sig", "kid": "1"})
}

fn with(mut key: Value, name: &str, value: Value) -> Value {
    key[name] = value;
    key
}

fn set(keys: &[Value]) -> Vec<u8> {
    json!({"keys": keys}).to_string().into_bytes()
}

fn cache(keys: &[Value]) -> Result<JwksCache, JwksError> {
    let mut cache = JwksCache::default();
    cache.store(&set(keys), NOW).map(|()| cache)
}

fn found(keys: &[Value], kid: Option<&str>, alg: Algorithm) -> Option<Jwk> {
    match cache(keys).unwrap().find(kid, alg, NOW) {
        Lookup::Key(key) => Some(key),
        Lookup::Fetch | Lookup::Unknown => None,
    }
}

#[test]
fn the_set_of_rfc_7517() {
    // Its EC key is for encryption, so it verifies nothing.
    let theirs = json!({
        "kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y, "use": "enc", "kid": "1",
    });
    let keys = [theirs, rsa()];
    let key = found(&keys, Some("2011-04-29"), Algorithm::Rs256).unwrap();
    assert_eq!((key.kid.as_deref(), key.algorithm), (Some("2011-04-29"), Algorithm::Rs256));
    let public: Value = serde_json::from_str(&key.json).unwrap();
    assert_eq!(public, json!({"kty": "RSA", "n": RSA_N, "e": "AQAB"}));
    assert_eq!(found(&keys, Some("1"), Algorithm::Es256), None);
}

#[test]
fn a_key_is_found_by_its_name_and_kind() {
    let keys = [rsa(), ec()];
    let key = found(&keys, Some("1"), Algorithm::Es256).unwrap();
    let public: Value = serde_json::from_str(&key.json).unwrap();
    assert_eq!(public, json!({"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y}));
    assert_eq!(found(&keys, Some("1"), Algorithm::Rs256), None);
    assert_eq!(found(&keys, Some("2"), Algorithm::Es256), None);
    assert_eq!(found(&keys, Some(""), Algorithm::Es256), None);
    assert_eq!(found(&keys, Some("1"), Algorithm::Hs256), None);
    assert_eq!(JwksCache::default().find(None, Algorithm::Hs256, NOW), Lookup::Unknown);
}

#[test]
fn a_token_without_kid_gets_the_only_key_of_its_kind() {
    let two = [ec(), with(ec(), "kid", json!("2")), rsa()];
    assert!(found(&two, None, Algorithm::Rs256).is_some());
    assert_eq!(found(&two, None, Algorithm::Es256), None);
}

#[test]
fn a_private_part_is_left_out() {
    let leaked = with(ec(), "d", json!("870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"));
    let key = found(&[leaked], Some("1"), Algorithm::Es256).unwrap();
    assert!(!key.json.contains("\"d\""), "{}", key.json);
}

#[test]
fn keys_that_are_passed_over() {
    let short = |bits: usize| {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] >>= (8 - bits % 8) % 8;
        with(rsa(), "n", json!(encode(n)))
    };
    assert!(cache(&[short(2048)]).is_ok());
    let padded = [vec![0; 200], vec![0xff; 128]].concat();
    for (why, key) in [
        ("symmetric", json!({"kty": "oct", "k": encode([1; 64]), "alg": "HS256", "kid": "1"})),
        ("Edwards curve", json!({"kty": "OKP", "crv": "Ed25519", "x": EC_X})),
        ("for encryption", with(rsa(), "use", json!("enc"))),
        ("use of another type", with(rsa(), "use", json!(1))),
        ("cannot verify", with(rsa(), "key_ops", json!(["sign"]))),
        ("another algorithm", with(rsa(), "alg", json!("RS512"))),
        ("PSS", with(rsa(), "alg", json!("PS256"))),
        ("the other's algorithm", with(ec(), "alg", json!("RS256"))),
        ("another curve", with(ec(), "crv", json!("P-384"))),
        ("no curve", json!({"kty": "EC", "x": EC_X, "y": EC_Y})),
        ("short coordinate", with(ec(), "x", json!(encode([1; 31])))),
        ("no coordinate", with(ec(), "y", json!(null))),
        ("no base64url", with(ec(), "y", json!(format!("{EC_Y}=")))),
        ("1,024 bits", short(1024)),
        ("2,047 bits", short(2047)),
        ("1,024 bits, written long", with(rsa(), "n", json!(encode(padded)))),
        ("modulus zero", with(rsa(), "n", json!(encode([0; 256])))),
        ("exponent 1", with(rsa(), "e", json!("AQ"))),
        ("exponent 1, written long", with(rsa(), "e", json!("AAAB"))),
        ("even exponent", with(rsa(), "e", json!("AQAA"))),
        ("no exponent", with(rsa(), "e", json!(""))),
        ("no key", json!("text")),
    ] {
        assert_eq!(cache(std::slice::from_ref(&key)).unwrap_err(), JwksError::NoUsableKey, "{why}");
        assert!(found(&[key, ec()], Some("1"), Algorithm::Es256).is_some(), "{why}");
    }
    assert!(cache(&[with(rsa(), "key_ops", json!(["verify"]))]).is_ok());
    assert!(cache(&[with(rsa(), "e", json!("Aw"))]).is_ok());
}

#[test]
fn sets_that_are_not_taken_leave_the_old_one() {
    let mut cache = cache(&[ec()]).unwrap();
    let many: Vec<Value> = (0..51).map(|_| ec()).collect();
    let long = [set(&[ec()]), vec![b' '; 64 * 1024]].concat();
    for (body, error) in [
        (set(&[]), JwksError::NoUsableKey),
        (set(&many), JwksError::TooLarge),
        (long, JwksError::TooLarge),
        (b"<html>".to_vec(), JwksError::Malformed),
        (b"{}".to_vec(), JwksError::Malformed),
        (b"[]".to_vec(), JwksError::Malformed),
        (br#"{"keys":{}}"#.to_vec(), JwksError::Malformed),
        (Vec::new(), JwksError::Malformed),
    ] {
        assert_eq!(cache.store(&body, NOW), Err(error));
        assert!(matches!(cache.find(Some("1"), Algorithm::Es256, NOW), Lookup::Key(_)));
    }
    assert!(cache.store(&set(&many[..50]), NOW).is_ok());
}

/// What a look-up answers, in one letter.
fn look(cache: &JwksCache, kid: &str, now: Millis) -> char {
    match cache.find(Some(kid), Algorithm::Es256, now) {
        Lookup::Key(_) => 'k',
        Lookup::Fetch => 'f',
        Lookup::Unknown => 'u',
    }
}

#[test]
fn a_set_is_fetched_when_it_is_not_there_or_ten_minutes_old() {
    let mut cache = JwksCache::default();
    assert_eq!(look(&cache, "1", NOW), 'f');
    cache.store(&set(&[ec()]), NOW).unwrap();
    assert_eq!(look(&cache, "1", NOW), 'k');
    assert_eq!(look(&cache, "1", NOW.plus(10 * MINUTE - 1)), 'k');
    assert_eq!(look(&cache, "1", NOW.plus(10 * MINUTE)), 'f');
}

#[test]
fn an_unknown_name_fetches_once_a_minute_at_most() {
    let mut cache = cache(&[ec()]).unwrap();
    assert_eq!(look(&cache, "new", NOW.plus(MINUTE - 1)), 'u');
    assert_eq!(look(&cache, "new", NOW.plus(MINUTE)), 'f');
    cache.store(&set(&[ec()]), NOW.plus(MINUTE)).unwrap();
    assert_eq!(look(&cache, "new", NOW.plus(MINUTE)), 'u');
    assert_eq!(look(&cache, "newer", NOW.plus(2 * MINUTE - 1)), 'u');
    assert_eq!(look(&cache, "1", NOW.plus(2 * MINUTE - 1)), 'k');
    cache.store(&set(&[with(ec(), "kid", json!("new"))]), NOW.plus(2 * MINUTE)).unwrap();
    assert_eq!(look(&cache, "new", NOW.plus(2 * MINUTE)), 'k');
    assert_eq!(look(&cache, "1", NOW.plus(2 * MINUTE)), 'u');
}

#[test]
fn an_old_set_counts_for_a_day_while_the_server_is_away() {
    let mut cache = cache(&[ec()]).unwrap();
    let later = NOW.plus(20 * MINUTE);
    assert_eq!(look(&cache, "1", later), 'f');
    cache.failed(later);
    assert_eq!(look(&cache, "1", later.plus(59 * SECOND)), 'k');
    assert_eq!(look(&cache, "new", later.plus(59 * SECOND)), 'u');
    assert_eq!(look(&cache, "1", later.plus(MINUTE)), 'f');
    assert!(cache.store(b"", later.plus(MINUTE)).is_err());
    assert_eq!(look(&cache, "1", later.plus(MINUTE)), 'k');
    let last = NOW.plus(DAY - 1);
    cache.failed(last);
    assert_eq!(look(&cache, "1", last), 'k');
    assert_eq!(look(&cache, "1", last.plus(1)), 'u');
}

#[test]
fn while_one_fetches_the_others_use_what_is_there() {
    let mut cold = JwksCache::default();
    cold.started(NOW);
    assert!(!cold.has_set(NOW));
    assert_eq!(look(&cold, "1", NOW), 'f', "nobody is refused because another asks already");
    let mut warm = cache(&[ec()]).unwrap();
    let later = NOW.plus(10 * MINUTE);
    assert_eq!(look(&warm, "1", later), 'f');
    warm.started(later);
    assert!(warm.has_set(later));
    assert_eq!(look(&warm, "1", later), 'k');
    assert_eq!(look(&warm, "new", later), 'u');
}

#[test]
fn a_server_that_never_answered_is_asked_once_a_minute() {
    let mut cache = JwksCache::default();
    cache.failed(NOW);
    assert_eq!(look(&cache, "1", NOW.plus(59 * SECOND)), 'u');
    assert_eq!(look(&cache, "1", NOW.plus(MINUTE)), 'f');
}

proptest! {
    #[test]
    fn garbage_never_panics(body in any::<Vec<u8>>(), member in any::<String>(), value in any::<String>()) {
        let mut cache = JwksCache::default();
        let _ = cache.store(&body, NOW);
        let _ = cache.store(&set(&[with(rsa(), &member, json!(value)), with(ec(), &member, json!(value))]), NOW);
        let _ = cache.store(&set(&[with(rsa(), "n", json!(value)), with(ec(), "x", json!(value))]), NOW);
    }
}
