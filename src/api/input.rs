//! What requests bring, body or query: read strictly into structs that say what they take, refused with the field's name
//! and the limit.

mod fields;
mod parameters;
mod participant;

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value};

pub use fields::{Change, Description, Ids, RoomName, StreamId, Title};
pub use parameters::{Cursor, Flag, Hours, Limit, Moment, Viewers, Words};
pub use participant::{Attributes, Metadata, NotTaken, ParticipantName};

use super::Request;
use crate::error::Error;
use crate::json::{self, Fault};

/// Declares what a request brings: structs, each member with the name that it is given under, or with several, of which a
/// request gives one. The members are read in this order; any other name is refused. `openapi.json` has their schema.
#[macro_export]
macro_rules! input {
    ($(
        $(#[doc = $about:literal])*
        pub struct $kind:ident { $($(#[doc = $of:literal])* $($name:literal)|+ => $member:ident: $type:ty,)* }
    )*) => {$(
        $(#[doc = $about])*
        #[derive(Debug)]
        pub struct $kind { $($(#[doc = $of])* pub $member: $type,)* }

        impl $crate::api::input::Input for $kind {
            const NAME: &'static str = stringify!($kind);
            const ABOUT: &'static str = concat!($($about),*);
            const NAMES: &'static [&'static str] = &[$($($name,)+)*];

            fn read(given: &$crate::api::input::Given) -> Result<Self, $crate::error::Error> {
                Ok(Self { $($member: given.field(&[$($name),+])?,)* })
            }

            fn members(schemas: &mut schemars::SchemaGenerator) -> Vec<$crate::api::input::Member> {
                vec![$($crate::api::input::Member {
                    names: &[$($name),+],
                    about: concat!($($of),*),
                    required: <$type as $crate::api::input::Field>::REQUIRED,
                    schema: <$type as schemars::JsonSchema>::json_schema(schemas),
                },)*]
            }
        }
    )*};
}

/// What is declared by [`input!`].
pub trait Input: Sized {
    /// Its own name, for `openapi.json`.
    const NAME: &'static str;
    /// For people, likewise.
    const ABOUT: &'static str;
    /// Every name that it takes.
    const NAMES: &'static [&'static str];

    /// Reads it.
    ///
    /// # Errors
    /// 400 naming the field and the limit.
    fn read(given: &Given) -> Result<Self, Error>;

    /// What it takes, for `openapi.json`.
    fn members(schemas: &mut SchemaGenerator) -> Vec<Member>;
}

/// A query that takes nothing.
#[derive(Debug)]
pub struct Nothing;

impl Input for Nothing {
    const NAME: &'static str = "Nothing";
    const ABOUT: &'static str = "";
    const NAMES: &'static [&'static str] = &[];

    fn read(_: &Given) -> Result<Self, Error> {
        Ok(Self)
    }

    fn members(_: &mut SchemaGenerator) -> Vec<Member> {
        vec![]
    }
}

/// A member of an [`Input`].
#[derive(Debug)]
pub struct Member {
    /// The name that it is given under; each other one means the same.
    pub names: &'static [&'static str],
    /// For people.
    pub about: &'static str,
    /// Whether a request without it is refused.
    pub required: bool,
    /// What it may be.
    pub schema: Schema,
}

/// What a member is read into.
pub trait Field: Sized {
    /// Whether a request without it is refused.
    const REQUIRED: bool = true;

    /// Reads what is given, which is not `null`. In a query everything is a text, and not an empty one.
    ///
    /// # Errors
    /// 400 naming the field and the limit.
    fn of(name: &str, given: &Value) -> Result<Self, Error>;

    /// What it is where it is left out.
    ///
    /// # Errors
    /// 400 naming the field.
    fn absent(name: &str) -> Result<Self, Error> {
        Err(missing(name))
    }

    /// What it is where `null` is given: as good as left out.
    ///
    /// # Errors
    /// 400 naming the field.
    fn null(name: &str) -> Result<Self, Error> {
        Self::absent(name)
    }
}

#[inline(never)]
fn missing(name: &str) -> Error {
    Error::invalid(format!("`{name}` is missing"))
}

/// What a request gives, by its names.
#[derive(Debug)]
pub struct Given(Map<String, Value>);

impl Given {
    /// Reads the field that is given under one of these names.
    ///
    /// # Errors
    /// 400 if it is given under several, and what its type refuses.
    pub fn field<T: Field>(&self, names: &[&str]) -> Result<T, Error> {
        match self.find(names)? {
            None => T::absent(names.first().copied().unwrap_or_default()),
            Some((name, Value::Null)) => T::null(name),
            Some((name, value)) => T::of(name, value),
        }
    }

    #[inline(never)]
    fn find(&self, names: &[&str]) -> Result<Option<(&str, &Value)>, Error> {
        let mut given = self.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
        match (given.next(), given.next()) {
            (Some((one, _)), Some((other, _))) => {
                Err(Error::invalid(format!("`{one}` is given twice")).hint(format!("`{other}` is the same field: send one of them")))
            }
            (one, _) => Ok(one.map(|(name, value)| (name.as_str(), value))),
        }
    }
}

/// Reads a JSON body.
///
/// # Errors
/// 415 for another content type, 400 for an empty body, for what is no JSON object, and for a field that
/// is not known, there twice or not what it may be; each names what to do.
pub fn body<T: Input>(request: &Request) -> Result<T, Error> {
    T::read(&body_of(request, T::NAMES)?)
}

#[inline(never)]
fn body_of(request: &Request, known: &[&str]) -> Result<Given, Error> {
    let content_type = request.header("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.is_empty() && !essence.eq_ignore_ascii_case("application/json") {
        return Err(
            Error::new(415, "unsupported_content_type", "the body has to be JSON").hint("send the header `Content-Type: application/json`")
        );
    }
    let example = "send a JSON object such as {\"roomName\":\"…\"}";
    if request.body.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::invalid("the body is empty").hint(example));
    }
    let fields = json::members(&request.body).map_err(|fault| match fault {
        Fault::Syntax(error) => Error::new(400, "invalid_json", format!("the body is not JSON: {error}")),
        Fault::NoObject => Error::invalid("the body is not a JSON object").hint(example),
        Fault::Twice(name) => Error::invalid(format!("`{name}` is given twice")),
    })?;
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Error::invalid(format!("unknown field `{name}`, expected one of `{}`", known.join("`, `")))),
        None => Ok(Given(fields)),
    }
}

/// Reads a query string. An empty parameter is as good as none.
///
/// # Errors
/// 400 for a parameter that is not known, there twice or not what it may be.
pub fn query<T: Input>(request: &Request) -> Result<T, Error> {
    T::read(&query_of(request, T::NAMES)?)
}

#[inline(never)]
fn query_of(request: &Request, known: &[&str]) -> Result<Given, Error> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8().map(std::borrow::Cow::into_owned).ok()
    };
    let mut read = Map::new();
    for pair in request.query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decode(name), decode(value)) else {
            return Err(Error::invalid("a query parameter is not percent-encoded UTF-8"));
        };
        if !known.contains(&name.as_str()) {
            return Err(
                Error::invalid(format!("unknown query parameter `{name}`")).hint(format!("this address takes {}", known.join(", ")))
            );
        }
        if read.contains_key(&name) {
            return Err(Error::invalid(format!("`{name}` is given twice")));
        }
        if !value.is_empty() {
            read.insert(name, Value::String(value));
        }
    }
    Ok(Given(read))
}

#[cfg(test)]
mod tests;
