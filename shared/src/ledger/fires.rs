//! The cron lines of the configuration. Every process writes its lines at start; every replica ticks; a compare and set lets one of them
//! fire. A line that works for each tenant or connection is spread over them in chunks, and the row remembers how far that is: after a
//! crash any replica goes on there, and a job's key (line, fire time) keeps what was enqueued from being enqueued again.

mod moves;

use serde_json::Value;

use super::Ledger;
use super::schedules::{BadSchedule, next_after};
use crate::db::{self, At, Json, Result, Tx};
use crate::id::{JobId, TenantId};
use crate::sql;

pub use moves::{Subject, advance, spread, still_there, subjects};

/// What the keys of jobs that a line enqueues begin with.
pub const KEY: &str = "cron:";

/// What a line works for: one job of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Each {
    /// One job for the whole installation.
    Installation,
    /// One job for each tenant.
    Tenant,
    /// One job for each connection of each tenant; its provider goes into the payload.
    Connection,
}

impl Each {
    /// The word in SQL and the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Each::Installation => "installation",
            Each::Tenant => "tenant",
            Each::Connection => "connection",
        }
    }
}

/// A cron line of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name there.
    pub name: String,
    /// Five fields: minute, hour, day of month, month, day of week.
    pub cron: String,
    /// IANA zone that the line is read in.
    pub zone: String,
    /// What it enqueues.
    pub kind: String,
    /// How often.
    pub each: Each,
    /// With this payload; `{fire}` in it becomes the time that fired.
    pub payload: Value,
}

/// Where a line stands.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Fire {
    /// The line's name.
    pub name: String,
    /// What it enqueues.
    pub kind: String,
    /// [`Each`]'s word.
    pub each_of: String,
    /// With this payload.
    pub payload: Json<Value>,
    /// Five fields.
    pub cron: String,
    /// IANA zone.
    pub zone: String,
    /// The next time.
    pub next_fire: At,
    /// The time that fired last: later ones that were missed along with it are made up for by the same firing.
    pub last_fire: Option<At>,
    /// When it did.
    pub fired_at: Option<At>,
    /// How many jobs that firing enqueued so far.
    pub jobs: i64,
    /// Up to whom that firing is spread; `None` when it is whole.
    pub spread_tenant: Option<TenantId>,
    /// Up to which of that tenant's providers.
    pub spread_provider: String,
}

impl Fire {
    /// The key of the job that a firing means for a provider (or for none).
    #[must_use]
    pub fn key(&self, fire: At, provider: &str) -> String {
        format!("{KEY}{}:{fire}:{provider}", self.name)
    }
}

impl Ledger {
    /// Makes the rows those of the configuration: new lines begin at their next time, changed ones too, others keep theirs; rows
    /// without a line vanish.
    ///
    /// # Errors
    /// [`BadSchedule`] for a line that cannot be read, else whatever the database says.
    pub async fn keep_lines(&self, lines: &[Line]) -> std::result::Result<(), KeepError> {
        let now = self.now();
        let mut tx = self.db.begin("keep_lines").await?;
        for line in lines {
            let next = next_after(&line.cron, &line.zone, now)
                .map_err(|why| KeepError::Line { name: line.name.clone(), why })?;
            keep(&mut tx, line, next).await?;
        }
        let names = db::rows(lines.iter().map(|line| serde_json::json!({ "n": line.name })));
        tx.query(sql!("DELETE FROM fires WHERE name NOT IN (SELECT value->>'n' FROM jsonb_each($1))"))
            .bind(names)
            .exec()
            .await?;
        Ok(tx.commit().await?)
    }

    /// Every line and where it stands, by name.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn lines(&self) -> Result<Vec<Fire>> {
        self.db
            .query(sql!(
                "SELECT name, kind, each_of, payload, cron, zone, next_fire, last_fire, fired_at, jobs, spread_tenant, spread_provider
                 FROM fires ORDER BY name"
            ))
            .all()
            .await
    }

    /// The job that the last firing of a line enqueued for a tenant's provider (or for none), if its key is still remembered.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn last_of_line(&self, fire: &Fire, tenant: TenantId, provider: &str) -> Result<Option<JobId>> {
        let Some(at) = fire.last_fire else { return Ok(None) };
        let found: Option<(JobId,)> = self
            .db
            .query(sql!("SELECT job FROM job_keys WHERE tenant = $1 AND kind = $2 AND key = $3"))
            .bind(tenant)
            .bind(&fire.kind)
            .bind(fire.key(at, provider))
            .opt()
            .await?;
        Ok(found.map(|(job,)| job))
    }
}

/// Why the lines of the configuration were not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// A line cannot be read.
    #[error("schedules.{name}: {why}")]
    Line {
        /// Whose.
        name: String,
        /// Why.
        why: BadSchedule,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] db::Error),
}

async fn keep(tx: &mut Tx, line: &Line, next: At) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO fires (name, kind, each_of, payload, cron, zone, next_fire, jobs, spread_provider) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '')
         ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, each_of = excluded.each_of, payload = excluded.payload,
           cron = excluded.cron, zone = excluded.zone,
           next_fire = CASE WHEN fires.cron = excluded.cron AND fires.zone = excluded.zone THEN fires.next_fire ELSE excluded.next_fire END"
    ))
    .bind(&line.name)
    .bind(&line.kind)
    .bind(line.each.word())
    .bind(Json(&line.payload))
    .bind(&line.cron)
    .bind(&line.zone)
    .bind(next)
    .exec()
    .await
    .map(drop)
}
