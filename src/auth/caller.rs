//! From verified claims to a caller: the rules of who is signed in and who is an admin.
//!
//! In scope: the claims. Out of scope: signatures ([`super::token`]) and what a caller may do.

use super::token::{Claims, TokenError};

/// What Supabase's newer keys for browsers begin with. Such a key is no JWT and tells of nobody;
/// `supabase-js` sends it as the bearer while no one is signed in.
const PUBLISHABLE_PREFIX: &str = "sb_publishable_";

/// The role of Supabase's service key, and the user id of a caller who has nothing else.
const SERVICE_ROLE: &str = "service_role";

/// The role of Supabase's older key for browsers, a JWT.
const ANON_ROLE: &str = "anon";

/// The longest user id, in bytes: LiveKit takes identities of 256, and a viewer's has 9 more than the user id.
pub const MAX_USER_ID_BYTES: usize = 247;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody is signed in: enough for what is public.
    Anonymous,
    /// A user whose token was verified.
    User {
        /// `sub`, or `service_role`.
        id: String,
        /// May do everything.
        admin: bool,
        /// What people call them; nothing is decided by it.
        name: Option<String>,
    },
}

impl Caller {
    /// The user's id; none when nobody is signed in.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::User { id, .. } => Some(id),
        }
    }

    /// Whether the caller may do everything.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::User { admin: true, .. })
    }
}

/// How the token was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// With `AUTH_JWT_SECRET`, which only our own issuer has.
    Secret,
    /// With a key of `AUTH_JWKS_URL`, which may sign for other services too.
    Jwks,
}

/// What the configuration says of callers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthRules {
    /// `AUTH_ISSUER`.
    pub issuer: Option<String>,
    /// `AUTH_AUDIENCE`.
    pub audience: Option<String>,
    /// `ADMIN_USER_IDS`.
    pub admins: Vec<String>,
}

/// Whether a bearer is Supabase's publishable key: then the caller is [`Caller::Anonymous`], and
/// there is nothing to parse.
#[must_use]
pub fn is_publishable_key(bearer: &str) -> bool {
    bearer.starts_with(PUBLISHABLE_PREFIX)
}

