//! `GET /api/estimate` and `GET /api/usage`: what recordings will cost, and what they did.

use super::input::{Hours, Nothing, Viewers};
use super::{Reply, Request, input};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::input;
use crate::names::PriceList;
use crate::ports::{Desk, Ports};
use crate::prices::{Bill, GB, Prices, Source, Used, dollars, minutes};
use crate::quality::Quality;
use crate::shape;
use crate::store::usage::{self, Month};

/// Ten years.
const MOST_MONTHS: i64 = 120;

const ROUNDING: &str = "LiveKit rounds each recording up to a whole minute: short ones cost up to a minute more than their length.";
const THIRTY_DAYS: &str = "Storj bills an object for at least 30 days and for at least 50 kB, and rounds up to a whole GB once a month.";
const SAFETY_COPY: &str = "The safety copy goes once the MP4 is verified, and is billed for its 30 days; SAFETY_COPY=off does without.";
const LIVE_VIEWERS: &str = "Watching live is not in it: LiveKit bills its connection minutes and traffic by themselves.";

input! {
    /// What a month is to have.
    pub struct EstimateQuery {
        /// Hours recorded in the month, with at most 6 digits after the point.
        "hours" => hours: Hours,
        /// The picture of the recordings.
        "quality" => quality: Option<Quality>,
        /// How many watch every recording whole.
        "viewers" => viewers: Viewers,
        /// Today's, or those of the guide.
        "prices" => prices: Option<PriceList>,
    }
}

