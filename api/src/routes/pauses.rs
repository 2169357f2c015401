//! Pauses: what an operator keeps from starting. What runs goes on.

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use platen_shared::db::At;
use platen_shared::id::{PauseId, TenantId};
use platen_shared::ledger::Queue;
use platen_shared::ledger::control::{self, Pause};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Page, made, whole};
use crate::check::{Checks, PROVIDER, reason};
use crate::error::{Problem, Reply};
use crate::extract::{Input, Named};

/// A pause.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Pause)]
pub(crate) struct PauseView {
    id: PauseId,
    /// `queue`, `kind`, `provider` or `tenant`.
    scope: String,
    /// Which one; empty for `tenant`.
    value: String,
    reason: String,
    actor: String,
    /// Set by the installation's operator; it cannot be taken away here.
    everybody: bool,
    created_at: At,
}

impl From<Pause> for PauseView {
    fn from(p: Pause) -> Self {
        let everybody = p.tenant.is_none();
        let (scope, value, reason, actor) = (p.scope, p.value, p.reason, p.actor);
        PauseView { id: p.id, scope, value, reason, actor, everybody, created_at: p.created_at }
    }
}

/// A pause to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPause {
    /// `queue`, `kind`, `provider` or `tenant`.
    pub(crate) scope: String,
    /// Which one; left out for `tenant`.
    #[serde(default)]
    pub(crate) value: String,
    /// 1 to 500 characters.
    pub(crate) reason: String,
}

/// Keeps some of the tenant's work from starting.
#[utoipa::path(post, path = "/v1/pauses", tag = "pauses", request_body = NewPause, responses((status = 201, body = PauseView)))]
pub(crate) async fn create(call: Call, Input(body): Input<NewPause>) -> Reply<Response> {
    Ok(made(true, PauseView::from(pause(&call, Some(call.tenant()), body).await?)))
}

/// Keeps what matches from starting: a tenant's work, or everybody's for `None`.
pub(crate) async fn pause(call: &Call, whose: Option<TenantId>, body: NewPause) -> Reply<Pause> {
    reason(&body.reason)?;
    let mut checks = Checks::default();
    let known = match body.scope.as_str() {
        "queue" => body.value.parse::<Queue>().is_ok(),
        "kind" => platen_jobs::find(&body.value).is_some(),
        "provider" => body.value == PROVIDER,
        "tenant" => body.value.is_empty(),
        _ => {
            checks.fault("scope", "/scope", "scope must be `queue`, `kind`, `provider` or `tenant`.");
            true
        }
    };
    checks.need(known, "value", "/value", "There is nothing of this name to pause.");
    checks.done()?;
    let pause = Pause {
        id: PauseId::new(),
        tenant: whose,
        scope: body.scope,
        value: body.value,
        reason: body.reason,
        actor: call.actor(),
        created_at: call.ledger_now(),
    };
    let mut tx = call.begin("pause").await?;
    control::pause(&mut tx, &pause).await?;
    call.audit(&mut tx, "pause.create", pause.id, &pause.reason).await?;
    tx.commit().await?;
    Ok(pause)
}

/// The pauses that touch the tenant's work.
#[utoipa::path(get, path = "/v1/pauses", tag = "pauses", responses((status = 200, body = Page<PauseView>)))]
pub(crate) async fn list(call: Call) -> Reply<Json<Page<PauseView>>> {
    Ok(whole(call.app().ledger.pauses(Some(call.tenant())).await?))
}

/// Takes a pause of the tenant's away; what no other pause covers goes on.
#[utoipa::path(delete, path = "/v1/pauses/{id}", tag = "pauses", params(("id" = PauseId, Path, description = "The pause.")), responses((status = 204)))]
pub(crate) async fn remove(call: Call, Named(id): Named<PauseId>) -> Reply<StatusCode> {
    resume(&call, Some(call.tenant()), id, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a pause away: one of a tenant's, or any for `None`.
pub(crate) async fn resume(call: &Call, whose: Option<TenantId>, id: PauseId, why: &str) -> Reply<()> {
    let mut tx = call.begin("resume").await?;
    if control::resume(&mut tx, whose, id).await?.is_none() {
        return Err(Problem::missing("pause"));
    }
    call.audit(&mut tx, "pause.remove", id, why).await?;
    Ok(tx.commit().await?)
}
