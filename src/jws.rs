//! JSON Web Signatures in their compact form (RFC 7515, section 3.1): taken apart, nothing believed.
//!
//! In scope: splitting, strict base64url, the header, and the two times of RFC 7519. Out of scope:
//! signatures. LiveKit's webhooks are verified in [`crate::livekit::signature`], callers' tokens in
//! [`crate::auth::token`].

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::json;
use crate::time::{Millis, SECOND};

/// The longest token that is looked at. LiveKit's webhook tokens have about 250 bytes, a Supabase
/// session about 1,000; Storj and many proxies end at 8 KiB for all headers together.
pub const MAX_BYTES: usize = 8 * 1024;

/// How far two clocks may differ, in milliseconds: what LiveKit's own verifiers allow.
pub const LEEWAY: i64 = 60 * SECOND;

/// A token in its parts, of which nothing is verified yet.
#[derive(Clone, Debug)]
pub struct Compact<'a> {
    /// What the header says about itself.
    pub header: Header,
    /// The text that the signature covers: header, dot, payload, as they came.
    pub signed: &'a str,
    /// The decoded payload, supposedly JSON.
    pub payload: Vec<u8>,
    /// The decoded signature.
    pub signature: Vec<u8>,
}

/// The members of a header that matter here; `typ` and all others are ignored.
#[derive(Clone, Debug)]
pub struct Header {
    /// The algorithm's name, as the sender says.
    pub alg: String,
    /// Which key signed, as the sender says.
    pub kid: Option<String>,
}

impl Header {
    fn read(text: &[u8]) -> Result<Self, Fault> {
        let members = object(text)?;
        // RFC 7515, section 4.1.11: extensions that must be understood or the token refused. None is
        // understood here.
        if members.get("crit").is_some_and(|crit| !crit.is_null()) {
            return Err(Fault::Malformed);
        }
        Ok(Self { alg: self::text(&members, "alg")?.ok_or(Fault::Malformed)?, kid: self::text(&members, "kid")? })
    }
}

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Longer than [`MAX_BYTES`].
    TooLong,
    /// Not three parts of base64url with a JSON header, or with a critical extension.
    Malformed,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "token too long",
            Self::Malformed => "malformed token",
        })
    }
}

impl std::error::Error for Fault {}

/// Takes a token apart.
///
/// Base64url is strict: no padding, no white space, no stray bits at the end, so that one token has
/// one spelling.
///
/// # Errors
/// [`Fault`].
pub fn split(text: &str) -> Result<Compact<'_>, Fault> {
    if text.len() > MAX_BYTES {
        return Err(Fault::TooLong);
    }
    let (signed, signature) = text.rsplit_once('.').ok_or(Fault::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(Fault::Malformed)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Fault::Malformed);

    let header = Header::read(&decode(header)?)?;
    Ok(Compact { header, signed, payload: decode(payload)?, signature: decode(signature)? })
}

/// Reads a JSON object, each member of which is there once: otherwise two readers of one token could
/// believe two things.
///
/// # Errors
/// [`Fault::Malformed`].
pub fn object(text: &[u8]) -> Result<Map<String, Value>, Fault> {
    json::members(text).map_err(|_| Fault::Malformed)
}

/// A member that is a text. Absent and `null` are none.
///
/// # Errors
/// [`Fault::Malformed`] for one of another type.
pub fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, Fault> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Fault::Malformed),
    }
}

/// A member that is a time. Absent and `null` are none.
///
/// # Errors
/// [`Fault::Malformed`] for one of another type.
pub fn date(members: &Map<String, Value>, name: &str) -> Result<Option<NumericDate>, Fault> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_f64().map(NumericDate::from_seconds).map(Some).ok_or(Fault::Malformed),
    }
}

/// RFC 7519's `NumericDate`: Unix seconds, whole or with a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumericDate(pub Millis);

impl NumericDate {
    fn from_seconds(seconds: f64) -> Self {
        // `as` saturates, and f64 is exact for milliseconds up to the year 287,396.
        Self(Millis((seconds * SECOND as f64) as i64))
    }
}

