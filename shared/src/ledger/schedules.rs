//! Schedules: rows that insert jobs when their time comes. Every replica may tick; the key (schedule, fire time) lets one win, and
//! missed fires collapse to one.

use serde_json::Value;

use super::Ledger;
use crate::db::{At, Json, Result, Tx};
use crate::id::{JobId, TenantId};
use crate::sql;

/// A schedule of a tenant's.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Schedule {
    /// Whose.
    pub tenant: TenantId,
    /// The tenant's name for it.
    pub name: String,
    /// What it enqueues.
    pub kind: String,
    /// With this payload.
    pub payload: Json<Value>,
    /// Five fields: minute, hour, day of month, month, day of week.
    pub cron: String,
    /// IANA zone that the line is read in.
    pub zone: String,
    /// The next time.
    pub next_fire: At,
    /// When it last fired.
    pub last_fire: Option<At>,
    /// The job that this enqueued.
    pub last_job: Option<JobId>,
}

/// Why a schedule's line cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadSchedule {
    /// Not five cron fields.
    #[error("the cron line is not five fields that can be read: {0}")]
    Cron(String),
    /// Not an IANA zone.
    #[error("the zone is not one of the IANA time zones")]
    Zone,
    /// A date that no year has, such as February 30.
    #[error("the cron line names a time that never comes")]
    Never,
}

/// The first time after `after` that a cron line (in its zone) names.
///
/// Where clocks change, a line of one minute and one hour fires once a day all the same: in the hour that is left out, at the first
/// moment after it; in the hour that comes twice, the first time. A line with lists, steps or stars follows the clock on the wall: what
/// is left out is left out, what comes twice fires twice.
///
/// # Errors
/// [`BadSchedule`].
pub fn next_after(cron: &str, zone: &str, after: At) -> std::result::Result<At, BadSchedule> {
    let zone = jiff::tz::TimeZone::get(zone).map_err(|_| BadSchedule::Zone)?;
    let line: croner::Cron = cron.parse().map_err(|e: croner::errors::CronError| BadSchedule::Cron(e.to_string()))?;
    let next = line.find_next_occurrence(&after.timestamp().to_zoned(zone), false).map_err(|_| BadSchedule::Never)?;
    Ok(At::from(next.timestamp()))
}

/// Writes a schedule, new or changed.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, now: At, schedule: &Schedule) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO schedules (tenant, name, kind, payload, cron, zone, next_fire, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant, name) DO UPDATE SET kind = excluded.kind, payload = excluded.payload, cron = excluded.cron,
           zone = excluded.zone, next_fire = excluded.next_fire"
    ))
    .bind(schedule.tenant)
    .bind(&schedule.name)
    .bind(&schedule.kind)
    .bind(&schedule.payload)
    .bind(&schedule.cron)
    .bind(&schedule.zone)
    .bind(schedule.next_fire)
    .bind(now)
    .exec()
    .await
    .map(drop)
}

/// Removes a schedule; `false` when there was none.
///
/// # Errors
/// Whatever the database says.
pub async fn remove(tx: &mut Tx, tenant: TenantId, name: &str) -> Result<bool> {
    let n =
        tx.query(sql!("DELETE FROM schedules WHERE tenant = $1 AND name = $2")).bind(tenant).bind(name).exec().await?;
    Ok(n == 1)
}

/// Moves a schedule on to its next time, if no other replica did so first.
///
/// # Errors
/// Whatever the database says.
pub async fn advance(tx: &mut Tx, schedule: &Schedule, fired: At, next: At) -> Result<bool> {
    let n = tx
        .query(sql!(
            "UPDATE schedules SET last_fire = $4, next_fire = $5 WHERE tenant = $1 AND name = $2 AND next_fire = $3"
        ))
        .bind(schedule.tenant)
        .bind(&schedule.name)
        .bind(schedule.next_fire)
        .bind(fired)
        .bind(next)
        .exec()
        .await?;
    Ok(n == 1)
}

/// Notes which job a firing enqueued, in its transaction.
///
/// # Errors
/// Whatever the database says.
pub async fn note_job(tx: &mut Tx, schedule: &Schedule, job: JobId) -> Result<()> {
    tx.query(sql!("UPDATE schedules SET last_job = $3 WHERE tenant = $1 AND name = $2"))
        .bind(schedule.tenant)
        .bind(&schedule.name)
        .bind(job)
        .exec()
        .await
        .map(drop)
}

impl Ledger {
    /// A tenant's schedules.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn schedules(&self, tenant: TenantId) -> Result<Vec<Schedule>> {
        self.db
            .query(sql!(
                "SELECT tenant, name, kind, payload, cron, zone, next_fire, last_fire, last_job FROM schedules WHERE tenant = $1 ORDER BY name"
            ))
            .bind(tenant)
            .all()
            .await
    }

    /// Everybody's schedules whose time has come.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn due_schedules(&self, now: At) -> Result<Vec<Schedule>> {
        self.db
            .query(sql!(
                "SELECT tenant, name, kind, payload, cron, zone, next_fire, last_fire, last_job FROM schedules WHERE next_fire <= $1 ORDER BY next_fire LIMIT 100"
            ))
            .bind(now)
            .all()
            .await
    }
}
