//! `…/why` of a stream and of a recording: what happened when and by whose word, what comes next, and the guide's
//! *Common issues* answered for this one. All from the database: nothing is asked of anybody.

use serde_json::Value;

use super::views::{explain, may_change, recording_state};
use super::{Reply, recordings, streams};
use crate::auth::caller::Caller;
use crate::batch;
use crate::error::Error;
use crate::flow::decide::{self, Looked, Step};
use crate::flow::tend::load;
use crate::names::{CommonIssue, Witness};
use crate::ports::{Desk, Ports};
use crate::shape;
use crate::store::story::{Coming, Of, StoryEvent, facts, story, to_come};
use crate::storj::object;
use crate::time::Millis;

shape! {
    /// What happened, what comes next, and the common issues.
    pub struct Why<'a> {
        /// `recording.status` of the stream, or the recording's.
        "status" => status: &'a str,
        /// Earliest first; what is to come is among them with its time.
        #[schemars(with = "Vec<StoryEvent>")]
        "events" => events: &'a [Value],
        /// The newest word of each that tells us.
        "witnesses" => witnesses: Witnesses,
        /// When LiveKit's newest webhook of all came.
        #[schemars(with = "Option<Millis>")]
        "lastWebhookAt" => last_webhook_at: Option<&'a Value>,
        /// What comes next, in words.
        "next" => next: Option<&'a str>,
        /// When that comes.
        "nextAt" => next_at: Option<Millis>,
        /// The common issues, answered for this one.
        "issues" => issues: Vec<Issue<'a>>,
    }

    /// The newest word of each that tells us.
    #[schemars(inline)]
    pub struct Witnesses {
        /// The newest of LiveKit's webhooks about it.
        #[schemars(with = "Option<StoryEvent>")]
        "webhook" => webhook: Option<Value>,
        /// What LiveKit's lists last told of it.
        #[schemars(with = "Option<StoryEvent>")]
        "livekitList" => livekit_list: Option<Value>,
        /// What the bucket last told of it.
        #[schemars(with = "Option<StoryEvent>")]
        "storj" => storj: Option<Value>,
    }

    /// A common issue.
    #[schemars(inline)]
    pub struct Issue<'a> {
        /// By the guide's name of it.
        "issue" => issue: CommonIssue,
        /// Whether it is found here.
        "found" => found: bool,
        /// What to do about it.
        "answer" => answer: Option<&'a str>,
    }
}

/// `GET /api/streams/{id}/why`
///
/// # Errors
/// 401, 403, 404, 503.
pub async fn stream<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Reply, Error> {
    streams::find_own(desk, caller, id).await?;
    let view = load(desk, id).await?.ok_or_else(Error::stream_not_found)?;
    let (stream, now) = (&view.stream, desk.now());
    let next = match decide::next(&view, Looked::default(), &desk.config.project, now) {
        Step::Rest(again) => again.map(|at| (at, "it is looked at again")),
        step => Some((stream.tend_at.unwrap_or(now).max(now), step.name())),
    };
    let state = recording_state(stream, true, &desk.config.prices, now);
    let starting = match (&state.error, state.status.as_str()) {
        _ if state.started_at.is_some() => None,
        (Some(error), _) => Some(error.as_str()),
        (None, "none") if stream.wish == "stopped" => Some("it was stopped: POST /livekit-egress starts it again"),
        (None, "none") => Some("nobody asked for one: send `record: true` with the host's token, or POST /livekit-egress"),
        (None, "requested") if stream.status != "live" => Some("it starts when the host publishes a camera or microphone"),
        (None, "requested") => Some("LiveKit is asked until it starts"),
        (None, _) => Some("LiveKit has the job, and there is no frame yet"),
    };
    tell(desk, Of::Stream(id), &state.status, next, starting).await
}

/// `GET /api/recordings/{id}/why`
///
/// # Errors
/// 401, 403, 404, 503.
pub async fn recording<P: Ports>(desk: &Desk<'_, P>, caller: &Caller, id: &str) -> Result<Reply, Error> {
    caller.user_id().ok_or_else(Error::sign_in)?;
    let row = recordings::find(desk, caller, id).await?;
    if !may_change(caller, &row.owner_id) {
        return Err(Error::not_yours("recording"));
    }
    let results = desk.batch(batch![to_come(id)]).await?;
    let coming: Vec<Coming> = desk.rows(&results, 0)?;
    let next = coming.first().map(|coming| (coming.at.max(desk.now()), coming.what.as_str()));
    tell(desk, Of::Recording(id), &row.status, next, None).await
}

async fn tell<P: Ports>(
    desk: &Desk<'_, P>,
    of: Of<'_>,
    status: &str,
    next: Option<(Millis, &str)>,
    starting: Option<&str>,
) -> Result<Reply, Error> {
    let proof = object::proof_id(&desk.config.bucket, &desk.config.storj_egress);
    let mut results = desk.batch(batch![story(of), facts(&proof)]).await?;
    let facts = results.pop().and_then(|mut rows| rows.pop()).unwrap_or_default();
    let events = results.pop().unwrap_or_default();
    // What is still to come nobody has seen.
    let newest = |by: Witness| events.iter().rfind(|event| event["by"] == by.name() && event["what"] != "it expires").cloned();
    let is = |what: &str, detail: &str| events.iter().any(|event| event["what"] == what && event["detail"] == detail);

    let mut starting = starting;
    if starting.is_some() && facts.get("refused").is_some_and(Value::is_string) {
        starting = Some(explain("storage_refused"));
    }
    let lost = if is("the recording was made", "missing") {
        Some("the bucket does not have it, confirmed twice over: it was deleted there, or Storj let it expire")
    } else if is("the file was looked for", "no") {
        Some("the recorder failed and left no file: `events` has what LiveKit said of it")
    } else {
        None
    };
    let (webhook, list) = (newest(Witness::WEBHOOK), newest(Witness::LIST));
    let silent = (webhook.is_none() && (list.is_some() || newest(Witness::LIVEKIT).is_some())).then_some(
        "no webhook came of this one: in LiveKit's dashboard add this Worker's /livekit-webhook, signed with the key that \
         LIVEKIT_API_KEY names; until then LiveKit's lists tell, some minutes later",
    );
    let mut issues = vec![];
    for (name, answer) in
        [(CommonIssue::NOT_STARTING, starting), (CommonIssue::FILE_NOT_FOUND, lost), (CommonIssue::WEBHOOK_NOT_FIRING, silent)]
    {
        issues.push(Issue { issue: name, found: answer.is_some(), answer });
    }
    let storj = newest(Witness::STORJ);
    Ok(Reply::json(
        200,
        &Why {
            status,
            events: &events,
            witnesses: Witnesses { webhook, livekit_list: list, storj },
            last_webhook_at: facts.get("webhook_at"),
            next: next.map(|(_, what)| what),
            next_at: next.map(|(at, _)| at),
            issues,
        },
    ))
}
