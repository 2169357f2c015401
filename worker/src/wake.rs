//! Rings this process's bell when another process wrote something: latency of milliseconds instead of a poll's.

use std::sync::Arc;
use std::time::Duration;

use platen_shared::db::{Result, Watch};
use tokio_util::sync::CancellationToken;

use crate::execute::Runner;

pub(crate) async fn run(runner: Arc<Runner>, stop: CancellationToken) {
    tokio::select! {
        () = listen(&runner) => {}
        () = stop.cancelled() => {}
    }
}

async fn listen(runner: &Runner) {
    loop {
        let lost = match runner.ledger().db.watch().await {
            Ok(watch) => relay(runner, watch).await,
            Err(error) => Err(error),
        };
        if let Err(error) = lost {
            tracing::warn!(%error, "the database's bell is not heard; polling goes on, and listening is tried again");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn relay(runner: &Runner, mut watch: Watch) -> Result<()> {
    loop {
        watch.changed().await?;
        runner.ledger().nudge();
    }
}
