//! What became of each acknowledged order: counted at the printer's stand-in and in the journal, never by asking Platen whether it is well.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result};
use platen_shared::id::{EntryId, OrderId};
use platen_shared::ledger::Job;
use platen_shared::ledger::read::{AttemptRow, Filter};
use platen_shared::store::{journal, orders};
use serde::Serialize;

use super::fleet::Fall;
use super::plan::{Fault, Plan};
use super::printed;
use super::scene::Scene;

/// Rows of one page.
const PAGE: i64 = 500;

/// The end of a pass.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verdict {
    pub(super) engine: String,
    pub(super) redis: bool,
    pub(super) seed: u64,
    /// Orders that got their yes.
    pub(super) enqueued: usize,
    /// At the printer once, delivered, paid and shared out.
    pub(super) finished: usize,
    pub(super) lost: Vec<Story>,
    pub(super) doubled: Vec<Story>,
    /// Jobs of those orders.
    pub(super) jobs: usize,
    /// Attempts whose worker died or fell silent.
    pub(super) recoveries: usize,
    /// Of the attempts whose worker was killed or stopped: until the next one began elsewhere.
    pub(super) recovery: Times,
    /// The job that took longest to run again, from its rows.
    pub(super) slowest: Vec<String>,
    /// Replies that the stand-in cut.
    pub(super) lost_replies: u64,
    pub(super) faults: BTreeMap<&'static str, u64>,
    /// Processes that ended by themselves and were replaced.
    pub(super) ended_by_themselves: u64,
    pub(super) seconds: f64,
    /// The printer's outage, if there was one.
    pub(super) outage: Option<Outage>,
    /// Whether everything ended before the time was up.
    pub(super) in_time: bool,
}

/// What happened while the printer was down, and afterwards.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outage {
    pub(super) seconds: f64,
    /// Requests that reached it meanwhile.
    pub(super) calls: u64,
    /// From its end until the last order was at the printer; none when one never was.
    pub(super) submitted_after_seconds: Option<f64>,
    /// By how many requests the account's budget was exceeded in the worst window, 50 ms of jitter granted; at most 0 when it was kept.
    pub(super) excess: f64,
}

/// How long it took until a job ran again, in seconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Times {
    pub(super) measured: usize,
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

/// An order that did not go as promised.
#[derive(Debug, Serialize)]
pub(super) struct Story {
    pub(super) order: OrderId,
    /// What is wrong.
    pub(super) why: Vec<String>,
    /// Line by line, from its rows.
    pub(super) rows: Vec<String>,
}

impl Verdict {
    /// Nothing is lost and nothing is double.
    pub(super) fn is_good(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.enqueued > 0
    }

    /// How the pass went.
    pub(super) fn ran(&mut self, took: Duration, in_time: bool, strikes: BTreeMap<Fault, u64>, ended: u64) {
        self.seconds = took.as_secs_f64();
        self.in_time = in_time;
        self.faults = strikes.into_iter().map(|(fault, n)| (fault.word(), n)).collect();
        self.ended_by_themselves = ended;
    }
}

/// Looks at every acknowledged order.
pub(super) async fn judge(scene: &Scene, sold: &[OrderId], plan: &Plan) -> Result<Verdict> {
    let counts = scene.printer.counts();
    let known = Known::read(scene).await.context("the orders cannot be read")?;
    let mut verdict = Verdict {
        engine: scene.ledger.db.engine().to_owned(),
        redis: scene.redis.is_some(),
        seed: plan.seed,
        enqueued: sold.len(),
        lost_replies: counts.replies_cut,
        ..Verdict::default()
    };
    for order in sold {
        let groups = counts.by_reference.get(&order.to_string()).map_or(0, |seen| seen.released_groups);
        let entries = entries(scene, *order).await?;
        let (missing, double) = (known.missing(*order, groups, &entries), known.double(*order, groups, &entries));
        if missing.is_empty() && double.is_empty() {
            verdict.finished += 1;
        }
        for (why, list) in [(missing, &mut verdict.lost), (double, &mut verdict.doubled)] {
            if !why.is_empty() {
                list.push(Story { order: *order, why, rows: printed::story(scene, *order).await });
            }
        }
    }
    look_at_jobs(scene, &mut verdict).await.context("the jobs cannot be read")?;
    Ok(verdict)
}

