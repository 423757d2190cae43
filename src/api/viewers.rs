//! `GET /api/streams/{id}/viewers`: how many watched when, for a plot.

use serde_json::Value;

use super::Reply;
use super::streams::find;
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::ports::{Desk, Ports};
use crate::shape;
use crate::store::viewers::{STEP_MS, after, changes, ends, step};
use crate::time::{Millis, SECOND};

/// As many as a plot on a telephone has columns.
const MOST_POINTS: i64 = 200;

shape! {
    /// How many watched when.
    pub struct ViewerSeries {
        /// Seconds from one point to the next.
        "stepSeconds" => step_seconds: i64,
        /// From the first viewer's coming to the end, or to now.
        "points" => points: Vec<Point>,
    }

    /// Ten seconds of a stream.
    #[schemars(inline)]
    pub struct Point {
        /// When ten seconds begin.
        "at" => at: Millis,
        /// How many were there in those ten seconds; in the last point of a live stream, how many are there now.
        "viewers" => viewers: i64,
    }
}

/// The number of viewers in up to 200 stretches of time, of the same length, from the first one's coming to the end, or
/// to now, which is the last point. Of 3 hours each 60 s. Where a stretch has ten seconds, whoever was there for one
/// second of it is counted.
///
/// # Errors
/// 404, 503.
pub async fn series<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Reply, Error> {
    let stream = find(desk, caller, id).await?;
    let results = desk.batch(batch![ends(id)]).await?;
    let known = results.first().and_then(|rows| rows.first());
    let number = |name: &str| known.and_then(|row| row[name].as_i64());
    let Some((first, last)) = number("first").zip(number("last")) else {
        return Ok(Reply::json(200, &ViewerSeries { step_seconds: STEP_MS / SECOND, points: vec![] }));
    };
    let last = match stream.ended_at {
        Some(end) => after(end).max(last),
        None => step(desk.now()),
    };
    let span = last.saturating_sub(first).max(0);
    let width = (span + MOST_POINTS - 2).div_euclid(MOST_POINTS - 1).max(1);
    let point_of = |step: i64| (step - first + width - 1).div_euclid(width);
    let results = desk.batch(batch![changes(id, first, last, width)]).await?;
    let rows: Vec<Value> = desk.rows(&results, 0)?;

    let end = point_of(last);
    let (mut viewers, mut points) = (0, vec![]);
    for point in 0..=end {
        for row in &rows {
            let number = |name: &str| row[name].as_i64();
            let change = number("change").unwrap_or(0);
            if number("point") == Some(point) {
                viewers += change;
            }
            // Whoever was there when the room closed was gone.
            if number("ended_at").is_some_and(|at| point_of(after(Millis(at))).min(end) == point) {
                viewers -= change;
            }
        }
        let shown = if point == end && stream.ended_at.is_none() { stream.viewer_count } else { viewers.max(0) };
        points.push(Point { at: Millis((first + point * width) * STEP_MS), viewers: shown });
    }
    Ok(Reply::json(200, &ViewerSeries { step_seconds: width * STEP_MS / SECOND, points }))
}
