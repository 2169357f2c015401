//! Packaging: the tenant's wish, what tiers cost where, the creators' designs, and what an order would get now.

use axum::Json;
use axum::response::Response;
use platen_shared::db::{At, Source, Tx};
use platen_shared::domain::money::{MINOR_MAX, Money};
use platen_shared::domain::packaging::{PackagingDesign, Tier, resolve};
use platen_shared::domain::terms::{self, PackagingTier};
use platen_shared::id::TenantId;
use platen_shared::store::packaging::{self, DesignRow, TierCost};
use platen_shared::store::uploads;
use serde::{Deserialize, Serialize};

use super::tenants;
use crate::call::{Call, Page, made, whole};
use crate::check::{Checks, PROVIDER, provider};
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Input, Named};

/// The tenant's wish.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PackagingRules {
    /// Whether orders get more than standard packaging, where it is delivered. False: standard for everything.
    platform: bool,
}

/// Whether the tenant wants packaging of its own.
#[utoipa::path(get, path = "/v1/packaging/rules", tag = "packaging", responses((status = 200, body = PackagingRules)))]
pub(crate) async fn rules(call: Call) -> Reply<Json<PackagingRules>> {
    let platform = packaging::platform(&mut call.read(), call.tenant()).await?.unwrap_or(false);
    Ok(Json(PackagingRules { platform }))
}

/// Says whether the tenant wants packaging of its own. From then on the resolver prices it; orders that were taken in before stay as they are.
#[utoipa::path(put, path = "/v1/packaging/rules", tag = "packaging", request_body = PackagingRules, responses((status = 200, body = PackagingRules)))]
pub(crate) async fn put_rules(call: Call, Input(body): Input<PackagingRules>) -> Reply<Json<PackagingRules>> {
    let mut tx = call.begin("packaging_rules").await?;
    packaging::set_platform(&mut tx, call.now(), call.tenant(), body.platform).await?;
    call.audit(&mut tx, "packaging.rules", call.tenant(), "").await?;
    tx.commit().await?;
    Ok(Json(body))
}

/// What a tier costs at a provider.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PackagingCost)]
pub(crate) struct CostView {
    provider: String,
    /// `standard`, `platform` or `creator`.
    tier: String,
    currency: String,
    /// What the buyer pays for the order.
    price_minor: i64,
    cost_minor: i64,
    /// Whether the account really delivers it: only then it is charged.
    delivered: bool,
    note: String,
    updated_at: At,
}

impl From<TierCost> for CostView {
    fn from(t: TierCost) -> Self {
        CostView {
            provider: t.provider,
            tier: t.tier,
            currency: t.currency,
            price_minor: t.price_minor,
            cost_minor: t.cost_minor,
            delivered: t.delivered,
            note: t.note,
            updated_at: t.updated_at,
        }
    }
}

/// What all tiers cost, as operators recorded.
#[utoipa::path(get, path = "/v1/packaging/costs", tag = "packaging", responses((status = 200, body = Page<CostView>)))]
pub(crate) async fn costs(call: Call) -> Reply<Json<Page<CostView>>> {
    Ok(whole(packaging::costs(&mut call.read(), call.tenant()).await?))
}

/// What an operator knows of a tier.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewCost {
    /// What the buyer pays for the order; 0, 100 or 300 minor units when left out.
    price_minor: Option<i64>,
    /// What it costs you; the price when left out.
    cost_minor: Option<i64>,
    /// Whether the account really delivers it.
    delivered: bool,
    /// How you know: 1 to 500 characters, kept in the audit.
    note: String,
}

/// Records what a tier costs at a provider in the tenant's currency, and whether the account really delivers it. Gelato's order has no
/// packaging field: what is delivered is agreed with the account, and only a person knows it.
#[utoipa::path(put, path = "/v1/packaging/costs/{provider}/{tier}", tag = "packaging", request_body = NewCost,
    params(("provider" = String, Path, description = "`gelato`."), ("tier" = String, Path, description = "`standard`, `platform` or `creator`.")),
    responses((status = 200, body = CostView)))]
