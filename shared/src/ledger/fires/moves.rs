//! How a line moves: on to its next time, and through the tenants or connections that a firing is for.

use super::{Each, Fire, KEY};
use crate::db::{At, Result, Source, Tx};
use crate::id::TenantId;
use crate::sql;

/// Whom a job of a line is for.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Subject {
    /// The tenant.
    pub tenant: TenantId,
    /// Its provider, or empty.
    pub provider: String,
}

/// Moves a line on to its next time, if no other replica did so first: with `jobs` enqueued for the installation, or (`walk`) at the
/// beginning of a walk over tenants or connections.
///
/// # Errors
/// Whatever the database says.
pub async fn advance(tx: &mut Tx, fire: &Fire, now: At, next: At, walk: bool, jobs: i64) -> Result<bool> {
    let n = tx
        .query(sql!(
            "UPDATE fires SET last_fire = next_fire, fired_at = $3, next_fire = $4, jobs = $6, spread_tenant = $5, spread_provider = ''
             WHERE name = $1 AND next_fire = $2 AND spread_tenant IS NULL"
        ))
        .bind(&fire.name)
        .bind(fire.next_fire)
        .bind(now)
        .bind(next)
        .bind(walk.then_some(TenantId::INSTALLATION))
        .bind(jobs)
        .exec()
        .await?;
    Ok(n == 1)
}

/// Moves the walk of a firing on (`to` is `None` at its end), if no other replica did so first.
///
/// # Errors
/// Whatever the database says.
pub async fn spread(tx: &mut Tx, fire: &Fire, to: Option<&Subject>, jobs: usize) -> Result<bool> {
    let n = tx
        .query(sql!(
            "UPDATE fires SET spread_tenant = $5, spread_provider = $6, jobs = jobs + $7
             WHERE name = $1 AND last_fire = $2 AND spread_tenant = $3 AND spread_provider = $4"
        ))
        .bind(&fire.name)
        .bind(fire.last_fire)
        .bind(fire.spread_tenant)
        .bind(&fire.spread_provider)
        .bind(to.map(|subject| subject.tenant))
        .bind(to.map_or("", |subject| &subject.provider))
        .bind(i64::try_from(jobs).unwrap_or(i64::MAX))
        .exec()
        .await?;
    Ok(n == 1)
}

/// The next `n` tenants (or connections) of the walk: those for which no job of this line is left from an earlier firing. Where work
/// stands still (a pause, a breaker, a queue that nobody serves) a line leaves one job, not one per firing.
///
/// # Errors
/// Whatever the database says.
pub async fn subjects(db: &mut impl Source, fire: &Fire, n: i64) -> Result<Vec<Subject>> {
    let query = if fire.each_of == Each::Tenant.word() {
        db.query(sql!(
            "SELECT t.id AS tenant, '' AS provider FROM tenants t WHERE t.id > $1 AND $2 = '' AND NOT EXISTS (
               SELECT 1 FROM jobs j WHERE j.tenant = t.id AND j.kind = $3 AND substr(j.key, 1, 5) = 'cron:' AND substr(j.key, 1, length($4)) = $4)
             ORDER BY t.id LIMIT $5"
        ))
    } else {
        db.query(sql!(
            "SELECT c.tenant, c.provider FROM connections c WHERE (c.tenant > $1 OR (c.tenant = $1 AND c.provider > $2)) AND NOT EXISTS (
               SELECT 1 FROM jobs j WHERE j.tenant = c.tenant AND j.provider = c.provider AND j.kind = $3 AND substr(j.key, 1, 5) = 'cron:'
                 AND substr(j.key, 1, length($4)) = $4)
             ORDER BY c.tenant, c.provider LIMIT $5"
        ))
    };
    query
        .bind(fire.spread_tenant)
        .bind(&fire.spread_provider)
        .bind(&fire.kind)
        .bind(format!("{KEY}{}:", fire.name))
        .bind(n)
        .all()
        .await
}

/// Whether the installation's job of a line is still there from an earlier firing.
///
/// # Errors
/// Whatever the database says.
pub async fn still_there(db: &mut impl Source, fire: &Fire) -> Result<bool> {
    let found: Option<(i64,)> = db
        .query(sql!(
            "SELECT CAST(1 AS BIGINT) FROM jobs WHERE tenant = $1 AND kind = $2 AND substr(key, 1, 5) = 'cron:' AND substr(key, 1, length($3)) = $3 LIMIT 1"
        ))
        .bind(TenantId::INSTALLATION)
        .bind(&fire.kind)
        .bind(format!("{KEY}{}:", fire.name))
        .opt()
        .await?;
    Ok(found.is_some())
}
