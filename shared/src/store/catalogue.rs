//! The provider's catalogue, page by page, by generation: a sync writes its generation on every product it meets, and at its end
//! retires (never deletes) what carries an older one.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::db::{self, At, Json, Result, Source, Tx};
use crate::domain::offer::{DeliveryEstimate, PriceTier, RegionStock};
use crate::domain::variant::{Area, Variant};
use crate::id::TenantId;
use crate::ports::provider::CatalogueItem;
use crate::sql;

/// A catalogue row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ItemRow {
    /// The provider's product id.
    pub uid: String,
    /// The catalogue it is in.
    pub catalogue: String,
    /// For people.
    pub title: String,
    /// Attribute → value.
    pub attributes: Json<Value>,
    /// Cost of one piece.
    pub cost_minor: Option<i64>,
    /// Its currency.
    pub currency: String,
    /// As the provider says it.
    pub stock: String,
    /// Whole quantities by country and pages.
    pub prices: Json<Vec<PriceTier>>,
    /// Stock region → how it stands there.
    pub regions: Json<BTreeMap<String, RegionStock>>,
    /// What its siblings of other sizes and colours share.
    pub family: String,
    /// Empty when it has none.
    pub size: String,
    /// Empty when it has none.
    pub colour: String,
    /// Where it is printed.
    pub areas: Json<Vec<Area>>,
    /// How long it takes, by country.
    pub delivery: Json<Vec<DeliveryEstimate>>,
    /// Not met by the last sync, since when.
    pub retired_at: Option<At>,
    /// Last written.
    pub updated_at: At,
}

/// How a provider's catalogue stands.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SyncRow {
    /// The provider.
    pub provider: String,
    /// The running or last sync.
    pub generation: String,
    /// `running` or `done`.
    pub state: String,
    /// Pages met by it.
    pub pages: i64,
    /// Products met by it.
    pub items: i64,
    /// When it began.
    pub started_at: At,
    /// When the last complete one ended; set only at the end.
    pub last_sync_at: Option<At>,
    /// Grows with each complete one.
    pub version: i64,
    /// So many would have been retired at once, so that none was.
    pub vanished: i64,
}

/// Which products; what is `None` matters not.
#[derive(Clone, Debug, Default)]
pub struct ItemFilter {
    /// Of one catalogue.
    pub catalogue: Option<String>,
    /// Of one size.
    pub size: Option<String>,
    /// Of one colour.
    pub colour: Option<String>,
    /// Of one family.
    pub family: Option<String>,
    /// That can be made now, or not.
    pub available: Option<bool>,
}

macro_rules! columns {
    () => {
        "uid, catalogue, title, attributes, cost_minor, currency, stock, prices, regions, family, size, colour, areas, delivery, retired_at, updated_at"
    };
}

/// Begins a sync, unless this very one has begun already.
///
/// # Errors
/// Whatever the database says.
pub async fn begin(tx: &mut Tx, now: At, tenant: TenantId, provider: &str, generation: &str) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO catalogue_syncs (tenant, provider, generation, state, pages, items, started_at) VALUES ($1, $2, $3, 'running', 0, 0, $4)
         ON CONFLICT (tenant, provider) DO UPDATE SET generation = excluded.generation, state = 'running', pages = 0, items = 0,
           started_at = excluded.started_at WHERE catalogue_syncs.generation <> excluded.generation"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(generation)
    .bind(now)
    .exec()
    .await
    .map(drop)
}

