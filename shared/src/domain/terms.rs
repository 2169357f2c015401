//! What was agreed: the tenant's rules about money, and what of them is frozen into an order at sale. Later changes of the catalogue or
//! the settings never reach an old order, because nothing here is read again after the sale.

use serde::{Deserialize, Serialize};

use super::money::{BPS_WHOLE, MINOR_MAX, Money, MoneyError, share};

/// Most royalties of a product, and most holders of a registry.
pub const HOLDERS_MAX: usize = 10_000;
const ROYALTIES_MAX: usize = 20;

/// Who shares in a product's revenue, as the product says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevenueTerms {
    /// The creator's name in the books: 1 to 40 of `a-z 0-9 -`.
    pub creator: String,
    /// Holders of royalties out of the creator's share; together at most 10,000 basis points.
    #[serde(default)]
    pub royalties: Vec<Royalty>,
    /// In the place of `royalties`: holders by a registry's list, as it stands at each sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<RegistryRoyalty>,
    /// How the price came about, when a margin made it; written by us, never taken from a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<Pricing>,
}

/// A royalty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Royalty {
    /// The holder's name in the books.
    pub holder: String,
    /// Of the creator's share.
    pub bps: i64,
}

/// A royalty that a registry's holders share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegistryRoyalty {
    /// The registry's name.
    pub name: String,
    /// Of the creator's share, for all its holders together.
    pub bps: i64,
}

/// How a price came about: base × (1 + margin).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pricing {
    /// The catalogue's cost of one.
    pub base_minor: i64,
    /// On the base.
    pub margin_bps: i64,
    /// Whose rule it was: `product`, `category` or `tenant`.
    pub rule: String,
}

/// A price made of a base and a margin, rounded half-even once.
///
/// # Errors
/// [`MoneyError::Range`].
pub fn price(base: Money, margin_bps: i64) -> Result<Money, MoneyError> {
    Money::new(share(base.minor, BPS_WHOLE + margin_bps, BPS_WHOLE), base.currency)
}

/// Whether a party may be named so: 1 to 40 of `a-z 0-9 -`.
#[must_use]
pub fn is_party(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(in_a_name)
}

fn in_a_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

type Problems = Vec<(String, String)>;

fn share_within(found: &mut Problems, pointer: String, bps: i64) {
    if !(0..=BPS_WHOLE).contains(&bps) {
        found.push((pointer, "A royalty is between 0 and 10,000 basis points.".to_owned()));
    }
}

impl RevenueTerms {
    /// What is wrong with the terms, as (pointer, sentence).
    #[must_use]
    pub fn problems(&self) -> Problems {
        let mut found = Vec::new();
        if !is_party(&self.creator) {
            let text = "The creator's name takes 1 to 40 of a-z, 0-9 and the hyphen.";
            found.push(("/creator".to_owned(), text.to_owned()));
        }
        for (i, royalty) in self.royalties.iter().enumerate() {
            if !is_party(&royalty.holder) {
                let text = "A holder's name takes 1 to 40 of a-z, 0-9 and the hyphen.";
                found.push((format!("/royalties/{i}/holder"), text.to_owned()));
            }
            share_within(&mut found, format!("/royalties/{i}/bps"), royalty.bps);
        }
        let whole: i64 = self.royalties.iter().map(|r| r.bps.clamp(0, BPS_WHOLE)).sum();
        if self.royalties.len() > ROYALTIES_MAX || whole > BPS_WHOLE {
            let text = "At most 20 royalties, together at most 10,000 basis points.";
            found.push(("/royalties".to_owned(), text.to_owned()));
        }
        if let Some(registry) = &self.registry {
            share_within(&mut found, "/registry/bps".to_owned(), registry.bps);
            if !self.royalties.is_empty() {
                let text = "Holders come from `royalties` or from a registry, not from both.";
                found.push(("/registry".to_owned(), text.to_owned()));
            }
        }
        found
    }

