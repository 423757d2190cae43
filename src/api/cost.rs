//! `GET /api/estimate` and `GET /api/usage`: what recordings will cost, and what they did.

use serde_json::Value;

use super::{Reply, Request, input};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::object;
use crate::ports::{Desk, Ports};
use crate::prices::{Bill, GB, Line, Prices, Used, dollars, millionths, minutes};
use crate::quality::Quality;
use crate::store::usage::{self, Month};

/// More than anybody records in a month, and still far from 2^53 in every figure.
const MOST_HOURS: i64 = 100_000;
/// People who watch every recording whole, likewise.
const MOST_VIEWERS: i64 = 10_000;
/// Ten years.
const MOST_MONTHS: i64 = 120;

const ROUNDING: &str = "LiveKit rounds each recording up to a whole minute: short ones cost up to a minute more than their length.";
const THIRTY_DAYS: &str = "Storj bills an object for at least 30 days and for at least 50 kB, and rounds up to a whole GB once a month.";
const SAFETY_COPY: &str = "The safety copy goes once the MP4 is verified, and is billed for its 30 days; SAFETY_COPY=off does without.";
const LIVE_VIEWERS: &str = "Watching live is not in it: LiveKit bills its connection minutes and traffic by themselves.";

/// `GET /api/estimate`: a month of so many hours, line by line.
///
/// # Errors
/// 400 naming the parameter and its limit.
pub fn estimate<P: Ports>(desk: &Desk<'_, P>, request: &Request) -> Result<Reply, Error> {
    let query = input::query(request, &["hours", "quality", "viewers", "prices"])?;
    let given = |name| input::parameter(&query, name);
    let hours = given("hours").unwrap_or("1");
    let duration_ms = millionths(hours)
        .filter(|hours| (1..=MOST_HOURS * 1_000_000).contains(hours))
        // An hour is 3.6 million milliseconds.
        .map(|hours| hours * 18 / 5)
        .ok_or_else(|| Error::invalid(format!("`hours` is a number above 0, up to {MOST_HOURS}, with at most 6 digits after the point")))?;
    let viewers: i64 =
        given("viewers").map_or(Ok(0), str::parse).ok().filter(|viewers| (0..=MOST_VIEWERS).contains(viewers)).ok_or_else(|| {
            Error::invalid(format!("`viewers` is a whole number from 0 to {MOST_VIEWERS}: who watches every recording whole"))
        })?;
    let prices = match given("prices") {
        None | Some("today") => desk.config.prices,
        Some("guide") => Prices::guide(),
        Some(_) => return Err(Error::invalid("`prices` is today or guide")),
    };
    let is_guide = prices.name == "guide";
    let quality = match given("quality") {
        Some(name) => Quality::from_name(name).ok_or_else(|| Error::invalid("`quality` is 720p, 1080p or 4k"))?,
        // The guide prices an "HD recording", and only that fits its table.
        None if is_guide => Quality::Hd,
        None => desk.config.default_quality,
    };

    let stored_bytes = quality.estimated_bytes(false, duration_ms);
    // The guide knows of no safety copy.
    let copied_bytes = if desk.config.safety_copy && !is_guide { stored_bytes } else { 0 };
    let used = Used { minutes: minutes(duration_ms), stored_bytes, copied_bytes, egress_bytes: stored_bytes * viewers };
    let bill = prices.bill(&used);
    let mut notes = vec![ROUNDING.to_owned(), LIVE_VIEWERS.to_owned()];
    if is_guide {
        notes.extend([Quality::Hd, Quality::FullHd, Quality::UltraHd].map(|quality| fits(&prices, quality, hours, duration_ms)));
    } else {
        notes.push(THIRTY_DAYS.to_owned());
        if copied_bytes > 0 {
            notes.push(SAFETY_COPY.to_owned());
        }
    }
    let answer = object!({
        "prices": prices.name,
        "hours": hundredths(duration_ms),
        "quality": quality.name(),
        "viewers": viewers,
        "storedBytes": stored_bytes,
        "notes": notes,
        "sources": sources(&prices),
    });
    Ok(Reply::json(200, with_bill(answer, &bill)))
}

