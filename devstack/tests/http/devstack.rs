//! Starts a devstack on free ports and speaks to it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use axum::http::{HeaderMap, Request};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use livekit_api::access_token::{AccessToken, VideoGrants};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) const KEY: &str = "devkey";
pub(crate) const SECRET: &str = "devsecret-0123456789abcdef0123456789abcdef";
pub(crate) const FULL: (&str, &str) = ("devaccess", "devsecretdevsecretdevsecretdevsecret");
pub(crate) const ADD_ONLY: (&str, &str) = ("addonly", "addsecretaddsecret");

/// A devstack that ends with this value.
pub(crate) struct Devstack {
    child: Child,
    pub(crate) livekit: String,
    pub(crate) s3: String,
}

impl Drop for Devstack {
    fn drop(&mut self) {
        // It ends with its input, and takes its objects along; killed, it would leave them.
        drop(self.child.stdin.take());
        let since = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && since.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Devstack {
    /// Twenty times faster than LiveKit, plus these flags.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_devstack"))
            .args(["--livekit", "127.0.0.1:0", "--s3", "127.0.0.1:0", "--with-parent"])
            .args(["--speed", "20", "--write-only-key"])
            .arg(format!("{}:{}", ADD_ONLY.0, ADD_ONLY.1))
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["ready"], true);
        let url = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        Self { livekit: url("livekit"), s3: url("s3"), child }
    }

    /// A Twirp call with a token.
    pub(crate) async fn call(&self, method: &str, grants: VideoGrants, body: Value) -> Answer {
        self.try_call(method, grants, body).await.expect("an answer")
    }

    /// The same; `None` when the connection ends without an answer.
    pub(crate) async fn try_call(&self, method: &str, grants: VideoGrants, body: Value) -> Option<Answer> {
        let token = token("server", grants);
        let request = Request::post(format!("{}/twirp/livekit.{method}", self.livekit))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        try_send(request, body.to_string()).await
    }

