//! What a sale freezes: the tenant's rules about money, the holders of every item's royalty, the tiers that were chosen.

use platen_shared::db::Tx;
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::terms::{ItemTerms, MoneySettings, OrderTerms, PackagingTier, ServiceTier};
use platen_shared::store::money_settings::{self, SettingsRow};
use platen_shared::store::orders::Item;
use platen_shared::store::tenants::Tenant;
use platen_shared::store::{catalogue, parties, registries};

use crate::call::Call;
use crate::error::{Problem, Reply};

/// The rules in force at a sale.
pub(crate) struct Rules(SettingsRow);

impl Rules {
    pub(crate) async fn of(tx: &mut Tx, tenant: &Tenant) -> Reply<Rules> {
        Ok(Rules(money_settings::latest(tx, tenant.id).await?))
    }

    fn settings(&self) -> &MoneySettings {
        &self.0.settings
    }

    /// The service tier of a name.
    pub(crate) fn service(&self, position: usize, name: Option<&str>) -> Reply<Option<ServiceTier>> {
        let Some(name) = name else { return Ok(None) };
        let known = self.settings().service_tiers.iter().find(|tier| tier.name == name).cloned();
        let pointer = format!("/items/{position}/tier");
        known.map(Some).ok_or_else(|| Problem::field("unknown-tier", &pointer, "The tenant has no such service tier."))
    }

    /// What the buyer pays for packaging, and the tier: the one that was named, else the one that was resolved.
    pub(crate) fn packaging(
        &self,
        name: Option<&str>,
        resolved: Option<PackagingTier>,
        said: Option<Money>,
        currency: Currency,
    ) -> Reply<(Money, Option<PackagingTier>)> {
        let Some(name) = name else {
            let Some(tier) = resolved else { return Ok((said.unwrap_or(Money::zero(currency)), None)) };
            let price = Money { minor: tier.price_minor, currency };
            if said.is_some_and(|said| said != price) {
                let sentence = "This order's packaging has another price (GET /v1/packaging); leave the amount out.";
                return Err(Problem::field("amount", "/packaging", sentence));
            }
            return Ok((price, Some(tier)));
        };
        let known = self.settings().packaging_tiers.iter().find(|tier| tier.name == name).cloned();
        let unknown = || Problem::field("unknown-tier", "/packagingTier", "The tenant has no such packaging tier.");
        let tier = known.ok_or_else(unknown)?;
        let price = Money { minor: tier.price_minor, currency };
        if said.is_some_and(|said| said != price) {
            return Err(Problem::field("amount", "/packaging", "The tier has another price; leave the amount out."));
        }
        Ok((price, Some(tier)))
    }

    /// The order's terms.
    pub(crate) async fn order(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        items: &[(Item, ItemTerms)],
        packaging: Option<PackagingTier>,
    ) -> Reply<OrderTerms> {
        let priority = items.iter().filter_map(|(_, terms)| terms.tier.as_ref()).map(|tier| tier.priority).max();
        Ok(OrderTerms {
            packaging,
            base_minor: base(tx, tenant, items).await?,
            priority: priority.unwrap_or(0),
            ..self.settings().freeze(self.0.version, tenant.platform_fee_bps)
        })
    }
}

/// What the items cost by the catalogue, if it says so of every one in the tenant's currency.
async fn base(tx: &mut Tx, tenant: &Tenant, items: &[(Item, ItemTerms)]) -> Reply<Option<i64>> {
    let mut sum = Some(Money::zero(tenant.currency));
    for (item, _) in items {
        let known = catalogue::item(tx, tenant.id, &item.provider, &item.provider_uid).await?;
        let known = known.filter(|known| known.currency == tenant.currency.code());
        let cost = known.and_then(|known| known.cost_minor);
        let cost = cost.and_then(|minor| Money { minor, currency: tenant.currency }.times(item.quantity).ok());
        sum = sum.zip(cost).and_then(|(sum, cost)| sum.plus(cost).ok());
    }
    Ok(sum.map(|sum| sum.minor))
}

/// An item's terms: the product's, with a registry's holders where it names one, as they stand now.
pub(crate) async fn item(tx: &mut Tx, tenant: &Tenant, item: &Item, tier: Option<ServiceTier>) -> Reply<ItemTerms> {
    let mut terms = item.revenue.freeze(item.product_version);
    if let Some(royalty) = &item.revenue.registry {
        let list = registries::latest(tx, tenant.id, &royalty.name).await?;
        let list = list.ok_or_else(|| {
            let position = item.position;
            Problem::state(format!("The registry of item {position}'s holders has no list yet; put one there first."))
        })?;
        terms = terms.holders_of(royalty, list.version, list.holders.0);
    }
    Ok(ItemTerms { tier, ..terms })
}

/// Everybody who will be owed something is a party from now on.
pub(crate) async fn introduce(call: &Call, tx: &mut Tx, terms: &[ItemTerms]) -> Reply<()> {
    let holders = terms.iter().flat_map(|terms| &terms.holders).map(|holder| holder.party.as_str());
    let names = terms.iter().map(|terms| terms.creator.as_str()).chain(holders);
    Ok(parties::introduce(tx, call.now(), call.tenant(), names).await?)
}