/// Orders as the database holds them.
struct Known {
    /// By order: its state, and why.
    states: BTreeMap<OrderId, (String, String)>,
    /// Orders whose customer has another one for the same cart.
    repeated: BTreeSet<OrderId>,
}

impl Known {
    async fn read(scene: &Scene) -> Result<Known> {
        let (mut states, mut repeated, mut carts) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let mut before = None;
        loop {
            let page = orders::list(
                &mut scene.ledger.db.reader(),
                scene.shop.tenant,
                &orders::Filter::default(),
                before,
                PAGE,
            )
            .await?;
            let Some(last) = page.last() else { return Ok(Known { states, repeated }) };
            before = Some(last.id);
            for order in page {
                if !carts.insert(order.external_id) {
                    repeated.insert(order.id);
                }
                states.insert(order.id, (order.state, order.state_why));
            }
        }
    }

    fn missing(&self, order: OrderId, groups: u64, entries: &BTreeMap<String, usize>) -> Vec<String> {
        let mut why = Vec::new();
        if groups == 0 {
            why.push("the printer never got it".to_owned());
        }
        match self.states.get(&order) {
            None => why.push("its row is gone".to_owned()),
            Some((state, reason)) if state != "delivered" => why.push(format!("it is {state}: {reason}")),
            Some(_) => {}
        }
        let absent = ["payment", "distribution"].into_iter().filter(|purpose| !entries.contains_key(*purpose));
        why.extend(absent.map(|purpose| format!("the journal has no {purpose}")));
        why
    }

    fn double(&self, order: OrderId, groups: u64, entries: &BTreeMap<String, usize>) -> Vec<String> {
        let mut why = Vec::new();
        if groups > 1 {
            why.push(format!("the printer was told to print it {groups} times"));
        }
        if self.repeated.contains(&order) {
            why.push("the same cart made another order".to_owned());
        }
        let several = entries.iter().filter(|(_, n)| **n > 1);
        why.extend(several.map(|(purpose, n)| format!("the journal has {n} entries for {purpose}")));
        why
    }
}

/// How many entries the journal has of an order, by purpose.
async fn entries(scene: &Scene, order: OrderId) -> Result<BTreeMap<String, usize>> {
    let lines = journal::of_order(&mut scene.ledger.db.reader(), scene.shop.tenant, order).await?;
    let different: BTreeSet<(EntryId, String)> = lines.into_iter().map(|line| (line.entry, line.purpose)).collect();
    let mut by_purpose = BTreeMap::new();
    for (_, purpose) in different {
        *by_purpose.entry(purpose).or_default() += 1;
    }
    Ok(by_purpose)
}

/// Walks over every job: counts recoveries, and tells the stories.
async fn look_at_jobs(scene: &Scene, verdict: &mut Verdict) -> Result<()> {
    let (tenant, ledger, falls) = (scene.shop.tenant, &scene.ledger, scene.fleet.falls());
    let (mut filter, mut times, mut slowest) = (Filter::default(), Vec::new(), Duration::ZERO);
    loop {
        let page = ledger.jobs(tenant, &filter, PAGE).await?;
        let Some(last) = page.last() else { break };
        filter.before = Some(last.id);
        for job in &page {
            let order = job.payload.0["order"].as_str().and_then(|id| id.parse::<OrderId>().ok());
            let Some(order) = order else { continue };
            verdict.jobs += 1;
            let stories = verdict.lost.iter_mut().chain(&mut verdict.doubled);
            let stories: Vec<&mut Story> = stories.filter(|story| story.order == order).collect();
            if job.recoveries == 0 && stories.is_empty() {
                continue;
            }
            let attempts = ledger.attempts(tenant, job.id).await?;
            verdict.recoveries += attempts.iter().filter(|a| a.outcome.as_deref() == Some("lost")).count();
            let own = attempts.windows(2).filter_map(|pair| recovery(&pair[0], &pair[1], &falls));
            let own: Vec<Duration> = own.collect();
            if let Some(longest) = own.iter().max().filter(|longest| **longest > slowest) {
                slowest = *longest;
                verdict.slowest = [told(job)].into_iter().chain(attempts.iter().map(line)).collect();
            }
            times.extend(own);
            for story in stories {
                story.rows.push(told(job));
                story.rows.extend(attempts.iter().map(line));
            }
        }
    }
    verdict.recovery = Times::of(times);
    Ok(())
}

