//! What an order's money did and should do; the platform's margin; the trial balance; conversions between them are in `rates`.

use axum::Json;
use platen_shared::db::At;
use platen_shared::domain::account::Account;
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::revenue::Breakdown;
use platen_shared::domain::statement::Month;
use platen_shared::domain::terms::{ItemTerms, OrderTerms};
use platen_shared::id::{EntryId, OrderId};
use platen_shared::store::books::{self, Balance};
use platen_shared::store::journal::LineRow;
use platen_shared::store::statements::{self, MarginReport};
use platen_shared::store::{journal, orders, refunds, settle};
use serde::{Deserialize, Serialize};

use super::orders::own;
use super::refunds::RefundView;
use crate::call::{Call, Page, whole};
use crate::check::Checks;
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Named};

/// A line: positive is owed to the account, negative is taken from it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MoneyLine {
    account: Account,
    minor: i64,
    currency: Currency,
}

/// An entry of the journal: its lines sum to zero in every currency.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MoneyEntry {
    id: EntryId,
    /// `payment`, `distribution`, `refund:<id>`, `refund_paid:<id>`, `cost:<n>`.
    purpose: String,
    /// The entry that it corrects.
    corrects: Option<EntryId>,
    /// A sentence, where the purpose does not say it all.
    why: String,
    at: At,
    lines: Vec<MoneyLine>,
}

/// An order's money.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderMoney)]
pub(crate) struct MoneyView {
    currency: Currency,
    gross_minor: i64,
    /// Of the distribution; empty until it has happened.
    lines: Vec<MoneyLine>,
    /// Of those lines: 0.
    sum_minor: i64,
    /// When revenue was shared out.
    distributed_at: Option<At>,
    /// Where the money is, or will be, by the facts so far; null while a fact is missing.
    breakdown: Option<Breakdown>,
    /// Which fact.
    missing: Option<String>,
    /// What the printer quoted.
    quoted: Option<Money>,
    /// Frozen at sale.
    terms: OrderTerms,
    /// The same, per item.
    items: Vec<SoldView>,
    refunds: Vec<RefundView>,
    /// Everything in the journal about this order.
    entries: Vec<MoneyEntry>,
}

/// An item as it was sold.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SoldItem)]
pub(crate) struct SoldView {
    position: i64,
    line_minor: i64,
    terms: ItemTerms,
}

/// The money of an order: entries, terms, and where everything goes.
#[utoipa::path(get, path = "/v1/orders/{id}/money", tag = "orders", params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 200, body = MoneyView)))]
pub(crate) async fn show(call: Call, Named(id): Named<OrderId>) -> Reply<Json<MoneyView>> {
    let order = own(&call, id).await?;
    let (read, tenant) = (&mut call.read(), call.tenant());
    let rows = journal::of_order(read, tenant, id).await?;
    let shared: Vec<&LineRow> = rows.iter().filter(|row| row.purpose == settle::DISTRIBUTION).collect();
    let distributed_at = shared.first().map(|row| row.at);
    let lines: Vec<MoneyLine> = shared.into_iter().map(line).collect();
    let case = settle::load(read, call.now(), &order).await?;
    let (breakdown, missing) = match case {
        Ok(case) => (Some(case.breakdown(&order)), None),
        Err(missing) => (None, Some(missing.to_string())),
    };
    let quoted = orders::quoted(read, tenant, id).await?.map(|minor| Money { minor, currency: order.currency });
    let items = orders::sold(read, tenant, id).await?.into_iter().map(|(item, terms)| SoldView {
        position: item.position,
        line_minor: item.line_minor,
        terms,
    });
    Ok(Json(MoneyView {
        currency: order.currency,
        gross_minor: order.total_minor,
        sum_minor: lines.iter().map(|line| line.minor).sum(),
        lines,
        distributed_at,
        breakdown,
        missing,
        quoted,
        items: items.collect(),
        refunds: refunds::of_order(read, tenant, id).await?.into_iter().map(RefundView::from).collect(),
        entries: entries(&rows),
        terms: order.terms.0,
    }))
}

fn line(row: &LineRow) -> MoneyLine {
    MoneyLine { account: row.account.clone(), minor: row.minor, currency: row.currency }
}

fn entries(rows: &[LineRow]) -> Vec<MoneyEntry> {
    let mut entries: Vec<MoneyEntry> = Vec::new();
    for row in rows {
        match entries.last_mut().filter(|entry| entry.id == row.entry) {
            Some(entry) => entry.lines.push(line(row)),
            None => entries.push(MoneyEntry {
                id: row.entry,
                purpose: row.purpose.clone(),
                corrects: row.corrects,
                why: row.why.clone(),
                at: row.at,
                lines: vec![line(row)],
            }),
        }
    }
    entries
}

/// What an account holds.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Balance)]
pub(crate) struct BalanceView {
    account: Account,
    minor: i64,
    currency: Currency,
}

impl From<Balance> for BalanceView {
    fn from(b: Balance) -> Self {
        BalanceView { account: b.account, minor: b.minor, currency: b.currency }
    }
}

/// At which moment.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Moment {
    /// RFC 3339; now when left out. What comes later is left out of the sum.
    at: Option<At>,
}

impl Moment {
    /// The moment meant, or one after everything there is.
    pub(crate) fn or_now(&self) -> At {
        self.at.unwrap_or(platen_shared::store::payouts::LATEST)
    }
}

/// What every account holds at a moment: the trial balance. It sums to zero in every currency.
#[utoipa::path(get, path = "/v1/money/trial-balance", tag = "money", params(Moment), responses((status = 200, body = Page<BalanceView>)))]
pub(crate) async fn trial(call: Call, Filters(moment): Filters<Moment>) -> Reply<Json<Page<BalanceView>>> {
    Ok(whole(books::trial(&mut call.read(), call.tenant(), moment.or_now()).await?))
}

/// Which months.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Months {
    /// The first: `2026-11`.
    from: String,
    /// The last; the same when left out.
    to: Option<String>,
}

/// What orders brought in a span of months, per currency: gross, costs, margin, and who got it.
#[utoipa::path(get, path = "/v1/money/margin", tag = "money", params(Months), responses((status = 200, body = Page<MarginReport>)))]
pub(crate) async fn margin(call: Call, Filters(months): Filters<Months>) -> Reply<Json<Page<MarginReport>>> {
    let from = month("/from", &months.from)?;
    let to = months.to.as_deref().map_or(Ok(from), |to| month("/to", to))?;
    let (from, until) = (from.first_day(), to.next().first_day());
    let mut checks = Checks::default();
    checks.need(from < until, "range", "/to", "The last month comes after the first.");
    checks.done()?;
    Ok(whole(statements::margin(&mut call.read(), call.tenant(), from, until).await?))
}

/// A month, written as it should be.
pub(crate) fn month(pointer: &str, text: &str) -> Reply<Month> {
    text.parse().map_err(|_| Problem::field("month", pointer, "A month is written 2026-11."))
}
