//! SIGTERM and Ctrl-C as one token: the first asks for an orderly end, the second ends at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled when this process is asked to stop.
pub(crate) fn on_signal() -> std::io::Result<CancellationToken> {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = term.recv() => {}
                _ = interrupt.recv() => {}
            }
            if asked.is_cancelled() {
                std::process::exit(1);
            }
            tracing::info!("asked to stop");
            asked.cancel();
        }
    });
    Ok(stop)
}

/// From now on SIGTERM and Ctrl-C do nothing to this process: somebody else decides when it ends.
pub(crate) fn ignore_signals() -> std::io::Result<()> {
    // Once listened to, a signal has lost its usual effect for good.
    signal(SignalKind::terminate()).and(signal(SignalKind::interrupt())).map(drop)
}
