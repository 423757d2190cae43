//! What the parameters of queries may be.

use schemars::JsonSchema;
use serde_json::Value;

use super::Field;
use super::fields::text;
use crate::api::page;
use crate::error::Error;
use crate::prices::millionths;
use crate::store::lists::After;
use crate::time::Millis;

/// The longest page.
const MOST_ROWS: i64 = 100;
/// A page when nobody says.
const ROWS: i64 = 20;
/// As long as the longest title.
const MOST_WORDS_CHARS: usize = 200;
/// More than anybody records in a month, and still far from 2^53 in every figure.
const MOST_HOURS: i64 = 100_000;
/// People who watch every recording whole, likewise.
const MOST_VIEWERS: i64 = 10_000;
/// ISO 8601, as [`Millis::parse_iso`] takes it.
const TIME: &str = r"^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$";

/// A yes or no.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("enum" = ["true", "false", "1", "0"], "default" = "false"))]
pub struct Flag(#[schemars(with = "String")] pub bool);

impl Field for Flag {
    const REQUIRED: bool = false;

    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        match text(name, given)? {
            "true" | "1" => Ok(Self(true)),
            "false" | "0" => Ok(Self(false)),
            _ => Err(Error::invalid(format!("`{name}` is true or false"))),
        }
    }

    fn absent(_: &str) -> Result<Self, Error> {
        Ok(Self(false))
    }
}

/// The longest page.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("minimum" = 1, "maximum" = MOST_ROWS, "default" = ROWS))]
pub struct Limit(pub i64);

impl Field for Limit {
    const REQUIRED: bool = false;

    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let rows = text(name, given)?.parse().ok().filter(|n| (1..=MOST_ROWS).contains(n));
        rows.map(Self).ok_or_else(|| Error::invalid(format!("`{name}` is a number from 1 to {MOST_ROWS}")))
    }

    fn absent(_: &str) -> Result<Self, Error> {
        Ok(Self(ROWS))
    }
}

/// Where a page begins. It can be read once it is known of which list.
#[derive(Debug, JsonSchema)]
#[schemars(inline)]
pub struct Cursor(String);

impl Cursor {
    /// The row that the page comes after, in the list with that `mark`.
    ///
    /// # Errors
    /// 400 for anything that was not written for this list.
    pub fn after(&self, mark: &str) -> Result<After, Error> {
        page::after(&self.0, mark)
    }
}

impl Field for Cursor {
    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        text(name, given).map(|text| Self(text.to_owned()))
    }
}

/// A time.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("pattern" = TIME))]
pub struct Moment(#[schemars(with = "String")] pub Millis);

impl Field for Moment {
    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let time = Millis::parse_iso(text(name, given)?);
        time.map(Self).ok_or_else(|| Error::invalid(format!("`{name}` is an ISO 8601 time such as 2026-11-23T01:30:00Z")))
    }
}

/// What is looked for.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("maxLength" = MOST_WORDS_CHARS))]
pub struct Words(pub String);

impl Field for Words {
    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let words = text(name, given)?.trim();
        if words.chars().count() > MOST_WORDS_CHARS {
            return Err(Error::invalid(format!("`{name}` takes at most {MOST_WORDS_CHARS} characters")));
        }
        Ok(Self(words.to_owned()))
    }
}

/// Hours of recording, in millionths of an hour.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("exclusiveMinimum" = 0, "maximum" = MOST_HOURS, "default" = 1))]
pub struct Hours(#[schemars(with = "f64")] pub i64);

impl Hours {
    /// As they are written: `100`, `0.5`.
    #[must_use]
    pub fn text(&self) -> String {
        let digits = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        digits.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

impl Field for Hours {
    const REQUIRED: bool = false;

    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let hours = millionths(text(name, given)?).filter(|hours| (1..=MOST_HOURS * 1_000_000).contains(hours));
        hours.map(Self).ok_or_else(|| {
            Error::invalid(format!("`{name}` is a number above 0, up to {MOST_HOURS}, with at most 6 digits after the point"))
        })
    }

    fn absent(_: &str) -> Result<Self, Error> {
        Ok(Self(1_000_000))
    }
}

/// How many watch every recording whole.
#[derive(Debug, JsonSchema)]
#[schemars(inline, extend("minimum" = 0, "maximum" = MOST_VIEWERS, "default" = 0))]
pub struct Viewers(pub i64);

impl Field for Viewers {
    const REQUIRED: bool = false;

    fn of(name: &str, given: &Value) -> Result<Self, Error> {
        let viewers = text(name, given)?.parse().ok().filter(|viewers| (0..=MOST_VIEWERS).contains(viewers));
        viewers.map(Self).ok_or_else(|| {
            Error::invalid(format!("`{name}` is a whole number from 0 to {MOST_VIEWERS}: who watches every recording whole"))
        })
    }

    fn absent(_: &str) -> Result<Self, Error> {
        Ok(Self(0))
    }
}
