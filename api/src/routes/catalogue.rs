//! The printer's catalogue, as the last sync found it.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use platen_jobs::sync_catalog::SyncCatalog;
use platen_shared::db::At;
use platen_shared::domain::money::Money;
use platen_shared::domain::offer::{DeliveryEstimate, Placeholder, PriceTier, RegionStock};
use platen_shared::domain::terms::{self, MoneySettings};
use platen_shared::domain::variant::Area;
use platen_shared::id::EventId;
use platen_shared::store::catalogue::{self, ItemRow, SyncRow};
use platen_shared::store::catalogue_alarms::{self, Alarm};
use platen_shared::store::catalogue_templates::{self, VariantRow};
use platen_shared::store::money_settings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::jobs::JobView;
use crate::call::{Call, Page, Paging, whole};
use crate::check::{Checks, PROVIDER, provider, reason};
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Input, Named};

/// Which provider.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSync {
    /// `gelato`.
    provider: String,
}

/// Reads the provider's whole catalogue, page by page, each page a job.
#[utoipa::path(post, path = "/v1/catalogue/syncs", tag = "catalogue", request_body = NewSync,
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "Its first page has ended, and you waited for it.")))]
pub(crate) async fn sync(call: Call, Input(body): Input<NewSync>) -> Reply<Response> {
    let mut checks = Checks::default();
    provider(&mut checks, "/provider", &body.provider);
    checks.done()?;
    // Every request is a sync of its own; an Idempotency-Key makes a repeat the same one.
    let generation = uuid::Uuid::now_v7().simple().to_string();
    let job = SyncCatalog { provider: body.provider, generation, cursor: None, templates_after: None };
    let mut tx = call.begin("sync_catalogue").await?;
    let id = platen_jobs::enqueue(&mut tx, &call.origin(0), &job).await?.id();
    tx.commit().await?;
    call.work(id).await
}

/// How a provider's catalogue stands.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogueState)]
pub(crate) struct SyncView {
    provider: String,
    /// `running` or `done`.
    state: String,
    generation: String,
    pages: i64,
    items: i64,
    started_at: At,
    /// When the last complete sync ended.
    last_sync_at: Option<At>,
    /// So many would have been retired at once, more than a fifth, so that none was: look at the printer's account, then
    /// `POST /v1/catalogue/retirements` if they are really gone.
    vanished: i64,
}

impl From<SyncRow> for SyncView {
    fn from(s: SyncRow) -> Self {
        SyncView {
            provider: s.provider,
            state: s.state,
            generation: s.generation,
            pages: s.pages,
            items: s.items,
            started_at: s.started_at,
            last_sync_at: s.last_sync_at,
            vanished: s.vanished,
        }
    }
}

/// How each provider's catalogue stands.
#[utoipa::path(get, path = "/v1/catalogue", tag = "catalogue", responses((status = 200, body = Page<SyncView>)))]
pub(crate) async fn show(call: Call) -> Reply<Json<Page<SyncView>>> {
    Ok(whole(catalogue::syncs(&mut call.read(), call.tenant()).await?))
}

/// A product of a provider.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogueItem)]
pub(crate) struct ItemView {
    /// What a product's `providerUid` copies.
    uid: String,
    catalogue: String,
    title: String,
    #[schema(value_type = Object)]
    attributes: Value,
    size: Option<String>,
    colour: Option<String>,
    /// What its siblings of other sizes and colours share.
    family: String,
    /// Of one piece; null where the provider names none.
    cost: Option<Money>,
    /// What it sells for by the nearest margin rule: cost × (1 + margin), rounded half-even once; null without a cost or a rule.
    price: Option<Money>,
    /// Whose rule that is: `product`, `category` or `tenant`.
    margin_rule: Option<&'static str>,
    /// In the region of the catalogue's country.
    stock: String,
    /// Since when the provider has it no more.
    retired_at: Option<At>,
    updated_at: At,
}

