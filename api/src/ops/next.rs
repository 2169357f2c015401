//! What happens to a job next, in one sentence: the question that brings an operator to its page.

use platen_shared::db::At;
use platen_shared::ledger::Job;
use platen_shared::ledger::fleet::Worker;

use super::show::span;

/// The sentence.
pub(super) fn next(job: &Job, workers: &[Worker], now: At) -> String {
    let when = || if job.run_at > now { format!("in {}", span(job.run_at.since(now))) } else { "now".to_owned() };
    let served = workers.iter().filter(|w| !w.draining && w.queues.split(',').any(|queue| queue == job.queue)).count();
    match (job.state.as_str(), job.waiting_for.as_str()) {
        ("ready", _) if served == 0 => {
            format!("It waits for a worker: none serves the queue {} now.", job.queue)
        }
        ("ready", _) => {
            format!("It starts as soon as one of {served} workers that serve {} has a free slot.", job.queue)
        }
        ("running", _) if job.cancel_requested => {
            "Its worker was asked to stop, and stops at the next checkpoint.".to_owned()
        }
        ("running", _) => match platen_jobs::find(&job.kind) {
            Some(entry) => {
                format!("It runs, for {} at most; if its worker dies, it goes on elsewhere.", span(entry.timeout))
            }
            None => "It runs; if its worker dies, it goes on elsewhere.".to_owned(),
        },
        ("scheduled", "paused") => "It starts once the pause that holds it is taken away.".to_owned(),
        ("scheduled", "retry") => format!("It is tried again {}, as attempt {}.", when(), job.attempt + 1),
        ("scheduled", "breaker") => {
            format!("The provider's circuit breaker is open; it tries again {}, and no attempt was used.", when())
        }
        ("scheduled", "budget") => {
            format!("The provider's request budget is used up; it tries again {}, and no attempt was used.", when())
        }
        ("scheduled", "not_ready") => format!("What it needs is not there yet; it looks again {}.", when()),
        ("scheduled", "lookup") => {
            format!("An answer was lost; it asks {} what became of it before it does anything.", when())
        }
        ("scheduled", _) => format!("It is due {}.", when()),
        ("dead", _) => "Nothing, until you retry it: every kind looks before it acts, so a retry is safe.".to_owned(),
        ("cancelled", _) => "Nothing, unless you retry it.".to_owned(),
        ("succeeded", _) => "Nothing: it is done.".to_owned(),
        _ => "This release does not know its state.".to_owned(),
    }
}