    /// The terms of an item sold under a product that names its holders itself; one with a registry is frozen with
    /// [`ItemTerms::holders_of`] as well.
    #[must_use]
    pub fn freeze(&self, product_version: i64) -> ItemTerms {
        ItemTerms {
            creator: self.creator.clone(),
            royalty_bps: self.royalties.iter().map(|r| r.bps).sum(),
            holders: self.royalties.iter().map(|r| Holding { party: r.holder.clone(), weight: r.bps }).collect(),
            source: "product".to_owned(),
            version: product_version,
            pricing: self.pricing.clone(),
            tier: None,
        }
    }
}

/// A holder and his weight: basis points, or a balance of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Holding {
    /// The party.
    pub party: String,
    /// 0 or more.
    pub weight: i64,
}

/// What an item was sold under: the creator, the royalty and its holders with the source and version of their list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemTerms {
    /// Who made the design.
    pub creator: String,
    /// Of the creator's share.
    pub royalty_bps: i64,
    /// Among whom the royalty is split, by weight.
    pub holders: Vec<Holding>,
    /// `product`, or `registry:<name>`.
    pub source: String,
    /// Of the product or the registry's list.
    pub version: i64,
    /// How the price came about, when a margin made it.
    #[serde(default)]
    pub pricing: Option<Pricing>,
    /// The service tier that was bought for it.
    #[serde(default)]
    pub tier: Option<ServiceTier>,
}

impl ItemTerms {
    /// The same with a registry's holders.
    #[must_use]
    pub fn holders_of(mut self, royalty: &RegistryRoyalty, version: i64, holders: Vec<Holding>) -> ItemTerms {
        self.royalty_bps = royalty.bps;
        self.source = format!("registry:{}", royalty.name);
        self.version = version;
        self.holders = holders;
        self
    }
}

/// How the platform earns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Commission {
    /// A share of the margin: `platformFeeBps` of the tenant.
    #[default]
    ShareOfMargin,
    /// A mark-up inside the selling price's base: `markupBps` of the items' base cost, as far as the margin reaches; what remains is the
    /// creator's.
    MarkupInBase,
}

/// What the payment provider takes of a payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaymentFee {
    /// Of the amount.
    pub bps: i64,
    /// And this much each time, in minor units.
    pub fixed_minor: i64,
}

impl PaymentFee {
    /// Of a payment of this much; nothing of a payment of nothing.
    #[must_use]
    pub fn of(self, paid_minor: i64) -> i64 {
        if paid_minor == 0 { 0 } else { share(paid_minor, self.bps, BPS_WHOLE).saturating_add(self.fixed_minor) }
    }
}

/// A way to pack an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PackagingTier {
    /// The tenant's name for it.
    pub name: String,
    /// What the buyer pays.
    pub price_minor: i64,
    /// What it costs us.
    pub cost_minor: i64,
    /// The creator's own design that is packed with, as `creator:version`; written by us, never taken from a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<String>,
}

/// A level of service, bought per piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceTier {
    /// The tenant's name for it.
    pub name: String,
    /// What the buyer pays for it, per piece.
    pub price_minor: i64,
    /// Its orders' jobs come before others of the tenant: 0 (usual) to 100.
    pub priority: i64,
}

/// A category's margin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CategoryMargin {
    /// A product's kind: `mug`, `tshirt`, …
    pub kind: String,
    /// On the base.
    pub margin_bps: i64,
}

/// A provider's product's margin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProductMargin {
    /// The provider's product.
    pub uid: String,
    /// On the base.
    pub margin_bps: i64,
}

