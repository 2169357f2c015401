//! An apalis backend over the ledger. What apalis is handed is a slot of a lane, which works its way through the jobs that were claimed for
//! the lane: as many as there are free slots, and a few milliseconds' worth ahead ([`super::ahead`]).

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Result;
use apalis::prelude::{Data, Monitor, Task, TaskBuilder, TaskId, WorkerBuilder, WorkerContext};
use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::worker::ext::parallelize::ParallelizeExt;
use platen_shared::ledger::{Fence, Queue};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ahead::Ahead;
use crate::execute::Runner;
use crate::lanes::{Lanes, Slot};
use crate::{POLL_EVERY, steadily};

/// A slot runs jobs of one lane for so long; then a better lane may have it.
const SLICE: Duration = Duration::from_millis(20);

/// A slot that has jobs to run.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    queue: Queue,
    slot: Arc<Slot>,
}

type Turns = Pin<Box<dyn Future<Output = Vec<Turn>> + Send>>;

/// What the dispatcher works with.
struct Shop {
    runner: Arc<Runner>,
    lanes: Arc<Lanes>,
    ahead: Ahead,
    /// Lanes that have work and no slot for it.
    hungry: Mutex<Vec<Queue>>,
    /// Held while a claim is on its way.
    claiming: tokio::sync::Mutex<()>,
    stop: CancellationToken,
}

struct LedgerBackend {
    shop: Arc<Shop>,
    fetching: Option<Turns>,
    turns: Vec<Turn>,
}

/// Claims and runs until `stop`; what runs then goes on by itself.
///
/// # Errors
/// Never by itself: the database's troubles are waited out.
pub(crate) async fn serve(runner: &Arc<Runner>, lanes: &Arc<Lanes>, stop: CancellationToken) -> Result<()> {
    let (runner, lanes) = (runner.clone(), lanes.clone());
    let (ahead, hungry, claiming) = (Ahead::default(), Mutex::default(), tokio::sync::Mutex::default());
    let shop = Arc::new(Shop { runner, lanes, ahead, hungry, claiming, stop });
    let hired = shop.clone();
    let monitor = Monitor::new()
        // What runs is waited for by the worker itself, who knows of every slot.
        .shutdown_timeout(Duration::from_millis(100))
        .should_restart(|_, error| {
            tracing::error!(%error, "the dispatcher restarts");
            true
        })
        .register(move |n| {
            let backend = LedgerBackend { shop: hired.clone(), fetching: None, turns: vec![] };
            WorkerBuilder::new(format!("{}-{n}", hired.runner.name()))
                .backend(backend)
                .parallelize(tokio::spawn)
                .data(hired.clone())
                .build(work)
        });
    let stopping = shop.clone();
    let stopped = async move {
        stopping.stop.cancelled().await;
        Ok(())
    };
    monitor.run_with_signal(stopped).await?;
    let _no_claim_is_on_its_way = shop.claiming.lock().await;
    shop.give_back(shop.ahead.rest()).await;
    Ok(())
}

/// What apalis calls for each slot. It never fails: how the jobs ended is in the ledger.
async fn work(turn: Turn, shop: Data<Arc<Shop>>) -> Result<(), Infallible> {
    let since = Instant::now();
    loop {
        let Some(room) = shop.runner.room().await else { return Ok(()) };
        let (job, low) = shop.ahead.next(turn.queue);
        if low {
            shop.lanes.tell();
        }
        let Some(job) = job else { return Ok(()) };
        let began = Instant::now();
        shop.runner.run_on(job, room).await;
        shop.ahead.took(turn.queue, began.elapsed());
        if shop.stop.is_cancelled() || (since.elapsed() > SLICE && shop.is_wanted_by_better(turn.queue)) {
            drop(turn.slot);
            return Ok(());
        }
    }
}

