//! A bucket as Storj's gateway has one, without the bytes: what an object is made of is known by name, so a copy
//! that was put together wrongly is another object.

use std::collections::{BTreeMap, BTreeSet};

use livekit_storj::http::{Incoming, Outgoing, Unanswered, Unpiped};

/// A piece of an object: `length` bytes of what was first written as `of`, from `from` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub of: String,
    pub from: u64,
    pub length: u64,
}

/// An upload that was begun: its key, and its parts by number.
#[derive(Clone, Debug, Default)]
pub struct Upload {
    pub key: String,
    pub parts: BTreeMap<u64, (String, Vec<Piece>)>,
    expires: Option<i64>,
}

/// Keys with sizes; what is not among `made` is a piece of itself.
#[derive(Default)]
pub struct Bucket {
    pub objects: BTreeMap<String, u64>,
    pub made: BTreeMap<String, Vec<Piece>>,
    /// What a GET of a small object answers.
    pub texts: BTreeMap<String, String>,
    pub uploads: BTreeMap<String, Upload>,
    /// When an object goes by itself.
    pub expires: BTreeMap<String, i64>,
    /// What was deleted by a request.
    pub removed: BTreeSet<String>,
    pub now: i64,
    begun: u64,
}

/// Listed a page, so that folders have several.
const PAGE: usize = 1_000;

fn error(status: u16, code: &str) -> Incoming {
    answer(status, &format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>"))
}

fn answer(status: u16, body: &str) -> Incoming {
    Incoming { status, content_length: Some(body.len() as u64), body: body.as_bytes().to_vec(), ..Incoming::default() }
}

pub fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    text.split(open).skip(1).filter_map(|rest| rest.split_once(close).map(|(inner, _)| inner)).collect()
}

/// The path without the bucket, and the query's parameters, all decoded.
fn target(request: &Outgoing) -> (String, BTreeMap<String, String>) {
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
    let (_, path) = path.split_once("://").unwrap();
    let key = path.split_once('/').unwrap().1.split_once('/').map_or("", |(_, key)| key);
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap());
    (decode(key), pairs.map(|(name, value)| (decode(name), decode(value))).collect())
}

fn header<'a>(request: &'a Outgoing, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

impl Bucket {
    /// What an object is made of.
    pub fn pieces(&self, key: &str) -> Vec<Piece> {
        let whole = || Piece { of: key.to_owned(), from: 0, length: self.objects[key] };
        self.made.get(key).cloned().unwrap_or_else(|| vec![whole()])
    }

    /// Makes an object of pieces; neighbours that belong together become one.
    fn make(&mut self, key: &str, pieces: Vec<Piece>) {
        let mut joined: Vec<Piece> = vec![];
        for piece in pieces {
            match joined.last_mut() {
                Some(last) if last.of == piece.of && last.from + last.length == piece.from => last.length += piece.length,
                _ => joined.push(piece),
            }
        }
        self.expires.remove(key);
        self.objects.insert(key.to_owned(), joined.iter().map(|piece| piece.length).sum());
        self.made.insert(key.to_owned(), joined);
    }

    /// Removes an object.
    pub fn remove(&mut self, key: &str) {
        self.objects.remove(key);
        self.made.remove(key);
        self.expires.remove(key);
    }