impl ItemView {
    fn new(i: ItemRow, rules: &MoneySettings) -> Self {
        let cost = i.cost_minor.and_then(|minor| Some(Money { minor, currency: i.currency.parse().ok()? }));
        let margin = rules.margin_for(&i.uid, &[&i.catalogue]);
        // A price of 0 would mean that it cannot be sold: then it has none.
        let price =
            cost.zip(margin).and_then(|(cost, (bps, _))| terms::price(cost, bps).ok()).filter(|price| price.minor > 0);
        ItemView {
            margin_rule: price.and(margin).map(|(_, rule)| rule),
            uid: i.uid,
            catalogue: i.catalogue,
            title: i.title,
            attributes: i.attributes.0,
            size: Some(i.size).filter(|size| !size.is_empty()),
            colour: Some(i.colour).filter(|colour| !colour.is_empty()),
            family: i.family,
            cost,
            price,
            stock: i.stock,
            retired_at: i.retired_at,
            updated_at: i.updated_at,
        }
    }
}

/// What a quantity costs for a country.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CataloguePrice)]
pub(crate) struct TierView {
    country: String,
    pages: Option<u32>,
    quantity: u32,
    /// Of all of them together.
    cost: Money,
    /// What they sell for together, by the nearest margin rule.
    price: Option<Money>,
}

/// How a product stands in a stock region.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RegionStock)]
pub(crate) struct StockView {
    status: String,
    /// `YYYY-MM-DD`, when more is expected.
    replenished: Option<String>,
}

impl From<RegionStock> for StockView {
    fn from(s: RegionStock) -> Self {
        StockView { status: s.status, replenished: s.replenished }
    }
}

/// A product with everything that is known of it.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogueDetails)]
pub(crate) struct DetailsView {
    #[serde(flatten)]
    item: ItemView,
    /// By country, pages and quantity.
    prices: Vec<TierView>,
    /// Stock region → how it stands there.
    regions: BTreeMap<String, StockView>,
    /// Where it is printed, in micrometres where the provider or one of your templates says it.
    areas: Vec<Area>,
    /// How long one piece takes to the door with the cheapest way to ship, by country; a country of which nothing is known is not here.
    delivery: Vec<DeliveryEstimate>,
    /// What your templates at the printer (`PUT /v1/catalogue/templates`) say of it.
    templates: Vec<TemplateVariantView>,
    /// The sizes it comes in, itself included.
    sizes: Vec<String>,
    /// The colours it comes in, itself included.
    colours: Vec<String>,
    /// Itself and its siblings.
    variants: Vec<VariantView>,
    /// As the provider said it.
    #[schema(value_type = Object)]
    raw: Value,
}

/// What a template says of a product.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogueTemplateVariant)]
pub(crate) struct TemplateVariantView {
    template_id: String,
    /// Of the template.
    title: String,
    variant_id: String,
    /// Of the variant.
    variant_title: String,
    /// Places that take a picture, and where they are printed.
    placeholders: Vec<Placeholder>,
    /// Names of the places that take a text.
    texts: Vec<String>,
}

impl From<VariantRow> for TemplateVariantView {
    fn from(row: VariantRow) -> Self {
        let variant = row.variant.0;
        TemplateVariantView {
            template_id: row.template,
            title: row.title,
            variant_id: variant.id,
            variant_title: variant.title,
            placeholders: variant.placeholders,
            texts: variant.texts,
        }
    }
}

/// The areas of a product; where the provider's own row says no size, a template's does.
fn sized(areas: &[Area], templates: &[VariantRow]) -> Vec<Area> {
    let size = |area: &Area| {
        let mut places = templates.iter().flat_map(|row| &row.variant.placeholders);
        places.find(|place| place.area == area.name && place.width_um.is_some() && place.height_um.is_some())
    };
    let with_size = |area: &Area| match size(area) {
        Some(place) if area.width_um.is_none() && area.height_um.is_none() => {
            Area { name: area.name.clone(), width_um: place.width_um, height_um: place.height_um }
        }
        _ => area.clone(),
    };
    areas.iter().map(with_size).collect()
}

/// A sibling.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CatalogueVariant)]
pub(crate) struct VariantView {
    uid: String,
    size: String,
    colour: String,
    stock: String,
}

