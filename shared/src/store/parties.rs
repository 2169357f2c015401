//! Parties: creators and royalty holders by the name that the books know them under. One that was never introduced has a balance all the
//! same; it is paid once it says where to.

use crate::db::{At, Result, Source, Tx};
use crate::id::TenantId;
use crate::sql;

/// A party's row. Where it is paid to is sealed: open it with the keyring, bound to [`bound`].
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Party {
    /// The name in the books.
    pub name: String,
    /// For people, and for the bank.
    pub display_name: String,
    /// `en` or `fr`: of its statements.
    pub language: String,
    /// Sealed: an account of a bank, or what else the payout port understands.
    pub payout_to: Option<String>,
    /// No payout to it is smaller.
    pub payout_minimum_minor: Option<i64>,
    /// Whether it is paid at all; its balance grows either way.
    pub active: bool,
    /// Since when.
    pub created_at: At,
    /// Last changed.
    pub updated_at: At,
}

/// What a destination is sealed to.
#[must_use]
pub fn bound(tenant: TenantId, party: &str) -> String {
    format!("{tenant}:party:{party}")
}

/// Writes a party, new or changed.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, tenant: TenantId, party: &Party) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO parties (tenant, name, display_name, language, payout_to, payout_minimum_minor, active, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (tenant, name) DO UPDATE SET display_name = excluded.display_name, language = excluded.language,
           payout_to = excluded.payout_to, payout_minimum_minor = excluded.payout_minimum_minor, active = excluded.active,
           updated_at = excluded.updated_at"
    ))
    .bind(tenant)
    .bind(&party.name)
    .bind(&party.display_name)
    .bind(&party.language)
    .bind(party.payout_to.clone())
    .bind(party.payout_minimum_minor)
    .bind(party.active)
    .bind(party.created_at)
    .bind(party.updated_at)
    .exec()
    .await
    .map(drop)
}

/// One party.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId, name: &str) -> Result<Option<Party>> {
    db.query(sql!(
        "SELECT name, display_name, language, payout_to, payout_minimum_minor, active, created_at, updated_at FROM parties
         WHERE tenant = $1 AND name = $2"
    ))
    .bind(tenant)
    .bind(name)
    .opt()
    .await
}

/// Parties by name, after a name.
///
/// # Errors
/// Whatever the database says.
pub async fn list(db: &mut impl Source, tenant: TenantId, after: &str, limit: i64) -> Result<Vec<Party>> {
    db.query(sql!(
        "SELECT name, display_name, language, payout_to, payout_minimum_minor, active, created_at, updated_at FROM parties
         WHERE tenant = $1 AND name > $2 ORDER BY name LIMIT $3"
    ))
    .bind(tenant)
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// Introduces those of these names that are not known yet, under that name: whoever is owed money is a party.
///
/// # Errors
/// Whatever the database says.
pub async fn introduce<'a>(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<()> {
    let mut names: Vec<&str> = names.into_iter().collect();
    // Everybody takes rows in one order, or two transactions could wait for each other.
    names.sort_unstable();
    names.dedup();
    tx.query(sql!(
        "INSERT INTO parties (tenant, name, display_name, language, active, created_at, updated_at)
         SELECT $1, value->>'n', value->>'n', 'en', TRUE, $3, $3 FROM jsonb_each($2) WHERE 1 = 1
         ON CONFLICT (tenant, name) DO NOTHING"
    ))
    .bind(tenant)
    .bind(crate::db::rows(names.iter().map(|name| serde_json::json!({ "n": name }))))
    .bind(now)
    .exec()
    .await
    .map(drop)
}

/// Seals in where a party is written to; `None` for nowhere.
///
/// # Errors
/// Whatever the database says.
pub async fn put_email(tx: &mut Tx, tenant: TenantId, name: &str, sealed: Option<String>) -> Result<()> {
    tx.query(sql!("UPDATE parties SET email = $3 WHERE tenant = $1 AND name = $2"))
        .bind(tenant)
        .bind(name)
        .bind(sealed)
        .exec()
        .await
        .map(drop)
}

/// Where a party is written to, sealed as its destination is.
///
/// # Errors
/// Whatever the database says.
pub async fn email(db: &mut impl Source, tenant: TenantId, name: &str) -> Result<Option<String>> {
    let found: Option<(Option<String>,)> = db
        .query(sql!("SELECT email FROM parties WHERE tenant = $1 AND name = $2"))
        .bind(tenant)
        .bind(name)
        .opt()
        .await?;
    Ok(found.and_then(|(email,)| email))
}
