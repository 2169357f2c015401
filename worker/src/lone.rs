//! A job whose owners died while they held it is a suspect. It runs alone, in a process of its own, and only the death of that process
//! convicts it: its neighbours, which were there too when the owners died, run alone as well and end as they always would.
//!
//! The parent keeps the claim, the slot and the heart; the child ([`child`]) makes the attempt under the parent's fence and writes its end.
//! They speak over pipes. The child says on its standard output how far it is; the parent says on the child's standard input that the job
//! was asked to stop, and the end of that pipe is the end of the parent, which the child does not outlive. Signals carry nothing between
//! them: whoever stops a service signals all of its processes, and a job is not cancelled by that.

mod child;

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use platen_jobs::{Entry, Failure};
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{Fence, Job, Waiting};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio_util::sync::CancellationToken;

use crate::settle::Verdict;

pub use child::child;

/// How a process of its own is started for one job.
#[derive(Clone)]
pub struct Lone {
    /// Makes the command of a worker that runs one job: this program with this worker's settings, and everything but the job.
    pub command: Arc<dyn Fn() -> Command + Send + Sync>,
    /// The child looks after the job's time limit; when it is this much over it, it is killed.
    pub grace: Duration,
}

/// The child holds the job and runs it from here on.
const BEGUN: &str = "begun";
/// The attempt is over, and its end is being written, however long the database takes.
const RAN: &str = "ran";
/// The job was asked to stop.
const STOP: &str = "stop";

/// A child has begun by then.
const BEGIN_WITHIN: Duration = Duration::from_secs(60);
/// When the child could not begin, the job waits this long for the next try.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// How a child ended.
enum Ended {
    /// It wrote the job's end.
    Settled,
    /// It did not come to the job, for this reason: that says nothing about the job.
    NotBegun(String),
    /// It died over the job, like this.
    Died(String),
}

/// Lets a child make the attempt; says what is left to be written about it.
pub(crate) async fn watch(
    lone: &Lone,
    entry: &'static Entry,
    job: &Job,
    stop: &CancellationToken,
    limit: Duration,
) -> Verdict {
    tracing::warn!(recoveries = job.recoveries, "job {} runs in a process of its own: its last owners died", job.id);
    let failure = match alone(lone, job, stop, limit).await {
        Ended::Settled => return Verdict::Written,
        Ended::NotBegun(why) => {
            let why = format!("it must run in a process of its own, and that {why}; it is tried again in a minute");
            Failure::After { wait: TRY_AGAIN_AFTER, why: Waiting::Retry, trouble: Trouble::new("lone", why) }
        }
        Ended::Died(how) => Failure::fatal(
            "poison",
            format!(
                "{} workers died while they held it, and then the process that ran it alone ({how}): look at its payload and at the \
                 log of that time, then `platen jobs retry {}`",
                job.recoveries, job.id
            ),
        ),
    };
    Verdict::Failed(entry, failure)
}

async fn alone(lone: &Lone, job: &Job, stop: &CancellationToken, limit: Duration) -> Ended {
    let mut command = (lone.command)();
    let Fence { id, worker, attempt, since, .. } = job.fence();
    command.arg("--only").arg(id.to_string()).arg("--owner").arg(worker);
    command.arg("--attempt").arg(attempt.to_string()).arg("--since").arg(since.timestamp().to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    // A group of its own: Ctrl-C at a terminal is for the parent, who lets running jobs end.
    let mut child = match command.process_group(0).kill_on_drop(true).spawn() {
        Ok(child) => child,
        Err(error) => return Ended::NotBegun(format!("could not be started: {error}")),
    };
    let (begun, overdue) = follow(&mut child, stop, limit + lone.grace).await;
    if overdue {
        // Without an effect only when it has just ended by itself.
        let _ = child.start_kill();
    }
    let how = match child.wait().await {
        Ok(status) if status.success() => return Ended::Settled,
        Ok(_) if overdue && begun => format!("still busy {} s after its time limit, and killed", lone.grace.as_secs()),
        Ok(_) if overdue => format!("did not begin within {} s", BEGIN_WITHIN.as_secs()),
        Ok(status) if begun => status.to_string(),
        Ok(status) => format!("ended before it began ({status})"),
        Err(error) => return Ended::NotBegun(format!("cannot be waited for: {error}")),
    };
    if begun { Ended::Died(how) } else { Ended::NotBegun(how) }
}

/// Listens until the child has closed its output or has taken longer than `limit`: (whether it began, whether it is overdue).
async fn follow(child: &mut Child, stop: &CancellationToken, limit: Duration) -> (bool, bool) {
    let (mut orders, Some(said)) = (child.stdin.take(), child.stdout.take()) else { return (false, false) };
    let mut lines = BufReader::new(said).lines();
    let (mut begun, mut asked) = (false, false);
    let mut patience = Some(tokio::time::Instant::now() + BEGIN_WITHIN);
    loop {
        let overdue = async {
            match patience {
                Some(end) => tokio::time::sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            line = lines.next_line() => match line.as_ref().map(Option::as_deref) {
                Ok(Some(BEGUN)) => (begun, patience) = (true, Some(tokio::time::Instant::now() + limit)),
                Ok(Some(RAN)) => patience = None,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return (begun, false),
            },
            () = stop.cancelled(), if !asked => {
                asked = true;
                pass_on(&mut orders, STOP).await;
            }
            () = overdue => return (begun, true),
        }
    }
}

/// A child that cannot be told has ended, which is noticed elsewhere.
async fn pass_on(orders: &mut Option<ChildStdin>, order: &str) {
    if let Some(orders) = orders {
        let _ = orders.write_all(format!("{order}\n").as_bytes()).await;
    }
}
