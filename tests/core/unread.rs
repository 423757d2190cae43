//! Whose bodies are read at all.

use livekit_storj::api::Request;
use livekit_storj::api::webhook::is_worth_reading;
use livekit_storj::livekit::signature::sign_body;
use livekit_storj::livekit::token::ApiKey;
use livekit_storj::secret::Secret;

use super::world::World;

#[test]
fn a_webhook_of_anybody_is_refused_by_its_header_alone() {
    let World { config, clock, .. } = World::new();
    let (right, now) = (config.livekit_key.clone(), clock.get());
    let config = Ok(config);
    let head = |path: &str, key: Option<&ApiKey>| Request {
        method: "POST".to_owned(),
        path: path.to_owned(),
        headers: key.map(|key| ("authorization".to_owned(), sign_body(key, b"{}", now).unwrap())).into_iter().collect(),
        ..Request::default()
    };
    let wrong = ApiKey { secret: Secret::new("another"), ..right.clone() };
    for path in ["/livekit-webhook", "/functions/v1/livekit-webhook"] {
        assert!(is_worth_reading(&head(path, Some(&right)), &config, now));
        assert!(!is_worth_reading(&head(path, Some(&wrong)), &config, now));
        assert!(!is_worth_reading(&head(path, None), &config, now));
        assert!(!is_worth_reading(&head(path, Some(&right)), &Err(vec![]), now), "nobody can be known without a key");
    }
    // Who calls elsewhere is known by the token, and what is read is little.
    assert!(is_worth_reading(&head("/api/streams", None), &config, now));
}
