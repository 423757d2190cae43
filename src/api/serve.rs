//! The whole application behind the runtime: configure, route, authenticate, handle, answer.

use super::{
    Background, Reply, Request, caller, cors, deletion, download, egress, health, playlist, recordings, saving, site, streams, thumbnail,
    token, users, viewers, webhook, why,
};
use super::{cost, doctor};
use crate::config::{Config, Fault};
use crate::error::Error;
use crate::flow::notify;
use crate::flow::save::go_on;
use crate::flow::tend::{await_host, tend};
use crate::ports::{Desk, Guard, Ports, Trail};
use crate::route::{self, Route};
use crate::shape::ToJson;
use crate::site::Page;
use crate::store::thumbnails::Of;

/// Behind an answer a Worker may go on for 30 s: no part of a copy is begun after half of that.
const SAVES_FOR_MS: i64 = 15_000;

/// Answers a request. Every error becomes an answer here; there is no other way out.
pub async fn serve<P: Ports>(ports: &P, config: &Result<Config, Vec<Fault>>, trail: &Trail, request_id: &str, request: &Request) -> Reply {
    let found = route::find(&request.method, &request.path);
    trail.note("route", found.as_ref().map_or("none", |found| found.name));
    let mut reply = match (config, found.map(|found| found.route)) {
        (_, _) if request.method == "OPTIONS" => Reply { status: 204, headers: cors::preflight(), ..Reply::default() },
        (config, Ok(Route::Health)) => health::health(ports, config.as_ref().err().map_or(&[], Vec::as_slice)).await,
        (config, Ok(Route::Page(page))) => site::show(ports, config.as_ref().ok(), trail, &page, request).await,
        (config, Err(error)) if error.status == 404 && asks_for_a_page(request) => {
            site::show(ports, config.as_ref().ok(), trail, &Page::Nowhere, request).await
        }
        (_, Err(error)) => refusal(&error, request_id),
        (Err(_), Ok(_)) => refusal(&not_configured(), request_id),
        (Ok(config), Ok(route)) => {
            let desk = Desk { ports, config, trail };
            handle(&desk, &route, request).await.unwrap_or_else(|error| {
                trail.note("code", error.code);
                refusal(&error, request_id)
            })
        }
    };
    finish(&mut reply, config, trail, request_id, request);
    reply
}

/// What every answer carries, a refusal of an unread request too: a page has to be able to read it.
pub fn finish(reply: &mut Reply, config: &Result<Config, Vec<Fault>>, trail: &Trail, request_id: &str, request: &Request) {
    trail.note("status", reply.status);
    if let Ok(config) = config {
        reply.headers.extend(cors::headers(config, request));
    }
    reply.headers.push(("x-request-id", request_id.to_owned()));
    reply.headers.push(("x-content-type-options", "nosniff".to_owned()));
    if !reply.headers.iter().any(|(name, _)| *name == "cache-control") {
        reply.headers.push(("cache-control", "no-store".to_owned()));
    }
}