/// Writes a page, unless a newer sync of the same catalogue has begun: then `false`, and this one is to stop. Products are sorted first, so
/// that bulk writes never deadlock.
///
/// # Errors
/// Whatever the database says.
pub async fn page(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    provider: &str,
    generation: &str,
    currency: &str,
    items: &[CatalogueItem],
) -> Result<bool> {
    let mut sorted: Vec<&CatalogueItem> = items.iter().collect();
    sorted.sort_by(|a, b| a.uid.cmp(&b.uid));
    sorted.dedup_by(|a, b| a.uid == b.uid);
    if !step(tx, tenant, provider, generation, sorted.len()).await? {
        return Ok(false);
    }
    let rows = db::rows(sorted.iter().map(|item| {
        let variant = Variant::of(&item.catalogue, &item.attributes, &item.raw);
        serde_json::json!({
            "uid": item.uid, "catalogue": item.catalogue, "title": item.title, "attributes": item.attributes, "raw": item.raw,
            "cost": item.cost.map(|c| c.minor), "stock": item.stock, "prices": item.prices, "regions": item.regions,
            "family": variant.family, "size": variant.size, "colour": variant.colour, "areas": variant.areas, "delivery": item.delivery,
        })
    }));
    tx.query(sql!(
        "INSERT INTO catalogue_items (tenant, provider, uid, catalogue, title, attributes, raw, cost_minor, currency, stock, generation, updated_at,
           prices, regions, family, size, colour, areas, delivery)
         SELECT $1, $2, value->>'uid', value->>'catalogue', value->>'title', value->'attributes', value->'raw',
           CAST(value->>'cost' AS BIGINT), $3, value->>'stock', $4, $5,
           value->'prices', value->'regions', value->>'family', value->>'size', value->>'colour', value->'areas', value->'delivery'
         FROM jsonb_each($6) WHERE true
         ON CONFLICT (tenant, provider, uid) DO UPDATE SET catalogue = excluded.catalogue, title = excluded.title,
           attributes = excluded.attributes, raw = excluded.raw, cost_minor = excluded.cost_minor, currency = excluded.currency,
           stock = excluded.stock, prices = excluded.prices, regions = excluded.regions, family = excluded.family, size = excluded.size,
           colour = excluded.colour, areas = excluded.areas, delivery = excluded.delivery, generation = excluded.generation, retired_at = NULL, updated_at = excluded.updated_at"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(currency)
    .bind(generation)
    .bind(now)
    .bind(rows)
    .exec()
    .await?;
    Ok(true)
}

/// Counts a page of so many products, unless a newer sync of the same catalogue has begun: then `false`, and this one is to stop.
///
/// # Errors
/// Whatever the database says.
pub async fn step(tx: &mut Tx, tenant: TenantId, provider: &str, generation: &str, items: usize) -> Result<bool> {
    let ours = tx
        .query(sql!(
            "UPDATE catalogue_syncs SET pages = pages + 1, items = items + $4 WHERE tenant = $1 AND provider = $2 AND generation = $3"
        ))
        .bind(tenant)
        .bind(provider)
        .bind(generation)
        .bind(i64::try_from(items).unwrap_or(i64::MAX))
        .exec()
        .await?;
    Ok(ours == 1)
}

/// Ends a sync: sets its time and retires what it did not meet. Above a fifth of the catalogue the brake holds: nothing is retired, and
/// the answer is the number that would have been.
///
/// # Errors
/// Whatever the database says.
pub async fn end(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    provider: &str,
    generation: &str,
) -> Result<std::result::Result<u64, i64>> {
    let (all, gone): (i64, i64) = tx
        .query(sql!(
            "SELECT count(*), CAST(coalesce(sum(CASE WHEN generation <> $3 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM catalogue_items
             WHERE tenant = $1 AND provider = $2 AND retired_at IS NULL"
        ))
        .bind(tenant)
        .bind(provider)
        .bind(generation)
        .one()
        .await?;
    let braked = gone * 5 > all;
    let retired = if braked {
        Err(gone)
    } else {
        Ok(tx
            .query(sql!(
                "UPDATE catalogue_items SET retired_at = $4 WHERE tenant = $1 AND provider = $2 AND generation <> $3 AND retired_at IS NULL"
            ))
            .bind(tenant)
            .bind(provider)
            .bind(generation)
            .bind(now)
            .exec()
            .await?)
    };
    tx.query(sql!(
        "UPDATE catalogue_syncs SET state = 'done', last_sync_at = $4, version = version + 1, vanished = $5
         WHERE tenant = $1 AND provider = $2 AND generation = $3"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(generation)
    .bind(now)
    .bind(if braked { gone } else { 0 })
    .exec()
    .await?;
    Ok(retired)
}

/// How each provider's catalogue stands.
///
/// # Errors
/// Whatever the database says.
pub async fn syncs(db: &mut impl Source, tenant: TenantId) -> Result<Vec<SyncRow>> {
    db.query(sql!(
        "SELECT provider, generation, state, pages, items, started_at, last_sync_at, version, vanished FROM catalogue_syncs WHERE tenant = $1 ORDER BY provider"
    ))
    .bind(tenant)
    .all()
    .await
}

/// Retires what the last complete sync did not meet, above the brake: a person looked, and it is really gone. Answers how many.
///
/// # Errors
/// Whatever the database says.
pub async fn retire(tx: &mut Tx, now: At, tenant: TenantId, provider: &str) -> Result<u64> {
    let retired = tx
        .query(sql!(
            "UPDATE catalogue_items SET retired_at = $3 WHERE tenant = $1 AND provider = $2 AND retired_at IS NULL
               AND generation <> (SELECT generation FROM catalogue_syncs WHERE tenant = $1 AND provider = $2 AND state = 'done' AND vanished > 0)"
        ))
        .bind(tenant)
        .bind(provider)
        .bind(now)
        .exec()
        .await?;
    tx.query(sql!(
        "UPDATE catalogue_syncs SET vanished = 0, version = version + 1 WHERE tenant = $1 AND provider = $2 AND state = 'done' AND vanished > 0"
    ))
    .bind(tenant)
    .bind(provider)
    .exec()
    .await?;
    Ok(retired)
}

/// The versions that answers about the catalogue are read at: of the provider's catalogue, and of the tenant's rules about money.
///
/// # Errors
/// Whatever the database says.
pub async fn stamp(db: &mut impl Source, tenant: TenantId, provider: &str) -> Result<(i64, i64)> {
    db.query(sql!(
        "SELECT CAST(coalesce((SELECT version FROM catalogue_syncs WHERE tenant = $1 AND provider = $2), 0) AS BIGINT),
           CAST(coalesce((SELECT max(version) FROM money_settings WHERE tenant = $1), 0) AS BIGINT)"
    ))
    .bind(tenant)
    .bind(provider)
    .one()
    .await
}

/// A page of products by uid, after `after`. Retired ones are left out.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    db: &mut impl Source,
    tenant: TenantId,
    provider: &str,
    filter: &ItemFilter,
    after: &str,
    limit: i64,
) -> Result<Vec<ItemRow>> {
    db.query(sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM catalogue_items WHERE tenant = $1 AND provider = $2 AND uid > $4 AND retired_at IS NULL AND ($3 IS NULL OR catalogue = $3)
           AND ($6 IS NULL OR size = $6) AND ($7 IS NULL OR colour = $7) AND ($8 IS NULL OR family = $8)
           AND ($9 IS NULL OR (stock IN ('in-stock', 'non-stockable')) = $9) ORDER BY uid LIMIT $5"
    )))
    .bind(tenant)
    .bind(provider)
    .bind(filter.catalogue.clone())
    .bind(after)
    .bind(limit)
    .bind(filter.size.clone())
    .bind(filter.colour.clone())
    .bind(filter.family.clone())
    .bind(filter.available)
    .all()
    .await
}

