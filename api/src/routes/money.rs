//! What an order's money did: journal entries, and the lines that share its gross out.

use axum::Json;
use platen_shared::db::At;
use platen_shared::domain::money::Currency;
use platen_shared::id::{EntryId, OrderId};
use platen_shared::store::journal::{self, LineRow};
use serde::Serialize;

use super::orders::own;
use crate::call::Call;
use crate::error::Reply;
use crate::extract::Named;

/// A line: positive is owed to the account, negative is taken from it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MoneyLine {
    account: String,
    minor: i64,
}

/// An entry of the journal: its lines sum to zero.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MoneyEntry {
    id: EntryId,
    /// `payment` or `distribution`.
    purpose: String,
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
    /// Everything in the journal about this order.
    entries: Vec<MoneyEntry>,
}

/// The money lines of an order.
#[utoipa::path(get, path = "/v1/orders/{id}/money", tag = "orders", params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 200, body = MoneyView)))]
pub(crate) async fn show(call: Call, Named(id): Named<OrderId>) -> Reply<Json<MoneyView>> {
    let order = own(&call, id).await?;
    let rows = journal::of_order(&mut call.read(), call.tenant(), id).await?;
    let line = |row: &LineRow| MoneyLine { account: row.account.clone(), minor: row.minor };
    let lines: Vec<MoneyLine> = rows.iter().filter(|row| row.purpose == "distribution").map(line).collect();
    let mut entries: Vec<MoneyEntry> = Vec::new();
    for row in &rows {
        match entries.last_mut().filter(|entry| entry.id == row.entry) {
            Some(entry) => entry.lines.push(line(row)),
            None => {
                let (purpose, lines) = (row.purpose.clone(), vec![line(row)]);
                entries.push(MoneyEntry { id: row.entry, purpose, at: row.at, lines });
            }
        }
    }
    let sum_minor = lines.iter().map(|line| line.minor).sum();
    Ok(Json(MoneyView { currency: order.currency, gross_minor: order.total_minor, lines, sum_minor, entries }))
}
