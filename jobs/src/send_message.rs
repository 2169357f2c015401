//! Sends one letter: what a notice says to one recipient, in their language, in the tenant's name.
//!
//! Twice is harmless: before the letter itself is handed over, a fenced checkpoint says so, and whoever finds that checkpoint without an
//! end sends nothing. A mail server cannot be asked what became of a letter, so an answer that was lost after `DATA` (or a worker that died
//! there) ends as `unknown` and is never repeated blindly: one letter too few is found in the list of messages and sent again by a
//! person, two are found by the customer. Sent again it has the same `Message-ID`, by which mail programs show it once. Whatever fails
//! before that moment is tried again for a day. Fatal means that a tenant's own words do not run: mend the template and redeliver.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::address::Recipient;
use platen_shared::domain::money::Money;
use platen_shared::domain::notice::{MessageState, Topic, recipient};
use platen_shared::id::{MessageId, OrderId};
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{Queue, Waiting};
use platen_shared::letters;
use platen_shared::ports::PortError;
use platen_shared::ports::mail::Mail;
use platen_shared::store::message_settings::{self, MessageSettings};
use platen_shared::store::messages::{self, Message};
use platen_shared::store::{orders, parties};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};

/// Where the country says which language a buyer reads, when nobody else did.
const FRENCH: &[&str] = &["FR", "MC", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF", "WF", "PF", "NC"];

/// Which letter, and which time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendMessage {
    /// The message.
    pub message: MessageId,
    /// From 1; more when a person asked for it again.
    pub attempt: i64,
}

/// How it ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// `sent`, `unknown`, `failed` or `dropped`; none where another attempt had ended it.
    pub state: Option<MessageState>,
    /// A sentence without anybody's address.
    pub said: String,
}

/// The checkpoint: from here on the letter may be gone.
#[derive(Serialize, Deserialize)]
struct Handed {
    handed: bool,
}

impl Job for SendMessage {
    const KIND: &'static str = "send_message";
    const QUEUE: Queue = Queue::Messages;
    const RETRY: Retry = Retry::A_DAY;
    const TIMEOUT: Duration = Duration::from_secs(110);
    const POINTS: &'static [&'static str] = &["handing", "handed"];
    const TELLS: bool = true;
    type Output = Ended;

    fn key(&self) -> Key {
        Key::effect(self.message, self.attempt)
    }

    async fn run(&self, ctx: &Ctx) -> Result<Ended, Failure> {
        let message = messages::get(&mut ctx.read(), ctx.tenant, self.message)
            .await?
            .ok_or_else(|| Failure::fatal("not_found", "there is no such message"))?;
        if message.state != MessageState::Queued.word() || message.attempts != self.attempt {
            return Ok(Ended { state: None, said: String::new() });
        }
        if ctx.saved::<Handed>().is_some_and(|saved| saved.handed) {
            return ended(MessageState::Unknown, "the worker that handed it over left no word: it may have arrived");
        }
        match letter(ctx, &message).await? {
            Some(mail) => send(ctx, &mail).await,
            None => ended(MessageState::Dropped, "there is no address to send it to"),
        }
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Ended) -> db::Result<()> {
        let Some(state) = out.state else { return Ok(()) };
        messages::end(tx, done.business_now, done.tenant, self.message, state, &out.said).await.map(drop)
    }

    async fn put_off(&self, tx: &mut Tx, done: &Recording, _: Waiting, trouble: &Trouble) -> db::Result<()> {
        messages::waits(tx, done.tenant, self.message, &trouble.message).await
    }

    async fn gave_up(&self, tx: &mut Tx, done: &Recording, trouble: &Trouble) -> db::Result<()> {
        let failed = MessageState::Failed;
        messages::end(tx, done.business_now, done.tenant, self.message, failed, &trouble.message).await.map(drop)
    }
}

fn ended(state: MessageState, said: &str) -> Result<Ended, Failure> {
    Ok(Ended { state: Some(state), said: said.to_owned() })
}

/// Up to the server that waits for the letter, the note that it may be gone, and the letter.
async fn send(ctx: &Ctx, mail: &Mail) -> Result<Ended, Failure> {
    let ready = match ctx.ports.mailer.offer(mail).await {
        Ok(ready) => ready,
        Err(PortError::Invalid(said)) => return ended(MessageState::Failed, &said),
        // Not the letter's fault: it waits until somebody mends the setting.
        Err(error @ PortError::Auth(_)) => {
            let trouble = Trouble::new("mail_server", error);
            return Err(Failure::After { wait: Duration::from_secs(600), why: Waiting::NotReady, trouble });
        }
        Err(error) => return Err(error.into()),
    };
    ctx.checkpoint(&Handed { handed: true }).await?;
    ctx.point("handing").await;
    match ready.hand_over().await {
        Ok(()) => {
            ctx.point("handed").await;
            ended(MessageState::Sent, "")
        }
        Err(PortError::Invalid(said)) => ended(MessageState::Failed, &said),
        Err(PortError::Ambiguous(said)) => ended(MessageState::Unknown, &said),
        // It said that it did not take it: the next attempt may.
        Err(error) => {
            ctx.checkpoint(&Handed { handed: false }).await?;
            Err(error.into())
        }
    }
}

