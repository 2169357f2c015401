//! A tenant's rules about money, version by version. Orders name the version they were sold under.

use crate::db::{At, Json, Result, Source, Tx};
use crate::domain::terms::MoneySettings;
use crate::id::TenantId;
use crate::sql;

/// One version of the rules.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SettingsRow {
    /// From 1; 0 for the rules nobody wrote down.
    pub version: i64,
    /// The rules.
    pub settings: Json<MoneySettings>,
    /// Who.
    pub actor: String,
    /// Since when.
    pub created_at: At,
}

/// The rules in force; the defaults, as version 0, where there are none.
///
/// # Errors
/// Whatever the database says.
pub async fn latest(db: &mut impl Source, tenant: TenantId) -> Result<SettingsRow> {
    let found = db
        .query(sql!(
            "SELECT version, settings, actor, created_at FROM money_settings WHERE tenant = $1 ORDER BY version DESC LIMIT 1"
        ))
        .bind(tenant)
        .opt()
        .await?;
    let none = || SettingsRow {
        version: 0,
        settings: Json(MoneySettings::default()),
        actor: String::new(),
        created_at: At::default(),
    };
    Ok(found.unwrap_or_else(none))
}

/// Writes the next version; the primary key refuses one that another request wrote first. What is in force already stays as it is.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, now: At, tenant: TenantId, settings: &MoneySettings, actor: &str) -> Result<SettingsRow> {
    let known = latest(tx, tenant).await?;
    if known.version > 0 && known.settings.0 == *settings {
        return Ok(known);
    }
    let row = SettingsRow {
        version: known.version + 1,
        settings: Json(settings.clone()),
        actor: actor.to_owned(),
        created_at: now,
    };
    tx.query(sql!(
        "INSERT INTO money_settings (tenant, version, settings, actor, created_at) VALUES ($1, $2, $3, $4, $5)"
    ))
    .bind(tenant)
    .bind(row.version)
    .bind(&row.settings)
    .bind(&row.actor)
    .bind(now)
    .exec()
    .await?;
    Ok(row)
}
