//! Tenants: made by the installation's root key, changed by their own admins.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use platen_shared::db::At;
use platen_shared::domain::money::Currency;
use platen_shared::id::{EventId, TenantId};
use platen_shared::ledger::follow;
use platen_shared::store::audit::{self, Audit};
use platen_shared::store::keys::{self, ApiKey, SCOPES};
use platen_shared::store::spending::{self, Limits};
use platen_shared::store::tenants::{self, Tenant};
use serde::{Deserialize, Serialize};

use super::keys::KeyView;
use crate::app::Shared;
use crate::call::{Call, made};
use crate::check::Checks;
use crate::error::{Problem, Reply};
use crate::extract::Input;

/// A tenant.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Tenant)]
pub(crate) struct TenantView {
    id: TenantId,
    name: String,
    currency: Currency,
    platform_fee_bps: i64,
    /// Orders of a test tenant are drafts at the printer and never released.
    test_mode: bool,
    /// Nothing of a frozen tenant is submitted.
    frozen: bool,
    /// Ready orders are submitted without being asked.
    auto_submit: bool,
    /// Why, as whoever froze it said; empty when it is not frozen.
    frozen_why: String,
    /// What all its orders together may cost at printers; null is no cap.
    spending_cap_minor: Option<i64>,
    /// What may be released at printers in one day (UTC); null is no cap.
    daily_cap_minor: Option<i64>,
    /// How many of its jobs may start in a row while others wait.
    weight: i64,
    created_at: At,
}

impl TenantView {
    fn new(t: Tenant, limits: Limits) -> Self {
        TenantView {
            frozen_why: if t.frozen { limits.frozen_why } else { String::new() },
            daily_cap_minor: limits.day_minor,
            id: t.id,
            name: t.name,
            currency: t.currency,
            platform_fee_bps: t.platform_fee_bps,
            test_mode: t.test_mode,
            frozen: t.frozen,
            auto_submit: t.auto_submit,
            spending_cap_minor: t.spending_cap_minor,
            weight: t.weight,
            created_at: t.created_at,
        }
    }
}

/// A tenant to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewTenant {
    /// 1 to 100 characters.
    name: String,
    /// Of all its prices and books; never changed.
    currency: Currency,
    /// 0 to 10,000.
    platform_fee_bps: i64,
    #[serde(default)]
    auto_submit: bool,
    #[serde(default)]
    test_mode: bool,
    /// How many of its jobs may start in a row while others wait: 1 to 100; 1 when left out.
    weight: Option<i64>,
}

/// A tenant with its first key, which has every scope.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct TenantMade {
    tenant: TenantView,
    key: KeyView,
}

/// Creates a tenant and its first key, whose secret is shown this once. Needs the installation's root key.
#[utoipa::path(post, path = "/v1/tenants", tag = "tenants", request_body = NewTenant, responses((status = 201, body = TenantMade)))]
pub(crate) async fn create(State(shared): State<Shared>, Input(body): Input<NewTenant>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 1, 100);
    checks.bps("/platformFeeBps", body.platform_fee_bps);
    let allowed = (1..=100).contains(&body.weight.unwrap_or(1));
    checks.need(allowed, "range", "/weight", "The weight must be between 1 and 100.");
    checks.done()?;
    let (now, at) = (shared.app.clock.now(), shared.app.ledger.now());
    let tenant = Tenant {
        id: TenantId::new(),
        name: body.name,
        currency: body.currency,
        platform_fee_bps: body.platform_fee_bps,
        test_mode: body.test_mode,
        frozen: false,
        auto_submit: body.auto_submit,
        spending_cap_minor: None,
        weight: body.weight.unwrap_or(1),
        created_at: now,
    };
    let (key, token) = ApiKey::mint(tenant.id, "first key", SCOPES, at)?;
    let mut tx = shared.app.ledger.db.begin("create_tenant").await?;
    tenants::create(&mut tx, &tenant).await?;
    keys::insert(&mut tx, &key).await?;
    let noted = Audit {
        id: EventId::new(),
        tenant: tenant.id,
        at,
        actor: "root".to_owned(),
        action: "tenant.create".to_owned(),
        subject: tenant.id.to_string(),
        reason: String::new(),
    };
    audit::write(&mut tx, &noted).await?;
    tx.commit().await?;
    Ok(made(
        true,
        TenantMade { tenant: TenantView::new(tenant, Limits::default()), key: KeyView::with_secret(key, token) },
    ))
}

