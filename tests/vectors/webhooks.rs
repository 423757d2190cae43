//! Every way in which a webhook may be wrong, by name.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};
use livekit_storj::livekit::signature::{Refused, unverified_issuer, verify};
use livekit_storj::livekit::token::{ApiKey, JoinToken, VideoGrants, join_token};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::tokens::{body_hash, encode, hs256, jwt, with_altered_signature};
use super::webhook_given::{BODY, GOOD, HS256, NAME, NOW, SECRET, check, check_claims, claims, key, ours};

#[test]
fn while_a_key_is_rotated_the_previous_one_counts_too() {
    let token = hs256(&claims(json!({})), SECRET);
    let by = |keys: &[&ApiKey]| verify(BODY, Some(&token), keys, NOW).map(|it| it.key_index);
    assert_eq!(by(&[&key("newkey", "newsecret"), &ours()]), Ok(1));
    assert_eq!(by(&[&ours(), &key("newkey", "newsecret")]), Ok(0));
    // A new secret under the same name.
    assert_eq!(by(&[&key(NAME, "newsecret"), &ours()]), Ok(1));
    // A new name for the same secret is another key.
    assert_eq!(by(&[&key("newkey", SECRET)]), Err(Refused::UnknownKey));
}

#[test]
fn with_or_without_bearer() {
    let token = hs256(&claims(json!({})), SECRET);
    for spelling in
        [token.clone(), format!("Bearer {token}"), format!("bearer {token}"), format!("BEARER   {token}"), format!("  {token} ")]
    {
        assert_eq!(check(&spelling), GOOD, "{spelling}");
    }
    assert_eq!(check(&format!("Basic {token}")), Err(Refused::Malformed));
    assert_eq!(check(&format!("Bearer Bearer {token}")), Err(Refused::Malformed));
}

#[test]
fn refused_missing() {
    assert_eq!(verify(BODY, None, &[&ours()], NOW), Err(Refused::Missing));
    assert_eq!(check(""), Err(Refused::Missing));
    assert_eq!(check("  "), Err(Refused::Missing));
}

#[test]
fn refused_malformed() {
    let good = hs256(&claims(json!({})), SECRET);
    let oversized = claims(json!({"pad": "x".repeat(8 * 1024)}));
    for bad in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "nonsense".to_owned(),
        "a.b.c".to_owned(),
        "..".to_owned(),
        format!("{good}="),
        format!("{good}.{good}"),
        good.replace('.', ".."),
        // One good signature has one spelling: the standard alphabet is not base64url's.
        format!("{}.{}", good.rsplit_once('.').unwrap().0, "+/".repeat(21)),
        jwt(HS256, "not json", SECRET),
        jwt(HS256, "[]", SECRET),
        jwt("not json", "{}", SECRET),
        hs256(&oversized, SECRET),
    ] {
        assert_eq!(check(&bad), Err(Refused::Malformed), "{bad}");
    }
    for types in [json!({"iss": 1}), json!({"exp": "soon"}), json!({"nbf": []}), json!({"sha256": 1})] {
        assert_eq!(check_claims(types), Err(Refused::Malformed));
    }
    // Twice the same claim: two readers might take a different one each.
    let twice = claims(json!({})).to_string().replacen('{', r#"{"iss":"other","#, 1);
    assert_eq!(check(&jwt(HS256, &twice, SECRET)), Err(Refused::Malformed));
    assert_eq!(check_claims(json!({"exp": null})), Err(Refused::Malformed));
    let critical = r#"{"alg":"HS256","crit":["b64"],"b64":false}"#;
    assert_eq!(check(&jwt(critical, &claims(json!({})).to_string(), SECRET)), Err(Refused::Malformed));
}

#[test]
fn refused_wrong_algorithm() {
    let payload = claims(json!({})).to_string();
    for alg in ["none", "None", "", "hs256", "HS384", "HS512", "RS256", "ES256", "EdDSA"] {
        let header = json!({"alg": alg, "typ": "JWT"}).to_string();
        assert_eq!(check(&jwt(&header, &payload, SECRET)), Err(Refused::WrongAlgorithm), "{alg}");
    }
    let unsigned = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(&payload));
    assert_eq!(check(&unsigned), Err(Refused::WrongAlgorithm));
}

#[test]
fn refused_unknown_key() {
    assert_eq!(check_claims(json!({"iss": "other"})), Err(Refused::UnknownKey));
    assert_eq!(check_claims(json!({"iss": "DEVKEY"})), Err(Refused::UnknownKey));
    assert_eq!(check_claims(json!({"iss": null})), Err(Refused::UnknownKey));
    // A key that was configured by half never counts.
    let token = hs256(&claims(json!({"iss": ""})), "");
    assert_eq!(verify(BODY, Some(&token), &[&key("", "")], NOW), Err(Refused::UnknownKey));
    let token = hs256(&claims(json!({})), "");
    assert_eq!(verify(BODY, Some(&token), &[&key(NAME, "")], NOW), Err(Refused::UnknownKey));
}