/// Why a token does not count at this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFault {
    /// There is no `exp`: such a token would count for ever.
    NoExpiry,
    /// `exp` and the leeway are over.
    Expired,
    /// `nbf` less the leeway is not reached.
    NotYetValid,
}

/// Checks `exp` (required) and `nbf` (where it is there) with [`LEEWAY`].
///
/// # Errors
/// [`TimeFault`].
pub fn check_times(exp: Option<NumericDate>, nbf: Option<NumericDate>, now: Millis) -> Result<(), TimeFault> {
    let exp = exp.ok_or(TimeFault::NoExpiry)?;
    // RFC 7519, section 4.1.4: not accepted "on or after" the expiration time.
    if now >= exp.0.plus(LEEWAY) {
        return Err(TimeFault::Expired);
    }
    if nbf.is_some_and(|nbf| now < nbf.0.plus(-LEEWAY)) {
        return Err(TimeFault::NotYetValid);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn token(header: &str, payload: &str) -> String {
        format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn parts_come_out_as_they_went_in() {
        let text = token(r#"{"alg":"HS256","typ":"JWT","kid":"a"}"#, "{}");
        let parts = split(&text).unwrap();
        assert_eq!(parts.header.alg, "HS256");
        assert_eq!(parts.header.kid.as_deref(), Some("a"));
        assert_eq!(parts.payload, b"{}");
        assert_eq!(parts.signature, [0, 0, 0]);
        assert_eq!(format!("{}.AAAA", parts.signed), text);
    }

    #[test]
    fn what_is_no_token() {
        let good = token(r#"{"alg":"HS256"}"#, "{}");
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
        for bad in [
            String::new(),
            "..".into(),
            "a.b".into(),
            format!("{good}.AAAA"),
            format!("{good}="),
            format!("{good} "),
            // 'B' as the last letter of one byte leaves stray bits.
            format!("{header}.{}.AB", "e30"),
            format!("{header}.e30.A+/A"),
            token(r#"["HS256"]"#, "{}"),
            token("{}", "{}"),
            token(r#"{"alg":null}"#, "{}"),
            token(r#"{"alg":"HS256","alg":"none"}"#, "{}"),
            token(r#"{"alg":"HS256","crit":["exp"]}"#, "{}"),
            token(r#"{"alg":"HS256","kid":1}"#, "{}"),
        ] {
            assert_eq!(split(&bad).unwrap_err(), Fault::Malformed, "{bad}");
        }
        assert_eq!(split(&"a".repeat(MAX_BYTES + 1)).unwrap_err(), Fault::TooLong);
    }

    #[test]
    fn times_have_a_leeway_of_a_minute_on_both_sides() {
        let date = |secs| Some(NumericDate(Millis::from_secs(secs)));
        let check = |now| check_times(date(1_000), date(500), Millis(now));
        assert_eq!(check(1_059_999), Ok(()));
        assert_eq!(check(1_060_000), Err(TimeFault::Expired));
        assert_eq!(check(440_000), Ok(()));
        assert_eq!(check(439_999), Err(TimeFault::NotYetValid));
        assert_eq!(check_times(date(1_000), None, Millis(0)), Ok(()));
        assert_eq!(check_times(None, date(0), Millis(0)), Err(TimeFault::NoExpiry));
    }

    #[test]
    fn numeric_dates_are_whole_or_broken_numbers() {
        let read = |value| {
            let members = object(format!(r#"{{"exp":{value}}}"#).as_bytes()).unwrap();
            date(&members, "exp").ok().flatten().map(|date| date.0)
        };
        assert_eq!(read("1795397700"), Some(Millis(1_795_397_700_000)));
        assert_eq!(read("1795397700.5"), Some(Millis(1_795_397_700_500)));
        assert_eq!(read("1e300"), Some(Millis(i64::MAX)));
        assert_eq!(read("-1e300"), Some(Millis(i64::MIN)));
        assert_eq!(read(r#""1795397700""#), None);
    }
}
