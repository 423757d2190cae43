//! What a field may be where it is one of a few names: for reading requests and settings, and for the schema of answers.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::quality::LAYOUTS;

/// One of a few names.
pub trait Named: Sized {
    /// All of them.
    const NAMES: &'static [&'static str];

    /// The one of that name, which is among them.
    fn named(name: &'static str) -> Self;

    /// Reads one.
    fn from_name(name: &str) -> Option<Self> {
        among(Self::NAMES, name).map(Self::named)
    }
}

/// The name itself, where it is one of them.
#[inline(never)]
#[must_use]
pub fn among(names: &[&'static str], name: &str) -> Option<&'static str> {
    names.iter().find(|one| **one == name).copied()
}

macro_rules! names {
    ($($(#[$about:meta])* $kind:ident: $names:expr;)*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $kind(pub &'static str);

        impl Named for $kind {
            const NAMES: &'static [&'static str] = &$names;

            fn named(name: &'static str) -> Self {
                Self(name)
            }
        }

        impl JsonSchema for $kind {
            fn schema_name() -> Cow<'static, str> {
                stringify!($kind).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": Self::NAMES })
            }
        }
    )*};
}

names! {
    /// Who may see it: everybody, or its owner and admins.
    Visibility: ["public", "private"];
    /// `live` means that the host publishes, not that a room exists.
    StreamStatus: ["created", "live", "ended"];
    /// Where a stream's recording stands: nobody wants one, or where the newest job stands.
    Progress: ["none", "requested", "starting", "recording", "stopping", "complete", "failed", "aborted", "limit_reached"];
    /// Where a recording's file stands.
    RecordingStatus: ["processing", "ready", "missing", "deleting"];
    /// How a recording's file is made.
    Format: ["mp4", "segments"];
    /// LiveKit's arrangement of the picture.
    Layout: LAYOUTS;
    /// What somebody is in a room.
    Role: ["host", "viewer"];
    /// Whose prices.
    PriceList: ["today", "guide"];
    /// What became of one that was to be deleted.
    Deletion: ["deleted", "deleting", "not_found", "not_owner"];
    /// How far a lasting copy is.
    Copying: ["saved", "saving"];
    /// How far a user is erased.
    Erasure: ["erased", "erasing"];
    /// Whether the database answers.
    Database: ["ok", "unavailable"];
}

impl Visibility {
    /// Everybody sees it.
    pub const PUBLIC: Self = Self("public");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{STATUSES, Status};

    #[test]
    fn a_recording_that_nobody_wants_stands_nowhere_else_where_its_job_does() {
        assert_eq!(Progress::NAMES, [&["none"][..], &STATUSES.map(Status::name)].concat());
    }
}
