//! Packaging: whether a tenant wants it, what each tier costs at a provider and whether it is really delivered there, and the creators' own
//! designs from draft to accepted.

use crate::db::{At, Json, Result, Source, Tx};
use crate::domain::packaging::{PackagingDesign, Tier};
use crate::id::TenantId;
use crate::sql;

/// What a tier costs at a provider in a currency.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TierCost {
    /// Who packs.
    pub provider: String,
    /// [`Tier`]'s word.
    pub tier: String,
    /// ISO 4217.
    pub currency: String,
    /// What the buyer pays for the order, in minor units.
    pub price_minor: i64,
    /// What it costs us.
    pub cost_minor: i64,
    /// Whether the account really delivers it, as an operator recorded.
    pub delivered: bool,
    /// How the operator knows.
    pub note: String,
    /// Who.
    pub actor: String,
    /// When.
    pub updated_at: At,
}

/// A creator's design in one of its versions.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DesignRow {
    /// Whose.
    pub creator: String,
    /// From 1.
    pub version: i64,
    /// `draft`, `accepted`, `rejected`, or `replaced` by a later accepted one.
    pub state: String,
    /// The design.
    pub design: Json<PackagingDesign>,
    /// Why it was accepted or rejected.
    pub why: String,
    /// When it was saved.
    pub created_at: At,
    /// When it was decided.
    pub decided_at: Option<At>,
}

/// Whether a tenant wants packaging of its own; `None` when it never said so.
///
/// # Errors
/// Whatever the database says.
pub async fn platform(db: &mut impl Source, tenant: TenantId) -> Result<Option<bool>> {
    let row: Option<(bool,)> =
        db.query(sql!("SELECT platform FROM packaging_rules WHERE tenant = $1")).bind(tenant).opt().await?;
    Ok(row.map(|(platform,)| platform))
}

/// Says so.
///
/// # Errors
/// Whatever the database says.
pub async fn set_platform(tx: &mut Tx, at: At, tenant: TenantId, platform: bool) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO packaging_rules (tenant, platform, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (tenant) DO UPDATE SET platform = excluded.platform, updated_at = excluded.updated_at"
    ))
    .bind(tenant)
    .bind(platform)
    .bind(at)
    .exec()
    .await
    .map(drop)
}

/// What all tiers cost everywhere.
///
/// # Errors
/// Whatever the database says.
pub async fn costs(db: &mut impl Source, tenant: TenantId) -> Result<Vec<TierCost>> {
    db.query(sql!(
        "SELECT provider, tier, currency, price_minor, cost_minor, delivered, note, actor, updated_at FROM packaging_costs
         WHERE tenant = $1 ORDER BY provider, tier, currency"
    ))
    .bind(tenant)
    .all()
    .await
}

/// The tiers that a provider's account really delivers, with what they cost in a currency.
///
/// # Errors
/// Whatever the database says.
pub async fn delivered(
    db: &mut impl Source,
    tenant: TenantId,
    provider: &str,
    currency: &str,
) -> Result<Vec<(Tier, TierCost)>> {
    let all = costs(db, tenant).await?.into_iter();
    let here = all.filter(|row| row.delivered && row.provider == provider && row.currency == currency);
    Ok(here.filter_map(|row| Some((Tier::from_word(&row.tier)?, row))).collect())
}

/// Records what a tier costs and whether it is delivered.
///
/// # Errors
/// Whatever the database says.
pub async fn put_cost(tx: &mut Tx, tenant: TenantId, row: &TierCost) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO packaging_costs (tenant, provider, tier, currency, price_minor, cost_minor, delivered, note, actor, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (tenant, provider, tier, currency) DO UPDATE SET price_minor = excluded.price_minor, cost_minor = excluded.cost_minor,
           delivered = excluded.delivered, note = excluded.note, actor = excluded.actor, updated_at = excluded.updated_at"
    ))
    .bind(tenant)
    .bind(&row.provider)
    .bind(&row.tier)
    .bind(&row.currency)
    .bind(row.price_minor)
    .bind(row.cost_minor)
    .bind(row.delivered)
    .bind(&row.note)
    .bind(&row.actor)
    .bind(row.updated_at)
    .exec()
    .await
    .map(drop)
}

/// The versions of a creator's design, newest first.
///
/// # Errors
/// Whatever the database says.
pub async fn designs(db: &mut impl Source, tenant: TenantId, creator: &str) -> Result<Vec<DesignRow>> {
    db.query(sql!(
        "SELECT creator, version, state, design, why, created_at, decided_at FROM packaging_designs
         WHERE tenant = $1 AND creator = $2 ORDER BY version DESC LIMIT 50"
    ))
    .bind(tenant)
    .bind(creator)
    .all()
    .await
}

/// The design in force: only what was accepted ever reaches an order.
///
/// # Errors
/// Whatever the database says.
pub async fn accepted(db: &mut impl Source, tenant: TenantId, creator: &str) -> Result<Option<DesignRow>> {
    db.query(sql!(
        "SELECT creator, version, state, design, why, created_at, decided_at FROM packaging_designs
         WHERE tenant = $1 AND creator = $2 AND state = 'accepted' ORDER BY version DESC LIMIT 1"
    ))
    .bind(tenant)
    .bind(creator)
    .opt()
    .await
}

/// Saves a draft as the next version; the primary key refuses a version that another request saved first.
///
/// # Errors
/// Whatever the database says.
pub async fn draft(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    creator: &str,
    design: &PackagingDesign,
    actor: &str,
) -> Result<i64> {
    let version = designs(tx, tenant, creator).await?.first().map_or(1, |newest| newest.version + 1);
    tx.query(sql!(
        "INSERT INTO packaging_designs (tenant, creator, version, state, design, why, actor, created_at)
         VALUES ($1, $2, $3, 'draft', $4, '', $5, $6)"
    ))
    .bind(tenant)
    .bind(creator)
    .bind(version)
    .bind(Json(design))
    .bind(actor)
    .bind(at)
    .exec()
    .await?;
    Ok(version)
}

/// Notes what the provider said of a draft; one that was accepted takes the place of the one before. `false` when there is no such draft.
///
/// # Errors
/// Whatever the database says.
pub async fn decide(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    (creator, version): (&str, i64),
    accept: bool,
    why: &str,
) -> Result<bool> {
    let decided = tx
        .query(sql!(
            "UPDATE packaging_designs SET state = $4, why = $5, decided_at = $6
             WHERE tenant = $1 AND creator = $2 AND version = $3 AND state = 'draft'"
        ))
        .bind(tenant)
        .bind(creator)
        .bind(version)
        .bind(if accept { "accepted" } else { "rejected" })
        .bind(why)
        .bind(at)
        .exec()
        .await?;
    if decided == 1 && accept {
        tx.query(sql!(
            "UPDATE packaging_designs SET state = 'replaced' WHERE tenant = $1 AND creator = $2 AND version <> $3 AND state = 'accepted'"
        ))
        .bind(tenant)
        .bind(creator)
        .bind(version)
        .exec()
        .await?;
    }
    Ok(decided == 1)
}
