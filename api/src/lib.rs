//! The HTTP front: it checks, records and enqueues, and never calls anything outside.
//!
//! | file | what stands there |
//! | --- | --- |
//! | `router.rs` | every route on one screen, and the aliases |
//! | `gate.rs` | what every request passes: key, scope, rate, size, idempotency |
//! | `call.rs` | what a handler works with, and the shapes that replies share |
//! | `extract.rs`, `check.rs` | from bytes to checked values |
//! | `error.rs` | the closed list of problems |
//! | `origins.rs` | which web pages may use a publishable key |
//! | `template.rs` | a product's version, read and compiled once |
//! | `watch.rs` | the one watcher behind all streams of events |
//! | `demo/` | the demo page, where `platen dev` asks for it |
//! | `probes.rs` | what machines that watch us ask, of the api and of a worker |
//! | `ops/` | the status page for operators |
//! | `docs.rs` | the OpenAPI document, from the same table |
//! | `routes/` | one file per resource |

mod app;
mod auth;
mod availability;
mod call;
mod check;
pub mod demo;
mod docs;
mod error;
mod extract;
mod gate;
mod idempotency;
mod known;
mod limit;
mod observe;
mod ops;
mod origins;
pub mod paper;
pub mod probes;
mod remembered;
mod router;
mod routes;
mod stored;
mod template;
mod watch;

pub use app::{App, Settings};
pub use auth::Scope;
pub use error::{Code, Fault};
pub use ops::{Door, PAGES, Page};
pub use router::{ALIASES, Access, ROUTES, Route, Size, mounted};

use app::Inner;
use axum::serve::ListenerExt as _;

/// The front as a service.
pub fn router(app: App) -> axum::Router {
    router::build(Inner::share(app))
}

/// The OpenAPI document of every route.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    docs::document()
}

/// Serves until told to stop, then finishes what is in flight.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    app: App,
    listener: tokio::net::TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let inner = Inner::share(app);
    let (router, watcher) = (router::build(inner.clone()), inner.watcher.clone());
    let stopping = async move {
        stop.await;
        // Streams have no end of their own, and would be waited for.
        watcher.close();
    };
    Ok(axum::serve(prompt(listener), router).with_graceful_shutdown(stopping).await?)
}

/// A listener whose connections send at once: an answer's last small packet otherwise waits up to 40 ms for the client's acknowledgement.
pub(crate) fn prompt(listener: tokio::net::TcpListener) -> impl axum::serve::Listener<Addr = std::net::SocketAddr> {
    listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection could not be told to send at once: {error}");
        }
    })
}
