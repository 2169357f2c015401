//! Taking an order in: every item from a locked snapshot, at the stored product's price, with all terms frozen.

use axum::response::Response;
use platen_jobs::workflow;
use platen_shared::db::{Json as Column, Tx};
use platen_shared::domain::address::{Limits, Recipient};
use platen_shared::domain::money::{Currency, Money, MoneyError};
use platen_shared::domain::order::{FulfilmentState, OrderState, PaymentState, ReviewState};
use platen_shared::domain::region::{is_out, region};
use platen_shared::domain::terms::ItemTerms;
use platen_shared::id::{ItemId, OrderId, SnapshotId};
use platen_shared::letters::LANGUAGES;
use platen_shared::store::order_details::{self, Details, Metadata};
use platen_shared::store::orders::{self, Item, Order, OrderTerms, revision};
use platen_shared::store::products::{self, Product};
use platen_shared::store::tenants::{self, Tenant};
use platen_shared::store::{buyers, catalogue, message_settings, order_quotes, snapshots, specs};
use serde::Deserialize;
use serde_json::Value;

use super::frozen::{self, Rules};
use super::order_changes::check_notes;
use super::order_form;
use super::orders::{OrderView, bound, recipient, view};
use super::packaging;
use crate::call::{Call, made};
use crate::check::{Checks, PROVIDER};
use crate::error::{Code, Problem, Reply};
use crate::extract::Input;

/// Most items in an order.
const ITEMS_MAX: usize = 100;
/// Most pieces of an item.
pub(crate) const QUANTITY_MAX: i64 = 1000;

/// An item to be.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewItem {
    /// Locked.
    snapshot_id: SnapshotId,
    /// 1 to 1,000.
    quantity: i64,
    /// A service tier of the tenant's, paid per piece.
    tier: Option<String>,
}

/// An order to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewOrder {
    /// Its name in its channel, where it is unique; at most 100 characters.
    external_id: Option<String>,
    /// Where it comes from; `api` when left out.
    #[serde(default = "api")]
    channel: String,
    /// 1 to 100.
    items: Vec<NewItem>,
    recipient: Recipient,
    /// What the buyer pays for shipping.
    shipping: Money,
    /// Tax on all of it.
    tax: Option<Money>,
    /// What the buyer pays for packaging.
    packaging: Option<Money>,
    /// The language that the buyer is written to in: `en` or `fr`. Left out, the country says it, else the tenant.
    language: Option<String>,
    /// A packaging tier of the tenant's; it says what the buyer pays.
    packaging_tier: Option<String>,
    /// Your own name for the buyer; at most 100 characters.
    #[serde(default)]
    customer: String,
    /// Your notes: at most 20 pairs of at most 100 characters.
    #[serde(default)]
    metadata: Metadata,
    /// What the tenant's form asks for (`GET /v1/orders/form`); at most 16 KB.
    #[schema(value_type = Option<Object>)]
    form: Option<Value>,
}

fn api() -> String {
    "api".to_owned()
}

/// Takes an order in. The same (channel, externalId) with the same content again answers 200 and the first order; with other content 409.
#[utoipa::path(post, path = "/v1/orders", tag = "orders", request_body = NewOrder,
    responses((status = 201, body = OrderView), (status = 200, body = OrderView, description = "It was there.")))]