    /// Changes `/dev/faults`; answers the set.
    pub(crate) async fn faults(&self, change: Value) -> Value {
        let answer = self.post("/dev/faults", change).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub(crate) async fn egresses(&self) -> Vec<Value> {
        self.get("/dev/state").await["egresses"].as_array().unwrap().clone()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let request = Request::post(format!("{}{path}", self.livekit));
        send(request.header("content-type", "application/json"), body.to_string()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        send(Request::get(format!("{}{path}", self.livekit)), "").await.json()
    }

    pub(crate) async fn join(&self, room: &str, identity: &str, publish: bool) -> Answer {
        let token = token(identity, joins(room));
        self.post("/dev/join", json!({"token": token, "publish": publish})).await
    }

    /// A request that this stand-in records into its neighbour.
    pub(crate) fn composite(&self, room: &str, key: &str) -> Value {
        json!({"room_name": room, "layout": "grid", "preset": "H264_720P_30", "file_outputs": [{
            "file_type": "MP4", "filepath": key, "disable_manifest": true, "s3": {
                "endpoint": self.s3, "bucket": "recordings", "region": "us-east-1",
                "access_key": FULL.0, "secret": FULL.1, "force_path_style": true}}]})
    }

    /// The same with segments of 6 s beside it, in the folder `x`.
    pub(crate) fn composite_with_segments(&self, room: &str, s3_key: (&str, &str)) -> Value {
        let mut request = self.composite(room, "x.mp4");
        let mut s3 = request["file_outputs"][0]["s3"].clone();
        s3["access_key"] = json!(s3_key.0);
        s3["secret"] = json!(s3_key.1);
        request["file_outputs"][0]["s3"] = s3.clone();
        request["segment_outputs"] = json!([{"protocol": "HLS_PROTOCOL", "filename_prefix": "x/s", "playlist_name": "x/index.m3u8",
            "segment_duration": 6, "disable_manifest": true, "s3": s3}]);
        request
    }

    /// Waits until the bucket has these objects and no others.
    pub(crate) async fn wait_for_objects(&self, keys: &[&str]) {
        let mut found = Vec::new();
        for _ in 0..250 {
            found = self.keys().await;
            if found == keys {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{found:?} instead of {keys:?}");
    }

    pub(crate) async fn keys(&self) -> Vec<String> {
        let objects = self.get("/dev/s3").await["objects"].clone();
        objects.as_array().unwrap().iter().map(|object| object["key"].as_str().unwrap().to_owned()).collect()
    }

    /// An object's bytes.
    pub(crate) async fn object(&self, key: &str) -> Bytes {
        let path = format!("/recordings/{key}");
        let answer = self.s3(FULL, crate::storage::bare("GET", &path)).await;
        assert_eq!(answer.status, 200, "{key}: {}", answer.text());
        answer.body
    }

    pub(crate) async fn start_egress(&self, body: Value) -> Answer {
        self.call("Egress/StartRoomCompositeEgress", records(), body).await
    }

    pub(crate) async fn stop_egress(&self, id: &str) -> Answer {
        self.call("Egress/StopEgress", records(), json!({"egress_id": id})).await
    }

    /// A signed request to the S3 server; `path` is sent as it is.
    pub(crate) async fn s3(&self, key: (&str, &str), request: S3<'_>) -> Answer {
        let body = request.body.clone();
        self.s3_signed(key, request, SignableBody::Bytes(&body)).await
    }

    /// The same with this text in `x-amz-content-sha256`, whatever the body is.
    pub(crate) async fn s3_with_hash(&self, key: (&str, &str), request: S3<'_>, hash: &str) -> Answer {
        self.s3_signed(key, request, SignableBody::Precomputed(hash.to_owned())).await
    }

    async fn s3_signed(&self, key: (&str, &str), request: S3<'_>, body: SignableBody<'_>) -> Answer {
        let url = format!("{}{}", self.s3, request.path);
        let headers = request.headers.iter().copied();
        let signable = SignableRequest::new(request.method, &url, headers.clone(), body).unwrap();
        let mut settings = settings();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let signed = signed_pairs(signable, settings, key, SystemTime::now());
        let mut http = Request::builder().method(request.method).uri(&url);
        for (name, value) in headers {
            http = http.header(name, value);
        }
        for (name, value) in &signed {
            http = http.header(name, value);
        }
        if request.body.is_empty() && request.method == "PUT" {
            // The client leaves it out then.
            http = http.header("content-length", "0");
        }
        send(http, request.body.clone()).await
    }

    /// PUTs without a Content-Length, which no client library does willingly; the answer's text.
    pub(crate) async fn put_chunked(&self, url: &str, body: &str) -> String {
        let (authority, path) = url.trim_start_matches("http://").split_once('/').expect("a path in the URL");
        let request = format!(
            "PUT /{path} HTTP/1.1\r\nHost: {authority}\r\nTransfer-Encoding: chunked\r\n\
             Connection: close\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(authority).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) async fn put(&self, key: (&str, &str), path: &str, body: &str) -> Answer {
        let body = Bytes::from(body.to_owned());
        self.s3(key, S3 { method: "PUT", path, body, headers: &[] }).await
    }

    /// A presigned URL, made by another signer than the one that checks it.
    pub(crate) fn presigned(&self, method: &str, path: &str, seconds: u64, at: SystemTime) -> String {
        let url = format!("{}{path}", self.s3);
        let none = std::iter::empty();
        let signable = SignableRequest::new(method, &url, none, SignableBody::UnsignedPayload).unwrap();
        let mut settings = settings();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(seconds));
        let pairs = signed_pairs(signable, settings, FULL, at);
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let separator = if path.contains('?') { '&' } else { '?' };
        format!("{url}{separator}{}", query.join("&"))
    }
}

/// What a signed request consists of.
pub(crate) struct S3<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: Bytes,
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

pub(crate) fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings
}

pub(crate) fn signed_pairs(
    signable: SignableRequest<'_>,
    settings: SigningSettings,
    key: (&str, &str),
    at: SystemTime,
) -> Vec<(String, String)> {
    let in_query = settings.expires_in.is_some();
    let identity = Credentials::new(key.0, key.1, None, None, "test").into();
    let parameters =
        v4::SigningParams::builder().identity(&identity).region("us-east-1").name("s3").time(at).settings(settings).build().unwrap().into();
    let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
    if in_query {
        instructions.params().iter().map(|(n, v)| ((*n).to_owned(), v.to_string())).collect()
    } else {
        instructions.headers().map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
    }
}

/// Sends anything.
pub(crate) async fn send(request: axum::http::request::Builder, body: impl Into<Bytes>) -> Answer {
    try_send(request, body).await.expect("an answer")
}

/// `None` when the connection ends without an answer.
pub(crate) async fn try_send(request: axum::http::request::Builder, body: impl Into<Bytes>) -> Option<Answer> {
    let client = Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build_http::<Full<Bytes>>();
    let response = client.request(request.body(Full::new(body.into())).unwrap()).await.ok()?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Some(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

pub(crate) async fn get_url(url: &str) -> Answer {
    send(Request::get(url), "").await
}

pub(crate) fn token(identity: &str, grants: VideoGrants) -> String {
    AccessToken::with_api_key(KEY, SECRET).with_identity(identity).with_grants(grants).to_jwt().unwrap()
}

pub(crate) fn joins(room: &str) -> VideoGrants {
    VideoGrants { room_join: true, room: room.to_owned(), ..Default::default() }
}

pub(crate) fn records() -> VideoGrants {
    VideoGrants { room_record: true, ..Default::default() }
}

pub(crate) fn creates() -> VideoGrants {
    VideoGrants { room_create: true, ..Default::default() }
}

pub(crate) fn administers(room: &str) -> VideoGrants {
    VideoGrants { room_admin: true, room: room.to_owned(), ..Default::default() }
}