/// A tenant's rules about money. Every change is a new version; an order names the one it was sold under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MoneySettings {
    /// How the platform earns.
    pub commission: Commission,
    /// With `markup_in_base`: of the items' base cost.
    pub markup_bps: i64,
    /// What the payment provider takes, where a payment does not say it.
    pub payment_fee: PaymentFee,
    /// Ways to pack.
    pub packaging_tiers: Vec<PackagingTier>,
    /// Levels of service.
    pub service_tiers: Vec<ServiceTier>,
    /// Margin of products without a price of their own.
    pub margin_bps: Option<i64>,
    /// The same for a category; it beats the tenant's.
    pub margins_by_category: Vec<CategoryMargin>,
    /// The same for a provider's product; it beats the category's.
    pub margins_by_product: Vec<ProductMargin>,
    /// An alarm rings when the catalogue's cost of what is sold is that far from the cost its price was made of; 500 when nobody says
    /// otherwise.
    pub catalogue_drift_bps: i64,
    /// Days between delivery and sharing out.
    pub hold_days: i64,
    /// Days after the last parcel left, when no carrier says that it arrived; the hold follows. Null: only deliveries count.
    pub shipped_days: Option<i64>,
    /// An alarm rings when receipts are that far from the quote; 2,500 when nobody says otherwise, since quotes come without tax; 0 for
    /// none.
    pub drift_alarm_bps: i64,
    /// No payout is smaller, unless a party says another minimum.
    pub payout_minimum_minor: i64,
}

impl Default for MoneySettings {
    fn default() -> Self {
        MoneySettings {
            commission: Commission::default(),
            markup_bps: 0,
            payment_fee: PaymentFee::default(),
            packaging_tiers: Vec::new(),
            service_tiers: Vec::new(),
            margin_bps: None,
            margins_by_category: Vec::new(),
            margins_by_product: Vec::new(),
            catalogue_drift_bps: 500,
            hold_days: 0,
            shipped_days: None,
            drift_alarm_bps: 2_500,
            payout_minimum_minor: 0,
        }
    }
}

const AMOUNT: &str = "The amount must be between 0 and 2^53 - 1 minor units.";
const NAME: &str = "A name takes 1 to 64 of a-z, 0-9 and the hyphen.";

impl MoneySettings {
    /// What is wrong with the rules, as (pointer, sentence).
    #[must_use]
    pub fn problems(&self) -> Problems {
        let mut found = Vec::new();
        let mut need = |holds: bool, pointer: String, sentence: &str| {
            if !holds {
                found.push((pointer, sentence.to_owned()));
            }
        };
        let amount = |minor: i64| (0..=MINOR_MAX).contains(&minor);
        let share = |bps: i64| (0..=BPS_WHOLE).contains(&bps);
        // A margin may well be more than the base.
        let margin = |bps: i64| (0..=100 * BPS_WHOLE).contains(&bps);
        let name = |name: &str| (1..=64).contains(&name.len()) && name.bytes().all(in_a_name);
        need(margin(self.markup_bps), "/markupBps".into(), "A mark-up is between 0 and 1,000,000 basis points.");
        need(share(self.payment_fee.bps), "/paymentFee/bps".into(), "A fee is between 0 and 10,000 basis points.");
        need(amount(self.payment_fee.fixed_minor), "/paymentFee/fixedMinor".into(), AMOUNT);
        for (i, tier) in self.packaging_tiers.iter().enumerate() {
            need(name(&tier.name), format!("/packagingTiers/{i}/name"), NAME);
            need(amount(tier.price_minor), format!("/packagingTiers/{i}/priceMinor"), AMOUNT);
            need(amount(tier.cost_minor), format!("/packagingTiers/{i}/costMinor"), AMOUNT);
            let own = "Designs come from creators' packaging, not from a request.";
            need(tier.design.is_none(), format!("/packagingTiers/{i}/design"), own);
        }
        for (i, tier) in self.service_tiers.iter().enumerate() {
            need(name(&tier.name), format!("/serviceTiers/{i}/name"), NAME);
            need(amount(tier.price_minor), format!("/serviceTiers/{i}/priceMinor"), AMOUNT);
            let within = (0..=100).contains(&tier.priority);
            need(within, format!("/serviceTiers/{i}/priority"), "A priority is between 0 and 100.");
        }
        let sentence = "A margin is between 0 and 1,000,000 basis points.";
        need(margin(self.margin_bps.unwrap_or(0)), "/marginBps".into(), sentence);
        for (i, category) in self.margins_by_category.iter().enumerate() {
            need(margin(category.margin_bps), format!("/marginsByCategory/{i}/marginBps"), sentence);
        }
        for (i, product) in self.margins_by_product.iter().enumerate() {
            need(margin(product.margin_bps), format!("/marginsByProduct/{i}/marginBps"), sentence);
        }
        need(self.margins_by_product.len() <= 1000, "/marginsByProduct".into(), "At most 1,000 products.");
        let within = (0..=BPS_WHOLE).contains(&self.catalogue_drift_bps);
        need(within, "/catalogueDriftBps".into(), "A drift is between 0 and 10,000 basis points.");
        let days = |days: i64| (0..=365).contains(&days);
        need(days(self.hold_days), "/holdDays".into(), "Days are between 0 and 365.");
        need(days(self.shipped_days.unwrap_or(0)), "/shippedDays".into(), "Days are between 0 and 365.");
        let drift = (0..=BPS_WHOLE).contains(&self.drift_alarm_bps);
        need(drift, "/driftAlarmBps".into(), "A drift is between 0 and 10,000 basis points.");
        need(amount(self.payout_minimum_minor), "/payoutMinimumMinor".into(), AMOUNT);
        need(self.packaging_tiers.len() <= 20, "/packagingTiers".into(), "At most 20 tiers.");
        need(self.service_tiers.len() <= 20, "/serviceTiers".into(), "At most 20 tiers.");
        need(self.margins_by_category.len() <= 100, "/marginsByCategory".into(), "At most 100 categories.");
        found
    }