pub(crate) async fn create(call: Call, Input(mut body): Input<NewOrder>) -> Reply<Response> {
    body.recipient = body.recipient.normalised();
    let mut tx = call.begin("create_order").await?;
    let tenant = tenants::get(&mut tx, call.tenant()).await?.ok_or_else(|| Problem::missing("tenant"))?;
    checked(&body, tenant.currency)?;
    let buyer = pseudonym(&call, &mut tx, &mut body.recipient).await?;
    let form = order_form::checked(&call, &mut tx, body.form.as_ref()).await?;
    let rules = Rules::of(&mut tx, &tenant).await?;
    let sold = items(&mut tx, &tenant, &rules, (&body.items, &body.recipient.country)).await?;
    let creators: Vec<&str> = sold.iter().map(|(_, terms)| terms.creator.as_str()).collect();
    let resolved = packaging::of_order(&mut tx, &tenant, &creators).await?;
    let (packaging, tier) =
        rules.packaging(body.packaging_tier.as_deref(), resolved, body.packaging, tenant.currency)?;
    let terms = rules.order(&mut tx, &tenant, &sold, tier).await?;
    let (items, item_terms): (Vec<Item>, Vec<ItemTerms>) = sold.into_iter().unzip();
    let order = order(&call, &tenant, &body, &items, packaging, terms)?;
    let fresh = orders::create(&mut tx, &order, &items, &call.actor()).await?;
    let kept = if fresh {
        let positions = items.iter().map(|item| item.position);
        if let Some(language) = &body.language {
            message_settings::put_language(&mut tx, call.tenant(), order.id, language).await?;
        }
        frozen::introduce(&call, &mut tx, &item_terms).await?;
        orders::freeze(&mut tx, call.tenant(), order.id, &positions.zip(item_terms).collect::<Vec<_>>()).await?;
        beside(&call, &mut tx, &order, body, (form, buyer)).await?;
        order
    } else {
        let known = orders::by_external(&mut tx, call.tenant(), &order.channel, &order.external_id).await?;
        let known = known.ok_or_else(|| Problem::internal(&"an order vanished"))?;
        let known_items = orders::items(&mut tx, call.tenant(), known.id).await?;
        let kept = order_details::get(&mut tx, call.tenant(), known.id).await?;
        let same_buyer = match recipient(&call, &known)? {
            // Between the two the tenant may have changed its mind about hashes.
            Some(recipient) => {
                recipient == body.recipient && (kept.buyer == buyer || kept.buyer.is_empty() || buyer.is_empty())
            }
            None => kept.buyer == buyer && known.country == body.recipient.country,
        };
        let same = same_buyer
            && order_form::open(&call, &known, kept.form.as_deref())? == form.map(|(_, form)| form)
            && charges(&known) == charges(&order)
            && asked(&known_items) == asked(&items);
        if !same {
            return Err(Problem::new(
                Code::Conflict,
                "An order of this channel and externalId is there with other content.",
            ));
        }
        known
    };
    let view: OrderView = view(&call, &mut tx, kept).await?;
    call.carry(&mut tx).await?;
    tx.commit().await?;
    Ok(made(fresh, view))
}

/// What belongs to a new order beside its sale: the shop's notes, what its form said, and the question for a quote where the tenant wants one first.
async fn beside(
    call: &Call,
    tx: &mut Tx,
    order: &Order,
    body: NewOrder,
    (form, buyer): (Option<(i64, Value)>, String),
) -> Reply<()> {
    if !body.customer.is_empty() || !body.metadata.is_empty() || form.is_some() || !buyer.is_empty() {
        let sealed = form.as_ref().map(|(_, form)| order_form::seal(call, order, form)).transpose()?;
        let notes = Details {
            customer: body.customer,
            metadata: Column(body.metadata),
            form: sealed,
            form_version: form.map_or(0, |(version, _)| version),
            buyer,
            ..Details::default()
        };
        order_details::put(tx, call.now(), order.tenant, order.id, &notes).await?;
    }
    if order_quotes::gate(tx, order.tenant).await? {
        workflow::ask(tx, &call.origin(0), call.now(), order).await?;
    }
    Ok(())
}

/// The keyed hash of the buyer, where the tenant does not keep its buyers; empty otherwise. Where not even their addresses of electronic mail
/// are kept, the shop's own takes its place before anything is stored.
async fn pseudonym(call: &Call, tx: &mut Tx, recipient: &mut Recipient) -> Reply<String> {
    let rules = buyers::rules(tx, call.tenant()).await?;
    if rules.buyers == buyers::KEEP {
        return Ok(String::new());
    }
    let hash = call.app().keyring.pseudonym(&recipient.email, &call.tenant().to_string());
    if rules.buyers == buyers::HASH {
        recipient.email = rules.buyers_contact;
        recipient.phone.clear();
    }
    Ok(hash)
}

