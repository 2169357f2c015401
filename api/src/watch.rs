//! The one watcher of the ledger behind all streams of events. It looks while somebody listens, at all jobs that are listened to at once,
//! and tells each listener of a change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use platen_shared::id::{JobId, TenantId};
use platen_shared::ledger::{Job, Ledger};
use tokio::sync::watch::{Receiver, Sender, channel};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(60);
/// Most jobs that are watched at the same time.
const JOBS_MAX: usize = 2_000;

/// The watcher.
pub(crate) struct Watcher {
    ledger: Ledger,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    watched: HashMap<(TenantId, JobId), Sender<Arc<Job>>>,
    /// The task that looks is there.
    looking: bool,
    /// The server is stopping: every stream has ended, and no new one begins.
    closed: bool,
}

impl Watcher {
    pub(crate) fn over(ledger: Ledger) -> Arc<Watcher> {
        Arc::new(Watcher { ledger, state: Mutex::default() })
    }

    /// Listens to a job, whose row is known as it was a moment ago. `None` while too many are watched, or when the server stops.
    pub(crate) fn listen(self: &Arc<Self>, job: Job) -> Option<Receiver<Arc<Job>>> {
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        let key = (job.tenant, job.id);
        if let Some(sender) = state.watched.get(&key) {
            return Some(sender.subscribe());
        }
        if state.watched.len() >= JOBS_MAX {
            return None;
        }
        let (sender, receiver) = channel(Arc::new(job));
        state.watched.insert(key, sender);
        if !state.looking {
            state.looking = true;
            tokio::spawn(self.clone().look());
        }
        Some(receiver)
    }

    /// Ends every stream.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.watched.clear();
    }

    /// Looks until nobody listens any more.
    async fn look(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let jobs = {
                let mut state = self.lock();
                state.watched.retain(|_, sender| sender.receiver_count() > 0);
                if state.watched.is_empty() {
                    state.looking = false;
                    return;
                }
                state.watched.keys().copied().collect::<Vec<_>>()
            };
            match self.ledger.look(&jobs).await {
                Ok(found) => self.tell(found),
                Err(error) => tracing::warn!(%error, "the jobs that are being watched could not be looked at: {error}"),
            }
        }
    }

    fn tell(&self, found: Vec<Job>) {
        let mut state = self.lock();
        for job in found {
            let key = (job.tenant, job.id);
            let ended = job.finished();
            if let Some(sender) = state.watched.get(&key) {
                let job = Arc::new(job);
                sender.send_if_modified(|known| {
                    let news = changed(known, &job);
                    if news {
                        *known = job;
                    }
                    news
                });
            }
            if ended {
                // What listens has the last word already; the closed channel ends its stream.
                state.watched.remove(&key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn changed(before: &Job, now: &Job) -> bool {
    let seen = |job: &Job| {
        (job.state.clone(), job.attempt, job.failures, job.recoveries, job.waiting_for.clone(), job.progress.clone())
    };
    seen(before) != seen(now)
}