/// From the fall of an attempt's worker to the next attempt; nothing for those whose worker did not fall.
fn recovery(lost: &AttemptRow, next: &AttemptRow, falls: &[Fall]) -> Option<Duration> {
    let pid: u32 = lost.worker.split_once('-')?.0.parse().ok().filter(|_| lost.outcome.as_deref() == Some("lost"))?;
    let of_it = falls.iter().filter(|fall| fall.pid == pid && fall.at >= lost.started_at && fall.at <= next.started_at);
    of_it.map(|fall| next.started_at.since(fall.at)).max()
}

fn told(job: &Job) -> String {
    let mut text = format!("{} {}: {}, started {} times", job.kind, job.id, job.state, job.attempt);
    if !job.waiting_for.is_empty() {
        text = format!("{text}, waits for {} ({})", job.waiting_for, job.waiting_why);
    }
    match &job.error {
        Some(error) => format!("{text}; last error {}", error.0),
        None => text,
    }
}

fn line(attempt: &AttemptRow) -> String {
    let ended = attempt.ended_at.map_or_else(|| "not ended".to_owned(), |at| at.to_string());
    let [outcome, class, message] =
        [&attempt.outcome, &attempt.class, &attempt.message].map(|text| text.as_deref().unwrap_or("-"));
    let (number, worker, began) = (attempt.number, &attempt.worker, attempt.started_at);
    format!("  attempt {number} by {worker} from {began} to {ended}: {outcome}, {class}, {message}")
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Times {
        times.sort_unstable();
        let at = |share: f64| {
            let place = (share * times.len() as f64).ceil() as usize;
            times.get(place.saturating_sub(1)).map_or(0.0, Duration::as_secs_f64)
        };
        Times { measured: times.len(), p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use platen_shared::db::At;

    use super::*;

    fn attempt(worker: &str, began: i64, outcome: &str) -> AttemptRow {
        AttemptRow {
            number: 1,
            worker: worker.to_owned(),
            started_at: At(began),
            ended_at: None,
            outcome: Some(outcome.to_owned()),
            class: None,
            message: None,
        }
    }

    #[test]
    fn a_recovery_lasts_from_its_workers_first_fall_to_the_next_attempt() {
        let falls = [(7, 50), (7, 200), (7, 300), (8, 100)].map(|(pid, at)| Fall { pid, at: At(at) });
        let (lost, next) = (attempt("7-x", 100, "lost"), attempt("9-x", 900, "succeeded"));
        assert_eq!(recovery(&lost, &next, &falls), Some(Duration::from_micros(700)));
        assert_eq!(recovery(&attempt("7-x", 100, "failed"), &next, &falls), None, "it ended by itself");
        assert_eq!(recovery(&attempt("6-x", 100, "lost"), &next, &falls), None, "nobody killed that one");
        assert_eq!(recovery(&attempt("8-x", 101, "lost"), &next, &falls), None, "that was before");
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let times = Times::of((1..=100).rev().map(Duration::from_secs).collect());
        assert_eq!((times.measured, times.p50, times.p99, times.max), (100, 50.0, 99.0, 100.0));
        assert_eq!(Times::of(vec![]).max, 0.0);
    }
}
