//! Asks the printer what an order would cost and whether it can be made and sent at all, before it is accepted.
//!
//! Twice is harmless: a quote creates nothing, and what it said is one row that is replaced. An answer about an order that has changed
//! since is thrown away; whoever changed it asked again. Fatal means that the account is missing or refused: a person mends the connection
//! and retries the job. A printer that says no, in whatever form, is no failure: the order goes on hold with the printer's sentence.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::address::Recipient;
use platen_shared::domain::money::Money;
use platen_shared::domain::order::{OrderState, QuoteState};
use platen_shared::id::OrderId;
use platen_shared::ledger::Queue;
use platen_shared::ports::PortError;
use platen_shared::ports::provider::{OrderRequest, Quote, RequestItem};
use platen_shared::store::order_quotes::{self, QuoteRow};
use platen_shared::store::orders::{self, Item, Order};
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::submit_order::gelato;
use crate::workflow::{into_db, proceed};

/// Which order, as it stood when the question was asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuoteOrder {
    /// The order.
    pub order: OrderId,
    /// Digest of its items.
    pub revision: String,
    /// Of the order: another address is another question.
    pub version: i64,
    /// The printer.
    #[serde(default = "gelato")]
    pub provider: String,
}

/// What the printer said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Said {
    /// It can be made and sent: (items, cheapest shipping), without tax.
    Yes(Money, Money),
    /// It cannot, and why.
    No(String),
}

impl Job for QuoteOrder {
    const KIND: &'static str = "quote_order";
    const QUEUE: Queue = Queue::Orders;
    const RETRY: Retry = Retry::A_DAY;
    const TIMEOUT: Duration = Duration::from_secs(60);
    type Output = Said;

    fn key(&self) -> Key {
        Key::effect(self.order, format!("{}:{}", self.revision, self.version))
    }

    fn provider(&self) -> &str {
        &self.provider
    }

    async fn run(&self, ctx: &Ctx) -> Result<Said, Failure> {
        let order = orders::get(&mut ctx.read(), ctx.tenant, self.order)
            .await?
            .ok_or_else(|| Failure::fatal("not_found", "there is no such order"))?;
        let items = orders::items(&mut ctx.read(), ctx.tenant, self.order).await?;
        let request = request(ctx, &order, &items)?;
        let provider = ctx.ports.providers.open(ctx.tenant, &self.provider).await?;
        match provider.quote(&request).await {
            Ok(quotes) => Ok(said(&quotes, &order)),
            Err(PortError::Invalid(why)) => Ok(Said::No(why)),
            Err(error) => Err(error.into()),
        }
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Said) -> db::Result<()> {
        let Some(order) = orders::lock(tx, done.tenant, self.order).await? else { return Ok(()) };
        let (at, source) = (done.business_now, done.job.to_string());
        let known = order_quotes::get(tx, done.tenant, self.order).await?;
        let waits = known.is_some_and(|quote| quote.state == QuoteState::Asked.word());
        if !waits || order.revision != self.revision {
            return Ok(());
        }
        let row = row(out, &order, done);
        order_quotes::put(tx, done.tenant, self.order, &row).await?;
        orders::note_answer(tx, at, &order, &row.state, &source, &row.why).await?;
        if matches!(out, Said::No(_)) {
            let why = format!("the printer's quote refuses it: {}", row.why);
            return orders::advance(tx, at, done.tenant, self.order, OrderState::OnHold, &source, &why).await.map(drop);
        }
        proceed(tx, &done.follow(), at, &order).await.map(drop).map_err(into_db)
    }
}

fn row(out: &Said, order: &Order, done: &Recording) -> QuoteRow {
    let (state, why, money) = match out {
        Said::Yes(products, shipping) => (
            QuoteState::Accepted,
            format!("{products} for the items and {shipping} for shipping"),
            Some((products, shipping)),
        ),
        Said::No(why) => (QuoteState::Refused, why.clone(), None),
    };
    QuoteRow {
        state: state.word().to_owned(),
        why,
        products_minor: money.map(|(products, _)| products.minor),
        shipping_minor: money.map(|(_, shipping)| shipping.minor),
        currency: order.currency.code().to_owned(),
        at: done.business_now,
    }
}

/// What the facilities ask for together, each with its cheapest way to ship. Nothing at all is no price.
fn said(quotes: &[Quote], order: &Order) -> Said {
    let zero = Money::zero(order.currency);
    let products = quotes.iter().try_fold(zero, |sum, quote| sum.plus(quote.products));
    let cheapest = quotes.iter().filter_map(|quote| quote.methods.first());
    let shipping = cheapest.map(|method| method.price).try_fold(zero, Money::plus);
    match (products, shipping) {
        (Ok(products), Ok(shipping)) if products.minor > 0 => Said::Yes(products, shipping),
        (Ok(_), Ok(_)) => Said::No("the printer names no price: it cannot be made".to_owned()),
        _ => Said::No("the printer quotes in another currency".to_owned()),
    }
}

/// The question. Print files need not be there yet; the quote before the submission has them.
fn request(ctx: &Ctx, order: &Order, items: &[Item]) -> Result<OrderRequest, Failure> {
    let bound = format!("{}:{}", order.tenant, order.id);
    let opened = ctx.ports.links.keyring().open(&order.recipient, &bound).map_err(|e| Failure::fatal("sealed", e))?;
    let recipient: Recipient = serde_json::from_str(&opened).map_err(|e| Failure::fatal("bug", e))?;
    let mut wanted = Vec::new();
    for item in items {
        let quantity = u32::try_from(item.quantity).map_err(|e| Failure::fatal("bug", e))?;
        let uid = item.provider_uid.clone();
        wanted.push(RequestItem { reference: item.id.to_string(), uid, quantity, files: Vec::new() });
    }
    Ok(OrderRequest {
        reference: order.id.to_string(),
        customer: order.number.clone(),
        currency: order.currency,
        items: wanted,
        recipient,
        metadata: Vec::new(),
    })
}
