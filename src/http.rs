//! A request to LiveKit, Storj or a key server as plain data, and what came back. No I/O.

/// The longest answer that is read from an outside service. LiveKit's longest list (1,000 egresses
/// of about 2 kB) fits; more is an error, for a Worker has 128 MB in all.
pub const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// A request that the shell sends as it is: nothing is added that a signature does not cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// `GET`, `PUT`, `POST`, `HEAD`, `DELETE`.
    pub method: &'static str,
    /// The whole URL, percent-encoded as it was signed.
    pub url: String,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// Empty for none.
    pub body: Vec<u8>,
    /// After so many milliseconds without a whole answer the outcome is unknown.
    pub timeout_ms: u32,
}

impl Outgoing {
    /// The status that a whole answer of it has: 206 where it asks for a range, else 200.
    #[must_use]
    pub fn wanted_status(&self) -> u16 {
        if self.headers.iter().any(|(name, _)| name == "range") { 206 } else { 200 }
    }
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// The HTTP status.
    pub status: u16,
    /// `content-length` where it was there and a number: a HEAD has no other word about a size.
    pub content_length: Option<u64>,
    /// `etag`: the only word about a part that was uploaded.
    pub etag: Option<String>,
    /// The body, at most [`MAX_ANSWER_BYTES`].
    pub body: Vec<u8>,
}

/// Why there is no answer. In every case the other side may or may not have acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Nothing within the time-out.
    Timeout,
    /// The connection failed or broke.
    Network,
    /// The answer was longer than [`MAX_ANSWER_BYTES`].
    TooLong,
}

/// Why what was to be piped has no answer. But for [`Unpiped::Sink`] the sink did not act: it never got a
/// whole body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpiped {
    /// The source of that number answered another status than [`Outgoing::wanted_status`].
    Refused {
        /// Counted from 0.
        source: usize,
        /// What it answered.
        status: u16,
    },
    /// The source of that number, or all up to it, are of another length than was said.
    Length {
        /// Counted from 0.
        source: usize,
    },
    /// The source of that number did not answer, or broke off; or the sink did, before it had it all.
    Broken {
        /// Counted from 0.
        source: usize,
    },
    /// The sink has the whole body and gave no answer: it may or may not have acted.
    Sink(Unanswered),
}
