//! From rows to facts to lines: what an order's money should be now, and the entry that brings it there.
//!
//! Everything is computed anew from frozen terms and the facts so far; written is the difference to what the books hold. So a job that
//! runs twice, a late receipt and a late refund are all the same small thing.

use crate::db::{At, Result, Source, Tx};
use crate::domain::money::{Currency, Money};
use crate::domain::order::Stage;
use crate::domain::postings;
use crate::domain::revenue::{Breakdown, Cost, Facts, SoldItem, drift, share_out};
use crate::domain::transaction::{Line, Transaction};
use crate::id::EntryId;
use crate::store::fulfilment::PartRow;
use crate::store::journal::{self, Header, LineRow, out_of_range};
use crate::store::orders::{self, Order};
use crate::store::{fulfilment, rates, refunds};

/// The purpose of the entry that shares an order's revenue out.
pub const DISTRIBUTION: &str = "distribution";
const CORRECTION: &str = "cost:";

/// Why an order's money cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsettled {
    /// The printer gave no receipt yet.
    #[error("the printer has given no receipt for its part {0} yet")]
    NoReceipt(String),
    /// Receipts in a currency that nobody gave a rate for.
    #[error(
        "the printer's receipts are in {from} and the order is in {to}: record a rate with POST /v1/rates, nothing is converted silently"
    )]
    NoRate {
        /// The receipts'.
        from: Currency,
        /// The order's.
        to: Currency,
    },
}

/// An order's money: what was agreed, what happened, what the books hold.
#[derive(Clone, Debug)]
pub struct Case {
    /// What was sold, under which terms.
    pub items: Vec<SoldItem>,
    /// What happened.
    pub facts: Facts,
    /// Every line so far.
    pub booked: Vec<LineRow>,
    /// What the printer quoted.
    pub quoted: Option<i64>,
    /// The entry that shared the revenue out.
    pub distribution: Option<EntryId>,
    /// What was converted, with the rate and its source; empty when nothing was.
    pub converted: String,
}

impl Case {
    /// What the order's money should be, by the names of X-01.
    #[must_use]
    pub fn breakdown(&self, order: &Order) -> Breakdown {
        share_out(&order.terms, &self.items, &self.facts)
    }

    /// How far the receipts are from the quote, when that is too far.
    #[must_use]
    pub fn drift(&self, order: &Order) -> Option<i64> {
        drift(self.quoted, self.facts.costs.iter().map(|cost| cost.minor).sum(), order.terms.drift_alarm_bps)
    }
}

/// Reads an order's money; `now` chooses the exchange rate until the first sharing-out has chosen one.
///
/// # Errors
/// Whatever the database says.
pub async fn load(db: &mut impl Source, now: At, order: &Order) -> Result<std::result::Result<Case, Unsettled>> {
    let (tenant, id) = (order.tenant, order.id);
    let booked = journal::of_order(db, tenant, id).await?;
    let distributed = booked.iter().find(|line| line.purpose == DISTRIBUTION);
    let rate_at = distributed.map_or(now, |line| line.at);
    let parts = fulfilment::parts(db, tenant, id).await?;
    let (costs, converted) = match costs(db, order, rate_at, &parts).await? {
        Ok(costs) => costs,
        Err(missing) => return Ok(Err(missing)),
    };
    let payments = orders::payments(db, tenant, id).await?;
    let fee = |(amount, fee): &(i64, Option<i64>)| fee.unwrap_or_else(|| order.terms.payment_fee.of(*amount));
    let made = parts.iter().any(is_made);
    let packed = order.terms.packaging.as_ref().map_or(order.packaging_minor, |tier| tier.cost_minor);
    let facts = Facts {
        currency: order.currency,
        paid: payments.iter().map(|(amount, _)| amount).sum(),
        refunded: refunds::total(db, tenant, id).await?,
        tax: order.tax_minor,
        costs,
        packaging: if made { packed } else { 0 },
        payment_fee: payments.iter().map(fee).sum(),
    };
    let sold = orders::sold(db, tenant, id).await?;
    Ok(Ok(Case {
        items: sold.into_iter().map(|(item, terms)| (item.line_minor, terms)).collect(),
        facts,
        quoted: orders::quoted(db, tenant, id).await?,
        distribution: distributed.map(|line| line.entry),
        converted,
        booked,
    }))
}

fn is_made(part: &PartRow) -> bool {
    !matches!(Stage::from_word(&part.stage), Some(Stage::Canceled | Stage::Failed | Stage::Draft))
}