#[test]
fn refused_bad_signature() {
    let good = hs256(&claims(json!({})), SECRET);
    let (signed, _) = good.rsplit_once('.').unwrap();
    assert_eq!(check(&with_altered_signature(&good)), Err(Refused::BadSignature));
    assert_eq!(check(&format!("{signed}.")), Err(Refused::BadSignature));
    assert_eq!(check(&format!("{signed}.{}", encode([0; 16]))), Err(Refused::BadSignature));
    assert_eq!(check(&format!("{signed}.{}", encode([0; 33]))), Err(Refused::BadSignature));
    // The signature of another webhook of the same key.
    let other = hs256(&claims(json!({"jti": "1"})), SECRET);
    let (_, signature) = other.rsplit_once('.').unwrap();
    assert_eq!(check(&format!("{signed}.{signature}")), Err(Refused::BadSignature));
    // The secret is its text, not what it would decode to.
    let text = hs256(&claims(json!({})), "c2VjcmV0");
    assert_eq!(verify(BODY, Some(&text), &[&key(NAME, "secret")], NOW), Err(Refused::BadSignature));
    // A bad signature is told before a bad time.
    let late = with_altered_signature(&hs256(&claims(json!({"exp": 1})), SECRET));
    assert_eq!(check(&late), Err(Refused::BadSignature));
}

#[test]
fn refused_expired_and_not_yet_valid() {
    let now = NOW.secs();
    assert_eq!(check_claims(json!({"exp": now - 59})), GOOD);
    assert_eq!(check_claims(json!({"exp": now - 60})), Err(Refused::Expired));
    assert_eq!(check_claims(json!({"exp": 0})), Err(Refused::Expired));
    assert_eq!(check_claims(json!({"exp": -1e300})), Err(Refused::Expired));
    assert_eq!(check_claims(json!({"nbf": now + 60})), GOOD);
    assert_eq!(check_claims(json!({"nbf": now + 61})), Err(Refused::NotYetValid));
    assert_eq!(check_claims(json!({"nbf": null})), GOOD);
    assert_eq!(check_claims(json!({"exp": now as f64 + 0.5})), GOOD);
}

#[test]
fn refused_no_body_hash() {
    assert_eq!(check_claims(json!({"sha256": null})), Err(Refused::NoBodyHash));
    assert_eq!(check_claims(json!({"sha256": ""})), Err(Refused::NoBodyHash));
    // Every browser in a room has a token of the same key.
    let token = JoinToken {
        identity: "alice",
        name: None,
        metadata: None,
        attributes: &Default::default(),
        video: VideoGrants { room_join: true, room: Some("r".into()), ..VideoGrants::default() },
    };
    let token = join_token(&ours(), &token, NOW, 600).unwrap();
    assert_eq!(check(&token), Err(Refused::NoBodyHash));
    assert_eq!(verify(b"", Some(&token), &[&ours()], NOW), Err(Refused::NoBodyHash));
}

#[test]
fn refused_body_altered() {
    let hash = Sha256::digest(BODY);
    assert_eq!(check_claims(json!({"sha256": STANDARD_NO_PAD.encode(hash)})), GOOD);
    for bad in [
        body_hash(b"another body"),
        body_hash(&[BODY, b"\n"].concat()),
        hex::encode(hash),
        URL_SAFE.encode([0xfb; 32]),
        STANDARD_NO_PAD.encode(&hash[..31]),
        "not base64!".to_owned(),
        format!("{} ", body_hash(BODY)),
    ] {
        assert_eq!(check_claims(json!({"sha256": bad})), Err(Refused::BodyAltered), "{bad}");
    }
}

#[test]
fn every_refusal_has_its_words() {
    let words: Vec<String> = [
        Refused::Missing,
        Refused::Malformed,
        Refused::WrongAlgorithm,
        Refused::UnknownKey,
        Refused::BadSignature,
        Refused::Expired,
        Refused::NotYetValid,
        Refused::NoBodyHash,
        Refused::BodyAltered,
    ]
    .map(|it| it.to_string())
    .into();
    assert_eq!(
        words.join(", "),
        "missing, malformed, wrong algorithm, unknown key, bad signature, expired, not yet valid, \
         no body hash, body altered"
    );
}

#[test]
fn an_issuer_for_the_log() {
    let issuer = |iss: Value| unverified_issuer(Some(&hs256(&json!({"iss": iss}), "unknown")));
    assert_eq!(issuer(json!("APIabc_-9")).as_deref(), Some("APIabc_-9"));
    assert_eq!(issuer(json!("a".repeat(64))), Some("a".repeat(64)));
    for bad in [json!("a".repeat(65)), json!(""), json!("a b"), json!("a\nb"), json!("ä"), json!(1)] {
        assert_eq!(issuer(bad.clone()), None, "{bad}");
    }
    let with_scheme = format!("Bearer {}", hs256(&json!({"iss": "a"}), ""));
    assert_eq!(unverified_issuer(Some(&with_scheme)).as_deref(), Some("a"));
    assert_eq!(unverified_issuer(Some("nonsense")), None);
    assert_eq!(unverified_issuer(None), None);
}
