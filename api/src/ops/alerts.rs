//! What needs attention, as sentences: the first thing on the page.

use platen_shared::db::At;
use platen_shared::ledger::fleet::Worker;

use super::fleet::{LATE_AFTER_S, QueueRow};
use super::providers::ProviderRow;
use super::show::span;

/// A ready job that waits longer than this means too few workers.
const OLD_AFTER_S: u64 = 60;

/// A sentence, how bad it is, and where to go.
pub(super) struct Alert {
    /// `bad`, `warn` or `good`.
    pub(super) level: &'static str,
    pub(super) text: String,
    /// Empty when there is nothing to open.
    pub(super) path: String,
}

fn alert(level: &'static str, text: String, path: &str) -> Alert {
    Alert { level, text, path: path.to_owned() }
}

/// Everything that does, worst first; one good sentence when nothing does.
pub(super) fn alerts(
    queues: &[QueueRow],
    workers: &[Worker],
    providers: &[ProviderRow],
    dead: i64,
    pauses: usize,
    now: At,
) -> Vec<Alert> {
    let mut found = Vec::new();
    if workers.is_empty() {
        found.push(alert("bad", "No worker beats: nothing starts. Start one with “platen worker”.".to_owned(), ""));
    }
    for queue in queues.iter().filter(|queue| queue.ready > 0 && queue.workers == 0 && !workers.is_empty()) {
        let text = format!("{}: {} jobs are ready and no worker serves the queue.", queue.name, queue.ready);
        found.push(alert("bad", text, ""));
    }
    if dead > 0 {
        let text = if dead == 1 {
            "1 job is dead and waits for a person.".to_owned()
        } else {
            format!("{dead} jobs are dead and wait for a person.")
        };
        found.push(alert("bad", text, "/ops/jobs?state=dead"));
    }
    for queue in queues.iter().filter(|queue| queue.oldest_s > OLD_AFTER_S && queue.workers > 0) {
        let oldest = queue.oldest.as_deref().unwrap_or_default();
        let text = format!("{}: the oldest job has been ready for {oldest}; more workers would help.", queue.name);
        found.push(alert("warn", text, ""));
    }
    for worker in workers.iter().filter(|worker| now.since(worker.heartbeat_at).as_secs() >= LATE_AFTER_S) {
        let age = span(now.since(worker.heartbeat_at));
        let text =
            format!("Worker {} has not beaten for {age}; after six seconds its jobs go on elsewhere.", worker.id);
        found.push(alert("warn", text, ""));
    }
    for provider in providers.iter().filter(|provider| provider.stopped) {
        let text = format!("{}: no call goes out now; its jobs wait and use no attempt.", provider.name);
        found.push(alert("warn", text, "#providers"));
    }
    if pauses > 0 {
        let text = if pauses == 1 {
            "1 pause keeps work from starting.".to_owned()
        } else {
            format!("{pauses} pauses keep work from starting.")
        };
        found.push(alert("warn", text, "/ops/pauses"));
    }
    if found.is_empty() {
        found.push(alert("good", "All is well: nothing is dead, nothing waits too long, workers beat.".to_owned(), ""));
    }
    found
}