/// Waits until a lane has slots and jobs for them.
async fn fetch(shop: Arc<Shop>) -> Vec<Turn> {
    loop {
        let changed = shop.lanes.changed();
        shop.give_back(shop.ahead.overdue()).await;
        let busy = shop.look().await;
        for queue in busy.iter().copied().filter(|queue| shop.wanted(*queue) > 0) {
            // A task of its own: what is claimed is known here even when nobody waits for it any more.
            let _ = tokio::spawn(shop.clone().claim(queue)).await;
        }
        let turns: Vec<Turn> = shop.lanes.all().iter().flat_map(|lane| shop.turns(lane.queue)).collect();
        shop.note_hungry(&busy);
        if !turns.is_empty() {
            return turns;
        }
        // Work that was brought, a freed slot, or the poll.
        tokio::select! {
            () = shop.runner.ledger().nudged() => {}
            () = changed => {}
            () = tokio::time::sleep(POLL_EVERY) => {}
        }
    }
}

impl Shop {
    /// How many jobs of a lane a claim should bring.
    fn wanted(&self, queue: Queue) -> usize {
        self.ahead.wanted(queue, self.lanes.slots_of(queue), self.lanes.room(queue))
    }

    /// Notes which lanes wait for a slot that another one has.
    fn note_hungry(&self, busy: &[Queue]) {
        let waits = |queue: &Queue| self.lanes.room(*queue) == 0 && !self.lanes.is_full(*queue);
        *self.hungry.lock().unwrap_or_else(PoisonError::into_inner) = busy.iter().copied().filter(waits).collect();
    }

    fn is_wanted_by_better(&self, queue: Queue) -> bool {
        let hungry = self.hungry.lock().unwrap_or_else(PoisonError::into_inner);
        self.lanes
            .all()
            .iter()
            .map(|lane| lane.queue)
            .take_while(|better| *better != queue)
            .any(|q| hungry.contains(&q))
    }

    /// The lanes with work that could take more, best first.
    async fn look(&self) -> Vec<Queue> {
        let lanes = self.lanes.all().iter().map(|lane| lane.queue);
        let open: Vec<Queue> = lanes.filter(|queue| self.wanted(*queue) > 0 || !self.lanes.is_full(*queue)).collect();
        if open.is_empty() {
            return open;
        }
        steadily("look for work", self.runner.ledger(), |ledger| {
            let open = open.clone();
            async move { ledger.with_work(&open).await }
        })
        .await
    }

    /// Fills a lane up.
    async fn claim(self: Arc<Self>, queue: Queue) {
        let _claiming = self.claiming.lock().await;
        let n = self.wanted(queue);
        if n == 0 || self.stop.is_cancelled() {
            return;
        }
        let n = i64::try_from(n).unwrap_or(1);
        let jobs = steadily("claim", self.runner.ledger(), |ledger| {
            let name = self.runner.name().to_owned();
            async move { ledger.claim(&name, &[queue], n).await }
        });
        let jobs = jobs.await;
        self.runner.holds(&jobs);
        self.ahead.put(queue, jobs);
    }

    /// A turn for each free slot that has a job waiting.
    fn turns(&self, queue: Queue) -> Vec<Turn> {
        let slots = self.lanes.take_up_to(queue, self.ahead.len(queue));
        slots.into_iter().map(|slot| Turn { queue, slot: Arc::new(slot) }).collect()
    }

    async fn give_back(&self, fences: Vec<Fence>) {
        if fences.is_empty() {
            return;
        }
        self.runner.holds_no_more(&fences);
        if let Err(error) = self.runner.ledger().give_back(&fences).await {
            tracing::warn!(%error, "{} claimed jobs were not given back; the sweep will find them", fences.len());
        }
    }
}

impl Backend for LedgerBackend {
    type Task = Task<Turn>;
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
            if let Some(turn) = self.turns.pop() {
                let id = TaskId::from_string(turn.queue.word().to_owned());
                return Poll::Ready(Some(Ok(TaskBuilder::new(turn).task_id(id).build())));
            }
            let fetching = self.fetching.get_or_insert_with(|| Box::pin(fetch(self.shop.clone())));
            match fetching.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(turns) => {
                    self.turns = turns;
                    self.fetching = None;
                }
            }
        }
    }

    /// What was claimed and not run is given back when the dispatcher has stopped.
    fn poll_close(&mut self, _cx: &mut Context<'_>, _worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        self.fetching = None;
        self.turns.clear();
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for LedgerBackend {
    type Args = Turn;
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