/// The name of an order that came without one.
fn unnamed(call: &Call, id: OrderId) -> String {
    call.once().map_or_else(|| id.to_string(), |key| format!("key:{key}"))
}

/// What a repeat must repeat; prices are frozen by the first request and not asked again.
fn asked(items: &[Item]) -> Vec<(SnapshotId, i64)> {
    items.iter().map(|item| (item.snapshot, item.quantity)).collect()
}

fn charges(order: &Order) -> (i64, i64, i64) {
    (order.shipping_minor, order.tax_minor, order.packaging_minor)
}

fn checked(body: &NewOrder, currency: Currency) -> Reply<()> {
    let mut checks = Checks::default();
    checks.text("/externalId", body.external_id.as_deref().unwrap_or("-"), 1, 100);
    checks.name("/channel", &body.channel);
    check_notes(&mut checks, Some(&body.customer), Some(&body.metadata));
    checks.need((1..=ITEMS_MAX).contains(&body.items.len()), "count", "/items", "An order has 1 to 100 items.");
    let language = body.language.as_deref().is_none_or(|word| LANGUAGES.contains(&word));
    checks.need(language, "language", "/language", "Buyers are written to in en or fr.");
    for (i, item) in body.items.iter().enumerate() {
        let within = (1..=QUANTITY_MAX).contains(&item.quantity);
        checks.need(within, "range", &format!("/items/{i}/quantity"), "quantity must be between 1 and 1,000.");
    }
    for problem in body.recipient.problems(Limits::of(PROVIDER)) {
        checks.fault(problem.code, &format!("/recipient{}", problem.pointer), problem.message);
    }
    let amounts = [("/shipping", Some(body.shipping)), ("/tax", body.tax), ("/packaging", body.packaging)];
    for (pointer, amount) in amounts {
        checks.amount(pointer, amount.unwrap_or(Money::zero(currency)), currency);
    }
    checks.done()
}

async fn items(
    tx: &mut Tx,
    tenant: &Tenant,
    rules: &Rules,
    (wanted, country): (&[NewItem], &str),
) -> Reply<Vec<(Item, ItemTerms)>> {
    let mut items = Vec::new();
    for (place, new) in wanted.iter().enumerate() {
        let position = i64::try_from(place).unwrap_or(i64::MAX);
        let snapshot =
            snapshots::get(tx, tenant.id, new.snapshot_id).await?.ok_or_else(|| Problem::missing("snapshot"))?;
        if snapshots::lock_of(tx, tenant.id, snapshot.id).await?.is_none() {
            return Err(Problem::state(format!(
                "The snapshot of item {position} is not locked; approve and lock it first."
            )));
        }
        let product = product(tx, tenant, &snapshot.spec_hash).await?;
        if product.currency != tenant.currency {
            return Err(Problem::state(format!("The price of item {position} is not in the tenant's currency.")));
        }
        available(tx, tenant, place, &product, country).await?;
        let tier = rules.service(place, new.tier.as_deref())?;
        let extra = Money { minor: tier.as_ref().map_or(0, |tier| tier.price_minor), currency: tenant.currency };
        let unit = product.price().plus(extra).map_err(overflow)?;
        let line = unit.times(new.quantity).map_err(overflow)?;
        let item = item(position, new, snapshot.spec_hash, product, (unit.minor, line.minor));
        let terms = frozen::item(tx, tenant, &item, tier).await?;
        items.push((item, terms));
    }
    Ok(items)
}

