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
use platen_shared::ledger::Queue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::execute::Runner;
use crate::{POLL_EVERY, Settings, steadily};

/// A claimed job and the slot it occupies until it has run.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    id: JobId,
    _slot: Arc<OwnedSemaphorePermit>,
}

type Batch = Pin<Box<dyn Future<Output = Vec<Claimed>> + Send>>;

struct LedgerBackend {
    runner: Arc<Runner>,
    queues: Vec<Queue>,
    slots: Arc<Semaphore>,
    fetching: Option<Batch>,
    claimed: Vec<Claimed>,
}

/// Claims and runs until `stop`.
///
/// # Errors
/// Never by itself: the database's troubles are waited out.
pub(crate) async fn serve(runner: Arc<Runner>, settings: &Settings, stop: CancellationToken) -> Result<()> {
    let (queues, slots) = (settings.queues.clone(), Arc::new(Semaphore::new(settings.concurrency.max(1))));
    let monitor = Monitor::new()
        .should_restart(|_, error| {
            tracing::error!(%error, "the dispatcher restarts");
            true
        })
        .register(move |n| {
            let backend = LedgerBackend {
                runner: runner.clone(),
                queues: queues.clone(),
                slots: slots.clone(),
                fetching: None,
                claimed: vec![],
            };
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

/// Waits for a free slot and a claimable row; claims as many as there are free slots.
async fn fetch(runner: Arc<Runner>, queues: Vec<Queue>, slots: Arc<Semaphore>) -> Vec<Claimed> {
    loop {
        let Ok(first) = slots.clone().acquire_owned().await else { return vec![] };
        let mut free = vec![first];
        while let Ok(another) = slots.clone().try_acquire_owned() {
            free.push(another);
        }
        let n = i64::try_from(free.len()).unwrap_or(1);
        let ids =
            steadily("claim", runner.ledger(), |ledger| {
                let (queues, name) = (queues.clone(), runner.name().to_owned());
                async move {
                    if ledger.has_work(&queues).await? { ledger.claim(&name, &queues, n).await } else { Ok(vec![]) }
                }
            })
            .await;
        if !ids.is_empty() {
            return ids.into_iter().zip(free).map(|(id, slot)| Claimed { id, _slot: Arc::new(slot) }).collect();
        }
        drop(free);
        // A nudge from this process, or the poll: other processes cannot ring here.
        let _ = tokio::time::timeout(POLL_EVERY, runner.ledger().nudged()).await;
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
            let fetching = self
                .fetching
                .get_or_insert_with(|| Box::pin(fetch(self.runner.clone(), self.queues.clone(), self.slots.clone())));
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
