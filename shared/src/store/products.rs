//! Products: what a tenant sells. A change is a new version; older ones stay, because designs and orders name them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::db::{At, Json, Result, Source, Tx};
use crate::domain::money::{Currency, Money};
use crate::domain::revenue::RevenueTerms;
use crate::id::TenantId;
use crate::sql;

/// One version of a product.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Product {
    /// Whose.
    pub tenant: TenantId,
    /// The tenant's name for it.
    pub id: String,
    /// From 1.
    pub version: i64,
    /// For people.
    pub title: String,
    /// `mug`, `tshirt`, `plate`, …: decides how zones are made.
    pub kind: String,
    /// The zones as a canonical spec holds them (micrometres).
    pub zones: Json<Value>,
    /// The zones as they were sent (millimetres).
    pub wire_zones: Json<Value>,
    /// Zone → print area at the provider.
    pub placements: Json<BTreeMap<String, String>>,
    /// Who makes it.
    pub provider: String,
    /// The provider's product.
    pub provider_uid: String,
    /// What a buyer pays for one, tax included.
    pub price_minor: i64,
    /// In this currency, the tenant's.
    #[sqlx(try_from = "String")]
    pub currency: Currency,
    /// Who shares in it.
    pub revenue: Json<RevenueTerms>,
    /// What its zones allow, as it was sent; `{}` restricts nothing.
    pub rules: Json<Value>,
    /// Since when this version exists.
    pub created_at: At,
}

impl Product {
    /// What a buyer pays for one.
    #[must_use]
    pub fn price(&self) -> Money {
        Money { minor: self.price_minor, currency: self.currency }
    }

    /// Whether two versions say the same.
    #[must_use]
    pub fn same(&self, other: &Product) -> bool {
        Product { version: 0, created_at: At(0), ..self.clone() }
            == Product { version: 0, created_at: At(0), ..other.clone() }
    }
}

/// Writes one version; the primary key refuses a version that another request wrote first.
///
/// # Errors
/// Whatever the database says.
pub async fn insert(tx: &mut Tx, product: &Product) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO products (tenant, id, version, title, kind, zones, wire_zones, placements, provider, provider_uid,
           price_minor, currency, revenue, rules, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
    ))
    .bind(product.tenant)
    .bind(&product.id)
    .bind(product.version)
    .bind(&product.title)
    .bind(&product.kind)
    .bind(&product.zones)
    .bind(&product.wire_zones)
    .bind(&product.placements)
    .bind(&product.provider)
    .bind(&product.provider_uid)
    .bind(product.price_minor)
    .bind(product.currency.code())
    .bind(&product.revenue)
    .bind(&product.rules)
    .bind(product.created_at)
    .exec()
    .await
    .map(drop)
}

/// The newest version of a product.
///
/// # Errors
/// Whatever the database says.
pub async fn latest(source: &mut impl Source, tenant: TenantId, id: &str) -> Result<Option<Product>> {
    source
        .query(sql!(
            "SELECT tenant, id, version, title, kind, zones, wire_zones, placements, provider, provider_uid, price_minor, currency,
               revenue, rules, created_at
             FROM products WHERE tenant = $1 AND id = $2 ORDER BY version DESC LIMIT 1"
        ))
        .bind(tenant)
        .bind(id)
        .opt()
        .await
}

/// One version of a product.
///
/// # Errors
/// Whatever the database says.
pub async fn version(source: &mut impl Source, tenant: TenantId, id: &str, version: i64) -> Result<Option<Product>> {
    source
        .query(sql!(
            "SELECT tenant, id, version, title, kind, zones, wire_zones, placements, provider, provider_uid, price_minor, currency,
               revenue, rules, created_at
             FROM products WHERE tenant = $1 AND id = $2 AND version = $3"
        ))
        .bind(tenant)
        .bind(id)
        .bind(version)
        .opt()
        .await
}

/// The newest version of every product, by name, after a name.
///
/// # Errors
/// Whatever the database says.
pub async fn list(source: &mut impl Source, tenant: TenantId, after: &str, limit: i64) -> Result<Vec<Product>> {
    source
        .query(sql!(
            "SELECT tenant, id, version, title, kind, zones, wire_zones, placements, provider, provider_uid, price_minor, currency,
               revenue, rules, created_at
             FROM products p WHERE tenant = $1 AND id > $2
               AND version = (SELECT max(version) FROM products q WHERE q.tenant = $1 AND q.id = p.id)
             ORDER BY id LIMIT $3"
        ))
        .bind(tenant)
        .bind(after)
        .bind(limit)
        .all()
        .await
}
