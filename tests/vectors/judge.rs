//! A verifier of Signature Version 4 as Storj's gateway has it (MinIO's `cmd/signature-v4.go` and
//! `cmd/signature-v4-utils.go`): it decodes what was sent and encodes it anew by its own rules, so it
//! shares nothing with the signing side.

use livekit_storj::time::Millis;
use sha2::{Digest as _, Sha256};

use super::tokens::hmac;

/// What arrives at the gateway.
pub(crate) struct Arrived<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    /// Names in lower case, without `host`, which the URL gives.
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

/// The clock's error that the gateway forgives, in milliseconds.
const MAX_SKEW: i64 = 15 * 60 * 1000;

/// Judges a request by the secret of its access key.
pub(crate) fn judge(request: &Arrived<'_>, secret: &str, now: Millis) -> Result<(), &'static str> {
    let (_, rest) = request.url.split_once("://").unwrap();
    let (host, target) = rest.split_once('/').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name, true), decode(value, true)))
        .collect();
    let header = |name: &str| request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let param = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());

    // 1. Where the signature is, and what it says of itself.
    let presigned = param("X-Amz-Credential").is_some();
    let (credential, signed_headers, signature, date, payload) = if presigned {
        if header("authorization").is_some() {
            return Err("two signatures");
        }
        (
            param("X-Amz-Credential").unwrap().to_owned(),
            param("X-Amz-SignedHeaders").unwrap().to_owned(),
            param("X-Amz-Signature").unwrap().to_owned(),
            param("X-Amz-Date").unwrap().to_owned(),
            "UNSIGNED-PAYLOAD".to_owned(),
        )
    } else {
        let text = header("authorization").ok_or("no signature")?;
        let text = text.strip_prefix("AWS4-HMAC-SHA256 ").unwrap();
        let field = |name: &str| {
            let part = text.split(", ").find_map(|part| part.strip_prefix(name)).unwrap();
            part.to_owned()
        };
        let mut hash = hex::encode(Sha256::digest(request.body));
        match header("x-amz-content-sha256") {
            Some("UNSIGNED-PAYLOAD") => "UNSIGNED-PAYLOAD".clone_into(&mut hash),
            Some(claimed) if claimed == hash => {}
            _ => return Err("XAmzContentSHA256Mismatch"),
        }
        let date = header("x-amz-date").ok_or("no date")?.to_owned();
        (field("Credential="), field("SignedHeaders="), field("Signature="), date, hash)
    };

    // 2. The times.
    let iso = format!("{}-{}-{}T{}:{}:{}Z", &date[..4], &date[4..6], &date[6..8], &date[9..11], &date[11..13], &date[13..15]);
    let at = Millis::parse_iso(&iso).unwrap();
    if presigned {
        let expires: i64 = param("X-Amz-Expires").unwrap().parse().unwrap();
        if !(1..=604_800).contains(&expires) {
            return Err("AuthorizationQueryParametersError");
        }
        if now.since(at) < -MAX_SKEW {
            return Err("not valid yet");
        }
        if now.since(at) > expires * 1000 {
            return Err("expired");
        }
    } else if now.since(at).abs() > MAX_SKEW {
        return Err("RequestTimeTooSkewed");
    }

    // 3. The canonical request. Path and query are decoded and encoded anew.
    let path = decode(path, false);
    if path.split('/').any(|segment| matches!(segment.trim(), "." | "..")) {
        return Err("XMinioInvalidResourceName");
    }
    let mut sorted: Vec<&(String, String)> = query.iter().filter(|(name, _)| name != "X-Amz-Signature").collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let canonical_query: Vec<String> = sorted.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    if !signed_headers.split(';').any(|name| name == "host") {
        return Err("AccessDenied: unsigned host");
    }
    let mut canonical_headers = String::new();
    for name in signed_headers.split(';') {
        let value = if name == "host" { Some(host) } else { header(name) };
        let value = value.ok_or("a signed header is missing")?;
        let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        canonical_headers += &format!("{name}:{value}\n");
    }
    let canonical = format!(
        "{}\n/{}\n{}\n{canonical_headers}\n{signed_headers}\n{payload}",
        request.method,
        encode(&path).replace("%2F", "/"),
        canonical_query.join("&"),
    );

    // 4. The signature.
    let (_, scope) = credential.split_once('/').unwrap();
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(canonical.as_bytes())));
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = hmac(&key, part.as_bytes());
    }
    if !scope.ends_with("/s3/aws4_request") || hex::encode(hmac(&key, to_sign.as_bytes())) != signature {
        return Err("SignatureDoesNotMatch");
    }
    Ok(())
}

/// Go's `url.PathUnescape`, or with `plus` its `url.QueryUnescape`.
fn decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
                at += 2;
            }
            b'+' if plus => out.push(b' '),
            other => out.push(other),
        }
        at += 1;
    }
    String::from_utf8(out).unwrap()
}

/// `s3utils.EncodePath` without its `/`, and what `url.Values.Encode` gives with `+` as `%20`.
fn encode(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}