pub(crate) async fn put_cost(
    call: Call,
    Named((named, tier)): Named<(String, String)>,
    Input(body): Input<NewCost>,
) -> Reply<Json<CostView>> {
    let Some(tier) = Tier::from_word(&tier).filter(|_| named == PROVIDER) else {
        return Err(Problem::missing("tier of packaging"));
    };
    let mut checks = Checks::default();
    checks.text("/note", &body.note, 1, 500);
    let price = body.price_minor.unwrap_or(tier.usual_minor());
    let cost = body.cost_minor.unwrap_or(price);
    for (pointer, minor) in [("/priceMinor", price), ("/costMinor", cost)] {
        let sentence = "The amount must be between 0 and 2^53 - 1 minor units.";
        checks.need((0..=MINOR_MAX).contains(&minor), "range", pointer, sentence);
    }
    checks.done()?;
    let row = TierCost {
        provider: named,
        tier: tier.word().to_owned(),
        currency: tenants::own(&call).await?.currency.code().to_owned(),
        price_minor: price,
        cost_minor: cost,
        delivered: body.delivered,
        note: body.note,
        actor: call.actor(),
        updated_at: call.now(),
    };
    let mut tx = call.begin("packaging_cost").await?;
    packaging::put_cost(&mut tx, call.tenant(), &row).await?;
    call.audit(&mut tx, "packaging.cost", &row.tier, &row.note).await?;
    tx.commit().await?;
    Ok(Json(row.into()))
}

/// A version of a creator's packaging.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreatorPackaging)]
pub(crate) struct DesignView {
    creator: String,
    version: i64,
    /// `draft`, `accepted`, `rejected`, or `replaced` by a later accepted one.
    state: String,
    design: PackagingDesign,
    /// What the provider may find unsuitable.
    warnings: Vec<String>,
    /// Why it was accepted or rejected.
    why: String,
    created_at: At,
    decided_at: Option<At>,
}

impl From<DesignRow> for DesignView {
    fn from(d: DesignRow) -> Self {
        DesignView {
            creator: d.creator,
            version: d.version,
            state: d.state,
            warnings: d.design.warnings(),
            design: d.design.0,
            why: d.why,
            created_at: d.created_at,
            decided_at: d.decided_at,
        }
    }
}

/// The versions of a creator's packaging, newest first.
#[utoipa::path(get, path = "/v1/creators/{name}/packaging", tag = "packaging", params(("name" = String, Path, description = "The creator.")),
    responses((status = 200, body = Page<DesignView>)))]
pub(crate) async fn designs(call: Call, Named(name): Named<String>) -> Reply<Json<Page<DesignView>>> {
    Ok(whole(packaging::designs(&mut call.read(), call.tenant(), &name).await?))
}

/// Saves a creator's packaging as a draft. It reaches no order until it is accepted; the one that was accepted before stays in force.
#[utoipa::path(put, path = "/v1/creators/{name}/packaging", tag = "packaging", request_body = PackagingDesign,
    params(("name" = String, Path, description = "The creator, as products name him.")), responses((status = 201, body = DesignView)))]
pub(crate) async fn put_design(
    call: Call,
    Named(name): Named<String>,
    Input(body): Input<PackagingDesign>,
) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.need(terms::is_party(&name), "name", "", "The creator's name takes 1 to 40 of a-z, 0-9 and the hyphen.");
    for (pointer, sentence) in body.problems() {
        checks.fault("packaging", pointer, sentence);
    }
    checks.done()?;
    let mut tx = call.begin("packaging_design").await?;
    if uploads::of_hash(&mut tx, call.tenant(), &body.logo_sha256).await?.is_none() {
        return Err(Problem::field(
            "unknown-upload",
            "/logoSha256",
            "No upload of yours has this hash; upload the logo first.",
        ));
    }
    let version = packaging::draft(&mut tx, call.now(), call.tenant(), &name, &body, &call.actor()).await?;
    let all = packaging::designs(&mut tx, call.tenant(), &name).await?;
    tx.commit().await?;
    let saved = all.into_iter().find(|row| row.version == version);
    Ok(made(true, DesignView::from(saved.ok_or_else(|| Problem::internal(&"a draft vanished"))?)))
}

/// What the provider said.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DesignDecision {
    /// Of the draft.
    version: i64,
    accept: bool,
    /// What it said: 1 to 500 characters.
    why: String,
}

