//! The upload of a recording: one real, signed PUT to whatever S3 server the request named.
//!
//! Path style, SigV4 in the headers, Content-Length, no checksums of newer SDKs (Storj refuses
//! them). As LiveKit does, five tries on 5xx and when nobody answers, none after a refusal.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use axum::http::Request;
use bytes::Bytes;
use http_body_util::Full;
use livekit_protocol::S3Upload;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::http_client::{Answer, HttpClient};
use crate::pace::Pace;

/// Everything but these is percent-encoded in a path; a laxer set gives 403 on Storj.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// Waits before the tries, in LiveKit's seconds; seen: lost after 13 s.
const WAITS: [f64; 5] = [0.0, 1.0, 2.0, 4.0, 5.0];

/// No server is waited for longer than this, in real seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// An object to be written.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    pub(crate) storage: &'a S3Upload,
    pub(crate) key: &'a str,
    pub(crate) content_type: &'static str,
    pub(crate) content: Bytes,
}

impl Object<'_> {
    /// As LiveKit reports it: https whatever the endpoint, the key percent-encoded.
    pub(crate) fn location(&self) -> String {
        let url = self.url();
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        format!("https://{rest}")
    }

    fn url(&self) -> String {
        let (endpoint, bucket) = (&self.storage.endpoint, &self.storage.bucket);
        format!("{endpoint}/{bucket}/{}", utf8_percent_encode(self.key, PATH))
    }

    /// Writes it; the error is the text that LiveKit's `egress_ended` carries.
    pub(crate) async fn put(&self, client: &HttpClient, pace: Pace) -> Result<(), String> {
        let mut last = String::new();
        for wait in WAITS {
            pace.sleep(wait).await;
            let sent = tokio::time::timeout(PATIENCE, client.send(self.request()?)).await;
            last = match sent {
                Ok(Ok(answer)) if answer.status < 300 => return Ok(()),
                Ok(Ok(answer)) if answer.status < 500 && answer.status != 429 => {
                    return Err(refused(&answer));
                }
                Ok(Ok(answer)) => refused(&answer),
                Ok(Err(reason)) => self.unreachable(&reason),
                Err(_) => self.unreachable("deadline exceeded"),
            };
        }
        Err(last)
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, String> {
        let url = self.url();
        let headers = self.headers();
        let signed = self.signature(&url, &headers)?;
        let mut request = Request::put(&url);
        for (name, value) in headers.iter().chain(&signed) {
            request = request.header(name, value);
        }
        request.body(Full::from(self.content.clone())).map_err(|error| error.to_string())
    }

    fn headers(&self) -> Vec<(String, String)> {
        let disposition = match self.storage.content_disposition.as_str() {
            "" => "inline",
            given => given,
        };
        let mut headers =
            vec![("content-type".to_owned(), self.content_type.to_owned()), ("content-disposition".to_owned(), disposition.to_owned())];
        if !self.storage.tagging.is_empty() {
            headers.push(("x-amz-tagging".to_owned(), self.storage.tagging.clone()));
        }
        for (name, value) in &self.storage.metadata {
            headers.push((format!("x-amz-meta-{}", name.to_ascii_lowercase()), value.clone()));
        }
        headers
    }

    /// The headers that the signature adds.
    fn signature(&self, url: &str, headers: &[(String, String)]) -> Result<Vec<(String, String)>, String> {
        let storage = self.storage;
        let token = Some(storage.session_token.clone()).filter(|token| !token.is_empty());
        let identity = Credentials::new(&storage.access_key, &storage.secret, token, None, "request").into();
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let region = if storage.region.is_empty() { "us-east-1" } else { &storage.region };
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("s3")
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = SignableBody::Bytes(&self.content);
        let signable = SignableRequest::new("PUT", url, headers, body).map_err(|error| error.to_string())?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| error.to_string())?.into_parts();
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn unreachable(&self, reason: &str) -> String {
        format!(
            "S3 upload failed: err: operation error S3: PutObject, exceeded maximum number of \
             attempts, 5, https response error StatusCode: 0, RequestID: , HostID: , request send \
             failed, Put \"{}\": {reason}",
            self.url()
        )
    }
}

/// The AWS SDK's words for an answer that is an error.
fn refused(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let code = xml_element(&text, "Code").unwrap_or("Unknown");
    let message = xml_element(&text, "Message").unwrap_or_default();
    let status = answer.status;
    format!(
        "S3 upload failed: err: operation error S3: PutObject, https response error StatusCode: \
         {status}, RequestID: , HostID: , api error {code}: {message}, status code: {status}"
    )
}

fn xml_element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(value, _)| value)
}
