//! Finding orders: pages with filters, by number, how many of each kind; and the tenant's rules about orders.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::Response;
use platen_shared::db::At;
use platen_shared::domain::address::is_email;
use platen_shared::domain::money::Money;
use platen_shared::domain::order::{FulfilmentState, OrderState, PaymentState, ReviewState};
use platen_shared::store::buyers::{self, Rules};
use platen_shared::store::orders::{self, Filter, Order, Tally};
use serde::{Deserialize, Serialize};

use super::freshness::{Freshness, Known};
use super::orders::{OrderSummary, OrderView, fresh};
use crate::call::{Call, Page, Paging};
use crate::check::Checks;
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Input, Named};

/// Which orders, and which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderFilter {
    /// Only this state.
    state: Option<String>,
    /// `unpaid`, `paid`, `part_refunded` or `refunded`.
    payment_state: Option<String>,
    /// `unfulfilled`, `in_production`, `partly_shipped`, `shipped`, `delivered` or `returned`.
    fulfilment_state: Option<String>,
    /// `none`, `pending`, `approved` or `rejected`.
    review_state: Option<String>,
    /// Where they came from.
    channel: Option<String>,
    /// ISO 3166-1.
    country: Option<String>,
    /// Never released at a printer, or real.
    test: Option<bool>,
    /// Your own name for the buyer.
    customer: Option<String>,
    /// The keyed hash of the buyer, as an order's page shows it; not together with `customer`.
    buyer: Option<String>,
    /// Taken in at this moment or later.
    since: Option<At>,
    /// Taken in before this moment.
    until: Option<At>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
}

impl OrderFilter {
    fn read(self) -> Reply<(Filter, Paging)> {
        let paging = Paging::new(self.cursor.as_deref(), self.limit)?;
        let mut checks = Checks::default();
        let mut word = |given: &Option<String>, pointer: &str, known: bool| {
            checks.need(given.is_none() || known, "state", pointer, "There is no such state of orders.");
        };
        word(&self.state, "/state", is::<OrderState>(&self.state));
        word(&self.payment_state, "/paymentState", is::<PaymentState>(&self.payment_state));
        word(&self.fulfilment_state, "/fulfilmentState", is::<FulfilmentState>(&self.fulfilment_state));
        word(&self.review_state, "/reviewState", is::<ReviewState>(&self.review_state));
        let one = self.customer.is_none() || self.buyer.is_none();
        checks.need(one, "both", "/buyer", "Name the buyer by `customer` or by `buyer`, not by both.");
        checks.done()?;
        let filter = Filter {
            state: self.state,
            payment_state: self.payment_state,
            fulfilment_state: self.fulfilment_state,
            review_state: self.review_state,
            channel: self.channel,
            country: self.country,
            test: self.test,
            customer: self.customer,
            buyer: self.buyer,
            since: self.since,
            until: self.until,
        };
        Ok((filter, paging))
    }
}

fn is<T: std::str::FromStr>(word: &Option<String>) -> bool {
    word.as_deref().is_some_and(|word| word.parse::<T>().is_ok())
}

/// The tenant's orders, newest first. What is taken in while you read moves no page. While the printer cannot be asked, orders that it has are
/// `stale`, with the age of what is known.
#[utoipa::path(get, path = "/v1/orders", tag = "orders", params(OrderFilter), responses((status = 200, body = Page<Known<OrderSummary>>)))]
pub(crate) async fn list(call: Call, Filters(filter): Filters<OrderFilter>) -> Reply<Json<Page<Known<OrderSummary>>>> {
    let (filter, paging) = filter.read()?;
    let before = paging.after_id()?;
    let rows = orders::list(&mut call.read(), call.tenant(), &filter, before, paging.fetch()).await?;
    let Json(page) = paging.page::<Order, Order>(rows, |row| row.id.to_string());
    let freshness = Freshness::now(&call, page.items.iter().map(|order| order.state.as_str())).await?;
    let known = |order: Order| freshness.of(&order.state.clone(), OrderSummary::from(order));
    Ok(Json(Page { items: page.items.into_iter().map(known).collect(), next: page.next }))
}

/// One order by its number, however it was typed: letters of any case, O for 0, I and L for 1, hyphens left out.
#[utoipa::path(get, path = "/v1/orders/number/{number}", tag = "orders",
    params(("number" = String, Path, description = "Such as P-261129-7KQ2M9XA.")), responses((status = 200, body = Known<OrderView>)))]
pub(crate) async fn by_number(call: Call, Named(number): Named<String>) -> Reply<Response> {
    let read = orders::read_number(&number);
    let found = orders::by_number(&mut call.read(), call.tenant(), &read).await?;
    fresh(&call, found.ok_or_else(|| Problem::missing("order"))?).await
}

/// How many orders there are, by each of their dimensions; test orders are counted apart and nowhere else.
#[derive(Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderStats)]
pub(crate) struct StatsView {
    /// All of them.
    orders: i64,
    /// State → orders; states that no order is in are left out.
    by_state: BTreeMap<String, i64>,
    /// State of the payment → orders.
    by_payment_state: BTreeMap<String, i64>,
    /// State of the fulfilment → orders.
    by_fulfilment_state: BTreeMap<String, i64>,
    /// State of the review → orders.
    by_review_state: BTreeMap<String, i64>,
    /// Those that a person should look at: on hold, or failed.
    need_attention: i64,
    /// What was paid and not given back whole, currency by currency.
    sold: Vec<Money>,
    /// Orders in test mode.
    test_orders: i64,
}

