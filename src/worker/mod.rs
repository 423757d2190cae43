//! The shell: what only exists on Workers. It reads requests, asks the core, and holds no rule about
//! recordings.

mod d1;
mod js;
mod log;
mod outside;
mod ports;
mod request;
mod stream;

use web_sys::{Request, Response};
use worker::{Context, Env, ScheduleContext, ScheduledEvent, event};

use crate::api::serve::{finish, follow_up, refusal, serve};
use crate::config::{Config, Fault};
use crate::flow::sweep::sweep;
use crate::ports::{Desk, Ports, Trail};
use crate::route::Route;
use ports::WorkerPorts;

fn config(env: &Env) -> Result<Config, Vec<Fault>> {
    Config::read(|name| js::get(env, name).as_string())
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response, String> {
    let trail = Trail::default();
    let ports = WorkerPorts::new(&env)?;
    let began = ports.now();
    // Cloudflare's own id of the request where there is one, so that our line is found from theirs.
    let id = request.headers().get("cf-ray").ok().flatten().unwrap_or_else(|| hex::encode(ports.random()));
    trail.note("request_id", id.clone());
    let config = config(&env);
    let (reply, head) = match request::read(&request).await {
        Ok(read) => {
            let reply = serve(&ports, &config, &trail, &id, &read).await;
            (reply, read.method == "HEAD")
        }
        Err((error, unread)) => {
            trail.note("route", Route::find(&unread.method, &unread.path).as_ref().map_or("none", Route::name));
            trail.note("code", error.code);
            let mut reply = refusal(&error, &id);
            finish(&mut reply, &config, &trail, &id, &unread);
            (reply, unread.method == "HEAD")
        }
    };
    trail.note("ms", ports.now().since(began));
    ports.note_d1(&trail, "d1");
    let background = reply.background.clone();
    let response = request::answer(reply, head).map_err(|thrown| js::message(&thrown))?;
    match (background, config) {
        (Some(work), Ok(config)) => context.wait_until(async move {
            follow_up(&ports, &config, &trail, &work).await;
            trail.note("background_ms", ports.now().since(began));
            ports.note_d1(&trail, "background_d1");
            log::line(&trail);
        }),
        _ => log::line(&trail),
    }
    Ok(response)
}

/// The macro throws the result away, so what happened is logged here and stands in D1 (`pulse`).
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    let trail = Trail::default();
    trail.note("route", "schedule");
    let ports = match WorkerPorts::new(&env) {
        Ok(ports) => ports,
        Err(error) => {
            trail.decided(format!("no database: {error}"));
            return log::line(&trail);
        }
    };
    let began = ports.now();
    match config(&env) {
        Ok(config) => {
            let desk = Desk { ports: &ports, config: &config, trail: &trail };
            if let Err(error) = sweep(&desk).await {
                trail.note("code", error.code);
            }
        }
        Err(faults) => trail.decided(format!("not configured: {}", faults.iter().map(|f| f.name).collect::<Vec<_>>().join(", "))),
    }
    trail.note("ms", ports.now().since(began));
    ports.note_d1(&trail, "d1");
    log::line(&trail);
}
