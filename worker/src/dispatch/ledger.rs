//! An apalis backend over the ledger. A slot is taken before a row is claimed, so nothing is ever prefetched and left waiting.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::Result;
use apalis::prelude::{Data, Monitor, Task, TaskBuilder, TaskId, WorkerBuilder, WorkerContext};
use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::worker::ext::parallelize::ParallelizeExt;
use platen_shared::id::JobId;
use tokio_util::sync::CancellationToken;

use crate::execute::Runner;
use crate::lanes::{Lanes, Slot};
use crate::{POLL_EVERY, steadily};

/// A claimed job and the slot it occupies until it has run.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    id: JobId,
    _slot: Arc<Slot>,
}

type Batch = Pin<Box<dyn Future<Output = Vec<Claimed>> + Send>>;

struct LedgerBackend {
    runner: Arc<Runner>,
    lanes: Arc<Lanes>,
    fetching: Option<Batch>,
    claimed: Vec<Claimed>,
}

/// Claims and runs until `stop`; what runs then goes on by itself.
///
/// # Errors
/// Never by itself: the database's troubles are waited out.
pub(crate) async fn serve(runner: &Arc<Runner>, lanes: &Arc<Lanes>, stop: CancellationToken) -> Result<()> {
    let (runner, lanes) = (runner.clone(), lanes.clone());
    let monitor = Monitor::new()
        // What runs is waited for by the worker itself, who knows of every slot.
        .shutdown_timeout(std::time::Duration::from_millis(100))
        .should_restart(|_, error| {
            tracing::error!(%error, "the dispatcher restarts");
            true
        })
        .register(move |n| {
            let backend =
                LedgerBackend { runner: runner.clone(), lanes: lanes.clone(), fetching: None, claimed: vec![] };
            WorkerBuilder::new(format!("{}-{n}", runner.name()))
                .backend(backend)
                .parallelize(tokio::spawn)
                .data(runner.clone())
                .build(start)
        });
    let stopped = async move {
        stop.cancelled().await;
        Ok(())
    };
    monitor.run_with_signal(stopped).await?;
    Ok(())
}

/// What apalis calls for each id. It never fails: how the job ended is in the ledger.
async fn start(claimed: Claimed, runner: Data<Arc<Runner>>) -> Result<(), Infallible> {
    runner.run(claimed.id).await;
    Ok(())
}

/// Waits for a free slot and a claimable row; of the best lane that has both, claims as many as there are slots.
async fn fetch(runner: Arc<Runner>, lanes: Arc<Lanes>) -> Vec<Claimed> {
    loop {
        let changed = lanes.changed();
        let open = lanes.with_room();
        let busy = steadily("look for work", runner.ledger(), |ledger| {
            let open = open.clone();
            async move { ledger.with_work(&open).await }
        });
        for queue in if open.is_empty() { vec![] } else { busy.await } {
            let slots = lanes.take_up_to(queue, usize::MAX);
            let n = i64::try_from(slots.len()).unwrap_or(1);
            let ids = steadily("claim", runner.ledger(), |ledger| {
                let name = runner.name().to_owned();
                async move { ledger.claim(&name, &[queue], n).await }
            });
            let ids = if slots.is_empty() { vec![] } else { ids.await };
            if !ids.is_empty() {
                return ids.into_iter().zip(slots).map(|(id, slot)| Claimed { id, _slot: Arc::new(slot) }).collect();
            }
        }
        // A nudge from this process, a freed slot, or the poll: other processes cannot ring here.
        tokio::select! {
            () = runner.ledger().nudged() => {}
            () = changed => {}
            () = tokio::time::sleep(POLL_EVERY) => {}
        }
    }
}

impl Backend for LedgerBackend {
    type Task = Task<Claimed>;
    type Error = Infallible;

    fn poll_ready(&mut self, _cx: &mut Context<'_>, _worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Infallible>>> {
        loop {
            if let Some(claimed) = self.claimed.pop() {
                let id = TaskId::from_string(claimed.id.to_string());
                return Poll::Ready(Some(Ok(TaskBuilder::new(claimed).task_id(id).build())));
            }
            let fetching =
                self.fetching.get_or_insert_with(|| Box::pin(fetch(self.runner.clone(), self.lanes.clone())));
            match fetching.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(mut batch) => {
                    batch.reverse();
                    self.claimed = batch;
                    self.fetching = None;
                }
            }
        }
    }

    /// What was claimed and never started goes back when the worker leaves the ledger, uncharged.
    fn poll_close(&mut self, _cx: &mut Context<'_>, _worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        self.fetching = None;
        self.claimed.clear();
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for LedgerBackend {
    type Args = Claimed;
    type Id = String;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = tower::layer::util::Identity;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _worker: &mut WorkerContext) -> Self::Layer {
        tower::layer::util::Identity::new()
    }
}
