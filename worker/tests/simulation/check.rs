//! What must hold, whatever happened.

use std::collections::BTreeMap;

use platen_shared::id::JobId;
use platen_shared::ledger::read::{AttemptRow, Filter};
use platen_shared::ledger::{Job, RECOVERIES_MAX};

use crate::world::World;

/// No order was printed twice.
pub(crate) fn effects(world: &World) -> Result<(), String> {
    match world.outside.effects().into_iter().find(|(_, n)| *n > 1) {
        Some((reference, n)) => Err(format!("{reference} was printed {n} times")),
        None => Ok(()),
    }
}

pub(crate) async fn jobs(world: &World) -> Vec<Job> {
    world.ledger.jobs(world.tenant, &Filter::default(), 1000).await.expect("read")
}

/// Those that have not ended, for people.
pub(crate) fn open(jobs: &[Job]) -> String {
    let open = jobs.iter().filter(|job| !job.finished());
    open.map(|job| format!("{} {} is {}", job.kind, job.key, job.state)).collect::<Vec<_>>().join(", ")
}

/// In the calm, whoever looks finds: nothing that was ready before a round still waits after it.
pub(crate) fn found(before: &[Job], after: &[Job]) -> Result<(), String> {
    let ready = |job: &Job| (job.state == "ready").then_some((job.id, job.ready_at));
    let overlooked = after.iter().find(|job| ready(job).is_some() && before.iter().any(|old| ready(old) == ready(job)));
    overlooked.map_or(Ok(()), |job| Err(format!("{} {} was ready, and nobody looked for it", job.kind, job.key)))
}

/// The rows against what clients were told and what the printer counted.
pub(crate) async fn everything(world: &World) -> Result<(), String> {
    effects(world)?;
    let jobs = jobs(world).await;
    let by_id: BTreeMap<JobId, &Job> = jobs.iter().map(|job| (job.id, job)).collect();
    for (key, id) in &world.told {
        if !by_id.contains_key(id) {
            return Err(format!("{key} was acknowledged and is lost"));
        }
    }
    let printed = world.outside.effects();
    for job in &jobs {
        let attempts = world.ledger.attempts(world.tenant, job.id).await.expect("read");
        ended_once(world, job, &attempts).map_err(|why| format!("{} {}: {why}", job.kind, job.key))?;
        let reference = job.key.trim_end_matches(":1");
        if job.kind == "ship" && job.state == "succeeded" {
            if !printed.contains_key(reference) {
                return Err(format!("{reference} succeeded and was never printed"));
            }
            if !jobs.iter().any(|other| other.kind == "note" && other.key == job.key) {
                return Err(format!("{reference} succeeded and left no note"));
            }
        }
    }
    match world.ledger.running(None, 1).await.expect("read").first() {
        Some(running) => Err(format!("a job still runs on {}", running.worker)),
        None => Ok(()),
    }
}

/// A job has one end, for a reason, and its attempts tell the same story.
fn ended_once(world: &World, job: &Job, attempts: &[AttemptRow]) -> Result<(), String> {
    let with = |outcome: &str| attempts.iter().filter(|row| row.outcome.as_deref() == Some(outcome)).count();
    if let Some(row) = attempts.iter().find(|row| row.ended_at.is_none()) {
        return Err(format!("attempt {} never ended", row.number));
    }
    let again = world.retried.contains(&job.id);
    match job.state.as_str() {
        "succeeded" if with("succeeded") != 1 => return Err(format!("succeeded {} times", with("succeeded"))),
        "succeeded" => {}
        "cancelled" if world.cancelled.contains(&job.id) => {}
        "dead" if job.recoveries >= RECOVERIES_MAX => {}
        state => return Err(format!("ended as {state} for no reason ({:?})", job.error)),
    }
    if job.state != "succeeded" && with("succeeded") > 0 {
        return Err("had succeeded, and ended again".to_owned());
    }
    let lost = i64::try_from(with("lost")).expect("a few");
    if !again && lost != job.recoveries {
        return Err(format!("{lost} attempts were lost, and {} recoveries counted", job.recoveries));
    }
    Ok(())
}
