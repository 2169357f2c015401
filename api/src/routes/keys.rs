//! API keys of a tenant.

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use platen_shared::db::At;
use platen_shared::id::KeyId;
use platen_shared::store::keys::{self, ApiKey, SCOPES, WIDGET};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Page, Pages, made};
use crate::check::Checks;
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Input, Named};

/// An API key.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Key)]
pub(crate) struct KeyView {
    id: KeyId,
    name: String,
    /// The visible part.
    prefix: String,
    /// The whole key, `plk_<prefix>_<secret>`, or `plp_…` for a publishable one: in the answer that made it, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    scopes: Vec<String>,
    /// It may stand in a web page of the tenant's origins: it personalises and previews, and nothing else.
    publishable: bool,
    /// Its own rate; null for the installation's.
    requests_per_second: Option<i64>,
    created_at: At,
    last_used_at: Option<At>,
    revoked_at: Option<At>,
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        KeyView {
            id: key.id,
            publishable: key.publishable(),
            requests_per_second: key.per_second,
            name: key.name,
            prefix: key.prefix,
            secret: None,
            scopes: key.scopes.split(' ').map(str::to_owned).collect(),
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

impl KeyView {
    pub(crate) fn with_secret(key: ApiKey, token: String) -> Self {
        KeyView { secret: Some(token), ..key.into() }
    }
}

/// A key to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewKey {
    /// 1 to 100 characters.
    name: String,
    /// Of `read`, `write`, `approve`, `operate`, `admin`; or `widget` alone for a publishable key.
    scopes: Vec<String>,
    /// How many requests a second it may make in the long run: 1 to 1,000; the installation's number when left out.
    requests_per_second: Option<i64>,
}

/// Creates a key. Its secret is shown this once.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", request_body = NewKey, responses((status = 201, body = KeyView)))]
pub(crate) async fn create(call: Call, Input(body): Input<NewKey>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 1, 100);
    checks.need(!body.scopes.is_empty(), "required", "/scopes", "At least one scope is needed.");
    let rate = body.requests_per_second.is_none_or(|n| (1..=1000).contains(&n));
    checks.need(rate, "range", "/requestsPerSecond", "A rate is between 1 and 1,000 requests a second.");
    let publishable = body.scopes == [WIDGET];
    for (i, scope) in body.scopes.iter().enumerate().filter(|_| !publishable) {
        let pointer = format!("/scopes/{i}");
        let message = "There is no scope of this name; `widget` stands alone.";
        checks.need(SCOPES.contains(&scope.as_str()), "scope", &pointer, message);
        checks.need(!body.scopes[..i].contains(scope), "duplicate", &pointer, "This scope is given twice.");
    }
    checks.done()?;
    let known = SCOPES.iter().copied().chain([WIDGET]);
    let scopes: Vec<&str> = known.filter(|scope| body.scopes.iter().any(|s| s == scope)).collect();
    let (mut key, token) = ApiKey::mint(call.tenant(), &body.name, &scopes, call.ledger_now())?;
    key.per_second = body.requests_per_second;
    let mut tx = call.begin("create_key").await?;
    keys::insert(&mut tx, &key).await?;
    call.audit(&mut tx, "key.create", key.id, &scopes.join(" ")).await?;
    tx.commit().await?;
    Ok(made(true, KeyView::with_secret(key, token)))
}

/// The tenant's keys, revoked ones too.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", params(Pages), responses((status = 200, body = Page<KeyView>)))]
pub(crate) async fn list(call: Call, Filters(pages): Filters<Pages>) -> Reply<Json<Page<KeyView>>> {
    let paging = pages.read()?;
    let rows = keys::list(&mut call.read(), call.tenant(), paging.after_id()?, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.to_string()))
}

/// Revokes a key; revoking twice is fine.
///
/// This process refuses it from now on, other processes of the api within a second.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "keys", params(("id" = KeyId, Path, description = "The key.")), responses((status = 204)))]
pub(crate) async fn revoke(call: Call, Named(id): Named<KeyId>) -> Reply<StatusCode> {
    let mut tx = call.begin("revoke_key").await?;
    if !keys::revoke(&mut tx, call.ledger_now(), call.tenant(), id).await? {
        return Err(Problem::missing("key"));
    }
    call.audit(&mut tx, "key.revoke", id, "").await?;
    let done = tx.commit().await;
    // Also when it is unknown whether it is done.
    call.shared().keys.forget(id);
    done?;
    Ok(StatusCode::NO_CONTENT)
}