    /// The margin of a product of this kind, and whose rule it is.
    #[must_use]
    pub fn margin_of(&self, kind: &str, own: Option<i64>) -> Option<(i64, &'static str)> {
        let category = || self.margins_by_category.iter().find(|c| c.kind == kind).map(|c| (c.margin_bps, "category"));
        own.map(|bps| (bps, "product")).or_else(category).or_else(|| self.margin_bps.map(|bps| (bps, "tenant")))
    }

    /// The margin of a provider's product: the nearest rule of product, category (any of its names) and tenant, and whose it is.
    #[must_use]
    pub fn margin_for(&self, uid: &str, categories: &[&str]) -> Option<(i64, &'static str)> {
        let own = self.margins_by_product.iter().find(|product| product.uid == uid).map(|product| product.margin_bps);
        let rules = categories.iter().filter_map(|category| self.margin_of(category, own));
        let mut rules: Vec<_> = rules.collect();
        rules.sort_by_key(|(_, rule)| ["product", "category", "tenant"].iter().position(|known| known == rule));
        rules.into_iter().next()
    }

    /// The order's terms at a sale under these rules.
    #[must_use]
    pub fn freeze(&self, version: i64, platform_fee_bps: i64) -> OrderTerms {
        OrderTerms {
            platform_fee_bps,
            settings_version: version,
            commission: self.commission,
            markup_bps: self.markup_bps,
            payment_fee: self.payment_fee,
            packaging: None,
            base_minor: None,
            hold_days: self.hold_days,
            shipped_days: self.shipped_days,
            drift_alarm_bps: self.drift_alarm_bps,
            priority: 0,
        }
    }
}

