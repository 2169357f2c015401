//! Endpoints for webhooks: where, what of, and how they are signed.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use platen_shared::db::{At, Json as Column, Tx};
use platen_shared::domain::notice::{Topic, channel};
use platen_shared::id::EndpointId;
use platen_shared::signature::new_secret;
use platen_shared::store::webhook_endpoints::{self as endpoints, Endpoint, bound};
use platen_shared::store::{messages, notices};
use serde::{Deserialize, Serialize};

use super::snapshots::Empty;
use crate::call::{Call, Page, made, whole};
use crate::check::Checks;
use crate::error::{Problem, Reply};
use crate::extract::{Input, Named};

/// Most endpoints of one tenant.
const ENDPOINTS_MAX: usize = 20;
/// How long the secret before signs too.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);
/// Notices looked through by one request to recover.
const RECOVER_MAX: i64 = 2000;

/// An endpoint.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookEndpoint)]
pub(crate) struct EndpointView {
    id: EndpointId,
    url: String,
    /// What it hears of; empty for everything.
    topics: Vec<String>,
    enabled: bool,
    /// Why it is off.
    off_why: String,
    /// Since when every delivery failed.
    failing_since: Option<At>,
    /// Until then deliveries are signed by the secret before, too.
    old_secret_until: Option<At>,
    created_at: At,
    updated_at: At,
    /// `whsec_…`, shown when it is made and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<Endpoint> for EndpointView {
    fn from(e: Endpoint) -> Self {
        EndpointView {
            id: e.id,
            url: e.url,
            topics: e.topics.0,
            enabled: e.enabled,
            off_why: e.off_why,
            failing_since: e.failing_since,
            old_secret_until: e.old_until,
            created_at: e.created_at,
            updated_at: e.updated_at,
            secret: None,
        }
    }
}

/// An endpoint to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEndpoint {
    /// `https://…`, at most 500 characters, at an address that anybody can reach.
    url: String,
    /// What it hears of; empty for everything.
    #[serde(default)]
    topics: Vec<String>,
}

/// An endpoint as it should be; what is left out stays as it is.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndpointChange {
    /// `https://…`.
    url: Option<String>,
    /// What it hears of; empty for everything.
    topics: Option<Vec<String>>,
    /// Whether anything is sent to it.
    enabled: Option<bool>,
}

fn checked(call: &Call, url: Option<&str>, topics: Option<&[String]>) -> Reply<()> {
    let mut checks = Checks::default();
    if let Some(url) = url {
        checks.text("/url", url, 1, 500);
        if let Err(sentence) = call.app().settings.doors.url(url) {
            checks.fault("url", "/url", sentence);
        }
    }
    for (i, topic) in topics.unwrap_or_default().iter().enumerate() {
        let known = topic.parse::<Topic>().is_ok();
        checks.need(known, "topic", &format!("/topics/{i}"), "There is no such topic; docs/messages.md names them.");
    }
    checks.done()
}

fn secret() -> Reply<String> {
    new_secret().map_err(|e| Problem::internal(&e))
}

/// Makes an endpoint for webhooks by Standard Webhooks; its secret is in this answer alone.
#[utoipa::path(post, path = "/v1/webhooks", tag = "messages", request_body = NewEndpoint, responses((status = 201, body = EndpointView)))]
pub(crate) async fn create(call: Call, Input(body): Input<NewEndpoint>) -> Reply<Response> {
    checked(&call, Some(&body.url), Some(&body.topics))?;
    let (id, secret, now) = (EndpointId::new(), secret()?, call.now());
    let mut tx = call.begin("create_webhook").await?;
    if endpoints::list(&mut tx, call.tenant()).await?.len() >= ENDPOINTS_MAX {
        return Err(Problem::state("A tenant has 20 endpoints at most; remove one first."));
    }
    let row = Endpoint {
        id,
        url: body.url,
        topics: Column(body.topics),
        secret: call.app().keyring.seal(&secret, &bound(call.tenant(), id))?,
        old_secret: None,
        old_until: None,
        enabled: true,
        off_why: String::new(),
        failing_since: None,
        created_at: now,
        updated_at: now,
    };
    endpoints::put(&mut tx, call.tenant(), &row).await?;
    call.audit(&mut tx, "webhook.create", id, "").await?;
    tx.commit().await?;
    Ok(made(true, EndpointView { secret: Some(secret), ..row.into() }))
}

/// The tenant's endpoints, oldest first.
#[utoipa::path(get, path = "/v1/webhooks", tag = "messages", responses((status = 200, body = Page<EndpointView>)))]
pub(crate) async fn list(call: Call) -> Reply<Json<Page<EndpointView>>> {
    Ok(whole(endpoints::list(&mut call.read(), call.tenant()).await?))
}

async fn hold(call: &Call, tx: &mut Tx, id: EndpointId) -> Reply<Endpoint> {
    endpoints::lock(tx, call.tenant(), id).await?.ok_or_else(|| Problem::missing("webhook"))
}