async fn handle<P: Ports>(desk: &Desk<'_, P>, route: &Route, request: &Request) -> Result<Reply, Error> {
    // LiveKit's own token in `Authorization` is a signature, not a caller.
    if *route == Route::Webhook {
        return webhook::receive(desk, &request.body, request.header("authorization")).await;
    }
    // Players and `<img>` send no bearer: these links carry a signature of ours.
    match route {
        Route::Playlist(id) => return playlist::show(desk, request, id).await,
        Route::Segment(id, number) => return playlist::segment(desk, request, id, *number).await,
        Route::StreamThumbnail(id) if thumbnail::is_signed(request) => return thumbnail::show(desk, None, request, Of::Stream(id)).await,
        Route::RecordingThumbnail(id) if thumbnail::is_signed(request) => {
            return thumbnail::show(desk, None, request, Of::Recording(id)).await;
        }
        _ => {}
    }
    let caller = caller::find(desk, request).await?;
    if let Some(guard) = guard(route, &request.method) {
        // Who is not signed in is known by the address that Cloudflare saw.
        let key = caller.user_id().or_else(|| request.header("cf-connecting-ip")).unwrap_or_default();
        if !desk.ports.allows(guard, key).await {
            return Err(Error::too_fast(guard.binding()));
        }
    }
    match route {
        Route::StartEgress => egress::start(desk, &caller, request).await,
        Route::StopEgress => egress::stop(desk, &caller, request).await,
        Route::Token => token::mint(desk, &caller, request).await,
        Route::Estimate => cost::estimate(desk, request),
        Route::Usage => cost::usage(desk, &caller, request).await,
        Route::Doctor => doctor::examination(desk, &caller, request).await,
        Route::Rehearse => doctor::rehearsal(desk, &caller, request).await,
        Route::SignWebhook => doctor::webhook(desk, &caller, request),
        Route::ListStreams => streams::list(desk, &caller, request).await,
        Route::CreateStream => streams::create(desk, &caller, request).await,
        Route::ReadStream(id) => streams::read(desk, &caller, request, id).await,
        Route::ChangeStream(id) => streams::change(desk, &caller, request, id).await,
        Route::WhyStream(id) => why::stream(desk, &caller, id).await,
        Route::WhyRecording(id) => why::recording(desk, &caller, id).await,
        Route::Viewers(id) => viewers::series(desk, &caller, id).await,
        Route::EndStream(id) => streams::end(desk, &caller, request, id).await,
        Route::ListRecordings => recordings::list(desk, &caller, request).await,
        Route::ReadRecording(id) => recordings::read(desk, &caller, request, id).await,
        Route::ChangeRecording(id) => recordings::change(desk, &caller, request, id).await,
        Route::DeleteRecording(id) => deletion::recording(desk, &caller, id).await,
        Route::DeleteRecordings => deletion::recordings(desk, &caller, request).await,
        Route::DeleteStream(id) => deletion::stream(desk, &caller, request, id).await,
        Route::Save(id) => saving::save(desk, &caller, id).await,
        Route::EraseUser(id) => users::erase(desk, &caller, id).await,
        Route::Playback(id) => recordings::playback(desk, &caller, request, id).await,
        Route::Download(id) => download::follow(desk, &caller, request, id).await,
        Route::DownloadLink(id) => download::tell(desk, &caller, request, id).await,
        Route::StreamThumbnail(id) => thumbnail::show(desk, Some(&caller), request, Of::Stream(id)).await,
        Route::PutStreamThumbnail(id) => thumbnail::put(desk, &caller, request, Of::Stream(id)).await,
        Route::RecordingThumbnail(id) => thumbnail::show(desk, Some(&caller), request, Of::Recording(id)).await,
        Route::PutRecordingThumbnail(id) => thumbnail::put(desk, &caller, request, Of::Recording(id)).await,
        Route::Webhook | Route::Health | Route::Page(_) | Route::Playlist(_) | Route::Segment(..) => Err(Error::no_route()),
    }
}

/// What costs money or rows is counted. Never a stop: that is what ends the costs.
fn guard(route: &Route, method: &str) -> Option<Guard> {
    match route {
        Route::StopEgress | Route::EndStream(_) => None,
        Route::StartEgress => Some(Guard::Starts),
        Route::Token => Some(Guard::Tokens),
        // Counted in rows, by anybody.
        Route::Download(_) => (method != "HEAD").then_some(Guard::Writes),
        _ => (!matches!(method, "GET" | "HEAD")).then_some(Guard::Writes),
    }
}

/// The work behind an answer. Its trouble is noted; the schedule finds the stream again.
pub async fn follow_up<P: Ports>(ports: &P, config: &Config, trail: &Trail, work: &Background) {
    let desk = Desk { ports, config, trail };
    let done = match work {
        Background::Tend(id) => tend(&desk, id, false).await.map(|_| ()),
        Background::Look(id) => tend(&desk, id, true).await.map(|_| ()),
        Background::AwaitHost(id) => await_host(&desk, id).await,
        Background::Save(id) => {
            let until = desk.now().plus(SAVES_FOR_MS);
            go_on(&desk, id, || desk.now() < until).await.map(|_| ())
        }
    };
    // What just became of a recording is told at once, if somebody wants to know.
    let told = if config.notify.is_some() { notify::deliver(&desk).await.map(|_| ()) } else { Ok(()) };
    for error in [done, told].into_iter().filter_map(Result::err) {
        trail.note("background_error", error.code);
    }
}

/// A browser that follows a link, not a program: those take JSON.
fn asks_for_a_page(request: &Request) -> bool {
    matches!(request.method.as_str(), "GET" | "HEAD")
        && !request.path.starts_with("/api/")
        && request.header("accept").is_some_and(|accept| accept.contains("text/html"))
}

/// An error as an answer.
#[must_use]
pub fn refusal(error: &Error, request_id: &str) -> Reply {
    let body = Some(error.body(request_id).to_json());
    let retry = error.retry_after.map(|seconds| ("retry-after", seconds.to_string()));
    let allow = error.allow.map(|methods| ("allow", methods.to_owned()));
    Reply { status: error.status, body, headers: retry.into_iter().chain(allow).collect(), ..Reply::default() }
}

fn not_configured() -> Error {
    Error::new(503, "not_configured", "this Worker is not configured yet")
        .retry_after(60)
        .hint("GET /healthz names every variable that is missing or faulty")
}
