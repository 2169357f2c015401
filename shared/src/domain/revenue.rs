//! Who gets what of an order: pure arithmetic over frozen terms and the facts so far. Every cent that was kept is somewhere.
//!
//! The result depends on the terms and the facts alone, never on the order in which the facts came: a refund before the sharing-out and
//! one after it lead to the same balances. What is written to the books is always the difference to what is written there already
//! ([`postings::settlement`](super::postings::settlement)).

use serde::Serialize;

use super::account::Account;
use super::money::{BPS_WHOLE, Currency, Money, MoneyError, share, split};
use super::terms::{Commission, ItemTerms, OrderTerms};
pub use super::terms::{RevenueTerms, Royalty};
use super::transaction::Transaction;

/// What a printer charged, by its receipts: purchases less refunds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Which printer.
    pub provider: String,
    /// In the currency of its receipts.
    pub charged: Money,
    /// The same in the order's currency; equal to `charged` unless it was converted.
    pub minor: i64,
}

/// What is known of an order's money. Minor units of the order's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Of all amounts.
    pub currency: Currency,
    /// What the buyer paid.
    pub paid: i64,
    /// What was given back of it.
    pub refunded: i64,
    /// Tax inside what was paid.
    pub tax: i64,
    /// What printers charged.
    pub costs: Vec<Cost>,
    /// What packaging cost.
    pub packaging: i64,
    /// What the payment provider took.
    pub payment_fee: i64,
}

/// An item as far as money goes: what it was sold for, and under which terms.
pub type SoldItem = (i64, ItemTerms);

/// A party's part of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `creator:<party>` or `royalty:<party>`.
    pub account: Account,
    /// Minor units.
    pub minor: i64,
}

/// The whole of an order's money by the names of X-01. Minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Breakdown {
    /// Paid less refunded.
    pub gross: i64,
    /// Given back.
    pub refunded: i64,
    /// The tax office's, in proportion to what was kept.
    pub tax: i64,
    /// The printers'.
    pub provider_cost: i64,
    /// For packaging.
    pub packaging: i64,
    /// The payment provider's.
    pub payment_fee: i64,
    /// gross − tax − provider cost − packaging − payment fee.
    pub margin: i64,
    /// The platform's.
    pub platform_fee: i64,
    /// margin − platform fee; nothing when the margin is negative.
    pub creator_gross: i64,
    /// Holders', out of the creator's share.
    pub royalty: i64,
    /// creator gross − royalty.
    pub creator_net: i64,
    /// A negative margin, as a positive number.
    pub loss: i64,
    #[serde(skip)]
    parts: Vec<Part>,
    #[serde(skip)]
    costs: Vec<Cost>,
}

/// gross − tax − provider cost − packaging − payment fee = margin; the platform's fee; the creators' gross by the items' prices; royalties
/// by basis points, among their holders by weight.
#[must_use]
pub fn share_out(terms: &OrderTerms, items: &[SoldItem], facts: &Facts) -> Breakdown {
    let gross = facts.paid - facts.refunded;
    let tax = if facts.paid == 0 { 0 } else { share(facts.tax, gross, facts.paid) };
    let provider_cost = facts.costs.iter().map(|cost| cost.minor).sum();
    let margin = gross - tax - provider_cost - facts.packaging - facts.payment_fee;
    let platform_fee = platform_fee(terms, margin, provider_cost);
    let creator_gross = margin.max(0) - platform_fee;
    let parts = parts(creator_gross, items);
    let royalty = parts.iter().filter(|p| matches!(p.account, Account::Royalty(_))).map(|p| p.minor).sum();
    Breakdown {
        gross,
        refunded: facts.refunded,
        tax,
        provider_cost,
        packaging: facts.packaging,
        payment_fee: facts.payment_fee,
        margin,
        platform_fee,
        creator_gross,
        royalty,
        creator_net: creator_gross - royalty,
        loss: (-margin).max(0),
        parts,
        costs: facts.costs.clone(),
    }
}

