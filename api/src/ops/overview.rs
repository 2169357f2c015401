//! The first page: what needs attention, then queues, jobs, workers, schedules and pauses; for the root key also every tenant.

use std::time::Duration;

use askama::Template;
use axum::response::Response;
use platen_shared::db::At;
use platen_shared::ledger::Progress;
use platen_shared::ledger::fires::Fire;
use platen_shared::ledger::fleet::{Load, Running};
use platen_shared::ledger::schedules::Schedule;

use super::alerts::{Alert, alerts};
use super::fleet::{QueueRow, WorkerRow, queues, workers};
use super::frame::{Frame, Operator, Refused, html};
use super::jobs::Row;
use super::pauses;
use super::providers::{self, ProviderRow};
use super::show::{When, progress, span};
use crate::availability::share;

/// Jobs of each kind of list on the page.
const SHOWN: i64 = 15;
/// Tenants on the page.
const TENANTS_MAX: i64 = 200;
/// The page loads itself again so often.
const REFRESH_S: u32 = 10;

/// A running job.
struct RunningRow {
    id: String,
    kind: String,
    attempt: i64,
    since: When,
    took: String,
    worker: String,
    stopping: bool,
    progress: Option<Progress>,
}

impl RunningRow {
    fn of(job: &Running, now: At) -> RunningRow {
        RunningRow {
            id: job.id.to_string(),
            kind: job.kind.clone(),
            attempt: job.attempt,
            since: When::seen(job.started_at, now),
            took: span(now.since(job.started_at)),
            worker: job.worker.clone(),
            stopping: job.cancel_requested,
            progress: progress(job.progress.as_ref()),
        }
    }
}

/// A schedule.
struct ScheduleRow {
    name: String,
    kind: String,
    cron: String,
    zone: String,
    last: Option<When>,
    next: When,
}

/// A number at the top.
struct Tile {
    name: &'static str,
    value: String,
    note: String,
    level: &'static str,
    path: String,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    f: Frame,
    alerts: Vec<Alert>,
    tiles: Vec<Tile>,
    queues: Vec<QueueRow>,
    running: Vec<RunningRow>,
    waiting: Vec<Row>,
    dead: Vec<Row>,
    workers: Vec<WorkerRow>,
    providers: Vec<ProviderRow>,
    schedules: Vec<ScheduleRow>,
    pauses: Vec<pauses::Row>,
    tenants: Vec<Load>,
}

/// The page.
pub(super) async fn show(operator: Operator) -> Result<Response, Refused> {
    let (call, now) = (&operator.call, operator.call.ledger_now());
    let (ledger, tenant, everybody) = (&call.app().ledger, call.tenant(), operator.everybody());
    let (hearts, busy, totals) = (ledger.workers().await?, ledger.busy().await?, ledger.totals().await?);
    let own = if everybody { totals.clone() } else { ledger.depths(tenant).await? };
    let held = pauses::rows(&operator).await?;
    let held_queues: Vec<String> =
        held.iter().filter(|pause| pause.everybody || !everybody).map(|pause| pause.what.clone()).collect();
    let queues = queues(&own, &totals, &hearts, &held_queues, now);
    let dead_count = ledger.dead(operator.whose()).await?;
    let providers = providers::rows(&operator, now).await?;
    let running = ledger.running(operator.whose(), SHOWN).await?;
    let waiting = ledger.waiting(tenant, SHOWN).await?;
    let dead = ledger.dead_jobs(tenant, SHOWN).await?;
    let hour = ledger.ended(operator.whose(), now.minus(Duration::from_secs(3600))).await?;
    let mut tiles = tiles(&queues, dead_count, hearts.len());
    tiles.extend(service(call.shared().answers.so_far(), hour));
    let mut f = operator.frame("overview", "Overview");
    f.refresh_s = REFRESH_S;
    html(&OverviewPage {
        f,
        alerts: alerts(&queues, &hearts, &providers, dead_count, held.len(), now),
        tiles,
        queues,
        running: running.iter().map(|job| RunningRow::of(job, now)).collect(),
        waiting: waiting.iter().map(|job| Row::of(job, now)).collect(),
        dead: dead.iter().map(|job| Row::of(job, now)).collect(),
        workers: workers(&hearts, &busy, now),
        providers,
        schedules: schedules(&operator, now).await?,
        pauses: held,
        tenants: if everybody { ledger.loads(TENANTS_MAX).await? } else { Vec::new() },
    })
}

