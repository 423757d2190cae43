//! `devstack`: what the Worker talks to while it is developed and tested, in one process.
//!
//! In scope: a stand-in for LiveKit (Twirp calls, webhooks, recordings that really upload a small
//! MP4) and an S3 server that refuses what Storj's gateway refuses. Each behaviour was seen on the
//! real server or read in its source, and answers with LiveKit's own published wire types.
//!
//! Out of scope: media. Nobody can connect with a LiveKit client; participants are played through
//! `POST /dev/join` and its neighbours. Never deployed, never reachable from outside by default.

mod fault_rules;
mod http_client;
mod ids;
mod livekit;
mod options;
mod pace;
mod server;
mod storage;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::options::{Options, USAGE};
use crate::storage::Storage;

/// The exit code that says "somebody else listens there".
const ADDRESS_IN_USE: i32 = 98;

#[tokio::main]
async fn main() {
    let code = match Options::parse(std::env::args().skip(1)) {
        Ok(options) if options.help => {
            tell(&mut std::io::stdout(), USAGE);
            0
        }
        Ok(options) => run(options).await,
        Err(message) => {
            tell(&mut std::io::stderr(), &message);
            2
        }
    };
    // Not a return: the thread that reads standard input would keep the runtime waiting.
    std::process::exit(code);
}

/// Serves until told to end; the exit code.
async fn run(options: Options) -> i32 {
    match serve(options).await {
        Ok(()) => 0,
        Err((code, message)) => {
            tell(&mut std::io::stderr(), &message);
            code
        }
    }
}

type Failure = (i32, String);

async fn serve(options: Options) -> Result<(), Failure> {
    let livekit = bind(options.livekit.as_deref()).await?;
    let s3 = bind(options.s3.as_deref()).await?;
    let folder = ObjectFolder::choose(&options)?;
    let storage = match &s3 {
        Some(_) => Some(Arc::new(Storage::open(&folder.path, &options).map_err(|m| (1, m))?)),
        None => None,
    };
    let ready = serde_json::json!({
        "ready": true,
        "livekit": livekit.as_ref().map(|(_, address)| format!("http://{address}")),
        "s3": s3.as_ref().map(|(_, address)| format!("http://{address}")),
    });
    if let Some((listener, _)) = livekit {
        tokio::spawn(server::serve(listener, livekit::router(&options, storage.clone())));
    }
    if let (Some((listener, _)), Some(storage)) = (s3, storage) {
        tokio::spawn(server::serve(listener, storage.router()));
    }
    tell(&mut std::io::stdout(), &ready.to_string());
    told_to_end(options.with_parent).await;
    Ok(())
}

async fn bind(address: Option<&str>) -> Result<Option<(TcpListener, SocketAddr)>, Failure> {
    let Some(address) = address else {
        return Ok(None);
    };
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let actual = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, actual))
    };
    bound.await.map(Some).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => (ADDRESS_IN_USE, format!("devstack: {address} is in use by another program")),
        _ => (1, format!("devstack: cannot listen on {address}: {error}")),
    })
}

/// Returns at SIGINT, at SIGTERM, and with `with_parent` when standard input ends.
async fn told_to_end(with_parent: bool) {
    let end_of_input = async {
        if !with_parent {
            return std::future::pending().await;
        }
        let (ended, end) = tokio::sync::oneshot::channel();
        // A thread of its own, because reading standard input cannot be cancelled.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            let _ = ended.send(());
        });
        let _ = end.await;
    };
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
        () = end_of_input => {}
    }
}

/// Where objects lie: the folder asked for, or one that nobody had before and that goes at the end. Its name
/// is random: a process's number comes again, and one that was killed leaves its objects behind.
struct ObjectFolder {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

impl ObjectFolder {
    fn choose(options: &Options) -> Result<Self, Failure> {
        let Some(path) = &options.s3_dir else {
            let temporary = tempfile::Builder::new().prefix("devstack-").tempdir();
            let temporary = temporary.map_err(|error| (1, format!("devstack: cannot make a temporary folder: {error}")))?;
            return Ok(Self { path: temporary.path().to_owned(), _temporary: Some(temporary) });
        };
        std::fs::create_dir_all(path).map_err(|error| (1, format!("devstack: cannot make {}: {error}", path.display())))?;
        Ok(Self { path: path.clone(), _temporary: None })
    }
}

/// One line; whoever closed the other end does not want it.
fn tell(to: &mut impl Write, line: &str) {
    let _ = writeln!(to, "{line}");
    let _ = to.flush();
}