/// Of a margin that is there; nobody earns on a loss.
fn platform_fee(terms: &OrderTerms, margin: i64, provider_cost: i64) -> i64 {
    if margin <= 0 {
        return 0;
    }
    match terms.commission {
        Commission::ShareOfMargin => share(margin, terms.platform_fee_bps, BPS_WHOLE),
        Commission::MarkupInBase => {
            let base = terms.base_minor.unwrap_or(provider_cost);
            share(base, terms.markup_bps, BPS_WHOLE).clamp(0, margin)
        }
    }
}

/// The creators' gross by the items' prices; of each, the royalty among its holders and the rest to the creator.
fn parts(creator_gross: i64, items: &[SoldItem]) -> Vec<Part> {
    let prices: Vec<i64> = items.iter().map(|(line, _)| *line).collect();
    let mut parts = Vec::new();
    for (own, (_, terms)) in split(creator_gross, &prices).into_iter().zip(items) {
        let held = terms.holders.iter().any(|holder| holder.weight > 0);
        let royalty = if held { share(own, terms.royalty_bps, BPS_WHOLE) } else { 0 };
        let weights: Vec<i64> = terms.holders.iter().map(|holder| holder.weight).collect();
        for (minor, holder) in split(royalty, &weights).into_iter().zip(&terms.holders) {
            parts.push(Part { account: Account::Royalty(holder.party.clone()), minor });
        }
        parts.push(Part { account: Account::Creator(terms.creator.clone()), minor: own - royalty });
    }
    parts
}

/// How far receipts are from what was quoted, in basis points of the quote; `None` when that is within `alarm_bps`, or there is nothing
/// to compare.
#[must_use]
pub fn drift(quoted: Option<i64>, charged: i64, alarm_bps: i64) -> Option<i64> {
    let quoted = quoted.filter(|quoted| *quoted > 0 && alarm_bps > 0)?;
    let bps = share(charged - quoted, BPS_WHOLE, quoted);
    (bps.abs() > alarm_bps).then_some(bps)
}

