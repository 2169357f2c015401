//! Products: what a tenant sells, as zones to design on and a provider's product that carries them.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::Response;
use platen_shared::db::{self, At, Json as Column, Tx};
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::terms::{self, Pricing, RevenueTerms};
use platen_shared::store::products::{self, Product};
use platen_shared::store::{catalogue, money_settings, tenants};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::{Call, Page, Pages, made};
use crate::check::{Checks, is_name, provider};
use crate::error::{Fault, Problem, Reply};
use crate::extract::{Filters, Input, Named};

/// Print areas of Gelato; a zone of such a name goes there without being told.
const FILE_TYPES: &[&str] = &[
    "default",
    "front",
    "back",
    "neck-inner",
    "neck-outer",
    "sleeve-left",
    "sleeve-right",
    "inside",
    "chest-left-embroidery",
    "chest-center-embroidery",
    "sleeve-left-embroidery",
    "sleeve-right-embroidery",
    "wrist-left-embroidery",
    "wrist-right-embroidery",
    "inner-left",
    "inner-right",
    "cover",
];

/// A product, in its newest version.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Product)]
pub(crate) struct ProductView {
    id: String,
    /// Grows with every change; what `product.templateVersion` of a spec names.
    version: i64,
    title: String,
    kind: String,
    /// In millimetres, as they were sent.
    #[schema(value_type = Vec<Object>)]
    zones: Value,
    /// Zone → print area at the provider.
    placements: BTreeMap<String, String>,
    provider: String,
    provider_uid: String,
    price: Money,
    revenue: RevenueTerms,
    /// What its zones allow (docs/designs.md); `{}` restricts nothing.
    #[schema(value_type = Object)]
    rules: Value,
    created_at: At,
}

impl From<Product> for ProductView {
    fn from(p: Product) -> Self {
        ProductView {
            price: p.price(),
            id: p.id,
            version: p.version,
            title: p.title,
            kind: p.kind,
            zones: p.wire_zones.0,
            placements: p.placements.0,
            provider: p.provider,
            provider_uid: p.provider_uid,
            revenue: p.revenue.0,
            rules: p.rules.0,
            created_at: p.created_at,
        }
    }
}

/// A product as it should be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProductBody {
    /// 1 to 200 characters.
    title: String,
    /// `mug`, `tshirt`, `plate`, …
    kind: String,
    /// Zones in millimetres: `[{"id", "widthMm", "heightMm", "bleedMm", …}]`, exactly as specs repeat them.
    #[schema(value_type = Vec<Object>)]
    zones: Value,
    /// Zone → print area at the provider; zones that are left out get theirs by name or order.
    #[serde(default)]
    placements: BTreeMap<String, String>,
    /// `gelato`.
    provider: String,
    /// A product of the synced catalogue.
    provider_uid: String,
    /// What a buyer pays for one, without tax. Left out: the catalogue's cost and a margin make it.
    price: Option<Money>,
    /// The margin on the cost, in the place of the category's or the tenant's; only without a price.
    margin_bps: Option<i64>,
    /// Who shares in it.
    revenue: RevenueTerms,
    /// What its zones allow (docs/designs.md); what is left out restricts nothing.
    #[serde(default = "nothing")]
    #[schema(value_type = Object)]
    rules: Value,
}

fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Creates a product or changes it. A change is a new version; nothing changed is the same version.
#[utoipa::path(put, path = "/v1/products/{id}", tag = "products", request_body = ProductBody,
    params(("id" = String, Path, description = "Your name for it: 1 to 64 of a-z, 0-9 and the hyphen.")),
    responses((status = 201, body = ProductView), (status = 200, body = ProductView, description = "It was there.")))]
