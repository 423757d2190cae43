//! Callers' tokens: Supabase's published ones, and every way in which one may be wrong.

use livekit_storj::auth::caller::{AuthRules, Caller, Via, caller_from_claims};
use livekit_storj::auth::token::{Algorithm, BearerToken, Checked, Claims, TokenError};
use livekit_storj::secret::Secret;
use livekit_storj::time::Millis;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::tokens::{encode, hs256, jwt, with_altered_signature};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const NOW: Millis = Millis::from_secs(1_800_000_000);

/// The keys that every local Supabase project has (`supabase start`), and their secret.
const SUPABASE_SECRET: &str = "super-secret-jwt-token-with-at-least-32-characters-long";
const SUPABASE_ANON: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
    "eyJpc3MiOiJzdXBhYmFzZS1kZW1vIiwicm9sZSI6ImFub24iLCJleHAiOjE5ODM4MTI5OTZ9.",
    "CRXP1A7WOeoJeXxjNni43kdQwgnWNReilDMblYTn_I0",
);
const SUPABASE_SERVICE_ROLE: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
    "eyJpc3MiOiJzdXBhYmFzZS1kZW1vIiwicm9sZSI6InNlcnZpY2Vfcm9sZSIsImV4cCI6MTk4MzgxMjk5Nn0.",
    "EGIM96RAZx35lJzdJsyH-qQwv8Hdp7fsn3W0YpN81IU",
);

fn read(text: &str, secret: &str, now: Millis) -> Result<Claims, TokenError> {
    let token = BearerToken::parse(text)?;
    let checked = token.verify_hs256(&Secret::new(secret))?;
    token.claims(checked, now)
}

fn caller(text: &str, secret: &str) -> Result<Caller, TokenError> {
    caller_from_claims(&read(text, secret, NOW)?, &AuthRules::default(), Via::Secret)
}

fn claims(claims: Value) -> Result<Claims, TokenError> {
    read(&hs256(&claims, SECRET), SECRET, NOW)
}

#[test]
fn supabases_local_keys() {
    assert_eq!(caller(SUPABASE_ANON, SUPABASE_SECRET), Ok(Caller::Anonymous));
    let service = Caller::User { id: "service_role".into(), admin: true, name: None };
    assert_eq!(caller(SUPABASE_SERVICE_ROLE, SUPABASE_SECRET), Ok(service));
    assert_eq!(caller(SUPABASE_SERVICE_ROLE, SECRET), Err(TokenError::BadSignature));
    let late = Millis::from_secs(1_983_812_996 + 60);
    assert_eq!(read(SUPABASE_ANON, SUPABASE_SECRET, late), Err(TokenError::Expired));
}

