//! Who gets what of an order: pure arithmetic over terms frozen at sale. Every cent of the gross is somewhere.

use serde::{Deserialize, Serialize};

use super::money::{BPS_WHOLE, share, split};

/// Who shares in a product's revenue; frozen on the order's item at sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevenueTerms {
    /// The creator's name in the books: 1 to 40 of `a-z 0-9 -`.
    pub creator: String,
    /// Holders of royalties out of the creator's share; together at most 10,000 basis points.
    #[serde(default)]
    pub royalties: Vec<Royalty>,
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

impl RevenueTerms {
    /// What is wrong with the terms, as (pointer, sentence).
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let named = |name: &str| {
            (1..=40).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let mut found = Vec::new();
        if !named(&self.creator) {
            found.push((
                "/creator".to_owned(),
                "The creator's name takes 1 to 40 of a-z, 0-9 and the hyphen.".to_owned(),
            ));
        }
        for (i, royalty) in self.royalties.iter().enumerate() {
            if !named(&royalty.holder) {
                found.push((
                    format!("/royalties/{i}/holder"),
                    "A holder's name takes 1 to 40 of a-z, 0-9 and the hyphen.".to_owned(),
                ));
            }
            if !(0..=BPS_WHOLE).contains(&royalty.bps) {
                found.push((
                    format!("/royalties/{i}/bps"),
                    "A royalty is between 0 and 10,000 basis points.".to_owned(),
                ));
            }
        }
        if self.royalties.len() > 20
            || self.royalties.iter().map(|r| r.bps.clamp(0, BPS_WHOLE)).sum::<i64>() > BPS_WHOLE
        {
            found.push((
                "/royalties".to_owned(),
                "At most 20 royalties, together at most 10,000 basis points.".to_owned(),
            ));
        }
        found
    }
}

/// What the shares are computed from. All amounts are minor units of one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// What the buyer paid.
    pub gross: i64,
    /// Tax inside it.
    pub tax: i64,
    /// What the printer charged for products, shipping and packaging, by its receipts.
    pub provider_cost: i64,
    /// The platform's fee on the margin.
    pub platform_fee_bps: i64,
    /// (line total, terms) per item.
    pub items: Vec<(i64, RevenueTerms)>,
}

/// A line of the books: positive is owed to the account, negative is taken from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// `sales`, `tax`, `provider:<name>`, `platform`, `creator:<name>`, `royalty:<name>`, `loss`.
    pub account: String,
    /// Minor units.
    pub minor: i64,
}

/// The lines that give the whole gross away: they sum to zero. A negative margin goes to the loss account, and then nobody earns.
#[must_use]
pub fn distribute(sale: &Sale, provider: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |account: String, minor: i64| match lines.iter_mut().find(|l: &&mut Line| l.account == account) {
        Some(line) => line.minor += minor,
        None => lines.push(Line { account, minor }),
    };
    add("sales".into(), -sale.gross);
    add("tax".into(), sale.tax);
    add(format!("provider:{provider}"), sale.provider_cost);
    let margin = sale.gross - sale.tax - sale.provider_cost;
    if margin < 0 {
        add("loss".into(), margin);
    } else {
        let fee = share(margin, sale.platform_fee_bps, BPS_WHOLE);
        add("platform".into(), fee);
        let weights: Vec<i64> = sale.items.iter().map(|(line, _)| *line).collect();
        for (part, (_, terms)) in split(margin - fee, &weights).into_iter().zip(&sale.items) {
            let mut shares: Vec<i64> = terms.royalties.iter().map(|r| r.bps).collect();
            shares.push(BPS_WHOLE - shares.iter().sum::<i64>());
            let parts = split(part, &shares);
            for (royalty, minor) in terms.royalties.iter().zip(&parts) {
                add(format!("royalty:{}", royalty.holder), *minor);
            }
            add(format!("creator:{}", terms.creator), parts[parts.len() - 1]);
        }
    }
    lines.retain(|line| line.minor != 0);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(creator: &str, royalties: &[(&str, i64)]) -> RevenueTerms {
        RevenueTerms {
            creator: creator.into(),
            royalties: royalties.iter().map(|(h, bps)| Royalty { holder: (*h).into(), bps: *bps }).collect(),
        }
    }

    #[test]
    fn the_mission_example_adds_up() {
        let sale = Sale {
            gross: 5000,
            tax: 833,
            provider_cost: 1667,
            platform_fee_bps: 2000,
            items: vec![
                (3000, terms("ada", &[("label", 1000), ("estate", 500), ("charity", 250)])),
                (2000, terms("ada", &[])),
            ],
        };
        let lines = distribute(&sale, "gelato");
        let of = |account: &str| lines.iter().find(|l| l.account == account).map(|l| l.minor);
        assert_eq!((of("platform"), of("royalty:label"), of("creator:ada")), (Some(500), Some(120), Some(1790)));
        assert_eq!(lines.iter().map(|l| l.minor).sum::<i64>(), 0);
    }

    #[test]
    fn a_negative_margin_is_a_loss_and_nobody_earns() {
        let sale = Sale {
            gross: 1000,
            tax: 0,
            provider_cost: 1500,
            platform_fee_bps: 2000,
            items: vec![(1000, terms("ada", &[("label", 5000)]))],
        };
        let lines = distribute(&sale, "gelato");
        assert_eq!(lines.iter().find(|l| l.account == "loss").map(|l| l.minor), Some(-500));
        assert!(
            !lines.iter().any(|l| l.account.starts_with("royalty")
                || l.account.starts_with("creator")
                || l.account == "platform")
        );
    }

    #[test]
    fn terms_over_the_whole_are_refused() {
        assert_eq!(terms("ada", &[("label", 6000), ("estate", 4001)]).problems().len(), 1);
        assert_eq!(terms("", &[("Label!", -1)]).problems().len(), 3);
    }

    proptest! {
        #[test]
        fn every_cent_is_somewhere(
            gross in 0i64..10_000_000, tax in 0i64..2_000_000, cost in 0i64..8_000_000, fee in 0i64..=10_000,
            items in proptest::collection::vec((1i64..1_000_000, proptest::collection::vec(0i64..3_000, 0..4)), 1..5),
        ) {
            let items = items.into_iter().enumerate().map(|(i, (line, bps))| {
                let royalties = bps.into_iter().enumerate().map(|(j, bps)| Royalty { holder: format!("h{j}"), bps }).collect();
                (line, RevenueTerms { creator: format!("c{i}"), royalties })
            }).collect();
            let lines = distribute(&Sale { gross, tax, provider_cost: cost, platform_fee_bps: fee, items }, "gelato");
            prop_assert_eq!(lines.iter().map(|l| l.minor).sum::<i64>(), 0);
            prop_assert!(lines.iter().filter(|l| l.account.starts_with("royalty") || l.account.starts_with("creator")).all(|l| l.minor >= 0));
        }
    }
}