    /// Answers a request; `None` for one that is not about keeping or deleting.
    pub fn answer(&mut self, request: &Outgoing) -> Option<Incoming> {
        let (key, query) = target(request);
        let has = |name: &str| query.contains_key(name);
        Some(match request.method {
            "HEAD" => match self.objects.get(&key) {
                Some(size) => Incoming { status: 200, content_length: Some(*size), ..Incoming::default() },
                None => Incoming { status: 404, ..Incoming::default() },
            },
            "GET" if has("list-type") => self.list(&query),
            "GET" if self.objects.contains_key(&key) && self.texts.contains_key(&key) => answer(200, &self.texts[&key]),
            "GET" => match self.read(request) {
                // Only the answer to a look at the first byte is read into memory.
                Ok((status, pieces)) => answer(status, &"x".repeat(pieces.iter().map(|piece| piece.length).sum::<u64>().min(1) as usize)),
                Err(refused) => refused,
            },
            "POST" if has("delete") => self.delete(request),
            "POST" if has("uploads") => {
                self.begun += 1;
                let id = format!("upload+{}", self.begun);
                let seconds = header(request, "x-amz-meta-object-expires").map(|ttl| ttl[1..ttl.len() - 1].parse::<i64>().unwrap());
                let expires = seconds.map(|seconds| self.now + seconds * 1_000);
                self.uploads.insert(id.clone(), Upload { key, expires, ..Upload::default() });
                answer(200, &format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"))
            }
            "POST" if has("uploadId") => self.complete(&key, &query["uploadId"], &String::from_utf8_lossy(&request.body)),
            "DELETE" if has("uploadId") => match self.uploads.remove(&query["uploadId"]) {
                Some(upload) => {
                    assert_eq!(upload.key, key);
                    Incoming { status: 204, ..Incoming::default() }
                }
                None => error(404, "NoSuchUpload"),
            },
            "PUT" if header(request, "x-amz-copy-source").is_some() => {
                let source = header(request, "x-amz-copy-source").unwrap();
                let source = percent_encoding::percent_decode_str(source).decode_utf8().unwrap();
                let from = source.trim_start_matches('/').split_once('/').unwrap().1.to_owned();
                if !self.objects.contains_key(&from) {
                    return Some(error(404, "NoSuchKey"));
                }
                let (pieces, expires) = (self.pieces(&from), self.expires.get(&from).copied());
                self.make(&key, pieces);
                // The gateway takes a copy's expiry from its source.
                self.expires.extend(expires.map(|at| (key, at)));
                answer(200, "<CopyObjectResult><ETag>\"copy\"</ETag></CopyObjectResult>")
            }
            _ => return None,
        })
    }

    fn list(&self, query: &BTreeMap<String, String>) -> Incoming {
        let prefix = &query["prefix"];
        assert!(prefix.ends_with('/'), "{prefix}");
        let after = query.get("continuation-token").cloned().unwrap_or_default();
        let all: Vec<_> = self.objects.iter().filter(|(key, _)| key.starts_with(prefix) && **key > after).collect();
        let page = all.iter().take(PAGE);
        let contents: String = page.map(|(key, size)| format!("<Contents><Key>{key}</Key><Size>{size}</Size></Contents>")).collect();
        let next = all.get(PAGE).map(|_| format!("<NextContinuationToken>{}</NextContinuationToken>", all[PAGE - 1].0));
        let more = next.is_some();
        let next = next.unwrap_or_default();
        answer(200, &format!("<ListBucketResult><IsTruncated>{more}</IsTruncated>{contents}{next}</ListBucketResult>"))
    }

    fn delete(&mut self, request: &Outgoing) -> Incoming {
        assert!(header(request, "content-md5").is_some());
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let keys = between(&body, "<Key>", "</Key>");
        assert!(!keys.is_empty() && keys.len() <= 1_000);
        for key in keys.into_iter().filter(|key| self.objects.contains_key(*key)).map(str::to_owned).collect::<Vec<_>>() {
            self.remove(&key);
            self.removed.insert(key);
        }
        answer(200, "<DeleteResult></DeleteResult>")
    }

    fn complete(&mut self, key: &str, id: &str, body: &str) -> Incoming {
        let Some(upload) = self.uploads.get(id).filter(|upload| upload.key == key).cloned() else {
            return error(404, "NoSuchUpload");
        };
        let (numbers, etags) = (between(body, "<PartNumber>", "</PartNumber>"), between(body, "<ETag>", "</ETag>"));
        let named: Vec<_> = numbers.iter().zip(&etags).map(|(number, etag)| (number.parse().unwrap(), (*etag).to_owned())).collect();
        let taken: Vec<(u64, String)> = upload.parts.iter().map(|(number, (etag, _))| (*number, etag.clone())).collect();
        if named != taken {
            return error(400, "InvalidPart");
        }
        let bytes = |pieces: &[Piece]| pieces.iter().map(|piece| piece.length).sum::<u64>();
        if upload.parts.values().rev().skip(1).any(|(_, pieces)| bytes(pieces) < 5 << 20) {
            return error(400, "EntityTooSmall");
        }
        self.uploads.remove(id);
        self.make(key, upload.parts.into_values().flat_map(|(_, pieces)| pieces).collect());
        self.expires.extend(upload.expires.map(|at| (key.to_owned(), at)));
        answer(200, "<CompleteMultipartUploadResult><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>")
    }

    /// The status and the pieces of a GET.
    fn read(&self, request: &Outgoing) -> Result<(u16, Vec<Piece>), Incoming> {
        let (key, _) = target(request);
        if !self.objects.contains_key(&key) {
            return Err(error(404, "NoSuchKey"));
        }
        let pieces = self.pieces(&key);
        let Some(range) = header(request, "range") else { return Ok((200, pieces)) };
        let (from, to) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
        let (from, to) = (from.parse::<u64>().unwrap(), to.parse::<u64>().unwrap().min(self.objects[&key] - 1));
        if from > to {
            return Err(error(416, "InvalidRange"));
        }
        let (mut at, mut cut) = (0, vec![]);
        for piece in pieces {
            let (begin, end) = (from.max(at), (to + 1).min(at + piece.length));
            if begin < end {
                cut.push(Piece { of: piece.of.clone(), from: piece.from + begin - at, length: end - begin });
            }
            at += piece.length;
        }
        Ok((206, cut))
    }

    /// Pipes as the runtime does.
    pub fn pipe(&mut self, sources: &[Outgoing], length: u64, sink: &Outgoing) -> Result<Incoming, Unpiped> {
        let mut pieces = vec![];
        for (source, request) in sources.iter().enumerate() {
            match self.read(request) {
                Ok((status, found)) if status == request.wanted_status() => pieces.extend(found),
                Ok((status, _)) => return Err(Unpiped::Refused { source, status }),
                Err(refused) => return Err(Unpiped::Refused { source, status: refused.status }),
            }
        }
        if pieces.iter().map(|piece| piece.length).sum::<u64>() != length {
            return Err(Unpiped::Length { source: sources.len().saturating_sub(1) });
        }
        self.take(sink, pieces).map_err(Unpiped::Sink)
    }

    /// A PUT with that body.
    fn take(&mut self, sink: &Outgoing, pieces: Vec<Piece>) -> Result<Incoming, Unanswered> {
        assert_eq!(header(sink, "x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
        let (key, query) = target(sink);
        let etag = format!("\"{:x}\"", pieces.iter().fold(7_u64, |hash, p| hash.wrapping_mul(31).wrapping_add(p.from ^ (p.length << 20))));
        let Some(id) = query.get("uploadId") else {
            self.make(&key, pieces);
            return Ok(Incoming { status: 200, etag: Some(etag), ..Incoming::default() });
        };
        let Some(upload) = self.uploads.get_mut(id) else { return Ok(error(404, "NoSuchUpload")) };
        upload.parts.insert(query["partNumber"].parse().unwrap(), (etag.clone(), pieces));
        Ok(Incoming { status: 200, etag: Some(etag), ..Incoming::default() })
    }
}
