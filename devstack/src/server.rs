//! Serves a router, and can end a connection without an answer.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// Marks an answer that is never sent: the connection ends in its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut;

impl Cut {
    pub(crate) fn response() -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(Self);
        response
    }
}

/// Serves until the process ends.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    let router = Arc::new(TowerToHyperService::new(router));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, for one: some will be closed.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let router = Arc::clone(&router);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let answer = router.call(request);
            async move {
                match answer.await {
                    Ok(response) if response.extensions().get::<Cut>().is_some() => Err("cut by /dev/faults"),
                    Ok(response) => Ok(response),
                    Err(never) => match never {},
                }
            }
        });
        tokio::spawn(async move {
            let connection =
                hyper::server::conn::http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
            // Whoever hangs up, or is cut off, does so.
            let _ = connection.await;
        });
    }
}