fn tiles(queues: &[QueueRow], dead: i64, workers: usize) -> Vec<Tile> {
    let sum = |count: fn(&QueueRow) -> i64| queues.iter().map(count).sum::<i64>();
    let oldest = queues.iter().max_by_key(|queue| queue.oldest_s).and_then(|queue| queue.oldest.clone());
    let path = |state: &str| format!("/ops/jobs?state={state}");
    let workers = i64::try_from(workers).unwrap_or(i64::MAX);
    let bad = |is: bool| if is { "bad" } else { "" };
    vec![
        Tile {
            name: "Ready",
            value: sum(|queue| queue.ready).to_string(),
            note: oldest.map_or_else(|| "nothing waits for a slot".to_owned(), |age| format!("oldest for {age}")),
            level: "",
            path: path("ready"),
        },
        Tile {
            name: "Running",
            value: sum(|queue| queue.running).to_string(),
            note: "right now".to_owned(),
            level: "",
            path: path("running"),
        },
        Tile {
            name: "Waiting",
            value: sum(|queue| queue.scheduled).to_string(),
            note: "not due, or held".to_owned(),
            level: "",
            path: path("scheduled"),
        },
        Tile {
            name: "Dead",
            value: dead.to_string(),
            note: "wait for a person".to_owned(),
            level: bad(dead > 0),
            path: path("dead"),
        },
        Tile {
            name: "Workers",
            value: workers.to_string(),
            note: "hearts that beat".to_owned(),
            level: bad(workers == 0),
            path: "#workers".to_owned(),
        },
    ]
}

/// Availability and errors, as docs/alerts.md defines them.
fn service((good, valid): (u64, u64), (ended, ours): (i64, i64)) -> [Tile; 2] {
    // The goals: 99.9 % and 0.1 %.
    let bad = |is: bool| if is { "bad" } else { "" };
    let (ended, ours) = (u64::try_from(ended).unwrap_or(0), u64::try_from(ours).unwrap_or(0));
    [
        Tile {
            name: "Availability",
            value: share(good, valid),
            note: format!("{good} of {valid} requests in time, since this api began"),
            level: bad(valid >= 1_000 && good * 1_000 < valid * 999),
            path: "#queues".to_owned(),
        },
        Tile {
            name: "Errors",
            value: share(ours, ended),
            note: format!("{ours} of {ended} jobs of the last hour ended by our fault"),
            level: bad(ours * 1_000 > ended),
            path: "/ops/jobs?state=dead".to_owned(),
        },
    ]
}

/// The tenant's schedules; where the root key looks at everybody, the cron lines of the configuration.
async fn schedules(operator: &Operator, now: At) -> Result<Vec<ScheduleRow>, Refused> {
    let ledger = &operator.call.app().ledger;
    let seen = |at: At| When::seen(at, now);
    if operator.everybody() {
        let row = |fire: Fire| ScheduleRow {
            name: fire.name,
            kind: fire.kind,
            cron: fire.cron,
            zone: fire.zone,
            last: fire.last_fire.map(seen),
            next: seen(fire.next_fire),
        };
        return Ok(ledger.lines().await?.into_iter().map(row).collect());
    }
    let row = |schedule: Schedule| ScheduleRow {
        name: schedule.name,
        kind: schedule.kind,
        cron: schedule.cron,
        zone: schedule.zone,
        last: schedule.last_fire.map(seen),
        next: seen(schedule.next_fire),
    };
    Ok(ledger.schedules(operator.call.tenant()).await?.into_iter().map(row).collect())
}
