//! In whose name a tenant's messages go out, in which words, and when an order is late.

use crate::db::{At, Json, Result, Source, Tx};
use crate::id::{OrderId, TenantId};
use crate::sql;

/// A tenant's row. Without one nobody gets e-mail in the tenant's name.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct MessageSettings {
    /// What customers see as the sender.
    pub sender_name: String,
    /// Where the tenant's own people are told of trouble, and where answers of customers go.
    pub support_email: Option<String>,
    /// `en` or `fr`: for whoever said nothing.
    pub language: String,
    /// Topics that are not sent by e-mail.
    pub muted: Json<Vec<String>>,
    /// A page for parcels whose carrier has none, with `{number}` in it.
    pub tracking_page: Option<String>,
    /// Business days in production after which an order is late, ascending.
    pub delay_days: Json<Vec<u32>>,
    /// Days (`YYYY-MM-DD`) on which nobody works, beside Saturdays and Sundays.
    pub holidays: Json<Vec<String>>,
    /// Last changed.
    pub updated_at: At,
}

/// A tenant's own words for a letter.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Template {
    /// Whose letter: `order_confirmed`, ….
    pub name: String,
    /// `en` or `fr`.
    pub language: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// The same as HTML, if it is not to be made from the text.
    pub html: Option<String>,
    /// Last changed.
    pub updated_at: At,
}

/// Writes the settings, new or changed.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, tenant: TenantId, row: &MessageSettings) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO message_settings (tenant, sender_name, support_email, language, white_label, muted, tracking_page, delay_days, holidays, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (tenant) DO UPDATE SET sender_name = excluded.sender_name, support_email = excluded.support_email,
           language = excluded.language, muted = excluded.muted,
           tracking_page = excluded.tracking_page, delay_days = excluded.delay_days, holidays = excluded.holidays,
           updated_at = excluded.updated_at"
    ))
    .bind(tenant)
    .bind(&row.sender_name)
    .bind(row.support_email.clone())
    .bind(&row.language)
    // Nothing reads it any more; the release before asks for it.
    .bind(true)
    .bind(&row.muted)
    .bind(row.tracking_page.clone())
    .bind(&row.delay_days)
    .bind(&row.holidays)
    .bind(row.updated_at)
    .exec()
    .await
    .map(drop)
}

/// A tenant's settings.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId) -> Result<Option<MessageSettings>> {
    db.query(sql!(
        "SELECT sender_name, support_email, language, muted, tracking_page, delay_days, holidays, updated_at
         FROM message_settings WHERE tenant = $1"
    ))
    .bind(tenant)
    .opt()
    .await
}

/// Writes a tenant's own words.
///
/// # Errors
/// Whatever the database says.
pub async fn put_template(tx: &mut Tx, tenant: TenantId, row: &Template) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO message_templates (tenant, name, language, subject, body, html, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant, name, language) DO UPDATE SET subject = excluded.subject, body = excluded.body, html = excluded.html,
           updated_at = excluded.updated_at"
    ))
    .bind(tenant)
    .bind(&row.name)
    .bind(&row.language)
    .bind(&row.subject)
    .bind(&row.body)
    .bind(row.html.clone())
    .bind(row.updated_at)
    .exec()
    .await
    .map(drop)
}

/// A tenant's own words for a letter in a language.
///
/// # Errors
/// Whatever the database says.
pub async fn template(db: &mut impl Source, tenant: TenantId, name: &str, language: &str) -> Result<Option<Template>> {
    db.query(sql!(
        "SELECT name, language, subject, body, html, updated_at FROM message_templates WHERE tenant = $1 AND name = $2 AND language = $3"
    ))
    .bind(tenant)
    .bind(name)
    .bind(language)
    .opt()
    .await
}

/// All of a tenant's own words.
///
/// # Errors
/// Whatever the database says.
pub async fn templates(db: &mut impl Source, tenant: TenantId) -> Result<Vec<Template>> {
    db.query(sql!(
        "SELECT name, language, subject, body, html, updated_at FROM message_templates WHERE tenant = $1 ORDER BY name, language"
    ))
    .bind(tenant)
    .all()
    .await
}

/// Takes a tenant's own words back; ours hold again.
///
/// # Errors
/// Whatever the database says.
pub async fn remove_template(tx: &mut Tx, tenant: TenantId, name: &str, language: &str) -> Result<bool> {
    let n = tx
        .query(sql!("DELETE FROM message_templates WHERE tenant = $1 AND name = $2 AND language = $3"))
        .bind(tenant)
        .bind(name)
        .bind(language)
        .exec()
        .await?;
    Ok(n == 1)
}

/// Notes in which language an order's buyer wants to be written to.
///
/// # Errors
/// Whatever the database says.
pub async fn put_language(tx: &mut Tx, tenant: TenantId, order: OrderId, language: &str) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO order_languages (tenant, order_id, language) VALUES ($1, $2, $3) ON CONFLICT (tenant, order_id) DO NOTHING"
    ))
    .bind(tenant)
    .bind(order)
    .bind(language)
    .exec()
    .await
    .map(drop)
}

/// In which language an order's buyer wants to be written to, where the shop said it.
///
/// # Errors
/// Whatever the database says.
pub async fn language(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Option<String>> {
    let found: Option<(String,)> = db
        .query(sql!("SELECT language FROM order_languages WHERE tenant = $1 AND order_id = $2"))
        .bind(tenant)
        .bind(order)
        .opt()
        .await?;
    Ok(found.map(|(language,)| language))
}