/// The example that jwt.io shows.
#[test]
fn a_well_known_token_without_expiry() {
    let text = concat!(
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
        "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.",
        "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    );
    let token = BearerToken::parse(text).unwrap();
    assert!(token.verify_hs256(&Secret::new("your-256-bit-secret")).is_ok());
    assert_eq!(read(text, "your-256-bit-secret", NOW), Err(TokenError::NoExpiry));
}

#[test]
fn a_supabase_users_claims() {
    let supabase = json!({
        "iss": "https://project.supabase.co/auth/v1",
        "sub": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "aud": "authenticated", "exp": NOW.secs() + 3600, "iat": NOW.secs(),
        "email": "a@example.com", "phone": "",
        "app_metadata": {"provider": "email", "role": "service_role"},
        "user_metadata": {"role": "service_role", "name": "Mallory", "video": {}},
        "role": "authenticated", "aal": "aal1", "session_id": "x", "is_anonymous": false,
    });
    let expected = Claims {
        sub: Some("6f9619ff-8b86-d011-b42d-00c04fc964ff".into()),
        role: Some("authenticated".into()),
        iss: Some("https://project.supabase.co/auth/v1".into()),
        aud: vec!["authenticated".into()],
        has_video_grant: false,
        name: Some("a@example.com".into()),
    };
    assert_eq!(claims(supabase.clone()), Ok(expected));
    let user = Caller::User { id: "6f9619ff-8b86-d011-b42d-00c04fc964ff".into(), admin: false, name: Some("a@example.com".into()) };
    assert_eq!(caller(&hs256(&supabase, SECRET), SECRET), Ok(user));
}

#[test]
fn claims_in_their_spellings() {
    let exp = NOW.secs() + 60;
    let none = Claims::default();
    assert_eq!(claims(json!({"exp": exp})), Ok(none.clone()));
    assert_eq!(claims(json!({"exp": exp as f64 + 0.25, "sub": null})), Ok(none.clone()));
    assert_eq!(claims(json!({"exp": exp, "sub": "", "role": ["a"], "name": 1})), Ok(none.clone()));
    let aud = |aud| claims(json!({"exp": exp, "aud": aud})).map(|it| it.aud);
    assert_eq!(aud(json!("a")), Ok(vec!["a".to_owned()]));
    assert_eq!(aud(json!(["a", "b"])), Ok(vec!["a".to_owned(), "b".to_owned()]));
    for bad in [
        json!({"exp": exp, "sub": 1}),
        json!({"exp": exp, "iss": []}),
        json!({"exp": exp, "aud": {"a": 1}}),
        json!({"exp": "tomorrow"}),
        json!([]),
        json!("text"),
    ] {
        assert_eq!(claims(bad.clone()), Err(TokenError::Malformed), "{bad}");
    }
    let twice = format!(r#"{{"exp":{exp},"sub":"a","sub":"b"}}"#);
    let token = jwt(r#"{"alg":"HS256"}"#, &twice, SECRET);
    assert_eq!(read(&token, SECRET, NOW), Err(TokenError::Malformed));
}

#[test]
fn any_video_claim_makes_it_livekits() {
    for video in [json!({}), json!({"roomJoin": true}), json!(null), json!(false), json!([])] {
        let token = json!({"exp": NOW.secs(), "sub": "alice", "video": video});
        assert!(claims(token.clone()).unwrap().has_video_grant, "{token}");
        assert_eq!(caller(&hs256(&token, SECRET), SECRET), Err(TokenError::LiveKitToken));
    }
}

#[test]
fn times_with_a_leeway_of_a_minute() {
    let now = NOW.secs();
    let at = |exp: i64, nbf: i64| claims(json!({"exp": exp, "nbf": nbf})).map(|_| ());
    assert_eq!(at(now - 59, now + 60), Ok(()));
    assert_eq!(at(now - 60, now), Err(TokenError::Expired));
    assert_eq!(at(now, now + 61), Err(TokenError::NotYetValid));
    assert_eq!(claims(json!({"exp": null})), Err(TokenError::NoExpiry));
}

#[test]
fn parts_of_a_key_servers_token() {
    let header = r#"{"alg":"ES256","typ":"JWT","kid":"key-1"}"#;
    let text = jwt(header, r#"{"sub":"alice","exp":1800000000}"#, "ignored");
    let token = BearerToken::parse(&text).unwrap();
    assert_eq!(token.algorithm(), Algorithm::Es256);
    assert_eq!(token.kid(), Some("key-1"));
    assert_eq!(format!("{}.{}", std::str::from_utf8(token.signed_part()).unwrap(), encode(token.signature())), text);
    assert_eq!(token.verify_hs256(&Secret::new("ignored")).unwrap_err(), TokenError::Algorithm);
    let claims = token.claims(Checked::by_web_crypto(), NOW).unwrap();
    assert_eq!(claims.sub.as_deref(), Some("alice"));
    let shown = format!("{token:?}");
    assert_eq!(shown, r#"BearerToken { algorithm: Es256, kid: Some("key-1"), .. }"#);
}

#[test]
fn algorithms_that_are_not_taken() {
    let payload = json!({"exp": NOW.secs(), "sub": "alice"}).to_string();
    for alg in ["none", "NONE", "", "hs256", "HS384", "HS512", "RS384", "PS256", "ES384", "EdDSA"] {
        let token = jwt(&json!({"alg": alg}).to_string(), &payload, SECRET);
        assert_eq!(BearerToken::parse(&token).unwrap_err(), TokenError::Algorithm, "{alg}");
    }
    let unsigned = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(&payload));
    assert_eq!(BearerToken::parse(&unsigned).unwrap_err(), TokenError::Algorithm);
    // RS256 with an HMAC by the public key's text is the classic confusion: HS256 is never tried.
    let confused = jwt(r#"{"alg":"RS256"}"#, &payload, SECRET);
    assert_eq!(read(&confused, SECRET, NOW), Err(TokenError::Algorithm));
}

#[test]
fn signatures_that_are_not_taken() {
    let good = hs256(&json!({"exp": NOW.secs(), "sub": "alice"}), SECRET);
    assert!(read(&good, SECRET, NOW).is_ok());
    let (signed, _) = good.rsplit_once('.').unwrap();
    for bad in [
        with_altered_signature(&good),
        format!("{signed}."),
        format!("{signed}.{}", encode([0; 31])),
        format!("{signed}.{}", encode([0; 33])),
        hs256(&json!({"exp": NOW.secs(), "sub": "alice"}), "another"),
    ] {
        assert_eq!(read(&bad, SECRET, NOW), Err(TokenError::BadSignature), "{bad}");
    }
    let by_nothing = hs256(&json!({"exp": NOW.secs(), "sub": "alice"}), "");
    assert_eq!(read(&by_nothing, "", NOW), Err(TokenError::BadSignature));
}

#[test]
fn texts_that_are_no_tokens() {
    let good = hs256(&json!({}), SECRET);
    for bad in ["", "a", "a.b", "a.b.c", "sb_secret_0123", &format!("{good}."), &format!(" {good}")] {
        assert_eq!(BearerToken::parse(bad).unwrap_err(), TokenError::Malformed, "{bad}");
    }
    let long = hs256(&json!({"pad": "x".repeat(8192)}), SECRET);
    assert_eq!(BearerToken::parse(&long).unwrap_err(), TokenError::TooLong);
}

proptest! {
    #[test]
    fn garbage_never_panics(header in any::<String>(), payload in any::<String>(), text in any::<String>()) {
        let _ = BearerToken::parse(&text);
        let _ = read(&jwt(&header, &payload, SECRET), SECRET, NOW);
        let _ = read(&jwt(r#"{"alg":"HS256"}"#, &payload, SECRET), SECRET, NOW);
    }
}
