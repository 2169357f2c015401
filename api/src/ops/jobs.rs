//! Lists of jobs, and one job with everything the ledger knows of it.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use platen_shared::db::At;
use platen_shared::id::JobId;
use platen_shared::ledger::read::{AttemptRow, Filter};
use platen_shared::ledger::{Job, Progress, Queue};
use serde::Deserialize;
use serde_json::Value;

use super::actions::said;
use super::frame::{Asked, Frame, Operator, Refused, html};
use super::next::next;
use super::show::{Badge, When, progress, span};
use crate::error::Problem;
use crate::extract::{Filters, Named};
use crate::routes::jobs::own;

/// Jobs on one page.
const PAGE: usize = 50;
/// While one looks at a job that moves, its page loads itself again so often.
const FOLLOW_EVERY_S: u32 = 3;
const STATES: &[&str] = &["ready", "running", "scheduled", "succeeded", "dead", "cancelled"];

/// A job in a list.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) state: Badge,
    pub(super) attempt: i64,
    pub(super) when: When,
    /// A pause holds it, whatever its time.
    pub(super) held: bool,
    /// What it waits for, or how it failed.
    pub(super) why: String,
}

impl Row {
    pub(super) fn of(job: &Job, now: At) -> Row {
        let held = job.finished_at.is_none() && job.waiting_for == "paused";
        let at = job.finished_at.or(job.started_at.filter(|_| job.state == "running"));
        let at = at.unwrap_or(if job.state == "scheduled" { job.run_at } else { job.ready_at });
        Row {
            id: job.id.to_string(),
            kind: job.kind.clone(),
            state: Badge::of(if held { "paused" } else { &job.state }),
            attempt: job.attempt,
            when: When::seen(at, now),
            held,
            why: why(job),
        }
    }
}

/// What it waits for, or how it failed last.
fn why(job: &Job) -> String {
    let error = || job.error.as_ref().and_then(|error| error.0["message"].as_str()).unwrap_or_default().to_owned();
    match (job.waiting_for.as_str(), job.waiting_why.as_str()) {
        ("", _) if job.state == "succeeded" => String::new(),
        ("", _) => error(),
        (word, "") => word.replace('_', " "),
        (word, sentence) => format!("{}: {sentence}", word.replace('_', " ")),
    }
}

/// Which jobs.
#[derive(Deserialize)]
pub(super) struct Wanted {
    id: Option<String>,
    state: Option<String>,
    queue: Option<String>,
    kind: Option<String>,
    before: Option<JobId>,
}

/// A choice of a select field.
pub(super) struct Choice {
    pub(super) word: &'static str,
    pub(super) chosen: bool,
}

