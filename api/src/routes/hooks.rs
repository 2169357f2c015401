//! Webhooks of providers: prove who sends, keep what came, bring the next look forward, answer. An event is a hint: whatever it says,
//! state moves only by what is read back.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use bytes::Bytes;
use platen_shared::db::At;
use platen_shared::hints::{self, Hint};
use platen_shared::id::{ConnectionId, OrderId};
use platen_shared::ledger::follow;
use platen_shared::secrets;
use platen_shared::store::connections::{self, Door};
use platen_shared::store::hooks::{self, HookEvent};
use platen_shared::store::{fulfilment, orders};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::app::Shared;
use crate::call::{Call, Page, whole};
use crate::check::{Checks, PROVIDER};
use crate::error::{Code, Problem, Reply};
use crate::extract::{Input, Named};

/// The secret before the last change is taken for so long.
const BOTH_FOR: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// Of a longer body only so much is kept.
const KEPT_BYTES_MAX: usize = 64 * 1024;
/// Events of one list.
const LISTED: i64 = 200;

/// How a provider's webhooks are to prove themselves.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewDoor {
    /// The header that the provider's dashboard is told to send: lower-case letters, digits and hyphens; `signature` when left out.
    #[serde(default = "signature")]
    header: String,
    /// 16 to 200 visible characters; made up when left out.
    secret: Option<String>,
}

fn signature() -> String {
    "signature".to_owned()
}

/// What to put into the provider's dashboard. The secret is shown this once.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DoorView {
    url: String,
    header: String,
    secret: String,
    /// Until then the secret so far is taken too.
    former_secret_until: Option<At>,
}

/// Sets the address, header and secret of a provider's webhooks. Again: a new secret, and the one so far is taken for a day more.
#[utoipa::path(put, path = "/v1/connections/{provider}/webhook", tag = "connections", request_body = NewDoor,
    params(("provider" = String, Path, description = "`gelato`.")), responses((status = 200, body = DoorView)))]
pub(crate) async fn put(
    call: Call,
    Named(provider): Named<String>,
    Input(body): Input<NewDoor>,
) -> Reply<Json<DoorView>> {
    if provider != PROVIDER {
        return Err(Problem::missing("provider"));
    }
    let mut checks = Checks::default();
    let name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let named = (1..=60).contains(&body.header.len()) && body.header.bytes().all(name);
    let own = ["authorization", "cookie", "host", "content-length", "content-type"].contains(&body.header.as_str());
    checks.need(named && !own, "header", "/header", "A header takes 1 to 60 lower-case letters, digits and hyphens.");
    let secret = match body.secret {
        Some(secret) => secret,
        None => secrets::random()?,
    };
    let visible = (16..=200).contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_graphic());
    checks.need(visible, "secret", "/secret", "A secret takes 16 to 200 visible ASCII characters.");
    checks.done()?;
    let mut tx = call.begin("put_webhook").await?;
    let row = connections::get(&mut tx, call.tenant(), &provider).await?.ok_or_else(|| {
        Problem::state(format!("There is no account yet: PUT /v1/connections/{provider} comes first."))
    })?;
    let before = connections::door(&mut tx, row.id).await?;
    let sealed = call.app().keyring.seal(&secret, &connections::hook_bound(call.tenant(), row.id))?;
    let now = call.ledger_now();
    connections::put_door(&mut tx, now, call.tenant(), &provider, (&body.header, &sealed)).await?;
    call.audit(&mut tx, "connection.webhook", row.id, "").await?;
    tx.commit().await?;
    let url = format!("{}/v1/hooks/{provider}/{}", call.app().links.public_url(), row.id);
    Ok(Json(DoorView { url, header: body.header, secret, former_secret_until: before.map(|_| now.plus(BOTH_FOR)) }))
}

/// What became of an event.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Received {
    /// It is new and was kept; a repeat and a dashboard's test are not.
    kept: bool,
}

/// Takes an event of a provider's. It is kept before it is answered; whatever it is about is read back.
#[utoipa::path(post, path = "/v1/hooks/{provider}/{connection}", tag = "connections", request_body(content = String, content_type = "application/json"),
    params(("provider" = String, Path, description = "`gelato`."), ("connection" = ConnectionId, Path, description = "As the address says.")),
    responses((status = 200, body = Received)))]