shape! {
    /// What a month of so many hours costs.
    pub struct Estimate {
        /// Whose prices these are.
        "prices" => prices: PriceList,
        /// Hours of recording, with two digits after the point.
        "hours" => hours: f64,
        /// The picture of the recordings.
        "quality" => quality: Quality,
        /// How many watch every recording whole.
        "viewers" => viewers: i64,
        /// What the recordings weigh.
        "storedBytes" => stored_bytes: i64,
        /// What is to be known of it, for people.
        "notes" => notes: Vec<String>,
        /// Where the prices are from.
        #[schemars(with = "Vec<Source>")]
        "sources" => sources: [Source; 2],
        /// Of the bill, in an order that stays; also those that come to nothing.
        "lines" => lines: Vec<BillLine>,
        /// What the lines come to, in millionths of a dollar.
        "totalMicroDollars" => total_micro_dollars: i64,
        /// What the lines come to, as `$42.00`.
        "total" => total: String,
    }

    /// What each month recorded, kept, gave out and cost.
    pub struct Usage {
        /// The newest first.
        "months" => months: Vec<MonthOfUse>,
        /// What is in the bucket now.
        "bytesKept" => bytes_kept: i64,
        /// Whose prices these are.
        "prices" => prices: PriceList,
        /// What is to be known of it, for people.
        #[schemars(with = "Vec<String>")]
        "notes" => notes: [&'static str; 4],
        /// Where the prices are from.
        #[schemars(with = "Vec<Source>")]
        "sources" => sources: [Source; 2],
    }

    /// A month: of what was recorded in it, what came and went, and what was downloaded.
    #[schemars(inline)]
    pub struct MonthOfUse {
        /// As `2026-11`, UTC.
        "month" => month: String,
        /// Those that began in it.
        "recordings" => recordings: i64,
        /// How long those are, with two digits after the point.
        "hoursRecorded" => hours_recorded: f64,
        /// How long those are, each rounded up to a whole minute.
        "minutesBilled" => minutes_billed: i64,
        /// Files that came into the bucket in it, lasting copies too.
        "bytesAdded" => bytes_added: i64,
        /// Segments beside MP4s, taken to be as large as those.
        "bytesOfSafetyCopies" => bytes_of_safety_copies: i64,
        /// What was in the bucket at the end of it, or is now.
        "bytesKept" => bytes_kept: i64,
        /// Links given out in it; of each recording each person counts once a minute.
        "downloads" => downloads: i64,
        /// What those weigh, each counted whole.
        "bytesDownloaded" => bytes_downloaded: i64,
        /// Of the bill, in an order that stays; also those that come to nothing.
        "lines" => lines: Vec<BillLine>,
        /// What the lines come to, in millionths of a dollar.
        "totalMicroDollars" => total_micro_dollars: i64,
        /// What the lines come to, as `$42.00`.
        "total" => total: String,
    }

    /// One line of a bill.
    #[schemars(inline)]
    pub struct BillLine {
        /// What is paid for.
        "name" => name: &'static str,
        /// What `quantity` counts.
        "unit" => unit: &'static str,
        /// How many units, rounded up.
        "quantity" => quantity: i64,
        /// How many of them cost nothing.
        "free" => free: i64,
        /// The price of a unit, in millionths of a dollar.
        "microDollarsEach" => micro_dollars_each: i64,
        /// What the line comes to, in millionths of a dollar.
        "microDollars" => micro_dollars: i64,
        /// What the line comes to, as `$42.00`.
        "total" => total: String,
    }
}

/// `GET /api/estimate`: a month of so many hours, line by line.
///
/// # Errors
/// 400 naming the parameter and its limit.
pub fn estimate<P: Ports>(desk: &Desk<'_, P>, request: &Request) -> Result<Reply, Error> {
    let EstimateQuery { hours, quality, viewers: Viewers(viewers), prices } = input::query(request)?;
    // An hour is 3.6 million milliseconds.
    let duration_ms = hours.0 * 18 / 5;
    let is_guide = prices == Some(PriceList::GUIDE);
    let prices = if is_guide { Prices::guide() } else { desk.config.prices };
    // The guide prices an "HD recording", and only that fits its table.
    let quality = quality.unwrap_or(if is_guide { Quality::Hd } else { desk.config.default_quality });

    let stored_bytes = quality.estimated_bytes(false, duration_ms);
    // The guide knows of no safety copy.
    let copied_bytes = if desk.config.safety_copy && !is_guide { stored_bytes } else { 0 };
    let used = Used { minutes: minutes(duration_ms), stored_bytes, copied_bytes, egress_bytes: stored_bytes * viewers };
    let bill = prices.bill(&used);
    let mut notes = vec![ROUNDING.to_owned(), LIVE_VIEWERS.to_owned()];
    if is_guide {
        notes.extend(Quality::ALL.map(|quality| fits(&prices, quality, &hours.text(), duration_ms)));
    } else {
        notes.push(THIRTY_DAYS.to_owned());
        if copied_bytes > 0 {
            notes.push(SAFETY_COPY.to_owned());
        }
    }
    let answer = Estimate {
        prices: prices.list,
        hours: hundredths(duration_ms),
        quality,
        viewers,
        stored_bytes,
        notes,
        sources: prices.sources,
        lines: lines(&bill),
        total_micro_dollars: bill.micro_dollars,
        total: dollars(bill.micro_dollars),
    };
    Ok(Reply::json(200, &answer))
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
    let Nothing = input::query(request)?;
    let results = desk.batch(batch![usage::months(MOST_MONTHS, desk.now())]).await?;
    let rows: Vec<Month> = desk.rows(&results, 0)?;
    let prices = desk.config.prices;
    // What was not removed in the months before is stored in each later one too, until the month in which it goes.
    let mut stored = 0;
    let mut months = Vec::new();
    for row in rows.iter().rev() {
        stored += row.added_bytes;
        let used = Used { minutes: row.minutes, stored_bytes: stored, copied_bytes: row.copied_bytes, egress_bytes: row.downloaded_bytes };
        stored -= row.removed_bytes;
        let bill = prices.bill(&used);
        months.push(MonthOfUse {
            month: row.month.clone(),
            recordings: row.recordings,
            hours_recorded: hundredths(row.recorded_ms),
            minutes_billed: row.minutes,
            bytes_added: row.added_bytes,
            bytes_of_safety_copies: row.copied_bytes,
            bytes_kept: stored,
            downloads: row.downloads,
            bytes_downloaded: row.downloaded_bytes,
            lines: lines(&bill),
            total_micro_dollars: bill.micro_dollars,
            total: dollars(bill.micro_dollars),
        });
    }
    months.reverse();
    let notes = [
        "A recording counts in the month in which it began, its bytes in the one in which its file came. Costs are estimates at today's prices.",
        "A safety copy is taken to be as large as its recording.",
        "Downloads are those that this Worker gave a link for, each counted whole. What is watched goes from Storj to the viewer: only Storj's bill has it.",
        THIRTY_DAYS,
    ];
    Ok(Reply::json(200, &Usage { months, bytes_kept: stored, prices: prices.list, notes, sources: prices.sources }))
}

/// A bill's lines as they are told.
fn lines(bill: &Bill) -> Vec<BillLine> {
    let told = bill.lines.iter().map(|line| BillLine {
        name: line.name,
        unit: line.unit,
        quantity: line.quantity,
        free: line.free,
        micro_dollars_each: line.each,
        micro_dollars: line.micro_dollars,
        total: dollars(line.micro_dollars),
    });
    told.collect()
}

/// Hours with two digits after the point. Exact enough: 100,000 h are 10^7 hundredths.
fn hundredths(duration_ms: i64) -> f64 {
    i32::try_from(duration_ms / 36_000).map_or(f64::MAX, |hundredths| f64::from(hundredths) / 100.0)
}