/// Refuses what the catalogue says cannot be made, or not for this country: before anybody pays for it.
async fn available(tx: &mut Tx, tenant: &Tenant, place: usize, product: &Product, country: &str) -> Reply<()> {
    let pointer = format!("/items/{place}/snapshotId");
    let gone = |sentence: &str| Err(Problem::field("unavailable", &pointer, sentence));
    if product.price_minor == 0 {
        return gone("The product has a price of 0, which means that it cannot be sold.");
    }
    let Some(item) = catalogue::item(tx, tenant.id, &product.provider, &product.provider_uid).await? else {
        return Ok(());
    };
    if item.retired_at.is_some() {
        return gone("The printer makes this product no more.");
    }
    if item.regions.get(region(country)).is_some_and(|there| is_out(&there.status)) {
        return gone("The printer has no stock of this product for this country.");
    }
    let raw = catalogue::raw(tx, tenant.id, &product.provider, &product.provider_uid).await?.unwrap_or_default();
    let refused = raw["notSupportedCountries"].as_array().is_some_and(|all| all.iter().any(|one| one == country));
    if refused { gone("The printer does not send this product to this country.") } else { Ok(()) }
}

/// The product's newest version, if a design for an older one still fits it; else the version it was made for.
async fn product(tx: &mut Tx, tenant: &Tenant, spec_hash: &str) -> Reply<Product> {
    let gone = || Problem::internal(&"a snapshot's spec or product vanished");
    let spec = specs::get(tx, tenant.id, spec_hash).await?.ok_or_else(gone)?;
    let made_for = products::version(tx, tenant.id, &spec.product_id, spec.template_version).await?.ok_or_else(gone)?;
    let latest = products::latest(tx, tenant.id, &spec.product_id).await?.ok_or_else(gone)?;
    let fits = latest.zones == made_for.zones && latest.kind == made_for.kind;
    Ok(if fits { latest } else { made_for })
}

fn item(
    position: i64,
    new: &NewItem,
    spec_hash: String,
    product: Product,
    (unit_minor, line_minor): (i64, i64),
) -> Item {
    Item {
        id: ItemId::new(),
        position,
        product_id: product.id,
        product_version: product.version,
        snapshot: new.snapshot_id,
        spec_hash,
        title: product.title,
        provider: product.provider,
        provider_uid: product.provider_uid,
        placements: Column(product.placements.0.into_iter().collect()),
        quantity: new.quantity,
        unit_minor,
        line_minor,
        revenue: product.revenue,
    }
}

pub(crate) fn overflow(_: MoneyError) -> Problem {
    Problem::field("range", "/items", "The total is beyond what can be kept exactly (2^53 minor units).")
}

fn order(
    call: &Call,
    tenant: &Tenant,
    body: &NewOrder,
    items: &[Item],
    packaging: Money,
    terms: OrderTerms,
) -> Reply<Order> {
    let currency = tenant.currency;
    let zero = Money::zero(currency);
    let lines = items
        .iter()
        .try_fold(zero, |sum, item| sum.plus(Money { minor: item.line_minor, currency }))
        .map_err(overflow)?;
    let tax = body.tax.unwrap_or(zero);
    let total = [body.shipping, tax, packaging].into_iter().try_fold(lines, Money::plus).map_err(overflow)?;
    let (id, now) = (OrderId::new(), call.now());
    let mut order = Order {
        id,
        tenant: tenant.id,
        number: orders::number(now, id),
        channel: body.channel.clone(),
        external_id: body.external_id.clone().unwrap_or_else(|| unnamed(call, id)),
        state: OrderState::Received.word().to_owned(),
        payment_state: PaymentState::Unpaid.word().to_owned(),
        fulfilment_state: FulfilmentState::Unfulfilled.word().to_owned(),
        review_state: ReviewState::None.word().to_owned(),
        state_why: "waits for its payment".to_owned(),
        revision: revision(items.iter().map(|item| (item.spec_hash.as_str(), item.quantity))),
        currency,
        items_minor: lines.minor,
        shipping_minor: body.shipping.minor,
        packaging_minor: packaging.minor,
        tax_minor: tax.minor,
        total_minor: total.minor,
        terms: Column(terms),
        country: body.recipient.country.clone(),
        recipient: String::new(),
        test: tenant.test_mode,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let text = serde_json::to_string(&body.recipient).map_err(|e| Problem::internal(&e))?;
    order.recipient = call.app().keyring.seal(&text, &bound(&order))?;
    Ok(order)
}
