//! The canonical request: the text that stands for a request when it is signed.
//!
//! In scope: S3's rules for it. Out of scope: the signature ([`super::sigv4`]).
//!
//! AWS's page: "Create a signed AWS API request", step 1, IAM User Guide. S3 differs from other services: the path
//! counts as it is sent. The crate `aws-sigv4` makes this text too, out of `http`'s header maps and URLs: 25 kB gzip of
//! a Worker, against 2 kB here. In the tests both sign the same requests.

use percent_encoding::percent_decode_str;

use super::sigv4::{SignError, Unsigned};
use super::url::encode;

/// The headers that are signed, as they count: sorted by name, in lower case; values of one name are joined by commas,
/// in their order.
#[derive(Debug)]
pub(super) struct SignedHeaders(Vec<(String, String)>);

impl SignedHeaders {
    /// Of a request, what signing itself adds, and its host.
    ///
    /// # Errors
    /// [`SignError::Request`].
    pub(super) fn of(request: &Unsigned<'_>, added: &[(String, String)]) -> Result<Self, SignError> {
        let host = Url::split(request.url)?.host;
        let host = request.headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("host")).then_some(("host", host));
        let added = added.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, value) in request.headers.iter().copied().chain(added).chain(host) {
            if name.is_empty() || !name.bytes().all(is_token) || !value.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b)) {
                return Err(SignError::Request);
            }
            let (name, value) = (name.to_ascii_lowercase(), without_excess_spaces(value));
            match all.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => push(values, &[",", &value]),
                None => all.push((name, value)),
            }
        }
        all.sort_unstable();
        Ok(Self(all))
    }

    /// Their names, as a signature lists them.
    pub(super) fn names(&self) -> String {
        self.0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";")
    }
}

/// What is hashed. `added` are query parameters, not yet encoded.
///
/// # Errors
/// [`SignError::Request`].
pub(super) fn text(
    request: &Unsigned<'_>,
    headers: &SignedHeaders,
    added: &[(String, String)],
    payload: &str,
) -> Result<String, SignError> {
    let url = Url::split(request.url)?;
    let mut text = [request.method, url.path, &query(url.query, added)].join("\n");
    text.push('\n');
    for (name, value) in &headers.0 {
        push(&mut text, &[name, ":", value, "\n"]);
    }
    push(&mut text, &["\n", &headers.names(), "\n", payload]);
    Ok(text)
}

struct Url<'a> {
    /// As the `host` header will say it: without the scheme's own port.
    host: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Url<'a> {
    fn split(url: &'a str) -> Result<Self, SignError> {
        let (scheme, rest) = url.split_once("://").ok_or(SignError::Request)?;
        let own_port = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => return Err(SignError::Request),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.strip_suffix(own_port).unwrap_or(authority);
        // A path that is not encoded would be encoded on the way, behind the signature.
        if host.is_empty() || !url.bytes().all(|b| b.is_ascii_graphic()) || url.contains('#') {
            return Err(SignError::Request);
        }
        Ok(Self { host, path: if path.is_empty() { "/" } else { path }, query })
    }
}

/// What a header's name may be made of: RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Of spaces alone: S3 leaves tabs as they are.
fn without_excess_spaces(value: &str) -> String {
    value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Sorted by what is encoded, first the name, then the value.
fn query(sent: &str, added: &[(String, String)]) -> String {
    let sent = sent.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<(String, String)> = sent.map(|(name, value)| (encoded_anew(name), encoded_anew(value))).collect();
    pairs.extend(added.iter().map(|(name, value)| (encode(name), encode(value))));
    pairs.sort_unstable();
    let mut text = String::new();
    for (index, (name, value)) in pairs.iter().enumerate() {
        push(&mut text, &[if index == 0 { "" } else { "&" }, name, "=", value]);
    }
    text
}

fn encoded_anew(text: &str) -> String {
    encode(&percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy())
}

fn push(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
}
