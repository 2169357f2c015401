//! Schedules: cron lines of a tenant that enqueue jobs.

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use platen_shared::db::{At, Json as Column};
use platen_shared::ledger::schedules::{self, BadSchedule, Schedule, next_after};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::work::{checked, kind, known};
use crate::call::{Call, Page, made, whole};
use crate::check::Checks;
use crate::error::{Problem, Reply};
use crate::extract::{Input, Named};

/// A schedule.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Schedule)]
pub(crate) struct ScheduleView {
    name: String,
    kind: String,
    #[schema(value_type = Object)]
    payload: Value,
    cron: String,
    zone: String,
    next_fire: At,
    last_fire: Option<At>,
}

impl From<Schedule> for ScheduleView {
    fn from(s: Schedule) -> Self {
        let (next_fire, last_fire) = (s.next_fire, s.last_fire);
        ScheduleView {
            name: s.name,
            kind: s.kind,
            payload: s.payload.0,
            cron: s.cron,
            zone: s.zone,
            next_fire,
            last_fire,
        }
    }
}

/// A schedule as it should be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScheduleBody {
    /// What it enqueues.
    kind: String,
    /// With this payload.
    #[schema(value_type = Object)]
    payload: Value,
    /// Five fields: minute, hour, day of month, month, day of week.
    cron: String,
    /// An IANA time zone; `UTC` when left out.
    #[serde(default = "utc")]
    zone: String,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// Creates a schedule or changes it.
#[utoipa::path(put, path = "/v1/schedules/{name}", tag = "schedules", request_body = ScheduleBody,
    params(("name" = String, Path, description = "Your name for it: 1 to 64 of a-z, 0-9 and the hyphen.")),
    responses((status = 201, body = ScheduleView), (status = 200, body = ScheduleView, description = "It was there.")))]
pub(crate) async fn put(call: Call, Named(name): Named<String>, Input(body): Input<ScheduleBody>) -> Reply<Response> {
    let entry = kind(&body.kind)?;
    checked(entry, &body.payload, "/payload")?;
    let now = call.ledger_now();
    let mut checks = Checks::default();
    checks.name("", &name);
    let five = body.cron.len() <= 100 && body.cron.split_whitespace().count() == 5;
    let next = if five { next_after(&body.cron, &body.zone, now) } else { Err(BadSchedule::Cron(String::new())) };
    match &next {
        Ok(_) => {}
        Err(BadSchedule::Cron(_)) => {
            checks.fault("cron", "/cron", "cron must be five fields: minute, hour, day, month, weekday.")
        }
        Err(BadSchedule::Never) => checks.fault("cron", "/cron", "cron names a time that never comes."),
        Err(BadSchedule::Zone) => {
            checks.fault("zone", "/zone", "zone must be one of the IANA time zones, such as Europe/Paris.")
        }
    }
    checks.done()?;
    let next_fire = next.map_err(|e| Problem::internal(&e))?;
    let (kind, payload) = (body.kind, Column(body.payload));
    let fresh = find(&call, &name).await?.is_none();
    let row = Schedule {
        tenant: call.tenant(),
        name,
        kind,
        payload,
        cron: body.cron,
        zone: body.zone,
        next_fire,
        last_fire: None,
        last_job: None,
    };
    let mut tx = call.begin("put_schedule").await?;
    known(&call, &mut tx, &row.payload).await?;
    schedules::put(&mut tx, now, &row).await?;
    call.audit(&mut tx, "schedule.put", &row.name, "").await?;
    tx.commit().await?;
    Ok(made(fresh, ScheduleView::from(row)))
}

async fn find(call: &Call, name: &str) -> Reply<Option<Schedule>> {
    let all = call.app().ledger.schedules(call.tenant()).await?;
    Ok(all.into_iter().find(|schedule| schedule.name == name))
}

/// The tenant's schedules, by name.
#[utoipa::path(get, path = "/v1/schedules", tag = "schedules", responses((status = 200, body = Page<ScheduleView>)))]
pub(crate) async fn list(call: Call) -> Reply<Json<Page<ScheduleView>>> {
    Ok(whole(call.app().ledger.schedules(call.tenant()).await?))
}

/// One schedule.
#[utoipa::path(get, path = "/v1/schedules/{name}", tag = "schedules", params(("name" = String, Path, description = "Its name.")),
    responses((status = 200, body = ScheduleView)))]
pub(crate) async fn show(call: Call, Named(name): Named<String>) -> Reply<Json<ScheduleView>> {
    find(&call, &name).await?.map(|schedule| Json(schedule.into())).ok_or_else(|| Problem::missing("schedule"))
}

/// Removes a schedule; jobs that it enqueued stay.
#[utoipa::path(delete, path = "/v1/schedules/{name}", tag = "schedules", params(("name" = String, Path, description = "Its name.")),
    responses((status = 204)))]
pub(crate) async fn remove(call: Call, Named(name): Named<String>) -> Reply<StatusCode> {
    let mut tx = call.begin("remove_schedule").await?;
    if !schedules::remove(&mut tx, call.tenant(), &name).await? {
        return Err(Problem::missing("schedule"));
    }
    call.audit(&mut tx, "schedule.remove", &name, "").await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