pub(crate) async fn receive(
    State(shared): State<Shared>,
    Named((provider, id)): Named<(String, ConnectionId)>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply<Json<Received>> {
    let app = &shared.app;
    let door = connections::door(&mut app.ledger.db.reader(), id).await?;
    let door = door.filter(|door| door.provider == provider).ok_or_else(|| Problem::missing("address for webhooks"))?;
    let now = app.ledger.now();
    if !opens(&shared, &door, &headers, now)? {
        secrets::refused("hook", "wrong");
        return Err(Problem::new(Code::Unauthorized, "This webhook does not carry the secret of its address."));
    }
    let read = hints::reader(&provider).ok_or_else(|| Problem::missing("address for webhooks"))?;
    let hint = read(&body);
    if hint.test {
        return Ok(Json(Received { kept: false }));
    }
    let mut tx = app.ledger.db.begin("receive_hook").await?;
    let order_id = about(&mut tx, &door, &hint).await?;
    let text = String::from_utf8_lossy(&body[..body.len().min(KEPT_BYTES_MAX)]).into_owned();
    let event = HookEvent {
        connection: door.id,
        dedup: hint.dedup,
        event: hint.event,
        provider_order: hint.order,
        reference: hint.reference,
        order_id,
        body: text.replace('\0', ""),
        received_at: now,
    };
    let kept = hooks::keep(&mut tx, door.tenant, &event).await?;
    if let Some(order) = order_id.filter(|_| kept) {
        follow::poll_now(&mut tx, now, door.tenant, &[order]).await?;
        tx.ring();
    }
    tx.commit().await?;
    let outcome = if !kept {
        "again"
    } else if order_id.is_some() {
        "read"
    } else {
        "unknown"
    };
    metrics::counter!("platen_hook_events_total", "provider" => PROVIDER, "outcome" => outcome).increment(1);
    Ok(Json(Received { kept }))
}

/// Whether the request carries the secret, or the one before it while that is taken. Both are compared in constant time.
fn opens(shared: &Shared, door: &Door, headers: &HeaderMap, now: At) -> Reply<bool> {
    let sent = headers.get(door.hook_header.as_str()).map(|value| value.as_bytes()).unwrap_or_default();
    let bound = connections::hook_bound(door.tenant, door.id);
    let mut held = vec![shared.app.keyring.open(&door.hook_secret, &bound)?];
    if let Some(before) = door.hook_secret_before.as_ref().filter(|_| now < door.hook_changed_at.plus(BOTH_FOR)) {
        held.push(shared.app.keyring.open(before, &bound)?);
    }
    Ok(held.iter().fold(false, |opens, secret| opens | bool::from(secret.as_bytes().ct_eq(sent))))
}

/// The order of this tenant that an event is about: by our reference, else by the provider's id.
async fn about(tx: &mut platen_shared::db::Tx, door: &Door, hint: &Hint) -> Reply<Option<OrderId>> {
    if let Ok(id) = hint.reference.parse::<OrderId>()
        && orders::get(tx, door.tenant, id).await?.is_some()
    {
        return Ok(Some(id));
    }
    Ok(fulfilment::order_of(tx, door.tenant, &door.provider, &hint.order).await?)
}

/// An event as it came.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProviderEvent)]
pub(crate) struct EventView {
    event: String,
    /// The provider's id of the order; empty when it is about none.
    provider_order: String,
    /// The order that it is about; null when it is about none of ours.
    order_id: Option<OrderId>,
    received_at: At,
}

impl From<HookEvent> for EventView {
    fn from(row: HookEvent) -> Self {
        EventView {
            event: row.event,
            provider_order: row.provider_order,
            order_id: row.order_id,
            received_at: row.received_at,
        }
    }
}

/// The newest events that a provider sent, at most 200: whether its webhooks arrive at all.
#[utoipa::path(get, path = "/v1/connections/{provider}/webhook/events", tag = "connections",
    params(("provider" = String, Path, description = "`gelato`.")), responses((status = 200, body = Page<EventView>)))]
pub(crate) async fn list(call: Call, Named(provider): Named<String>) -> Reply<Json<Page<EventView>>> {
    let row = connections::get(&mut call.read(), call.tenant(), &provider).await?;
    let row = row.ok_or_else(|| Problem::missing("connection"))?;
    Ok(whole(hooks::list(&mut call.read(), call.tenant(), row.id, LISTED).await?))
}
