//! One attempt to deliver a notice to a tenant's endpoint: a POST signed by Standard Webhooks.
//!
//! Twice is harmless: `webhook-id` is the notice's and stays the same over all attempts, and the standard has receivers drop what they
//! know by it; that is the look-up which stands in for the answer that was lost. The body is the notice's row, so every attempt
//! sends the same bytes. An attempt that failed is a finished job: its row says how it went, and the next attempt is a job of its own,
//! by the standard's ladder (5 s to 24 h, three days in all). An endpoint that answers 410, or none of whose deliveries succeeded for five days,
//! is switched off, and its tenant told; what it missed is sent again by `POST /v1/webhooks/{id}/recover`. Fatal cannot happen but
//! by a defect: redeliver the message.

use std::time::Duration;

use platen_shared::db::{self, At, Tx};
use platen_shared::domain::notice::{MessageState, Topic};
use platen_shared::id::{EndpointId, MessageId};
use platen_shared::ledger::Queue;
use platen_shared::ledger::finish::Trouble;
use platen_shared::ports::webhooks::Post;
use platen_shared::signature;
use platen_shared::store::messages::{self, Delivery, Message};
use platen_shared::store::notices::{self, Telling};
use platen_shared::store::webhook_endpoints::{self as endpoints, Endpoint, bound};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::registry::enqueue;
use crate::workflow::into_db;

/// Seconds after each attempt that failed.
pub const LADDER_S: [u64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// So long an endpoint may fail before it is switched off.
pub const FAILING: Duration = Duration::from_secs(5 * 24 * 3600);
/// No `Retry-After` is honoured beyond this.
const PAUSE_MAX: Duration = Duration::from_secs(24 * 3600);

/// Which message, and which attempt.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliverWebhook {
    /// The message.
    pub message: MessageId,
    /// From 1.
    pub attempt: i64,
}

/// How the attempt went.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempted {
    /// Whether it was made at all: not, when another one had ended the message, or nobody is there.
    pub made: bool,
    /// The status, if an answer came.
    pub status: Option<u16>,
    /// How long that took, in milliseconds.
    pub took_ms: Option<i64>,
    /// What `Retry-After` asked for, in seconds.
    pub retry_after_s: Option<u64>,
    /// What was wrong.
    pub said: String,
}