/// The caller that verified claims make.
///
/// # Errors
/// [`TokenError::LiveKitToken`], [`TokenError::Issuer`], [`TokenError::Audience`],
/// [`TokenError::Subject`].
pub fn caller_from_claims(claims: &Claims, rules: &AuthRules, via: Via) -> Result<Caller, TokenError> {
    // 1. LiveKit's tokens are in every browser of a room, and the host's bears its user id as `sub`.
    if claims.has_video_grant {
        return Err(TokenError::LiveKitToken);
    }

    // 2. A key server may sign for more services than this one.
    if via == Via::Jwks {
        if rules.issuer.is_some() && claims.iss != rules.issuer {
            return Err(TokenError::Issuer);
        }
        if rules.audience.as_ref().is_some_and(|wanted| !claims.aud.contains(wanted)) {
            return Err(TokenError::Audience);
        }
    }

    // 3. Who it is. Nobody but the service itself may bear its name.
    let service = claims.role.as_deref() == Some(SERVICE_ROLE);
    let id = match claims.sub.as_deref().filter(|sub| !sub.is_empty()) {
        _ if claims.role.as_deref() == Some(ANON_ROLE) => return Ok(Caller::Anonymous),
        None if service => SERVICE_ROLE,
        None => return Ok(Caller::Anonymous),
        Some(SERVICE_ROLE) if !service => return Err(TokenError::Subject),
        Some(sub) if sub.len() > MAX_USER_ID_BYTES || sub.chars().any(char::is_control) => {
            return Err(TokenError::Subject);
        }
        Some(sub) => sub,
    };

    // 4. What more the caller may do.
    let admin = service || rules.admins.iter().any(|listed| listed == id);
    Ok(Caller::User { id: id.to_owned(), admin, name: claims.name.clone() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn user(sub: &str) -> Claims {
        Claims { sub: Some(sub.into()), ..Claims::default() }
    }

    fn role(role: &str, sub: Option<&str>) -> Claims {
        Claims { role: Some(role.into()), sub: sub.map(Into::into), ..Claims::default() }
    }

    fn by_secret(claims: &Claims) -> Result<Caller, TokenError> {
        let rules = AuthRules { admins: vec!["root".into()], ..AuthRules::default() };
        caller_from_claims(claims, &rules, Via::Secret)
    }

    fn named(id: &str, admin: bool) -> Result<Caller, TokenError> {
        Ok(Caller::User { id: id.into(), admin, name: None })
    }

    #[test]
    fn who_is_signed_in() {
        assert_eq!(by_secret(&user("alice")), named("alice", false));
        assert_eq!(by_secret(&role("authenticated", Some("alice"))), named("alice", false));
        assert_eq!(by_secret(&user("root")), named("root", true));
        assert_eq!(by_secret(&role("service_role", Some("alice"))), named("alice", true));
        assert_eq!(by_secret(&role("service_role", None)), named("service_role", true));
        let alice = by_secret(&user("alice")).unwrap();
        assert_eq!((alice.user_id(), alice.is_admin()), (Some("alice"), false));
    }

    #[test]
    fn who_is_not_signed_in() {
        assert_eq!(by_secret(&Claims::default()), Ok(Caller::Anonymous));
        assert_eq!(by_secret(&user("")), Ok(Caller::Anonymous));
        assert_eq!(by_secret(&role("anon", None)), Ok(Caller::Anonymous));
        assert_eq!(by_secret(&role("anon", Some("root"))), Ok(Caller::Anonymous));
        assert_eq!(by_secret(&role("authenticated", None)), Ok(Caller::Anonymous));
        assert_eq!((Caller::Anonymous.user_id(), Caller::Anonymous.is_admin()), (None, false));
        assert!(is_publishable_key("sb_publishable_0123456789"));
        assert!(!is_publishable_key("sb_secret_0123456789"));
    }

    #[test]
    fn a_livekit_token_is_never_a_callers() {
        for mut claims in [user("alice"), role("service_role", None), role("anon", None)] {
            claims.has_video_grant = true;
            assert_eq!(by_secret(&claims), Err(TokenError::LiveKitToken));
        }
    }

    #[test]
    fn unusable_subjects() {
        assert_eq!(by_secret(&user(&"a".repeat(MAX_USER_ID_BYTES))), named(&"a".repeat(MAX_USER_ID_BYTES), false));
        assert_eq!(by_secret(&user(&"a".repeat(MAX_USER_ID_BYTES + 1))), Err(TokenError::Subject));
        assert_eq!(by_secret(&user("a\nb")), Err(TokenError::Subject));
        assert_eq!(by_secret(&user("a\u{85}b")), Err(TokenError::Subject));
        assert_eq!(by_secret(&user("service_role")), Err(TokenError::Subject));
        assert_eq!(by_secret(&role("service_role", Some("service_role"))), named("service_role", true));
    }

    #[test]
    fn issuer_and_audience_count_for_a_key_servers_tokens_alone() {
        let rules = AuthRules { issuer: Some("https://id.example".into()), audience: Some("app".into()), admins: Vec::new() };
        let check = |iss: Option<&str>, aud: &[&str], via| {
            let claims = Claims { iss: iss.map(Into::into), aud: aud.iter().map(|&one| one.into()).collect(), ..user("alice") };
            caller_from_claims(&claims, &rules, via).map(|_| ())
        };
        let ours = Some("https://id.example");
        assert_eq!(check(ours, &["other", "app"], Via::Jwks), Ok(()));
        assert_eq!(check(Some("https://id.example/"), &["app"], Via::Jwks), Err(TokenError::Issuer));
        assert_eq!(check(None, &["app"], Via::Jwks), Err(TokenError::Issuer));
        assert_eq!(check(ours, &["application"], Via::Jwks), Err(TokenError::Audience));
        assert_eq!(check(ours, &[], Via::Jwks), Err(TokenError::Audience));
        assert_eq!(check(None, &[], Via::Secret), Ok(()));
    }
}
