//! Messages: what was told to whom, how that went, and once more.

use axum::Json;
use axum::response::Response;
use platen_shared::db::At;
use platen_shared::domain::notice::MessageState;
use platen_shared::id::{MessageId, NoticeId, OrderId};
use platen_shared::store::messages::{self, Delivery, Filter, Message};
use serde::{Deserialize, Serialize};

use super::jobs::Reason;
use crate::call::{Call, Page, Paging, made};
use crate::check::{Checks, reason};
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Input, Named};

/// A message.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Message)]
pub(crate) struct MessageView {
    id: MessageId,
    /// What it tells; webhooks carry it as `webhook-id`.
    notice_id: NoticeId,
    /// What happened: `ORDER_CONFIRMED`, ….
    topic: String,
    order_id: Option<OrderId>,
    /// `customer`, `operator`, `party:NAME`, or the endpoint's id; nobody's address.
    recipient: String,
    /// `email` or `webhook`.
    channel: String,
    /// `new`, `queued`, `sent`, `unknown` (it may have arrived; it is not sent again unasked), `failed` or `dropped`.
    state: String,
    /// How often it was tried, or is about to be.
    attempts: i64,
    /// How it went the last time, when it did not go well.
    said: String,
    created_at: At,
    ended_at: Option<At>,
}

impl From<Message> for MessageView {
    fn from(m: Message) -> Self {
        MessageView {
            id: m.id,
            notice_id: m.notice,
            topic: m.topic,
            order_id: m.order_id,
            recipient: m.recipient,
            channel: m.channel,
            state: m.state,
            attempts: m.attempts,
            said: m.said,
            created_at: m.created_at,
            ended_at: m.ended_at,
        }
    }
}

/// An attempt to deliver a webhook.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Delivery)]
pub(crate) struct DeliveryView {
    /// From 1.
    attempt: i64,
    at: At,
    /// Of HTTP; null when nobody answered.
    status: Option<i64>,
    took_ms: Option<i64>,
    said: String,
}

impl From<Delivery> for DeliveryView {
    fn from(d: Delivery) -> Self {
        DeliveryView { attempt: d.attempt, at: d.at, status: d.status, took_ms: d.took_ms, said: d.said }
    }
}

/// A message with what it says and how its attempts went.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = MessageDetail)]
pub(crate) struct MessageDetail {
    #[serde(flatten)]
    message: MessageView,
    /// What webhooks say.
    #[schema(value_type = Object)]
    data: serde_json::Value,
    /// Of a webhook, oldest first.
    deliveries: Vec<DeliveryView>,
}

/// Which messages, and which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct MessageFilter {
    /// Only about this order.
    order_id: Option<OrderId>,
    /// Only in this state.
    state: Option<String>,
    /// Only for this recipient.
    recipient: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
}

/// The tenant's messages, newest first.
#[utoipa::path(get, path = "/v1/messages", tag = "messages", params(MessageFilter), responses((status = 200, body = Page<MessageView>)))]
pub(crate) async fn list(call: Call, Filters(asked): Filters<MessageFilter>) -> Reply<Json<Page<MessageView>>> {
    let paging = Paging::new(asked.cursor.as_deref(), asked.limit)?;
    let mut checks = Checks::default();
    let known = asked.state.as_deref().is_none_or(|state| state.parse::<MessageState>().is_ok());
    checks.need(known, "state", "/state", "There is no such state of messages.");
    checks.done()?;
    let filter = Filter { order: asked.order_id, state: asked.state, recipient: asked.recipient };
    let before = paging.after_id()?;
    let rows = messages::list(&mut call.read(), call.tenant(), &filter, before, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.to_string()))
}

async fn detail(call: &Call, id: MessageId) -> Reply<MessageDetail> {
    let message =
        messages::get(&mut call.read(), call.tenant(), id).await?.ok_or_else(|| Problem::missing("message"))?;
    let deliveries = messages::deliveries(&mut call.read(), call.tenant(), id).await?;
    let (data, deliveries) = (message.data.0.clone(), deliveries.into_iter().map(DeliveryView::from).collect());
    Ok(MessageDetail { message: message.into(), data, deliveries })
}

/// One message, with every attempt to deliver it.
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "messages", params(("id" = MessageId, Path, description = "The message.")),
    responses((status = 200, body = MessageDetail)))]
pub(crate) async fn show(call: Call, Named(id): Named<MessageId>) -> Reply<Json<MessageDetail>> {
    Ok(Json(detail(&call, id).await?))
}

/// Sends a message once more that has ended, however it did. A letter has the same `Message-ID`, a webhook the same `webhook-id`.
#[utoipa::path(post, path = "/v1/messages/{id}/redeliver", tag = "messages", request_body = Reason,
    params(("id" = MessageId, Path, description = "The message.")), responses((status = 200, body = MessageDetail)))]
pub(crate) async fn redeliver(call: Call, Named(id): Named<MessageId>, Input(body): Input<Reason>) -> Reply<Response> {
    reason(&body.reason)?;
    let mut tx = call.begin("redeliver_message").await?;
    let message = messages::get(&mut tx, call.tenant(), id).await?.ok_or_else(|| Problem::missing("message"))?;
    if !messages::renew(&mut tx, call.tenant(), id).await? {
        return Err(Problem::state(format!(
            "Only a message that has ended is sent again; this one is {}.",
            message.state
        )));
    }
    call.audit(&mut tx, "message.redeliver", id, &body.reason).await?;
    call.carry(&mut tx).await?;
    tx.commit().await?;
    Ok(made(false, detail(&call, id).await?))
}