/// Records what the provider said of a creator's draft. Accepted, it is in force for orders from now on; a rejected one never reaches any.
#[utoipa::path(post, path = "/v1/creators/{name}/packaging/decision", tag = "packaging", request_body = DesignDecision,
    params(("name" = String, Path, description = "The creator.")), responses((status = 200, body = Page<DesignView>)))]
pub(crate) async fn decide(
    call: Call,
    Named(name): Named<String>,
    Input(body): Input<DesignDecision>,
) -> Reply<Json<Page<DesignView>>> {
    let mut checks = Checks::default();
    checks.text("/why", &body.why, 1, 500);
    checks.done()?;
    let mut tx = call.begin("packaging_decision").await?;
    let draft = (name.as_str(), body.version);
    if !packaging::decide(&mut tx, call.now(), call.tenant(), draft, body.accept, &body.why).await? {
        return Err(Problem::missing("draft of a packaging"));
    }
    call.audit(&mut tx, "packaging.decide", &name, &body.why).await?;
    let all = packaging::designs(&mut tx, call.tenant(), &name).await?;
    tx.commit().await?;
    Ok(whole(all))
}

/// For which order.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PackagingQuestion {
    /// Of all its items; left out: of several creators.
    creator: Option<String>,
    /// `gelato`, which it also is when left out.
    provider: Option<String>,
}

/// What an order would get.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PackagingAnswer)]
pub(crate) struct PackagingView {
    tier: Tier,
    price: Money,
    /// The version of the creator's design, in the creator's tier.
    design: Option<String>,
}

/// How an order would be packed now, and what its buyer pays for that: what `POST /v1/orders` will freeze.
#[utoipa::path(get, path = "/v1/packaging", tag = "packaging", params(PackagingQuestion), responses((status = 200, body = PackagingView)))]
pub(crate) async fn show(call: Call, Filters(question): Filters<PackagingQuestion>) -> Reply<Json<PackagingView>> {
    let named = question.provider.as_deref().unwrap_or(PROVIDER);
    let mut checks = Checks::default();
    provider(&mut checks, "/provider", named);
    checks.done()?;
    let tenant = tenants::own(&call).await?;
    let found = packed(&mut call.read(), tenant.id, named, tenant.currency.code(), question.creator.as_deref()).await?;
    let (tier, packed) = found.unwrap_or_else(|| (Tier::Standard, standard()));
    let price = Money { minor: packed.price_minor, currency: tenant.currency };
    Ok(Json(PackagingView { tier, price, design: packed.design }))
}

fn standard() -> PackagingTier {
    PackagingTier { name: Tier::Standard.word().to_owned(), price_minor: 0, cost_minor: 0, design: None }
}

/// The tier of an order of one creator's (or of several creators') items, with what it costs; `None` where the tenant never said whether
/// it wants packaging. The one resolver: the order freezes its answer, and the price and the printer's payload are read from that.
pub(crate) async fn packed(
    source: &mut impl Source,
    tenant: TenantId,
    provider: &str,
    currency: &str,
    creator: Option<&str>,
) -> Reply<Option<(Tier, PackagingTier)>> {
    let Some(platform) = packaging::platform(source, tenant).await? else { return Ok(None) };
    let design = match creator {
        Some(creator) => packaging::accepted(source, tenant, creator).await?,
        None => None,
    };
    let delivered = packaging::delivered(source, tenant, provider, currency).await?;
    let cost = |tier: Tier| delivered.iter().find(|(known, _)| *known == tier).map(|(_, cost)| cost);
    let tier = resolve(platform, design.is_some(), |tier| cost(tier).is_some());
    let own = design.filter(|_| tier == Tier::Creator).map(|design| format!("{}:{}", design.creator, design.version));
    let packed = cost(tier).map_or_else(standard, |cost| PackagingTier {
        name: tier.word().to_owned(),
        price_minor: cost.price_minor,
        cost_minor: cost.cost_minor,
        design: own,
    });
    Ok(Some((tier, packed)))
}

/// The same for the items of an order to be.
pub(crate) async fn of_order(
    tx: &mut Tx,
    tenant: &platen_shared::store::tenants::Tenant,
    creators: &[&str],
) -> Reply<Option<PackagingTier>> {
    let one = creators.first().copied().filter(|first| creators.iter().all(|creator| creator == first));
    let found = packed(tx, tenant.id, PROVIDER, tenant.currency.code(), one).await?;
    Ok(found.map(|(_, packed)| packed))
}
