//! Exchange rates and conversions. Nothing is converted silently: a rate is written down with its source, and a conversion is an entry
//! of the books that names both.

use axum::Json;
use axum::response::Response;
use platen_shared::db::At;
use platen_shared::domain::account::Account;
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::postings;
use platen_shared::domain::rate::Rate;
use platen_shared::id::{ConversionId, EntryId, RateId};
use platen_shared::store::journal::{self, Header};
use platen_shared::store::payouts::LATEST;
use platen_shared::store::rates::{self, RateRow};
use platen_shared::store::{books, parties};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Page, Pages, made};
use crate::check::Checks;
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Input};

/// A rate.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ExchangeRate)]
pub(crate) struct RateView {
    id: RateId,
    from: Currency,
    to: Currency,
    /// One unit of `from` is so many of `to`.
    rate: String,
    source: String,
    /// Since when it holds, until there is a newer one.
    at: At,
}

impl From<RateRow> for RateView {
    fn from(r: RateRow) -> Self {
        RateView { id: r.id, from: r.from_currency, to: r.to_currency, rate: r.rate, source: r.source, at: r.at }
    }
}

/// A rate to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRate {
    from: Currency,
    to: Currency,
    /// A decimal as text, more than 0, at most 12 places: `"0.9215"`.
    rate: String,
    /// Where it comes from: 1 to 100 characters.
    source: String,
}

fn checked(checks: &mut Checks, from: Currency, to: Currency, rate: &str) -> Option<Rate> {
    checks.need(from != to, "currency", "/to", "A rate is between two currencies.");
    let read = rate.parse().ok();
    checks.need(read.is_some(), "rate", "/rate", "A rate is a decimal above 0 with at most 12 places.");
    read
}

/// Writes a rate down: orders whose printer charges in `from` are settled by it from now on.
#[utoipa::path(post, path = "/v1/rates", tag = "money", request_body = NewRate, responses((status = 201, body = RateView)))]
pub(crate) async fn create(call: Call, Input(body): Input<NewRate>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.text("/source", &body.source, 1, 100);
    let rate = checked(&mut checks, body.from, body.to, &body.rate);
    checks.done()?;
    let row = RateRow {
        id: RateId::new(),
        from_currency: body.from,
        to_currency: body.to,
        rate: rate.map(|rate| rate.to_string()).unwrap_or_default(),
        source: body.source,
        actor: call.actor(),
        at: call.now(),
    };
    let mut tx = call.begin("put_rate").await?;
    rates::put(&mut tx, call.tenant(), &row).await?;
    call.audit(&mut tx, "rate.put", row.id, &row.source).await?;
    tx.commit().await?;
    Ok(made(true, RateView::from(row)))
}

/// Rates, newest first.
#[utoipa::path(get, path = "/v1/rates", tag = "money", params(Pages), responses((status = 200, body = Page<RateView>)))]
pub(crate) async fn list(call: Call, Filters(pages): Filters<Pages>) -> Reply<Json<Page<RateView>>> {
    let paging = pages.read()?;
    let rows = rates::list(&mut call.read(), call.tenant(), paging.after_id()?, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.to_string()))
}

/// A conversion of a party's balance.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConversion {
    /// `creator:<party>` or `royalty:<party>`.
    account: Account,
    /// At most what the account holds.
    from: Money,
    to: Currency,
    /// A decimal as text, more than 0, at most 12 places.
    rate: String,
    /// Where it comes from: 1 to 100 characters.
    source: String,
}

/// What was converted.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conversion {
    id: ConversionId,
    entry_id: EntryId,
    account: Account,
    from: Money,
    to: Money,
    rate: String,
    source: String,
}

/// Converts what a party's account holds into another currency, at a rate with its source.
#[utoipa::path(post, path = "/v1/conversions", tag = "money", request_body = NewConversion, responses((status = 201, body = Conversion)))]
pub(crate) async fn convert(call: Call, Input(body): Input<NewConversion>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.text("/source", &body.source, 1, 100);
    checks.need(body.from.minor > 0, "range", "/from/minor", "A conversion is of something.");
    let rate = checked(&mut checks, body.from.currency, body.to, &body.rate);
    let Some(party) = body.account.party().map(str::to_owned) else {
        return Err(Problem::field(
            "account",
            "/account",
            "Only a party's account is converted: creator:… or royalty:….",
        ));
    };
    checks.done()?;
    let range = || Problem::field("range", "/from", "The amount is beyond what can be kept exactly.");
    let to = rate.and_then(|rate| rate.convert(body.from, body.to).ok()).ok_or_else(range)?;
    let moved = postings::conversion(&body.account, body.from, to).map_err(|_| range())?;
    let mut tx = call.begin("convert").await?;
    let tenant = call.tenant();
    parties::get(&mut tx, tenant, &party).await?.ok_or_else(|| Problem::missing("party"))?;
    let held = books::balance(&mut tx, tenant, &body.account, LATEST).await?;
    let held = held.iter().find(|b| b.currency == body.from.currency).map_or(0, |b| b.minor);
    if held < body.from.minor {
        return Err(Problem::field("amount", "/from", "The account holds less than that."));
    }
    let id = ConversionId::new();
    let why = format!("{} = {to} at {} ({})", body.from, body.rate, body.source);
    let header = Header { why: why.clone(), ..Header::new(tenant, id, "conversion") };
    let entry = journal::post(&mut tx, call.now(), &header, &moved).await?;
    let entry_id = entry.ok_or_else(|| Problem::internal(&"a conversion moved nothing"))?;
    call.audit(&mut tx, "money.convert", &body.account, &why).await?;
    tx.commit().await?;
    let (account, from, rate, source) = (body.account, body.from, body.rate, body.source);
    Ok(made(true, Conversion { id, entry_id, account, from, to, rate, source }))
}
