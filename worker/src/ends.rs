//! Ends of kinds that record nothing, written beside the running jobs: whatever has ended meanwhile shares a transaction. A kill before that
//! runs these jobs once more, which every kind can bear.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use platen_jobs::Entry;
use platen_shared::ledger::{Done, Fenced, Group, Job};
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use crate::execute::{Runner, span};
use crate::settle::{Verdict, kept, late};

/// The ends that wait to be written.
#[derive(Default)]
pub(crate) struct Ends(Arc<Group<Ended, ()>>);

/// The right to leave one end to be written, until it is dropped.
pub(crate) struct Room(#[expect(dead_code, reason = "dropping it is its use")] OwnedSemaphorePermit);

impl Room {
    pub(crate) fn of(permit: OwnedSemaphorePermit) -> Room {
        Room(permit)
    }
}

/// A job that did what it should.
pub(crate) struct Ended {
    pub(crate) job: Job,
    pub(crate) entry: &'static Entry,
    pub(crate) output: Value,
    pub(crate) room: Room,
}

impl Ends {
    /// Leaves an end to be written.
    pub(crate) fn leave(&self, runner: &Arc<Runner>, ended: Ended) {
        let runner = runner.clone();
        self.0.leave(ended, move |all| write(runner.clone(), all));
    }
}

async fn write(runner: Arc<Runner>, all: Vec<Ended>) -> Vec<()> {
    let mut group = vec![];
    let mut dones = vec![];
    for one in all {
        match kept(one.entry, &one.output) {
            Ok(output) => {
                dones.push(Done { fence: one.job.fence(), output });
                group.push(one);
            }
            Err(_) => alone(&runner, one),
        }
    }
    // A panic in there must not take the ends with it.
    let finishing = AssertUnwindSafe(runner.ledger().finish(&dones)).catch_unwind();
    let outcomes = finishing.await.unwrap_or_default();
    let told = |outcome: &Result<(), Fenced>| matches!(outcome, Ok(()) | Err(Fenced::Late));
    runner.holds_no_more(dones.iter().zip(&outcomes).filter(|(_, outcome)| told(outcome)).map(|(done, _)| &done.fence));
    let mut outcomes = outcomes.into_iter();
    for one in group {
        match outcomes.next() {
            Some(Ok(())) => {
                span(&one.job).in_scope(|| tracing::info!("job {} succeeded", one.job.id));
                runner.point(one.entry.kind, "recorded").await;
            }
            Some(Err(Fenced::Late)) => span(&one.job).in_scope(|| late(&one.job)),
            Some(Err(Fenced::Db(_))) | None => alone(&runner, one),
        }
    }
    vec![]
}

/// Writes an end as any other is: again and again, and with a word about what is in its way.
fn alone(runner: &Arc<Runner>, one: Ended) {
    let runner = runner.clone();
    tokio::spawn(async move {
        let Ended { job, entry, output, room } = one;
        runner.settle(&job, Verdict::Done(entry, output)).await;
        drop(room);
    });
}
