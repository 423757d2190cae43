//! What a field may be where it is one of a few names: for reading requests and settings, for answers and their schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::quality::LAYOUTS;
use crate::shape::ToJson;

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
    ($($(#[$about:meta])* $kind:ident: $($one:ident = $name:literal),+;)*) => {$(
        names!(@kind $(#[$about])* $kind: &[$($name),+]);

        #[allow(missing_docs)]
        impl $kind {
            $(pub const $one: Self = Self($name);)+
        }
    )*};
    (@kind $(#[$about:meta])* $kind:ident: $names:expr) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $kind(&'static str);

        impl $kind {
            /// On the wire and in the database.
            #[must_use]
            pub const fn name(self) -> &'static str {
                self.0
            }
        }

        impl Named for $kind {
            const NAMES: &'static [&'static str] = $names;

            fn named(name: &'static str) -> Self {
                Self(name)
            }
        }

        impl ToJson for $kind {
            fn to_json(&self) -> Value {
                Value::from(self.0)
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
    };
}

names! {
    /// Who may see it: everybody, or its owner and admins.
    Visibility: PUBLIC = "public", PRIVATE = "private";
    /// `live` means that the host publishes, not that a room exists.
    StreamStatus: CREATED = "created", LIVE = "live", ENDED = "ended";
    /// Where a stream's recording stands: nobody wants one, or where the newest job stands
    /// ([`crate::recording::Status`]).
    Progress: NONE = "none", REQUESTED = "requested", STARTING = "starting", RECORDING = "recording", STOPPING = "stopping",
        COMPLETE = "complete", FAILED = "failed", ABORTED = "aborted", LIMIT_REACHED = "limit_reached";
    /// Where a recording's file stands.
    RecordingStatus: PROCESSING = "processing", READY = "ready", MISSING = "missing", DELETING = "deleting";
    /// How a recording's file is made.
    Format: MP4 = "mp4", SEGMENTS = "segments";
    /// What somebody is in a room.
    Role: HOST = "host", VIEWER = "viewer";
    /// Whose prices.
    PriceList: TODAY = "today", GUIDE = "guide";
    /// How far a deletion is.
    Deletion: DELETED = "deleted", DELETING = "deleting";
    /// What became of one of many that were to be deleted.
    Fate: DELETED = "deleted", DELETING = "deleting", NOT_FOUND = "not_found", NOT_OWNER = "not_owner";
    /// How far a lasting copy is.
    Copying: SAVED = "saved", SAVING = "saving";
    /// How far a user is erased.
    Erasure: ERASED = "erased", ERASING = "erasing";
    /// Whether the database answers.
    Database: OK = "ok", UNAVAILABLE = "unavailable";
    /// By whose word something is known.
    Witness: OWNER = "the owner", WEBHOOK = "webhook", LIVEKIT = "LiveKit", LIST = "LiveKit's list", STORJ = "Storj",
        US = "this Worker";
    /// A common issue, by the guide's name of it.
    CommonIssue: NOT_STARTING = "recording_not_starting", FILE_NOT_FOUND = "recording_file_not_found",
        WEBHOOK_NOT_FIRING = "webhook_not_firing";
}

names!(@kind
    /// LiveKit's arrangement of the picture.
    Layout: &LAYOUTS
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::Quality;
    use crate::recording::{STATUSES, Status};

    #[test]
    fn a_recording_that_nobody_wants_stands_nowhere_else_where_its_job_does() {
        assert_eq!(Progress::NAMES, [&["none"][..], &STATUSES.map(Status::name)].concat());
    }

    #[test]
    fn each_quality_is_found_by_its_name() {
        assert_eq!(Quality::NAMES, Quality::ALL.map(Quality::name));
        for quality in Quality::ALL {
            assert_eq!(Quality::from_name(quality.name()), Some(quality));
        }
        assert_eq!(Quality::from_name("8k"), None);
    }
}
