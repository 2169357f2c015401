//! The ledger's numbers, asked of the database when somebody looks, so that what is gone is gone from the page too. Labels are queues,
//! states and living workers: few, whatever happens.

use std::fmt::Write;

use platen_shared::db::Result;
use platen_shared::ledger::{Ledger, Queue};

/// The page's part about the ledger; when the database does not answer, that is what it says.
pub(super) async fn read(ledger: &Ledger) -> String {
    let mut page = Page::default();
    let read = fill(&mut page, ledger).await;
    let answers = match &read {
        Ok(()) => 1.0,
        Err(error) => {
            tracing::warn!(%error, "the ledger's numbers cannot be read: {error}");
            page = Page::default();
            0.0
        }
    };
    page.head("platen_ledger_up", "1 when the database answered this page.");
    page.line("platen_ledger_up", &[], answers);
    page.0
}

async fn fill(page: &mut Page, ledger: &Ledger) -> Result<()> {
    let now = ledger.now();
    let totals = ledger.totals().await?;
    page.head("platen_queue_jobs", "Jobs that have not ended, by queue and state.");
    for queue in Queue::ALL {
        let depth = totals.iter().find(|depth| depth.queue == queue.word());
        let counts = depth.map_or([0, 0, 0], |depth| [depth.ready, depth.running, depth.scheduled]);
        for (state, n) in ["ready", "running", "scheduled"].into_iter().zip(counts) {
            page.line("platen_queue_jobs", &[("queue", queue.word()), ("state", state)], n as f64);
        }
    }
    page.head("platen_queue_oldest_ready_seconds", "How long the oldest ready job has been ready; 0 when none is.");
    for queue in Queue::ALL {
        let oldest = totals.iter().find(|depth| depth.queue == queue.word()).and_then(|depth| depth.oldest_ready_at);
        let age = oldest.map_or(0.0, |since| now.since(since).as_secs_f64());
        page.line("platen_queue_oldest_ready_seconds", &[("queue", queue.word())], age);
    }
    page.head("platen_jobs_dead", "Jobs that were given up and wait for a person.");
    page.line("platen_jobs_dead", &[], ledger.dead(None).await? as f64);
    let (workers, busy) = (ledger.workers().await?, ledger.busy().await?);
    page.head("platen_workers", "Worker processes that beat.");
    page.line("platen_workers", &[], workers.len() as f64);
    page.head("platen_worker_heartbeat_age_seconds", "Since a worker's last heartbeat; after 6 it is taken for dead.");
    for worker in &workers {
        let age = now.since(worker.heartbeat_at).as_secs_f64();
        page.line("platen_worker_heartbeat_age_seconds", &[("worker", &worker.id)], age);
    }
    page.head("platen_worker_running", "Jobs that a worker runs.");
    for worker in &workers {
        let n = busy.iter().find(|(id, _)| *id == worker.id).map_or(0, |(_, n)| *n);
        page.line("platen_worker_running", &[("worker", &worker.id)], n as f64);
    }
    Ok(())
}

/// Lines of the text format; every one is a gauge.
#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let labels: Vec<String> = labels.iter().map(|(name, text)| format!("{name}=\"{}\"", quoted(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_its_line() {
        let mut page = Page::default();
        page.line("n", &[("worker", "a\"\n\\b")], 1.5);
        assert_eq!(page.0, "n{worker=\"a\\\"\\n\\\\b\"} 1.5\n");
    }
}
