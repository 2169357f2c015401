//! The fleet's part of the first page: workers and queues.

use platen_shared::db::At;
use platen_shared::ledger::Queue;
use platen_shared::ledger::fleet::Worker;
use platen_shared::ledger::read::Depth;

use super::show::{Badge, When, span};

/// A heart that has not beaten for this long is late; after six seconds its worker is taken for dead.
pub(super) const LATE_AFTER_S: u64 = 3;

/// A worker in the list.
pub(super) struct WorkerRow {
    pub(super) id: String,
    pub(super) state: Badge,
    pub(super) place: String,
    pub(super) queues: String,
    pub(super) release: String,
    pub(super) dispatcher: String,
    pub(super) busy: i64,
    pub(super) slots: i64,
    pub(super) since: When,
    pub(super) heartbeat: String,
}

/// The workers' rows.
pub(super) fn workers(workers: &[Worker], busy: &[(String, i64)], now: At) -> Vec<WorkerRow> {
    let all = Queue::ALL.len();
    let row = |worker: &Worker| {
        let age = now.since(worker.heartbeat_at);
        let state = match (age.as_secs() >= LATE_AFTER_S, worker.draining) {
            (true, _) => "late",
            (false, true) => "draining",
            (false, false) => "alive",
        };
        let host = if worker.host.is_empty() { "" } else { worker.host.as_str() };
        let queues: Vec<&str> = worker.queues.split(',').filter(|word| !word.is_empty()).collect();
        WorkerRow {
            id: worker.id.clone(),
            state: Badge::of(state),
            place: format!("{host} pid {}", worker.process).trim().to_owned(),
            queues: if queues.len() == all { "all queues".to_owned() } else { queues.join(", ") },
            release: worker.release.clone(),
            dispatcher: worker.dispatcher.clone(),
            busy: busy.iter().find(|(id, _)| *id == worker.id).map_or(0, |(_, n)| *n),
            slots: worker.slots,
            since: When::seen(worker.started_at, now),
            heartbeat: span(age),
        }
    };
    workers.iter().map(row).collect()
}

/// A queue in the list.
pub(super) struct QueueRow {
    pub(super) name: &'static str,
    pub(super) ready: i64,
    pub(super) running: i64,
    pub(super) scheduled: i64,
    /// How long the oldest ready job has been ready.
    pub(super) oldest: Option<String>,
    pub(super) oldest_s: u64,
    /// Ready jobs of all tenants.
    pub(super) total: i64,
    /// Workers that serve it and take new work.
    pub(super) workers: usize,
    pub(super) paused: bool,
}

/// The queues' rows: a tenant's own depth beside the whole fleet's.
pub(super) fn queues(own: &[Depth], totals: &[Depth], workers: &[Worker], paused: &[String], now: At) -> Vec<QueueRow> {
    let row = |queue: &Queue| {
        let word = queue.word();
        let depth = own.iter().find(|depth| depth.queue == word);
        let age = depth.and_then(|depth| depth.oldest_ready_at).map(|since| now.since(since));
        QueueRow {
            name: word,
            ready: depth.map_or(0, |depth| depth.ready),
            running: depth.map_or(0, |depth| depth.running),
            scheduled: depth.map_or(0, |depth| depth.scheduled),
            oldest: age.map(span),
            oldest_s: age.unwrap_or_default().as_secs(),
            total: totals.iter().find(|depth| depth.queue == word).map_or(0, |depth| depth.ready),
            workers: workers.iter().filter(|w| !w.draining && w.queues.split(',').any(|served| served == word)).count(),
            paused: paused.iter().any(|what| *what == format!("queue {word}")),
        }
    };
    Queue::ALL.iter().map(row).collect()
}