/// Whom it goes to, as far as only their own rows know.
struct Reader {
    name: String,
    to: String,
    language: Option<String>,
}

/// The letter; `None` when there is nobody to write to.
async fn letter(ctx: &Ctx, message: &Message) -> Result<Option<Mail>, Failure> {
    let Some(settings) = message_settings::get(&mut ctx.read(), ctx.tenant).await? else { return Ok(None) };
    let Some(reader) = reader(ctx, message, &settings).await? else { return Ok(None) };
    let topic: Topic = message.topic.parse().map_err(|e: String| Failure::fatal("bug", e))?;
    let language = reader.language.clone().unwrap_or_else(|| settings.language.clone());
    let name = letters::name(topic, &message.recipient);
    let own = message_settings::template(&mut ctx.read(), ctx.tenant, &name, &language).await?;
    let mut context = message.data.0.clone();
    context["shop"] =
        json!({ "name": settings.sender_name, "support": settings.support_email.clone().unwrap_or_default() });
    context["recipient"] = json!({ "name": reader.name });
    if let Some(order) = message.order_id {
        let (facts, why) = order_facts(ctx, order).await?;
        context["order"] = facts;
        if message.recipient == recipient::OPERATOR {
            context["why"] = why.into();
        }
    }
    let letter = letters::write(&name, &language, own.as_ref(), &context).map_err(|e| Failure::fatal("template", e))?;
    Ok(Some(Mail {
        from_name: settings.sender_name,
        to: reader.to,
        reply_to: settings.support_email,
        subject: letter.subject,
        text: letter.text,
        html: letter.html,
        id: message.id.to_string(),
        at: message.at,
    }))
}

async fn reader(ctx: &Ctx, message: &Message, settings: &MessageSettings) -> Result<Option<Reader>, Failure> {
    if message.recipient == recipient::OPERATOR {
        let to = settings.support_email.clone();
        return Ok(to.map(|to| Reader { name: settings.sender_name.clone(), to, language: None }));
    }
    let keyring = ctx.ports.links.keyring();
    if let Some(name) = message.recipient.strip_prefix("party:") {
        let party = parties::get(&mut ctx.read(), ctx.tenant, name).await?;
        let sealed = parties::email(&mut ctx.read(), ctx.tenant, name).await?;
        let (Some(party), Some(sealed)) = (party, sealed) else { return Ok(None) };
        let to = keyring.open(&sealed, &parties::bound(ctx.tenant, name)).map_err(|e| Failure::fatal("sealed", e))?;
        return Ok(Some(Reader { name: party.display_name, to, language: Some(party.language) }));
    }
    let Some(id) = message.order_id else { return Ok(None) };
    let Some(order) = orders::get(&mut ctx.read(), ctx.tenant, id).await? else { return Ok(None) };
    if order.recipient.is_empty() {
        return Ok(None);
    }
    let opened = keyring.open(&order.recipient, &format!("{}:{id}", ctx.tenant));
    let buyer = opened.map_err(|e| Failure::fatal("sealed", e))?;
    let buyer: Recipient = serde_json::from_str(&buyer).map_err(|e| Failure::fatal("bug", e))?;
    let said = message_settings::language(&mut ctx.read(), ctx.tenant, id).await?;
    let language = said.or_else(|| FRENCH.contains(&buyer.country.as_str()).then(|| "fr".to_owned()));
    Ok(Some(Reader { name: buyer.first_name, to: buyer.email, language }))
}

/// What a letter may say of an order, and why it is where it is.
async fn order_facts(ctx: &Ctx, id: OrderId) -> Result<(Value, String), Failure> {
    let order = orders::get(&mut ctx.read(), ctx.tenant, id)
        .await?
        .ok_or_else(|| Failure::fatal("not_found", "there is no such order"))?;
    let items = orders::items(&mut ctx.read(), ctx.tenant, id).await?;
    let total = Money { minor: order.total_minor, currency: order.currency };
    let items: Vec<Value> =
        items.into_iter().map(|item| json!({ "title": item.title, "quantity": item.quantity })).collect();
    Ok((json!({ "number": order.number, "total": total.to_string(), "items": items }), order.state_why))
}
