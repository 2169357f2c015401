//! Templates at the printer that a tenant sells from: their ids are listed by the tenant, and every sync of the catalogue reads them anew.

use std::collections::BTreeSet;

use crate::db::{self, At, Json, Result, Source, Tx};
use crate::domain::offer::{Template, TemplateVariant};
use crate::id::TenantId;
use crate::sql;

/// Most templates of a tenant at one provider.
pub const TEMPLATES_MAX: usize = 200;

/// How a listed template stands.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TemplateRow {
    /// The provider's id of it.
    pub id: String,
    /// `listed` (not read yet), `read` or `refused`.
    pub state: String,
    /// For people; empty until it was read.
    pub title: String,
    /// Why it was refused, as a sentence.
    pub why: String,
    /// When a sync last asked for it.
    pub synced_at: Option<At>,
}

/// A template's rules for a product.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct VariantRow {
    /// The template.
    pub template: String,
    /// Its title.
    pub title: String,
    /// The rules.
    pub variant: Json<TemplateVariant>,
}

/// What a sync found of one template: it, or why there is none.
pub type Found = (String, std::result::Result<Template, String>);

/// The tenant's templates at a provider, by id.
///
/// # Errors
/// Whatever the database says.
pub async fn list(db: &mut impl Source, tenant: TenantId, provider: &str) -> Result<Vec<TemplateRow>> {
    after(db, tenant, provider, "", i64::MAX).await
}

/// The next `n` of them after an id.
///
/// # Errors
/// Whatever the database says.
pub async fn after(
    db: &mut impl Source,
    tenant: TenantId,
    provider: &str,
    id: &str,
    n: i64,
) -> Result<Vec<TemplateRow>> {
    db.query(sql!(
        "SELECT id, state, title, why, synced_at FROM catalogue_templates WHERE tenant = $1 AND provider = $2 AND id > $3 ORDER BY id LIMIT $4"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(id)
    .bind(n)
    .all()
    .await
}

/// Lists these and no others. What was read of one that stays is kept; what is said of products changes at once.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, tenant: TenantId, provider: &str, ids: &BTreeSet<String>) -> Result<()> {
    for row in list(tx, tenant, provider).await? {
        if !ids.contains(&row.id) {
            clear(tx, tenant, provider, &row.id).await?;
            tx.query(sql!("DELETE FROM catalogue_templates WHERE tenant = $1 AND provider = $2 AND id = $3"))
                .bind(tenant)
                .bind(provider)
                .bind(&row.id)
                .exec()
                .await?;
        }
    }
    for id in ids {
        tx.query(sql!(
            "INSERT INTO catalogue_templates (tenant, provider, id, state, title, why, raw) VALUES ($1, $2, $3, 'listed', '', '', $4)
             ON CONFLICT (tenant, provider, id) DO NOTHING"
        ))
        .bind(tenant)
        .bind(provider)
        .bind(id)
        .bind(Json(serde_json::json!({})))
        .exec()
        .await?;
    }
    // Answers that were remembered name templates.
    tx.query(sql!("UPDATE catalogue_syncs SET version = version + 1 WHERE tenant = $1 AND provider = $2"))
        .bind(tenant)
        .bind(provider)
        .exec()
        .await
        .map(drop)
}

/// Writes what a sync found. A template that the tenant took off its list meanwhile stays off it.
///
/// # Errors
/// Whatever the database says.
pub async fn found(tx: &mut Tx, at: At, tenant: TenantId, provider: &str, found: &[Found]) -> Result<()> {
    for (id, answer) in found {
        let (state, title, why, raw) = match answer {
            Ok(read) => ("read", read.title.as_str(), "", read.raw.clone()),
            Err(why) => ("refused", "", why.as_str(), serde_json::json!({})),
        };
        let listed = tx
            .query(sql!(
                "UPDATE catalogue_templates SET state = $4, title = $5, why = $6, raw = $7, synced_at = $8
                 WHERE tenant = $1 AND provider = $2 AND id = $3"
            ))
            .bind(tenant)
            .bind(provider)
            .bind(id)
            .bind(state)
            .bind(title)
            .bind(why)
            .bind(Json(raw))
            .bind(at)
            .exec()
            .await?;
        clear(tx, tenant, provider, id).await?;
        if let (1, Ok(read)) = (listed, answer) {
            variants(tx, tenant, provider, read).await?;
        }
    }
    Ok(())
}

async fn variants(tx: &mut Tx, tenant: TenantId, provider: &str, template: &Template) -> Result<()> {
    let rows = template.variants.iter().map(|variant| serde_json::json!({ "uid": variant.uid, "variant": variant }));
    tx.query(sql!(
        "INSERT INTO catalogue_template_variants (tenant, provider, template, position, uid, variant)
         SELECT $1, $2, $3, CAST(key AS BIGINT), value->>'uid', value->'variant' FROM jsonb_each($4)"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(&template.id)
    .bind(db::rows(rows))
    .exec()
    .await
    .map(drop)
}

async fn clear(tx: &mut Tx, tenant: TenantId, provider: &str, template: &str) -> Result<()> {
    tx.query(sql!("DELETE FROM catalogue_template_variants WHERE tenant = $1 AND provider = $2 AND template = $3"))
        .bind(tenant)
        .bind(provider)
        .bind(template)
        .exec()
        .await
        .map(drop)
}

/// What templates say of a product.
///
/// # Errors
/// Whatever the database says.
pub async fn of_product(db: &mut impl Source, tenant: TenantId, provider: &str, uid: &str) -> Result<Vec<VariantRow>> {
    db.query(sql!(
        "SELECT v.template, t.title, v.variant FROM catalogue_template_variants v
         JOIN catalogue_templates t ON t.tenant = v.tenant AND t.provider = v.provider AND t.id = v.template
         WHERE v.tenant = $1 AND v.provider = $2 AND v.uid = $3 ORDER BY v.template, v.position"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(uid)
    .all()
    .await
}
