//! The routes: requests and answers as README lists them, one file a resource.
//!
//! Each handler reads top to bottom: who asks, what for, may they, do it, answer. None of them knows of
//! Workers; [`serve`] is the whole application behind the runtime.

pub mod caller;
pub mod cors;
pub mod cost;
pub mod deletion;
pub mod doctor;
pub mod download;
pub mod egress;
pub mod health;
pub mod input;
pub mod page;
pub mod playlist;
pub mod recordings;
mod rooms;
pub mod saving;
mod search;
pub mod serve;
pub mod signed_link;
pub mod site;
pub mod streams;
pub mod thumbnail;
mod to_record;
pub mod token;
pub mod users;
pub mod viewers;
pub mod views;
pub mod webhook;
pub mod why;

use serde_json::Value;

use crate::shape::ToJson;

/// A request as the runtime brought it. Header names are in lower case.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, still percent-encoded.
    pub path: String,
    /// Without the question mark, still percent-encoded.
    pub query: String,
    /// `https://host` that the caller used.
    pub origin: String,
    /// Every header.
    pub headers: Vec<(String, String)>,
    /// At most what the route reads.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// For which method a link is signed that the request is led to: who only looks is led to a look.
    #[must_use]
    pub fn method_of_link(&self) -> &'static str {
        if self.method == "HEAD" { "HEAD" } else { "GET" }
    }
}

/// An answer, and the work that follows behind it.
#[derive(Debug, Default)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body; `None` for an empty one.
    pub body: Option<Value>,
    /// Headers beside content type, CORS and request id.
    pub headers: Vec<(&'static str, String)>,
    /// A page in place of JSON.
    pub html: Option<Html>,
    /// A text in place of JSON, and its type.
    pub text: Option<(&'static str, String)>,
    /// What is done after the answer.
    pub background: Option<Background>,
}

/// A page: a file of the assets binding, and what is written into it.
#[derive(Debug)]
pub struct Html {
    /// The asset's path.
    pub file: &'static str,
    /// Put before the file's own title, escaped.
    pub title: String,
    /// Put in place of [`HEAD`], as markup.
    pub head: String,
}

/// Where a file of the pages leaves room for [`Html::head`].
pub const HEAD: &str = "<!--head-->";

impl Reply {
    /// A JSON answer.
    #[must_use]
    #[inline(never)]
    pub fn json(status: u16, body: &dyn ToJson) -> Self {
        Self { status, body: Some(body.to_json()), ..Self::default() }
    }
}

/// Work behind an answer, for one stream unless it says otherwise. All of it is also found by the schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Background {
    /// Bring it where it should be.
    Tend(String),
    /// The same, after a look at LiveKit's room.
    Look(String),
    /// The same, looking for up to 25 s until the host publishes.
    AwaitHost(String),
    /// Go on with the lasting copy of this recording.
    Save(String),
}