impl StatsView {
    fn of(rows: &[Tally]) -> StatsView {
        let mut stats = StatsView::default();
        let mut sold: BTreeMap<&str, i64> = BTreeMap::new();
        for row in rows {
            if row.test {
                stats.test_orders += row.orders;
                continue;
            }
            stats.orders += row.orders;
            for (counts, word) in [
                (&mut stats.by_state, &row.state),
                (&mut stats.by_payment_state, &row.payment_state),
                (&mut stats.by_fulfilment_state, &row.fulfilment_state),
                (&mut stats.by_review_state, &row.review_state),
            ] {
                *counts.entry(word.clone()).or_default() += row.orders;
            }
            if [OrderState::OnHold, OrderState::Failed].map(OrderState::word).contains(&row.state.as_str()) {
                stats.need_attention += row.orders;
            }
            if [PaymentState::Paid, PaymentState::PartRefunded]
                .map(PaymentState::word)
                .contains(&row.payment_state.as_str())
            {
                *sold.entry(&row.currency).or_default() += row.total_minor;
            }
        }
        let money = |(currency, minor): (&str, i64)| Some(Money { minor, currency: currency.parse().ok()? });
        stats.sold = sold.into_iter().filter_map(money).collect();
        stats
    }
}

/// How many orders there are of each kind: read in one look, so that it agrees with itself and with the list.
#[utoipa::path(get, path = "/v1/orders/stats", tag = "orders", responses((status = 200, body = StatsView)))]
pub(crate) async fn stats(call: Call) -> Reply<Json<StatsView>> {
    Ok(Json(StatsView::of(&orders::tally(&mut call.read(), call.tenant()).await?)))
}

/// A tenant's rules about its orders.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OrderRules {
    /// An order is accepted only after the printer quoted it: a printer can refuse with a price of 0, a missing item or no carrier.
    quote_gate: bool,
    /// How long buyers are known (docs/orders.md).
    #[serde(default)]
    buyers: BuyerRules,
}

/// How long a tenant's buyers are known.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BuyerRules {
    /// `keep`: sealed as long as the order is there. `forget`: a keyed hash is left some days after its end. `hash`: that, and the e-mail address
    /// and telephone number are never kept.
    policy: String,
    /// Days from the end of an order to the forgetting: 0 to 3,650; 30 when left out.
    #[serde(default = "month")]
    days: i64,
    /// With `hash`: your own e-mail address, which the printer and letters get in the place of the buyer's.
    #[serde(default)]
    contact: String,
}

fn month() -> i64 {
    30
}

impl Default for BuyerRules {
    fn default() -> Self {
        BuyerRules { policy: buyers::KEEP.to_owned(), days: month(), contact: String::new() }
    }
}

impl From<Rules> for OrderRules {
    fn from(r: Rules) -> Self {
        let buyers = BuyerRules { policy: r.buyers, days: r.buyers_days, contact: r.buyers_contact };
        OrderRules { quote_gate: r.quote_gate, buyers }
    }
}

/// The tenant's rules about its orders.
#[utoipa::path(get, path = "/v1/orders/rules", tag = "orders", responses((status = 200, body = OrderRules)))]
pub(crate) async fn rules(call: Call) -> Reply<Json<OrderRules>> {
    Ok(Json(buyers::rules(&mut call.read(), call.tenant()).await?.into()))
}

/// Sets the tenant's rules about its orders; orders that were accepted before stay accepted.
#[utoipa::path(put, path = "/v1/orders/rules", tag = "orders", request_body = OrderRules, responses((status = 200, body = OrderRules)))]
pub(crate) async fn put_rules(call: Call, Input(body): Input<OrderRules>) -> Reply<Json<OrderRules>> {
    let mut checks = Checks::default();
    let BuyerRules { policy, days, contact } = body.buyers;
    let known = [buyers::KEEP, buyers::FORGET, buyers::HASH].contains(&policy.as_str());
    checks.need(
        known,
        "policy",
        "/buyers/policy",
        "Buyers are kept (`keep`), forgotten (`forget`) or hashed (`hash`).",
    );
    checks.need((0..=3_650).contains(&days), "range", "/buyers/days", "days must be between 0 and 3,650.");
    let hash = policy == buyers::HASH;
    let sentence =
        "With `hash` the shop's own address stands in for buyers', like name@example.org; otherwise leave it out.";
    checks.need(if hash { is_email(&contact) } else { contact.is_empty() }, "email", "/buyers/contact", sentence);
    checks.done()?;
    let rules = Rules { quote_gate: body.quote_gate, buyers: policy, buyers_days: days, buyers_contact: contact };
    let mut tx = call.begin("order_rules").await?;
    buyers::set_rules(&mut tx, call.now(), call.tenant(), &rules).await?;
    call.audit(&mut tx, "order.rules", call.tenant(), "").await?;
    tx.commit().await?;
    Ok(Json(rules.into()))
}