pub(crate) async fn put(call: Call, Named(id): Named<String>, Input(body): Input<ProductBody>) -> Reply<Response> {
    let (priced, margin_bps) = (body.price.is_some(), body.margin_bps);
    let mut product = checked(&call, id, body, super::tenants::own(&call).await?.currency)?;
    let mut tx = call.begin("put_product").await?;
    if !priced {
        by_margin(&mut tx, &mut product, margin_bps).await?;
    }
    fits_tenant(&mut tx, &product).await?;
    let known = products::latest(&mut tx, call.tenant(), &product.id).await?;
    if let Some(known) = known.as_ref().filter(|known| known.same(&product)) {
        return Ok(made(false, ProductView::from(known.clone())));
    }
    product.version = known.as_ref().map_or(1, |known| known.version + 1);
    products::insert(&mut tx, &product).await?;
    let done = tx.commit().await;
    call.shared().templates.forget(call.tenant(), &product.id);
    done?;
    Ok(made(known.is_none(), ProductView::from(product)))
}

/// What can be checked without the database.
fn checked(call: &Call, id: String, body: ProductBody, home: Currency) -> Reply<Product> {
    let mut checks = Checks::default();
    checks.name("", &id);
    checks.text("/title", &body.title, 1, 200);
    checks.name("/kind", &body.kind);
    provider(&mut checks, "/provider", &body.provider);
    checks.text("/providerUid", &body.provider_uid, 1, 250);
    let free = body.price.is_some_and(|price| price.minor == 0);
    checks.need(
        !free,
        "price",
        "/price/minor",
        "A price of 0 means that it cannot be sold; nothing is given away by a price.",
    );
    // Without a price, `by_margin` makes one.
    let price = body.price.unwrap_or(Money::zero(home));
    checks.amount("/price", price, price.currency);
    let margin = (0..=1_000_000).contains(&body.margin_bps.unwrap_or(0));
    checks.need(margin, "range", "/marginBps", "A margin is between 0 and 1,000,000 basis points.");
    let both = body.price.is_some() && body.margin_bps.is_some();
    checks.need(!both, "both", "/marginBps", "A product has a price or a margin, not both.");
    checks.need(
        body.revenue.pricing.is_none(),
        "pricing",
        "/revenue/pricing",
        "How a price came about is not taken from a request.",
    );
    for (pointer, message) in body.revenue.problems() {
        checks.fault("revenue", &format!("/revenue{pointer}"), message);
    }
    let zones = platen_press::check_zones(&body.zones).map_err(|problems| below("/zones", problems))?;
    platen_press::text::check_rules(&body.rules, &zones).map_err(|problems| below("/rules", problems))?;
    let names: Vec<&str> = zones.iter().map(|zone| zone.id.as_str()).collect();
    let placements = placements(&names, &body.placements, &mut checks);
    checks.done()?;
    Ok(Product {
        tenant: call.tenant(),
        id,
        version: 0,
        title: body.title,
        kind: body.kind,
        zones: Column(serde_json::to_value(&zones).map_err(|e| Problem::internal(&e))?),
        wire_zones: Column(body.zones),
        placements: Column(placements),
        provider: body.provider,
        provider_uid: body.provider_uid,
        price_minor: price.minor,
        currency: price.currency,
        revenue: Column(body.revenue),
        rules: Column(body.rules),
        created_at: call.now(),
    })
}

/// The press's problems with a part of the body.
fn below(part: &str, problems: Vec<platen_press::Problem>) -> Problem {
    let fault = |p: platen_press::Problem| Fault { pointer: format!("{part}{}", p.pointer), ..p.into() };
    Problem::fields(problems.into_iter().map(fault).collect())
}

/// What was said, else by name, else the first zone is `default` and the second `back`.
fn placements(zones: &[&str], said: &BTreeMap<String, String>, checks: &mut Checks) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for zone in said.keys().filter(|zone| !zones.contains(&zone.as_str())) {
        checks.fault(
            "unknown-zone",
            &format!("/placements/{}", zone.replace('~', "~0").replace('/', "~1")),
            "There is no zone of this name.",
        );
    }
    for (i, zone) in zones.iter().enumerate() {
        let area = said.get(*zone).map(String::as_str);
        let by_name = || FILE_TYPES.contains(zone).then_some(*zone);
        let by_order = || ["default", "back"].get(i).copied();
        match area.or_else(by_name).or_else(by_order) {
            Some(area) if is_name(area) => drop(found.insert((*zone).to_owned(), area.to_owned())),
            Some(_) => {
                checks.fault("placement", &format!("/placements/{zone}"), "A print area takes a-z, 0-9 and the hyphen.")
            }
            None => checks.fault(
                "required",
                &format!("/placements/{zone}"),
                "Say which print area of the provider this zone is.",
            ),
        }
    }
    let areas: std::collections::BTreeSet<&String> = found.values().collect();
    checks.need(
        areas.len() == found.len(),
        "placement",
        "/placements",
        "Two zones would be printed on the same area; name the areas.",
    );
    found
}

