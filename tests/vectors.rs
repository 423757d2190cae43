//! Signatures against what others published, recorded or would compute.
//!
//! Nothing here takes this crate's word for a signature: the expected values are AWS's, LiveKit's,
//! Supabase's, or those of `judge`, a verifier of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

#[path = "vectors/aws_crate.rs"]
mod aws_crate;
#[path = "vectors/aws_s3.rs"]
mod aws_s3;
#[path = "vectors/aws_suite.rs"]
mod aws_suite;
#[path = "vectors/bearer.rs"]
mod bearer;
#[path = "vectors/judge.rs"]
mod judge;
#[path = "vectors/jwks.rs"]
mod jwks;
#[path = "vectors/livekit_sdks.rs"]
mod livekit_sdks;
#[path = "vectors/livekit_tokens.rs"]
mod livekit_tokens;
#[path = "vectors/object_keys.rs"]
mod object_keys;
#[path = "vectors/standard_webhooks.rs"]
mod standard_webhooks;
#[path = "vectors/storj_answers.rs"]
mod storj_answers;
#[path = "vectors/storj_given.rs"]
mod storj_given;
#[path = "vectors/storj_many.rs"]
mod storj_many;
#[path = "vectors/storj_properties.rs"]
mod storj_properties;
#[path = "vectors/storj_refusals.rs"]
mod storj_refusals;
#[path = "vectors/storj_requests.rs"]
mod storj_requests;
#[path = "vectors/tokens.rs"]
mod tokens;
#[path = "vectors/webhook_given.rs"]
mod webhook_given;
#[path = "vectors/webhook_properties.rs"]
mod webhook_properties;
#[path = "vectors/webhooks.rs"]
mod webhooks;
#[path = "vectors/webhooks_recorded.rs"]
mod webhooks_recorded;

use std::path::{Path, PathBuf};

/// The path of a fixture.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}