impl Breakdown {
    /// The moves that bring all of the gross where it belongs.
    ///
    /// # Errors
    /// [`MoneyError::Range`].
    pub fn moves(&self, currency: Currency) -> Result<Transaction, MoneyError> {
        let money = |minor| Money { minor, currency };
        let mut all = Transaction::new().moving(Account::Gross, Account::Tax, money(self.tax))?;
        for Cost { provider, charged, minor } in &self.costs {
            let provider = Account::ProviderCost(provider.clone());
            all = if charged.currency == currency {
                all.moving(Account::Gross, provider, *charged)?
            } else {
                all.moving(Account::Gross, Account::Conversion, money(*minor))?.moving(
                    Account::Conversion,
                    provider,
                    *charged,
                )?
            };
        }
        all = all
            .moving(Account::Gross, Account::Packaging, money(self.packaging))?
            .moving(Account::Gross, Account::PaymentFee, money(self.payment_fee))?
            .moving(Account::Gross, Account::Margin, money(self.margin))?
            .moving(Account::Loss, Account::Margin, money(self.loss))?
            .moving(Account::Margin, Account::PlatformFee, money(self.platform_fee))?;
        for part in &self.parts {
            all = all.moving(Account::Margin, part.account.clone(), money(part.minor))?;
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::terms::Holding;
    use proptest::prelude::*;

    fn eur() -> Currency {
        "EUR".parse().expect("EUR")
    }

    fn item(line: i64, creator: &str, royalty_bps: i64, holders: &[(&str, i64)]) -> SoldItem {
        let holders =
            holders.iter().map(|(party, weight)| Holding { party: (*party).into(), weight: *weight }).collect();
        (line, ItemTerms { creator: creator.into(), royalty_bps, holders, ..ItemTerms::default() })
    }

    fn facts(paid: i64, refunded: i64, tax: i64, cost: i64) -> Facts {
        let charged = Money { minor: cost, currency: eur() };
        let costs = vec![Cost { provider: "gelato".into(), charged, minor: cost }];
        Facts { currency: eur(), paid, refunded, tax, costs, packaging: 0, payment_fee: 0 }
    }

    fn of_margin(bps: i64) -> OrderTerms {
        OrderTerms { platform_fee_bps: bps, ..OrderTerms::default() }
    }

    fn holders() -> Vec<SoldItem> {
        vec![item(3000, "ada", 1750, &[("label", 1000), ("estate", 500), ("charity", 250)]), item(2000, "ada", 0, &[])]
    }

    #[test]
    fn the_mission_example_adds_up() {
        let told = share_out(&of_margin(2000), &holders(), &facts(5000, 0, 833, 1667));
        assert_eq!((told.margin, told.platform_fee, told.creator_gross), (2500, 500, 2000));
        assert_eq!((told.royalty, told.creator_net, told.loss), (210, 1790, 0));
        let moved = told.moves(eur()).expect("in range");
        let of = |account: &str| moved.of(&account.parse().expect("an account"), eur());
        assert_eq!((of("royalty:label"), of("royalty:estate"), of("royalty:charity")), (120, 60, 30));
        assert_eq!((of("gross"), of("margin"), of("creator:ada"), of("platform_fee")), (-5000, 0, 1790, 500));
    }

    #[test]
    fn a_negative_margin_is_a_loss_and_nobody_earns() {
        let told = share_out(&of_margin(2000), &holders(), &facts(1000, 0, 0, 1500));
        assert_eq!((told.margin, told.loss, told.platform_fee, told.creator_gross), (-500, 500, 0, 0));
        let moved = told.moves(eur()).expect("in range");
        assert_eq!((moved.of(&Account::Loss, eur()), moved.of(&Account::Gross, eur())), (-500, -1000));
        assert_eq!(moved.lines().len(), 3, "gross, printer, loss: {moved:?}");
        let even = share_out(&of_margin(2000), &holders(), &facts(1500, 0, 0, 1500));
        assert_eq!((even.margin, even.loss, even.platform_fee), (0, 0, 0));
    }

    #[test]
    fn a_mark_up_is_taken_of_the_base_as_far_as_the_margin_reaches() {
        let markup = |base| OrderTerms {
            commission: Commission::MarkupInBase,
            markup_bps: 3000,
            platform_fee_bps: 9999,
            base_minor: base,
            ..OrderTerms::default()
        };
        let told = |base, paid| share_out(&markup(base), &holders(), &facts(paid, 0, 0, 1600)).platform_fee;
        assert_eq!(told(Some(1000), 5000), 300, "of the base at sale");
        assert_eq!(told(None, 5000), 480, "of the receipts where no base is known");
        assert_eq!(told(Some(1000), 1700), 100, "no more than there is");
        assert_eq!(told(Some(1000), 1500), 0, "nothing of a loss");
    }

    #[test]
    fn a_refund_takes_back_its_share_of_the_tax_and_all_else_from_the_margin() {
        let told = share_out(&of_margin(2000), &holders(), &facts(5000, 2500, 833, 1667));
        assert_eq!((told.gross, told.refunded, told.tax), (2500, 2500, 416));
        assert_eq!((told.margin, told.platform_fee, told.creator_net + told.royalty), (417, 83, 334));
        let all = share_out(&of_margin(2000), &holders(), &facts(5000, 5000, 833, 1667));
        assert_eq!((all.tax, all.loss, all.creator_gross), (0, 1667, 0));
        let none = share_out(&of_margin(2000), &holders(), &facts(0, 0, 0, 0));
        assert_eq!(none.moves(eur()).map(|moved| moved.is_empty()), Ok(true), "nothing paid, nothing moved");
    }

    #[test]
    fn packaging_and_the_payments_fee_come_before_the_margin() {
        let facts = Facts { packaging: 200, payment_fee: 95, ..facts(5000, 0, 833, 1667) };
        let told = share_out(&of_margin(2000), &holders(), &facts);
        assert_eq!(told.margin, 5000 - 833 - 1667 - 200 - 95);
        let moved = told.moves(eur()).expect("in range");
        assert_eq!((moved.of(&Account::Packaging, eur()), moved.of(&Account::PaymentFee, eur())), (200, 95));
    }

    #[test]
    fn a_drift_beyond_the_limit_is_told() {
        assert_eq!(drift(Some(1000), 1250, 2500), None, "just within");
        assert_eq!(drift(Some(1000), 1251, 2500), Some(2510));
        assert_eq!(drift(Some(1000), 700, 2500), Some(-3000));
        assert_eq!(drift(Some(1000), 5000, 0), None, "nobody wants to know");
        assert_eq!(drift(None, 5000, 1), None);
        assert_eq!(drift(Some(0), 5000, 1), None);
    }

    #[test]
    fn a_royalty_without_holders_stays_with_the_creator() {
        for holders in [&[][..], &[("label", 0)][..]] {
            let told = share_out(&of_margin(0), &[item(1000, "ada", 5000, holders)], &facts(1000, 0, 0, 0));
            assert_eq!((told.royalty, told.creator_net), (0, 1000));
        }
    }

    #[test]
    fn a_cost_in_another_currency_goes_through_the_conversion() {
        let usd: Currency = "USD".parse().expect("USD");
        let mut facts = facts(5000, 0, 0, 0);
        facts.costs =
            vec![Cost { provider: "gelato".into(), charged: Money { minor: 2000, currency: usd }, minor: 1840 }];
        let told = share_out(&of_margin(0), &holders(), &facts);
        assert_eq!((told.provider_cost, told.margin), (1840, 3160));
        let moved = told.moves(eur()).expect("in range");
        let (cost, conversion) = (Account::ProviderCost("gelato".into()), Account::Conversion);
        assert_eq!((moved.of(&cost, usd), moved.of(&cost, eur())), (2000, 0));
        assert_eq!((moved.of(&conversion, usd), moved.of(&conversion, eur())), (-2000, 1840));
    }

    proptest! {
        #[test]
        fn every_cent_is_somewhere(
            paid in 0i64..10_000_000, back in 0i64..=10_000, tax in 0i64..2_000_000, cost in 0i64..8_000_000, fee in 0i64..=10_000,
            items in proptest::collection::vec((0i64..1_000_000, 0i64..=10_000, proptest::collection::vec(0i64..3_000, 0..4)), 1..5),
        ) {
            let items: Vec<SoldItem> = items.into_iter().enumerate().map(|(i, (line, bps, weights))| {
                let names: Vec<String> = (0..weights.len()).map(|j| format!("h{j}")).collect();
                let holders: Vec<(&str, i64)> = names.iter().map(String::as_str).zip(weights).collect();
                item(line, &format!("c{i}"), bps, &holders)
            }).collect();
            let told = share_out(&of_margin(fee), &items, &facts(paid, share(paid, back, BPS_WHOLE), tax, cost));
            let moved = told.moves(eur()).expect("in range");
            prop_assert_eq!(moved.of(&Account::Gross, eur()), -told.gross);
            prop_assert_eq!(moved.of(&Account::Margin, eur()), 0);
            prop_assert_eq!(moved.lines().iter().map(|l| l.amount.minor).sum::<i64>(), 0);
            prop_assert!(moved.lines().iter().filter(|l| l.account.party().is_some()).all(|l| l.amount.minor > 0));
            prop_assert_eq!(told.margin, told.platform_fee + told.royalty + told.creator_net - told.loss);
        }
    }
}