fn choices(words: impl Iterator<Item = &'static str>, wanted: Option<&str>) -> Vec<Choice> {
    words.map(|word| Choice { word, chosen: wanted == Some(word) }).collect()
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct JobsPage {
    f: Frame,
    states: Vec<Choice>,
    queues: Vec<Choice>,
    kinds: Vec<Choice>,
    rows: Vec<Row>,
    older: Option<String>,
}

/// The tenant's jobs, newest first; an id leads to its job.
pub(super) async fn list(
    operator: Operator,
    Asked(Filters(wanted)): Asked<Filters<Wanted>>,
) -> Result<Response, Refused> {
    let call = &operator.call;
    let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(id) = named(&wanted.id) {
        let id: JobId = id.trim().parse().map_err(|_| Problem::missing("job: an id begins with job_"))?;
        own(call, id).await?;
        return Ok(Redirect::to(&operator.to(&format!("/ops/jobs/{id}"))).into_response());
    }
    let (state, queue, kind) = (named(&wanted.state), named(&wanted.queue), named(&wanted.kind));
    let states = choices(STATES.iter().copied(), state.as_deref());
    let queues = choices(Queue::ALL.iter().map(|queue| queue.word()), queue.as_deref());
    let kinds = choices(platen_jobs::KINDS.iter().map(|entry| entry.kind), kind.as_deref());
    let known = |choices: &[Choice], wanted: &Option<String>| wanted.is_none() || choices.iter().any(|c| c.chosen);
    if !known(&states, &state) || !known(&queues, &queue) || !known(&kinds, &kind) {
        return Err(Problem::missing("state, queue or kind of jobs").into());
    }
    let here = |last: JobId| {
        let mut path = format!("/ops/jobs?before={last}");
        for (name, value) in [("state", &state), ("queue", &queue), ("kind", &kind)] {
            path.extend(value.iter().map(|value| format!("&{name}={value}")));
        }
        operator.to(&path)
    };
    let filter = Filter {
        state: state.clone(),
        kind: kind.clone(),
        queue: queue.clone(),
        spec_hash: None,
        before: wanted.before,
    };
    let mut jobs = call.app().ledger.jobs(call.tenant(), &filter, PAGE as i64 + 1).await?;
    let more = jobs.len() > PAGE;
    jobs.truncate(PAGE);
    let older = jobs.last().filter(|_| more).map(|last| here(last.id));
    let rows = jobs.iter().map(|job| Row::of(job, call.ledger_now())).collect();
    html(&JobsPage { f: operator.frame("jobs", "Jobs"), states, queues, kinds, rows, older })
}

/// How one looks at a job.
#[derive(Deserialize)]
pub(super) struct Look {
    said: Option<String>,
    follow: Option<u8>,
}

struct Attempt {
    number: i64,
    outcome: Badge,
    began: When,
    took: String,
    worker: String,
    said: String,
}

impl Attempt {
    fn of(row: AttemptRow, now: At) -> Attempt {
        let said = [row.class, row.message].into_iter().flatten().collect::<Vec<_>>().join(": ");
        Attempt {
            number: row.number,
            outcome: Badge::of(row.outcome.as_deref().unwrap_or("running")),
            began: When::seen(row.started_at, now),
            took: match row.ended_at {
                Some(end) => format!("took {}", span(end.since(row.started_at))),
                None => "still running".to_owned(),
            },
            worker: row.worker,
            said,
        }
    }
}

#[derive(Template)]
#[template(path = "job.html")]
struct JobPage {
    f: Frame,
    row: Row,
    facts: Vec<(&'static str, String)>,
    times: Vec<(&'static str, When)>,
    next: String,
    error: Option<(String, String)>,
    progress: Option<Progress>,
    attempts: Vec<Attempt>,
    payload: String,
    output: Option<String>,
    can_retry: bool,
    can_cancel: bool,
    moves: bool,
    follows: bool,
}

/// One job.
pub(super) async fn show(
    operator: Operator,
    Asked(Named(id)): Asked<Named<JobId>>,
    Asked(Filters(look)): Asked<Filters<Look>>,
) -> Result<Response, Refused> {
    let (call, now) = (&operator.call, operator.call.ledger_now());
    let ledger = &call.app().ledger;
    let job = own(call, id).await?;
    let attempts = ledger.attempts(call.tenant(), id).await?;
    let moves = job.finished_at.is_none();
    let follows = moves && look.follow == Some(1);
    let mut f = operator.frame("jobs", job.kind.clone());
    f.said = said(look.said.as_deref());
    f.refresh_s = if follows { FOLLOW_EVERY_S } else { 0 };
    html(&JobPage {
        f,
        row: Row::of(&job, now),
        facts: facts(&job),
        times: times(&job, now),
        next: next(&job, &ledger.workers().await?, now),
        error: error(&job),
        progress: progress(job.progress.as_ref()),
        attempts: attempts.into_iter().rev().map(|row| Attempt::of(row, now)).collect(),
        payload: pretty(&job.payload.0),
        output: job.output.as_ref().map(|output| pretty(&output.0)),
        can_retry: ["dead", "cancelled"].contains(&job.state.as_str()),
        can_cancel: moves && !job.cancel_requested,
        moves,
        follows,
    })
}

fn error(job: &Job) -> Option<(String, String)> {
    let error = &job.error.as_ref().filter(|_| job.state != "succeeded")?.0;
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    Some((text("class"), text("message")))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn facts(job: &Job) -> Vec<(&'static str, String)> {
    let counted =
        format!("{} started, {} failed, {} taken back from dead workers", job.attempt, job.failures, job.recoveries);
    let all = [
        ("Queue", job.queue.clone()),
        ("Counted", counted),
        ("Priority", job.priority.to_string()),
        ("Provider", job.provider.clone()),
        ("Worker", job.worker.clone().unwrap_or_default()),
        ("Key", job.key.clone()),
        ("Design", job.spec_hash.clone().unwrap_or_default()),
        ("Request", job.correlation_id.clone()),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn times(job: &Job, now: At) -> Vec<(&'static str, When)> {
    let due = Some(job.run_at).filter(|at| job.finished_at.is_none() && *at > now);
    let all = [
        ("Enqueued", Some(job.enqueued_at)),
        ("Due", due),
        ("Last started", job.started_at),
        ("Ended", job.finished_at),
    ];
    all.into_iter().filter_map(|(name, at)| Some((name, When::seen(at?, now)))).collect()
}