/// Terms of the whole order, frozen at sale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct OrderTerms {
    /// The platform's share of the margin.
    pub platform_fee_bps: i64,
    /// Of the tenant's rules; 0 before there were any.
    pub settings_version: i64,
    /// How the platform earns.
    pub commission: Commission,
    /// With `markup_in_base`: of the base.
    pub markup_bps: i64,
    /// Where a payment does not say it.
    pub payment_fee: PaymentFee,
    /// The way it is packed; without one, packaging costs what the buyer pays for it.
    pub packaging: Option<PackagingTier>,
    /// What the items cost by the catalogue at sale; unknown where a product has no cost in the tenant's currency.
    pub base_minor: Option<i64>,
    /// Days between delivery and sharing out.
    pub hold_days: i64,
    /// Days after the last parcel left.
    pub shipped_days: Option<i64>,
    /// An alarm rings when receipts are that far from the quote; 0: never.
    pub drift_alarm_bps: i64,
    /// Of its jobs.
    pub priority: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(creator: &str, royalties: &[(&str, i64)]) -> RevenueTerms {
        let royalties = royalties.iter().map(|(h, bps)| Royalty { holder: (*h).into(), bps: *bps }).collect();
        RevenueTerms { creator: creator.into(), royalties, ..RevenueTerms::default() }
    }

    #[test]
    fn terms_over_the_whole_are_refused() {
        assert_eq!(terms("ada", &[("label", 6000), ("estate", 4000)]).problems(), []);
        assert_eq!(terms("ada", &[("label", 6000), ("estate", 4001)]).problems().len(), 1);
        assert_eq!(terms("", &[("Label!", -1)]).problems().len(), 3);
        assert_eq!(terms("a", &[("b", 1); 20]).problems(), []);
        assert_eq!(terms("a", &[("b", 1); 21]).problems().len(), 1, "too many");
        let mut both = terms("ada", &[("label", 1)]);
        both.registry = Some(RegistryRoyalty { name: "r".into(), bps: 10_001 });
        assert_eq!(both.problems().len(), 2, "two sources, and more than the whole");
        assert!(
            is_party("ada-2")
                && is_party(&"a".repeat(40))
                && !is_party(&"a".repeat(41))
                && !is_party("A")
                && !is_party("é")
        );
    }

    proptest! {
        /// Base × (1 + margin), against the rational it stands for: the nearest minor unit, ties to the even one.
        #[test]
        fn a_price_is_the_nearest_to_the_exact_rational(base in 0i64..1_000_000_000, bps in 0i64..=1_000_000) {
            let price = price(Money { minor: base, currency: "EUR".parse().expect("EUR") }, bps).expect("in range").minor;
            let exact = i128::from(base) * i128::from(BPS_WHOLE + bps);
            let whole = i128::from(BPS_WHOLE);
            let off = (i128::from(price) * whole - exact).abs() * 2;
            prop_assert!(off < whole || (off == whole && price % 2 == 0), "{} for {}/{}", price, exact, whole);
        }
    }

    #[test]
    fn the_nearest_margin_rule_wins() {
        let rules = MoneySettings {
            margin_bps: Some(1),
            margins_by_category: vec![CategoryMargin { kind: "mugs".into(), margin_bps: 2 }],
            margins_by_product: vec![ProductMargin { uid: "mug-1".into(), margin_bps: 3 }],
            ..MoneySettings::default()
        };
        assert_eq!(rules.margin_for("mug-1", &["mugs"]), Some((3, "product")));
        assert_eq!(rules.margin_for("mug-2", &["mug", "mugs"]), Some((2, "category")));
        assert_eq!(rules.margin_for("tee-1", &["t-shirt"]), Some((1, "tenant")));
        assert_eq!(MoneySettings::default().margin_for("tee-1", &["t-shirt"]), None);
    }

    #[test]
    fn a_products_own_holders_are_frozen_with_their_weights() {
        let frozen = terms("ada", &[("label", 600), ("estate", 400)]).freeze(7);
        assert_eq!((frozen.royalty_bps, frozen.version, frozen.source.as_str()), (1000, 7, "product"));
        assert_eq!(frozen.holders.iter().map(|h| h.weight).collect::<Vec<_>>(), [600, 400]);
        let royalty = RegistryRoyalty { name: "guild".into(), bps: 250 };
        let listed = frozen.holders_of(&royalty, 3, vec![Holding { party: "bo".into(), weight: 9 }]);
        assert_eq!((listed.royalty_bps, listed.version, listed.source.as_str()), (250, 3, "registry:guild"));
        assert_eq!(listed.holders.len(), 1);
    }

    #[test]
    fn the_nearest_rule_makes_the_price() {
        let rules = MoneySettings {
            margin_bps: Some(3000),
            margins_by_category: vec![CategoryMargin { kind: "mug".into(), margin_bps: 5000 }],
            ..MoneySettings::default()
        };
        assert_eq!(rules.margin_of("mug", Some(100)), Some((100, "product")));
        assert_eq!(rules.margin_of("mug", None), Some((5000, "category")));
        assert_eq!(rules.margin_of("plate", None), Some((3000, "tenant")));
        assert_eq!(MoneySettings::default().margin_of("plate", None), None);
    }

    #[test]
    fn a_sale_keeps_the_rules_of_its_day() {
        let rules = MoneySettings {
            commission: Commission::MarkupInBase,
            markup_bps: 700,
            payment_fee: PaymentFee { bps: 140, fixed_minor: 25 },
            hold_days: 14,
            shipped_days: Some(30),
            drift_alarm_bps: 500,
            ..MoneySettings::default()
        };
        let frozen = rules.freeze(4, 1500);
        assert_eq!((frozen.settings_version, frozen.platform_fee_bps, frozen.markup_bps), (4, 1500, 700));
        assert_eq!((frozen.commission, frozen.payment_fee), (Commission::MarkupInBase, rules.payment_fee));
        assert_eq!((frozen.hold_days, frozen.shipped_days, frozen.drift_alarm_bps), (14, Some(30), 500));
        assert_eq!((frozen.packaging, frozen.base_minor, frozen.priority), (None, None, 0), "the order says these");
    }

    #[test]
    fn rules_out_of_range_are_named() {
        assert_eq!(MoneySettings::default().problems(), []);
        let margin = |bps| MoneySettings { margin_bps: Some(bps), ..MoneySettings::default() };
        assert_eq!((margin(1_000_000).problems().len(), margin(1_000_001).problems().len()), (0, 1));
        let wild = MoneySettings {
            markup_bps: -1,
            payment_fee: PaymentFee { bps: 10_001, fixed_minor: -1 },
            packaging_tiers: vec![PackagingTier {
                name: String::new(),
                price_minor: -1,
                cost_minor: MINOR_MAX + 1,
                design: None,
            }],
            service_tiers: vec![ServiceTier { name: "UP".into(), price_minor: -1, priority: 101 }],
            margin_bps: Some(-1),
            margins_by_category: vec![CategoryMargin { kind: "mug".into(), margin_bps: -1 }],
            hold_days: 366,
            shipped_days: Some(-1),
            drift_alarm_bps: 10_001,
            payout_minimum_minor: -1,
            ..MoneySettings::default()
        };
        let pointers: Vec<String> = wild.problems().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(
            pointers,
            [
                "/markupBps",
                "/paymentFee/bps",
                "/paymentFee/fixedMinor",
                "/packagingTiers/0/name",
                "/packagingTiers/0/priceMinor",
                "/packagingTiers/0/costMinor",
                "/serviceTiers/0/name",
                "/serviceTiers/0/priceMinor",
                "/serviceTiers/0/priority",
                "/marginBps",
                "/marginsByCategory/0/marginBps",
                "/holdDays",
                "/shippedDays",
                "/driftAlarmBps",
                "/payoutMinimumMinor"
            ]
        );
    }

    #[test]
    fn a_payment_of_nothing_costs_nothing() {
        let fee = PaymentFee { bps: 140, fixed_minor: 25 };
        assert_eq!((fee.of(0), fee.of(5000)), (0, 95));
    }

    proptest! {
        /// G-05 against whole numbers: twice the distance from the exact price is at most one unit of the last place.
        #[test]
        fn a_price_is_the_nearest_to_base_and_margin(base in 0i64..1_000_000_000, margin in 0i64..100_000) {
            let base = Money { minor: base, currency: "EUR".parse().expect("EUR") };
            let made = price(base, margin).expect("in range");
            let exact = i128::from(base.minor) * i128::from(BPS_WHOLE + margin);
            prop_assert!((2 * (i128::from(made.minor) * i128::from(BPS_WHOLE) - exact)).abs() <= i128::from(BPS_WHOLE));
        }
    }
}