/// The key's own tenant.
#[utoipa::path(get, path = "/v1/tenant", tag = "tenants", responses((status = 200, body = TenantView)))]
pub(crate) async fn show(call: Call) -> Reply<Json<TenantView>> {
    let limits = spending::limits(&mut call.read(), call.tenant()).await?;
    Ok(Json(TenantView::new(own(&call).await?, limits)))
}

/// The row of the caller's tenant.
pub(crate) async fn own(call: &Call) -> Reply<Tenant> {
    tenants::get(&mut call.read(), call.tenant()).await?.ok_or_else(|| Problem::missing("tenant"))
}

/// Changes to a tenant; what is left out stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TenantChange {
    name: Option<String>,
    platform_fee_bps: Option<i64>,
    auto_submit: Option<bool>,
    test_mode: Option<bool>,
    frozen: Option<bool>,
    /// Null takes the cap away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    spending_cap_minor: Option<Option<i64>>,
    /// Null takes the cap away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    daily_cap_minor: Option<Option<i64>>,
    /// Kept in the audit; with `frozen`, shown on every order that waits.
    #[serde(default)]
    reason: String,
}

/// Tells `null` from a field that was left out.
fn given<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(d).map(Some)
}

/// Changes the key's own tenant.
#[utoipa::path(patch, path = "/v1/tenant", tag = "tenants", request_body = TenantChange, responses((status = 200, body = TenantView)))]
pub(crate) async fn change(call: Call, Input(body): Input<TenantChange>) -> Reply<Json<TenantView>> {
    let mut checks = Checks::default();
    if let Some(name) = &body.name {
        checks.text("/name", name, 1, 100);
    }
    checks.bps("/platformFeeBps", body.platform_fee_bps.unwrap_or(0));
    for (pointer, cap) in [("/spendingCapMinor", body.spending_cap_minor), ("/dailyCapMinor", body.daily_cap_minor)] {
        let allowed = (0..=platen_shared::domain::money::MINOR_MAX).contains(&cap.flatten().unwrap_or(0));
        checks.need(allowed, "range", pointer, "The cap must be between 0 and 2^53 - 1 minor units.");
    }
    checks.text("/reason", &body.reason, 0, 500);
    checks.done()?;
    let mut tx = call.begin("change_tenant").await?;
    let mut tenant = tenants::get(&mut tx, call.tenant()).await?.ok_or_else(|| Problem::missing("tenant"))?;
    tenant.name = body.name.unwrap_or(tenant.name);
    tenant.platform_fee_bps = body.platform_fee_bps.unwrap_or(tenant.platform_fee_bps);
    tenant.auto_submit = body.auto_submit.unwrap_or(tenant.auto_submit);
    tenant.test_mode = body.test_mode.unwrap_or(tenant.test_mode);
    tenant.frozen = body.frozen.unwrap_or(tenant.frozen);
    tenant.spending_cap_minor = body.spending_cap_minor.unwrap_or(tenant.spending_cap_minor);
    let mut limits = spending::limits(&mut tx, tenant.id).await?;
    limits.day_minor = body.daily_cap_minor.unwrap_or(limits.day_minor);
    if body.frozen.is_some() {
        limits.frozen_why.clone_from(&body.reason);
    }
    tenants::change(&mut tx, &tenant).await?;
    spending::set_limits(&mut tx, tenant.id, &limits).await?;
    // What waited for one of these looks again at once.
    follow::submit_now(&mut tx, call.ledger_now(), tenant.id).await?;
    call.audit(&mut tx, "tenant.change", tenant.id, &body.reason).await?;
    tx.commit().await?;
    Ok(Json(TenantView::new(tenant, limits)))
}