/// Whether so many hours fit into what the guide calls free.
fn fits(prices: &Prices, quality: Quality, hours: &str, duration_ms: i64) -> String {
    let tenths = quality.estimated_bytes(false, duration_ms) / (GB / 10);
    let (name, free) = (quality.name(), prices.free_gb);
    let verdict = if tenths > free * 10 { "does not fit" } else { "fits" };
    format!("{hours} h at {name} is {}.{} GB: that {verdict} into the guide's free {free} GB.", tenths / 10, tenths % 10)
}

/// `GET /api/usage`: month by month, the newest first.
///
/// # Errors
/// 401, 403 for who is no admin, 503.
pub async fn usage<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, request: &Request) -> Result<Reply, Error> {
    caller.user_id().ok_or_else(Error::sign_in)?;
    if !caller.is_admin() {
        return Err(Error::admins_only());
    }
    input::query(request, &[])?;
    let results = desk.batch(batch![usage::months(MOST_MONTHS, desk.now())]).await?;
    let rows: Vec<Month> = desk.rows(&results, 0)?;
    let prices = desk.config.prices;
    // What was not removed in the months before is stored in each later one too, until the month in which it goes.
    let (mut stored_before, mut kept_before) = (0, 0);
    let mut months: Vec<Value> = Vec::new();
    for row in rows.iter().rev() {
        let stored_bytes = stored_before + row.added_bytes;
        let used = Used { minutes: row.minutes, stored_bytes, copied_bytes: row.copied_bytes, egress_bytes: row.downloaded_bytes };
        stored_before = stored_bytes - row.removed_bytes;
        kept_before += row.kept_bytes;
        let month = object!({
            "month": row.month.as_str(),
            "recordings": row.recordings,
            "hoursRecorded": hundredths(row.recorded_ms),
            "minutesBilled": row.minutes,
            "bytesAdded": row.added_bytes,
            "bytesOfSafetyCopies": row.copied_bytes,
            "bytesKept": kept_before,
            "downloads": row.downloads,
            "bytesDownloaded": row.downloaded_bytes,
        });
        months.insert(0, with_bill(month, &prices.bill(&used)));
    }
    let notes = [
        "A recording counts in the month in which it began, with its copies. Costs are estimates at today's prices.",
        "A safety copy is taken to be as large as its recording.",
        "Downloads are those that this Worker gave a link for, each counted whole. What is watched goes from Storj to the viewer: only Storj's bill has it.",
        THIRTY_DAYS,
    ];
    Ok(Reply::json(
        200,
        object!({
            "months": months,
            "bytesKept": kept_before,
            "prices": prices.name,
            "notes": notes.as_slice(),
            "sources": sources(&prices),
        }),
    ))
}

/// Adds the lines of a bill and their sum.
fn with_bill(mut answer: Value, bill: &Bill) -> Value {
    let line = |line: &Line| {
        object!({
            "name": line.name,
            "unit": line.unit,
            "quantity": line.quantity,
            "free": line.free,
            "microDollarsEach": line.each,
            "microDollars": line.micro_dollars,
            "total": dollars(line.micro_dollars),
        })
    };
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("lines".to_owned(), bill.lines.iter().map(line).collect());
        answer.insert("totalMicroDollars".to_owned(), bill.micro_dollars.into());
        answer.insert("total".to_owned(), dollars(bill.micro_dollars).into());
    }
    answer
}

fn sources(prices: &Prices) -> Value {
    prices.sources.iter().map(|source| object!({ "what": source.what, "source": source.at, "date": source.date })).collect()
}

/// Hours with two digits after the point. Exact enough: 100,000 h are 10^7 hundredths.
fn hundredths(duration_ms: i64) -> f64 {
    i32::try_from(duration_ms / 36_000).map_or(f64::MAX, |hundredths| f64::from(hundredths) / 100.0)
}
