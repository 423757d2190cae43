//! Who calls: a bearer token, the keys it may be signed with, and the caller it makes. No I/O.

pub mod caller;
pub mod claims;
pub mod jwks;
pub mod token;