impl DetailsView {
    fn new(
        row: ItemRow,
        siblings: Vec<ItemRow>,
        templates: Vec<VariantRow>,
        raw: Value,
        rules: &MoneySettings,
    ) -> Self {
        let bps = rules.margin_for(&row.uid, &[&row.catalogue]).map(|(bps, _)| bps);
        let distinct = |of: fn(&ItemRow) -> &str| {
            let all: std::collections::BTreeSet<&str> = siblings.iter().chain([&row]).map(of).collect();
            all.into_iter().filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let (sizes, colours) = (distinct(|row| &row.size), distinct(|row| &row.colour));
        let tier = |tier: &PriceTier| TierView {
            country: tier.country.clone(),
            pages: tier.pages,
            quantity: tier.quantity,
            cost: tier.price,
            price: bps.and_then(|bps| terms::price(tier.price, bps).ok()),
        };
        DetailsView {
            prices: row.prices.iter().map(tier).collect(),
            regions: row.regions.0.clone().into_iter().map(|(region, stock)| (region, stock.into())).collect(),
            areas: sized(&row.areas, &templates),
            delivery: row.delivery.0.clone(),
            templates: templates.into_iter().map(TemplateVariantView::from).collect(),
            sizes,
            colours,
            variants: siblings
                .into_iter()
                .map(|row| VariantView { uid: row.uid, size: row.size, colour: row.colour, stock: row.stock })
                .collect(),
            raw,
            item: ItemView::new(row, rules),
        }
    }
}

/// Which products, and which page.
#[derive(Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ItemFilter {
    /// `gelato`, which it also is when left out.
    provider: Option<String>,
    /// Only this catalogue: the category.
    catalogue: Option<String>,
    /// Only this size.
    size: Option<String>,
    /// Only this colour.
    colour: Option<String>,
    /// Only this family.
    family: Option<String>,
    /// Only what can be made now, or what cannot.
    available: Option<bool>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
}

/// Products that can be ordered, by uid. Remembered for an hour, and not beyond the end of a sync.
#[utoipa::path(get, path = "/v1/catalogue/items", tag = "catalogue", params(ItemFilter), responses((status = 200, body = Page<ItemView>)))]
pub(crate) async fn items(call: Call, Filters(filter): Filters<ItemFilter>) -> Reply<Response> {
    let paging = Paging::new(filter.cursor.as_deref(), filter.limit)?;
    let named = filter.provider.as_deref().unwrap_or(PROVIDER).to_owned();
    let mut checks = Checks::default();
    provider(&mut checks, "/provider", &named);
    checks.done()?;
    // Fields in the order of the type: the same question is one text, however it was asked.
    let question = format!("items {}", serde_json::to_string(&filter).map_err(|e| Problem::internal(&e))?);
    remembered(&call, &named, question, async |rules: &MoneySettings| {
        let after = paging.after.clone().unwrap_or_default();
        let wanted = catalogue::ItemFilter {
            catalogue: filter.catalogue.clone(),
            size: filter.size.clone(),
            colour: filter.colour.clone(),
            family: filter.family.clone(),
            available: filter.available,
        };
        let rows = catalogue::list(&mut call.read(), call.tenant(), &named, &wanted, &after, paging.fetch()).await?;
        let Json(page) = paging.page::<ItemRow, ItemRow>(rows, |row| row.uid.clone());
        let items = page.items.into_iter().map(|row| ItemView::new(row, rules)).collect();
        bytes(&Page::<ItemView> { items, next: page.next })
    })
    .await
}

/// One product with prices, stock, sizes, colours, delivery estimate, print areas, templates and siblings, retired or not. Remembered like the list.
#[utoipa::path(get, path = "/v1/catalogue/items/{uid}", tag = "catalogue", params(("uid" = String, Path, description = "The provider's uid.")),
    responses((status = 200, body = DetailsView)))]
pub(crate) async fn item(call: Call, Named(uid): Named<String>) -> Reply<Response> {
    remembered(&call, PROVIDER, format!("item {uid}"), async |rules: &MoneySettings| {
        let (read, tenant) = (&mut call.read(), call.tenant());
        let row = catalogue::item(read, tenant, PROVIDER, &uid).await?;
        let row = row.ok_or_else(|| Problem::missing("product in the catalogue"))?;
        let siblings = catalogue::siblings(read, tenant, PROVIDER, &row.family).await?;
        let raw = catalogue::raw(read, tenant, PROVIDER, &uid).await?.unwrap_or_default();
        let templates = catalogue_templates::of_product(read, tenant, PROVIDER, &uid).await?;
        bytes(&DetailsView::new(row, siblings, templates, raw, rules))
    })
    .await
}