/// The siblings of a product: the same in other sizes and colours, itself among them.
///
/// # Errors
/// Whatever the database says.
pub async fn siblings(db: &mut impl Source, tenant: TenantId, provider: &str, family: &str) -> Result<Vec<ItemRow>> {
    db.query(sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM catalogue_items WHERE tenant = $1 AND provider = $2 AND family = $3 AND family <> '' AND retired_at IS NULL
           ORDER BY uid LIMIT 500"
    )))
    .bind(tenant)
    .bind(provider)
    .bind(family)
    .all()
    .await
}

/// What the provider said of a product, as it came.
///
/// # Errors
/// Whatever the database says.
pub async fn raw(db: &mut impl Source, tenant: TenantId, provider: &str, uid: &str) -> Result<Option<Value>> {
    let row: Option<(Json<Value>,)> = db
        .query(sql!("SELECT raw FROM catalogue_items WHERE tenant = $1 AND provider = $2 AND uid = $3"))
        .bind(tenant)
        .bind(provider)
        .bind(uid)
        .opt()
        .await?;
    Ok(row.map(|(raw,)| raw.0))
}

/// One product, retired or not.
///
/// # Errors
/// Whatever the database says.
pub async fn item(db: &mut impl Source, tenant: TenantId, provider: &str, uid: &str) -> Result<Option<ItemRow>> {
    db.query(sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM catalogue_items WHERE tenant = $1 AND provider = $2 AND uid = $3"
    )))
    .bind(tenant)
    .bind(provider)
    .bind(uid)
    .opt()
    .await
}
