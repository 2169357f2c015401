//! The provider's catalogue, page by page, by generation: a sync writes its generation on every product it meets, and at its end
//! retires (never deletes) what carries an older one.

use serde_json::Value;

use crate::db::{self, At, Json, Result, Source, Tx};
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
    let ours = tx
        .query(sql!(
        "UPDATE catalogue_syncs SET pages = pages + 1, items = items + $4 WHERE tenant = $1 AND provider = $2 AND generation = $3"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(generation)
    .bind(i64::try_from(sorted.len()).unwrap_or(i64::MAX))
    .exec()
    .await?;
    if ours == 0 {
        return Ok(false);
    }
    let rows = db::rows(sorted.iter().map(|item| {
        serde_json::json!({
            "uid": item.uid, "catalogue": item.catalogue, "title": item.title, "attributes": item.attributes, "raw": item.raw,
            "cost": item.cost.map(|c| c.minor), "stock": item.stock,
        })
    }));
    tx.query(sql!(
        "INSERT INTO catalogue_items (tenant, provider, uid, catalogue, title, attributes, raw, cost_minor, currency, stock, generation, updated_at)
         SELECT $1, $2, value->>'uid', value->>'catalogue', value->>'title', value->'attributes', value->'raw',
           CAST(value->>'cost' AS BIGINT), $3, value->>'stock', $4, $5
         FROM jsonb_each($6) WHERE true
         ON CONFLICT (tenant, provider, uid) DO UPDATE SET catalogue = excluded.catalogue, title = excluded.title,
           attributes = excluded.attributes, raw = excluded.raw, cost_minor = excluded.cost_minor, currency = excluded.currency,
           stock = excluded.stock, generation = excluded.generation, retired_at = NULL, updated_at = excluded.updated_at"
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
        "UPDATE catalogue_syncs SET state = 'done', last_sync_at = $4 WHERE tenant = $1 AND provider = $2 AND generation = $3"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(generation)
    .bind(now)
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
        "SELECT provider, generation, state, pages, items, started_at, last_sync_at FROM catalogue_syncs WHERE tenant = $1 ORDER BY provider"
    ))
    .bind(tenant)
    .all()
    .await
}

/// A page of products by uid, after `after`; only one catalogue's when named. Retired ones are left out.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    db: &mut impl Source,
    tenant: TenantId,
    provider: &str,
    catalogue: Option<&str>,
    after: &str,
    limit: i64,
) -> Result<Vec<ItemRow>> {
    db.query(sql!(
        "SELECT uid, catalogue, title, attributes, cost_minor, currency, stock, retired_at, updated_at FROM catalogue_items
         WHERE tenant = $1 AND provider = $2 AND ($3 IS NULL OR catalogue = $3) AND uid > $4 AND retired_at IS NULL ORDER BY uid LIMIT $5"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(catalogue.map(str::to_owned))
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// One product, retired or not.
///
/// # Errors
/// Whatever the database says.
pub async fn item(db: &mut impl Source, tenant: TenantId, provider: &str, uid: &str) -> Result<Option<ItemRow>> {
    db.query(sql!(
        "SELECT uid, catalogue, title, attributes, cost_minor, currency, stock, retired_at, updated_at FROM catalogue_items
         WHERE tenant = $1 AND provider = $2 AND uid = $3"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(uid)
    .opt()
    .await
}
