//! The tenant's rules about money, version by version.

use axum::Json;
use axum::response::Response;
use platen_shared::db::At;
use platen_shared::domain::terms::MoneySettings;
use platen_shared::store::money_settings::{self, SettingsRow};
use serde::Serialize;

use crate::call::{Call, made};
use crate::check::Checks;
use crate::error::Reply;
use crate::extract::Input;

/// The rules in force.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MoneySettingsVersion)]
pub(crate) struct SettingsView {
    /// What orders name; 0 for the rules nobody wrote down.
    version: i64,
    settings: MoneySettings,
    /// Who wrote them.
    actor: String,
    created_at: At,
}

impl From<SettingsRow> for SettingsView {
    fn from(row: SettingsRow) -> Self {
        SettingsView { version: row.version, settings: row.settings.0, actor: row.actor, created_at: row.created_at }
    }
}

/// The rules in force.
#[utoipa::path(get, path = "/v1/money/settings", tag = "money", responses((status = 200, body = SettingsView)))]
pub(crate) async fn show(call: Call) -> Reply<Json<SettingsView>> {
    Ok(Json(money_settings::latest(&mut call.read(), call.tenant()).await?.into()))
}

/// Writes the next version of the rules, for sales from now on; what was sold keeps its own. Rules that are left out go back to their
/// usual values.
#[utoipa::path(put, path = "/v1/money/settings", tag = "money", request_body = MoneySettings,
    responses((status = 201, body = SettingsView), (status = 200, body = SettingsView, description = "They are in force already.")))]
pub(crate) async fn put(call: Call, Input(body): Input<MoneySettings>) -> Reply<Response> {
    let mut checks = Checks::default();
    for (pointer, message) in body.problems() {
        checks.fault("range", &pointer, message);
    }
    checks.done()?;
    let mut tx = call.begin("put_money_settings").await?;
    let before = money_settings::latest(&mut tx, call.tenant()).await?.version;
    let row = money_settings::put(&mut tx, call.now(), call.tenant(), &body, &call.actor()).await?;
    let fresh = row.version > before;
    if fresh {
        call.audit(&mut tx, "money.settings", call.tenant(), &format!("version {}", row.version)).await?;
    }
    tx.commit().await?;
    Ok(made(fresh, SettingsView::from(row)))
}