/// Makes the price of the catalogue's cost and the nearest margin rule, and notes how it came about.
async fn by_margin(tx: &mut Tx, product: &mut Product, own: Option<i64>) -> Reply<()> {
    let tenant = tenants::get(tx, product.tenant).await?.ok_or_else(|| Problem::missing("tenant"))?;
    let rules = money_settings::latest(tx, product.tenant).await?.settings.0;
    let say = |pointer: &str, sentence: &str| Problem::field("price", pointer, sentence);
    let item = catalogue::item(tx, product.tenant, &product.provider, &product.provider_uid).await?;
    let category = item.as_ref().map(|item| item.catalogue.clone()).unwrap_or_default();
    let by_rule = || rules.margin_for(&product.provider_uid, &[&product.kind, &category]);
    let (margin_bps, rule) = own.map(|bps| (bps, "product")).or_else(by_rule).ok_or_else(|| {
        say("/price", "Give a price, or a margin here, for the category or for the tenant (PUT /v1/money/settings).")
    })?;
    let item = item.filter(|item| item.currency == tenant.currency.code());
    let base = item.and_then(|item| item.cost_minor).ok_or_else(|| {
        say(
            "/price",
            "The catalogue knows no cost of this product in the tenant's currency, so that a price is needed.",
        )
    })?;
    let range = |_| say("/price", "The price is beyond what can be kept exactly (2^53 minor units).");
    let price = terms::price(Money { minor: base, currency: tenant.currency }, margin_bps).map_err(range)?;
    if price.minor == 0 {
        return Err(say(
            "/price",
            "Cost and margin make a price of 0, which means that it cannot be sold; give a price.",
        ));
    }
    (product.price_minor, product.currency) = (price.minor, price.currency);
    product.revenue.0.pricing = Some(Pricing { base_minor: base, margin_bps, rule: rule.to_owned() });
    Ok(())
}

async fn fits_tenant(tx: &mut Tx, product: &Product) -> Reply<()> {
    let tenant = tenants::get(tx, product.tenant).await?.ok_or_else(|| Problem::missing("tenant"))?;
    let mut checks = Checks::default();
    checks.amount("/price", product.price(), tenant.currency);
    let item = catalogue::item(tx, product.tenant, &product.provider, &product.provider_uid).await?;
    let live = item.is_some_and(|item| item.retired_at.is_none());
    checks.need(
        live,
        "unknown-product",
        "/providerUid",
        "The catalogue holds no such product; sync it, then copy a uid from it.",
    );
    checks.done()
}

/// The tenant's products, by name.
#[utoipa::path(get, path = "/v1/products", tag = "products", params(Pages), responses((status = 200, body = Page<ProductView>)))]
pub(crate) async fn list(call: Call, Filters(pages): Filters<Pages>) -> Reply<Json<Page<ProductView>>> {
    let paging = pages.read()?;
    let after = paging.after.clone().unwrap_or_default();
    let rows = products::list(&mut call.read(), call.tenant(), &after, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.clone()))
}

/// One product.
#[utoipa::path(get, path = "/v1/products/{id}", tag = "products", params(("id" = String, Path, description = "Its name.")),
    responses((status = 200, body = ProductView)))]
pub(crate) async fn show(call: Call, Named(id): Named<String>) -> Reply<Json<ProductView>> {
    let found: db::Result<Option<Product>> = products::latest(&mut call.read(), call.tenant(), &id).await;
    found?.map(|product| Json(product.into())).ok_or_else(|| Problem::missing("product"))
}