impl Attempted {
    fn arrived(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

impl Job for DeliverWebhook {
    const KIND: &'static str = "deliver_webhook";
    const QUEUE: Queue = Queue::Messages;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(60);
    const POINTS: &'static [&'static str] = &["posted"];
    type Output = Attempted;

    fn key(&self) -> Key {
        Key::effect(self.message, self.attempt)
    }

    async fn run(&self, ctx: &Ctx) -> Result<Attempted, Failure> {
        let message = messages::get(&mut ctx.read(), ctx.tenant, self.message)
            .await?
            .ok_or_else(|| Failure::fatal("not_found", "there is no such message"))?;
        if message.state != MessageState::Queued.word() || message.attempts != self.attempt {
            return Ok(Attempted::default());
        }
        let Some(endpoint) = endpoint(ctx, &message).await? else { return Ok(Attempted::default()) };
        let post = signed(ctx, &message, &endpoint)?;
        let answer = ctx.ports.webhooks.post(&post).await;
        ctx.point("posted").await;
        Ok(match answer {
            Ok(answer) => Attempted {
                made: true,
                status: Some(answer.status),
                took_ms: i64::try_from(answer.took.as_millis()).ok(),
                retry_after_s: answer.retry_after.map(|pause| pause.as_secs()),
                said: if (200..300).contains(&answer.status) {
                    String::new()
                } else {
                    format!("it answered {}", answer.status)
                },
            },
            Err(error) => Attempted { made: true, said: error.to_string(), ..Attempted::default() },
        })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Attempted) -> db::Result<()> {
        let (now, tenant) = (done.business_now, done.tenant);
        let Some(message) = messages::get(tx, tenant, self.message).await? else { return Ok(()) };
        let ours = message.state == MessageState::Queued.word() && message.attempts == self.attempt;
        if !ours {
            return Ok(());
        }
        let known: Option<EndpointId> = message.recipient.parse().ok();
        let row = match known {
            Some(id) => endpoints::lock(tx, tenant, id).await?,
            None => None,
        };
        let (Some(mut endpoint), true) = (row, out.made) else {
            let why = "the endpoint is switched off or gone";
            return messages::end(tx, now, tenant, self.message, MessageState::Dropped, why).await.map(drop);
        };
        let delivery = Delivery {
            attempt: self.attempt,
            at: now,
            status: out.status.map(i64::from),
            took_ms: out.took_ms,
            said: out.said.clone(),
        };
        messages::write_delivery(tx, tenant, self.message, &delivery).await?;
        if out.arrived() {
            if endpoint.failing_since.take().is_some() {
                endpoints::put(tx, tenant, &endpoint).await?;
            }
            return messages::end(tx, now, tenant, self.message, MessageState::Sent, "").await.map(drop);
        }
        self.failed(tx, done, out, endpoint).await
    }

    async fn gave_up(&self, tx: &mut Tx, done: &Recording, trouble: &Trouble) -> db::Result<()> {
        let failed = MessageState::Failed;
        messages::end(tx, done.business_now, done.tenant, self.message, failed, &trouble.message).await.map(drop)
    }
}

impl DeliverWebhook {
    /// The endpoint's health, and the next attempt.
    async fn failed(&self, tx: &mut Tx, done: &Recording, out: &Attempted, mut endpoint: Endpoint) -> db::Result<()> {
        let (now, tenant) = (done.business_now, done.tenant);
        let since = *endpoint.failing_since.get_or_insert(now);
        let gone = out.status == Some(410);
        let off = gone || now.since(since) >= FAILING;
        let news = off && endpoint.enabled;
        if news {
            endpoint.enabled = false;
            let why = if gone { "it answered 410: gone" } else { "every delivery failed for five days" };
            endpoint.off_why = why.to_owned();
            endpoint.updated_at = now;
        }
        endpoints::put(tx, tenant, &endpoint).await?;
        if news {
            tell_off(tx, now, done, &endpoint, since).await?;
        }
        let rung = usize::try_from(self.attempt - 1).unwrap_or(usize::MAX);
        let Some(delay) = LADDER_S.get(rung).filter(|_| !off) else {
            let said = if off { &endpoint.off_why } else { &out.said };
            return messages::end(tx, now, tenant, self.message, MessageState::Failed, said).await.map(drop);
        };
        let Some(attempt) = messages::again(tx, tenant, self.message, self.attempt, &out.said).await? else {
            return Ok(());
        };
        let asked = Duration::from_secs(out.retry_after_s.unwrap_or(0)).min(PAUSE_MAX);
        let wait = jittered(Duration::from_secs(*delay), self.message).max(asked);
        let next = DeliverWebhook { message: self.message, attempt };
        enqueue(tx, &done.follow_after(wait), &next).await.map(drop).map_err(into_db)
    }
}

/// A tenth more at most, by the message's own id: the same for the same message, another for its neighbours.
fn jittered(delay: Duration, message: MessageId) -> Duration {
    let share = u32::try_from(message.0.as_u128() % 1000).unwrap_or(0);
    delay + delay / 10_000 * share
}

async fn tell_off(tx: &mut Tx, now: At, done: &Recording, endpoint: &Endpoint, since: At) -> db::Result<()> {
    let host = endpoint.url.split('/').nth(2).unwrap_or_default();
    let data = json!({ "endpointId": endpoint.id, "host": host, "since": since, "why": endpoint.off_why });
    let key = format!("endpoint:{}:{}", endpoint.id, since.0);
    let telling = Telling { key, topic: Topic::EndpointDisabled, order: None, data, people: true };
    notices::tell(tx, now, done.tenant, telling).await.map(drop)
}

/// The endpoint, while it takes anything.
async fn endpoint(ctx: &Ctx, message: &Message) -> Result<Option<Endpoint>, Failure> {
    let Ok(id) = message.recipient.parse::<EndpointId>() else { return Ok(None) };
    Ok(endpoints::get(&mut ctx.read(), ctx.tenant, id).await?.filter(|endpoint| endpoint.enabled))
}

/// The notice as the standard wants it, signed by the secret and, for a day after a rotation, by the one before.
fn signed(ctx: &Ctx, message: &Message, endpoint: &Endpoint) -> Result<Post, Failure> {
    let body = json!({ "type": message.topic, "timestamp": message.at, "data": message.data.0 });
    let body = serde_json::to_vec(&body).map_err(|e| Failure::fatal("bug", e))?;
    let bound = bound(ctx.tenant, endpoint.id);
    let open = |sealed: &str| ctx.ports.links.keyring().open(sealed, &bound).map_err(|e| Failure::fatal("sealed", e));
    let mut secrets = vec![open(&endpoint.secret)?];
    if let (Some(old), Some(until)) = (&endpoint.old_secret, endpoint.old_until)
        && ctx.clock.now() < until
    {
        secrets.push(open(old)?);
    }
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let (id, seconds) = (message.notice.to_string(), ctx.wall().0 / 1_000_000);
    let signature = signature::sign(&secrets, &id, seconds, &body);
    let headers =
        vec![("webhook-id", id), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", signature)];
    Ok(Post { url: endpoint.url.clone(), headers, body })
}
