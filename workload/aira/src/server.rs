//! Connections: accepted up to a bound, served, and on the way out let finish.
//!
//! Leaving, when `leave` is ready: `/readyz` fails; for the notice's time everything goes on, since
//! a balancer that has not looked yet still sends; then nothing is accepted any more, idle
//! connections close, and running answers finish. Only the deadline cuts them, and says how many.

use crate::app::App;
use crate::gate::Phase;
use crate::http::router;
use crate::log::{self, Level};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest wait for a request's head, so also an idle connection's life: longer than a load
/// balancer keeps one (60 s), or it would send into a connection that is just being closed.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html>
const HEAD: Duration = Duration::from_secs(75);
/// After an accept that failed, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Answers that the deadline cut.
    pub cut: usize,
}

/// Serves until `leave` is ready and everything that runs is done, or the deadline is over.
pub async fn serve(app: Arc<App>, listener: TcpListener, leave: impl Future<Output = ()>) -> Left {
    let watch = tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.sessions.watch().await }
    });
    app.gate.advance(Phase::Open);
    let graceful = GracefulShutdown::new();
    let limits = app.settings.limits.clone();
    let accepting = accept(&app, &listener, &graceful);
    let leaving = async {
        leave.await;
        app.gate.advance(Phase::Leaving);
        log::line(Level::Info, "leaving", json!({ "running": app.gate.running() }));
        tokio::time::sleep(limits.notice).await;
        app.gate.advance(Phase::Closed);
    };
    tokio::select! {
        never = accepting => match never {},
        () = leaving => {}
    }
    drop(listener);
    // Cut is what still runs when the deadline is over.
    let is_late = tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err();
    watch.abort();
    let left = Left { cut: if is_late { app.gate.running() } else { 0 } };
    let level = if left.cut == 0 { Level::Info } else { Level::Error };
    log::line(level, "left", json!({ "cut": left.cut }));
    left
}

async fn accept(
    app: &Arc<App>,
    listener: &TcpListener,
    graceful: &GracefulShutdown,
) -> std::convert::Infallible {
    let router = router(Arc::clone(app));
    let most = usize::try_from(app.settings.limits.connections).unwrap_or(usize::MAX);
    let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    loop {
        // Beyond the bound the kernel's queue holds them.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { continue };
        match listener.accept().await {
            Ok((stream, _)) => talk(stream, router.clone(), place, graceful),
            Err(why) => {
                log::line(Level::Error, "accept", json!({ "why": why.to_string() }));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn talk(
    stream: TcpStream,
    router: Router,
    place: OwnedSemaphorePermit,
    graceful: &GracefulShutdown,
) {
    // Tokens are small and are not to wait for each other.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        // A peer that goes away is nobody's fault.
        let _ = watched.await;
        drop(place);
    });
}