fn bytes(body: &impl Serialize) -> Reply<Bytes> {
    Ok(serde_json::to_vec(body).map_err(|e| Problem::internal(&e))?.into())
}

/// What was answered within the hour at the same versions, else what `answer` reads now.
async fn remembered(
    call: &Call,
    provider: &str,
    question: String,
    answer: impl AsyncFnOnce(&MoneySettings) -> Reply<Bytes>,
) -> Reply<Response> {
    let (tenant, now) = (call.tenant(), call.ledger_now());
    let question = format!("{provider} {question}");
    let stamp = catalogue::stamp(&mut call.read(), tenant, provider).await?;
    let known = call.shared().remembered.find(tenant, &question, stamp, now);
    let body = match known {
        Some(body) => body,
        None => {
            let rules = money_settings::latest(&mut call.read(), tenant).await?.settings.0;
            let body = answer(&rules).await?;
            call.shared().remembered.keep(tenant, question, stamp, now, &body);
            body
        }
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// An alarm about what you sell.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogueAlarm)]
pub(crate) struct AlarmView {
    id: EventId,
    provider: String,
    /// Yours.
    product_id: String,
    /// The provider's.
    uid: String,
    /// `price` (its cost moved away), `loss`, `stock` or `retired`.
    kind: String,
    detail: String,
    raised_at: At,
    /// By the sync that found it mended.
    resolved_at: Option<At>,
}

impl From<Alarm> for AlarmView {
    fn from(a: Alarm) -> Self {
        AlarmView {
            id: a.id,
            provider: a.provider,
            product_id: a.product,
            uid: a.uid,
            kind: a.kind,
            detail: a.detail,
            raised_at: a.raised_at,
            resolved_at: a.resolved_at,
        }
    }
}

/// Which alarms, and which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlarmFilter {
    /// Resolved ones too.
    #[serde(default)]
    all: bool,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
}

/// Alarms about what you sell, newest first: a cost that moved, a loss, no stock, not made any more.
#[utoipa::path(get, path = "/v1/catalogue/alarms", tag = "catalogue", params(AlarmFilter), responses((status = 200, body = Page<AlarmView>)))]
pub(crate) async fn alarms(call: Call, Filters(filter): Filters<AlarmFilter>) -> Reply<Json<Page<AlarmView>>> {
    let paging = Paging::new(filter.cursor.as_deref(), filter.limit)?;
    let before = paging.after_id()?;
    let rows = catalogue_alarms::list(&mut call.read(), call.tenant(), !filter.all, before, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.to_string()))
}

/// What vanished is really gone.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retirement {
    /// `gelato`.
    provider: String,
    /// 1 to 500 characters; kept in the audit.
    reason: String,
}

/// How many were retired.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Retired {
    retired: u64,
}

/// Retires what the last sync did not meet although it was more than a fifth: a person looked, and it is really gone.
#[utoipa::path(post, path = "/v1/catalogue/retirements", tag = "catalogue", request_body = Retirement, responses((status = 200, body = Retired)))]
pub(crate) async fn retire(call: Call, Input(body): Input<Retirement>) -> Reply<Json<Retired>> {
    reason(&body.reason)?;
    let mut checks = Checks::default();
    provider(&mut checks, "/provider", &body.provider);
    checks.done()?;
    let mut tx = call.begin("retire_products").await?;
    let retired = catalogue::retire(&mut tx, call.now(), call.tenant(), &body.provider).await?;
    let drift_bps = money_settings::latest(&mut tx, call.tenant()).await?.settings.catalogue_drift_bps;
    catalogue_alarms::review(&mut tx, call.now(), call.tenant(), &body.provider, drift_bps).await?;
    call.audit(&mut tx, "catalogue.retire", &body.provider, &body.reason).await?;
    tx.commit().await?;
    Ok(Json(Retired { retired }))
}