/// Changes an endpoint, or switches it off or on. Switched on again it gets what is new; `recover` sends what it missed.
#[utoipa::path(patch, path = "/v1/webhooks/{id}", tag = "messages", request_body = EndpointChange,
    params(("id" = EndpointId, Path, description = "The endpoint.")), responses((status = 200, body = EndpointView)))]
pub(crate) async fn change(
    call: Call,
    Named(id): Named<EndpointId>,
    Input(body): Input<EndpointChange>,
) -> Reply<Json<EndpointView>> {
    checked(&call, body.url.as_deref(), body.topics.as_deref())?;
    let mut tx = call.begin("change_webhook").await?;
    let mut row = hold(&call, &mut tx, id).await?;
    row.url = body.url.unwrap_or(row.url);
    row.topics = body.topics.map_or(row.topics, Column);
    if let Some(enabled) = body.enabled {
        row.enabled = enabled;
        row.off_why = if enabled { String::new() } else { format!("switched off by {}", call.actor()) };
        row.failing_since = None;
    }
    row.updated_at = call.now();
    endpoints::put(&mut tx, call.tenant(), &row).await?;
    call.audit(&mut tx, "webhook.change", id, "").await?;
    tx.commit().await?;
    Ok(Json(row.into()))
}

/// Gives an endpoint a new secret. For a day deliveries are signed by the old one too, so that nothing is refused meanwhile.
#[utoipa::path(post, path = "/v1/webhooks/{id}/rotate", tag = "messages", request_body = Empty,
    params(("id" = EndpointId, Path, description = "The endpoint.")), responses((status = 200, body = EndpointView)))]
pub(crate) async fn rotate(
    call: Call,
    Named(id): Named<EndpointId>,
    Input(Empty {}): Input<Empty>,
) -> Reply<Json<EndpointView>> {
    let secret = secret()?;
    let mut tx = call.begin("rotate_webhook").await?;
    let mut row = hold(&call, &mut tx, id).await?;
    let sealed = call.app().keyring.seal(&secret, &bound(call.tenant(), id))?;
    row.old_secret = Some(std::mem::replace(&mut row.secret, sealed));
    row.old_until = Some(call.now().plus(OVERLAP));
    row.updated_at = call.now();
    endpoints::put(&mut tx, call.tenant(), &row).await?;
    call.audit(&mut tx, "webhook.rotate", id, "").await?;
    tx.commit().await?;
    Ok(Json(EndpointView { secret: Some(secret), ..row.into() }))
}

/// Since when.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Since {
    /// What happened at that moment or later.
    since: At,
}

/// What is sent again.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recovered {
    /// Messages that are on their way now.
    messages: u64,
    /// Ask again with this as `since` for the rest; null when that was all.
    next: Option<At>,
}

/// Sends an endpoint everything since a moment that never arrived there; what arrived is left alone.
#[utoipa::path(post, path = "/v1/webhooks/{id}/recover", tag = "messages", request_body = Since,
    params(("id" = EndpointId, Path, description = "The endpoint.")), responses((status = 200, body = Recovered)))]
pub(crate) async fn recover(
    call: Call,
    Named(id): Named<EndpointId>,
    Input(body): Input<Since>,
) -> Reply<Json<Recovered>> {
    let mut tx = call.begin("recover_webhook").await?;
    let endpoint = hold(&call, &mut tx, id).await?;
    if !endpoint.enabled {
        return Err(Problem::state("The endpoint is off; switch it on first."));
    }
    let missed = notices::since(&mut tx, call.tenant(), body.since, RECOVER_MAX).await?;
    let next = if missed.len() < usize::try_from(RECOVER_MAX).unwrap_or(usize::MAX) {
        None
    } else {
        missed.last().map(|n| n.at)
    };
    let (mut count, to) = (0, id.to_string());
    for notice in missed.iter().filter(|notice| endpoint.wants(&notice.topic)) {
        let fresh = messages::write(&mut tx, call.now(), call.tenant(), notice.id, &to, channel::WEBHOOK).await?;
        count += if fresh { 1 } else { messages::renew_lost(&mut tx, call.tenant(), notice.id, &to).await? };
    }
    tx.tell();
    call.audit(&mut tx, "webhook.recover", id, "").await?;
    call.carry(&mut tx).await?;
    tx.commit().await?;
    Ok(Json(Recovered { messages: count, next }))
}

/// Removes an endpoint; what waits for it is dropped.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "messages", params(("id" = EndpointId, Path, description = "The endpoint.")),
    responses((status = 204)))]
pub(crate) async fn remove(call: Call, Named(id): Named<EndpointId>) -> Reply<StatusCode> {
    let mut tx = call.begin("remove_webhook").await?;
    if !endpoints::remove(&mut tx, call.tenant(), id).await? {
        return Err(Problem::missing("webhook"));
    }
    call.audit(&mut tx, "webhook.remove", id, "").await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