/// Per printer and currency what its receipts come to, and what was converted for that.
async fn costs(
    db: &mut impl Source,
    order: &Order,
    rate_at: At,
    parts: &[PartRow],
) -> Result<std::result::Result<(Vec<Cost>, String), Unsettled>> {
    let mut costs: Vec<Cost> = Vec::new();
    for part in parts {
        let Ok(currency) = part.currency.parse::<Currency>() else {
            if is_made(part) {
                return Ok(Err(Unsettled::NoReceipt(part.provider_id.clone())));
            }
            continue;
        };
        let charged = Money { minor: part.cost_minor, currency };
        match costs.iter_mut().find(|cost| cost.provider == part.provider && cost.charged.currency == currency) {
            Some(cost) => cost.charged = cost.charged.plus(charged).map_err(out_of_range)?,
            None => costs.push(Cost { provider: part.provider.clone(), charged, minor: 0 }),
        }
    }
    let mut converted = Vec::new();
    for cost in &mut costs {
        let (from, to) = (cost.charged.currency, order.currency);
        if from == to {
            cost.minor = cost.charged.minor;
            continue;
        }
        let Some(row) = rates::at(db, order.tenant, from, to, rate_at).await? else {
            return Ok(Err(Unsettled::NoRate { from, to }));
        };
        let here = row.rate()?.convert(cost.charged, to).map_err(out_of_range)?;
        cost.minor = here.minor;
        converted.push(format!("{} charged {} = {here} at {} ({})", cost.provider, cost.charged, row.rate, row.source));
    }
    Ok(Ok((costs, converted.join("; "))))
}

/// What must still move, by the facts as the transaction sees them.
///
/// # Errors
/// Whatever the database says.
pub async fn difference(tx: &mut Tx, now: At, order: &Order) -> Result<std::result::Result<Transaction, Unsettled>> {
    match load(tx, now, order).await? {
        Ok(case) => Ok(Ok(to_move(order, &case)?)),
        Err(missing) => Ok(Err(missing)),
    }
}

fn to_move(order: &Order, case: &Case) -> Result<Transaction> {
    let booked: Vec<Line> = case.booked.iter().map(LineRow::line).collect();
    // What a refund of this transaction takes out of the sale is booked with the difference, in one entry.
    postings::settlement(&order.terms, &case.items, &case.facts, &booked).map_err(out_of_range)
}

/// What sharing out, or a correction, came to.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The entry, if anything moved.
    pub entry: Option<EntryId>,
    /// The whole of the order's money now.
    pub breakdown: Breakdown,
    /// How far the receipts are from the quote, in basis points, when that is too far.
    pub drift: Option<i64>,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// Shares an order's revenue out, in the transaction that holds the order's lock: once, whatever runs twice.
///
/// # Errors
/// Whatever the database says.
pub async fn distribute(tx: &mut Tx, now: At, order: &Order) -> Result<std::result::Result<Settled, Unsettled>> {
    let case = match load(tx, now, order).await? {
        Ok(case) => case,
        Err(missing) => return Ok(Err(missing)),
    };
    let header = Header { why: case.converted.clone(), ..Header::new(order.tenant, order.id, DISTRIBUTION) };
    book(tx, now, order, &case, header).await.map(Ok)
}

/// Books what changed since the revenue was shared out: nothing, unless a fact came later. Before that nothing is booked either.
///
/// # Errors
/// Whatever the database says.
pub async fn correct(tx: &mut Tx, now: At, order: &Order) -> Result<std::result::Result<Settled, Unsettled>> {
    let case = match load(tx, now, order).await? {
        Ok(case) => case,
        Err(missing) => return Ok(Err(missing)),
    };
    let Some(distribution) = case.distribution else {
        let breakdown = case.breakdown(order);
        return Ok(Ok(Settled { entry: None, breakdown, drift: None, lines: Vec::new() }));
    };
    let mut before: Vec<EntryId> =
        case.booked.iter().filter(|line| line.purpose.starts_with(CORRECTION)).map(|line| line.entry).collect();
    before.dedup();
    let header = Header {
        corrects: Some(distribution),
        why: case.converted.clone(),
        ..Header::new(order.tenant, order.id, format!("{CORRECTION}{}", before.len() + 1))
    };
    book(tx, now, order, &case, header).await.map(Ok)
}

async fn book(tx: &mut Tx, now: At, order: &Order, case: &Case, header: Header) -> Result<Settled> {
    let moved = to_move(order, case)?;
    let entry = journal::post(tx, now, &header, &moved).await?;
    let lines = if entry.is_some() { moved.lines().into_iter().cloned().collect() } else { Vec::new() };
    Ok(Settled { entry, breakdown: case.breakdown(order), drift: case.drift(order), lines })
}
