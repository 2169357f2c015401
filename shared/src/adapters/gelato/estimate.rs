//! How long a product takes to a door: no call of theirs says it but a quote, so one piece of each family is quoted for each country.
//!
//! An estimate is a help: a refusal costs the estimates of its quote and no more, and only passing trouble ends the page, to be tried again.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::Gelato;
use super::calls::Ask;
use super::wire::{QuoteAnswer, Row, quote_body};
use crate::adapters::http::{Class, Effect, Method};
use crate::domain::address::Recipient;
use crate::domain::money::Currency;
use crate::domain::offer::DeliveryEstimate;
use crate::domain::region::{is_out, region};
use crate::domain::variant::Variant;
use crate::ports::provider::{OrderRequest, RequestItem};
use crate::ports::{PortError, PortResult};

/// A quote's pieces weigh at most so much: what is heavier travels as freight, and takes other days than one piece.
const QUOTE_GRAMS_MAX: i64 = 6_500;
/// Pieces of one quote, and quotes of a page for one country.
const QUOTE_PIECES_MAX: usize = 25;
const QUOTES_MAX: usize = 20;

/// A town of each country that estimates can be asked for: city, postal code, state.
const TOWNS: &[(&str, &str, &str, &str)] = &[
    ("AT", "Wien", "1010", ""),
    ("AU", "Sydney", "2000", "NSW"),
    ("BE", "Bruxelles", "1000", ""),
    ("CA", "Toronto", "M5H 2N2", "ON"),
    ("CH", "Bern", "3011", ""),
    ("CZ", "Praha", "110 00", ""),
    ("DE", "Berlin", "10115", ""),
    ("DK", "Aarhus", "8000", ""),
    ("ES", "Madrid", "28013", ""),
    ("FI", "Helsinki", "00100", ""),
    ("FR", "Paris", "75001", ""),
    ("GB", "London", "EC1A 1BB", ""),
    ("IE", "Dublin", "", ""),
    ("IT", "Roma", "00184", ""),
    ("LU", "Luxembourg", "1648", ""),
    ("MX", "Puebla", "72000", ""),
    ("NL", "Amsterdam", "1012 JS", ""),
    ("NO", "Oslo", "0150", ""),
    ("NZ", "Auckland", "1010", ""),
    ("PL", "Warszawa", "00-001", ""),
    ("PT", "Lisboa", "1100-148", ""),
    ("SE", "Stockholm", "111 29", ""),
    ("SG", "Singapore", "179094", ""),
    ("US", "New York", "10001", "NY"),
];

/// Somebody in the middle of a country; `None` for one that is not in the table.
fn somebody(country: &str) -> Option<Recipient> {
    let (_, city, post_code, state) = TOWNS.iter().find(|(code, ..)| *code == country)?;
    Some(Recipient {
        first_name: "Delivery".to_owned(),
        last_name: "Estimate".to_owned(),
        company_name: String::new(),
        address_line1: "Main street 1".to_owned(),
        address_line2: String::new(),
        city: (*city).to_owned(),
        post_code: (*post_code).to_owned(),
        state: (*state).to_owned(),
        country: country.to_owned(),
        email: "delivery@example.com".to_owned(),
        phone: String::new(),
        is_business: false,
        federal_tax_id: String::new(),
        state_tax_id: String::new(),
        registration_state_code: String::new(),
    })
}

/// A piece to ask about: the row's place on its page stands for its whole family.
struct Piece {
    row: usize,
    grams: i64,
}

impl Gelato {
    /// Gives every row of a page the days of its family, country by country.
    pub(super) async fn estimate(&self, rows: &mut [Row], currency: Currency) -> PortResult<()> {
        let families: Vec<String> = rows
            .iter()
            .map(|row| Variant::of(&row.item.catalogue, &row.item.attributes, &row.item.raw).family)
            .collect();
        for country in self.settings.countries() {
            let Some(recipient) = somebody(country) else { continue };
            let mut days: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
            for pieces in quotes(pieces(rows, &families, country)) {
                for (row, found) in self.ask_days(rows, &pieces, (&recipient, currency)).await? {
                    days.insert(&families[row], found);
                }
            }
            for (row, family) in rows.iter_mut().zip(&families) {
                let found = days.get(family.as_str()).filter(|_| supported(row, country));
                row.item.delivery.extend(found.map(|(min_days, max_days)| DeliveryEstimate {
                    country: country.to_owned(),
                    min_days: *min_days,
                    max_days: *max_days,
                }));
            }
        }
        Ok(())
    }

    /// Days of the pieces that are offered: (row, days).
    async fn ask_days(
        &self,
        rows: &[Row],
        pieces: &[Piece],
        (to, currency): (&Recipient, Currency),
    ) -> PortResult<Vec<(usize, (u32, u32))>> {
        let items = pieces.iter().map(|piece| RequestItem {
            reference: piece.row.to_string(),
            uid: rows[piece.row].item.uid.clone(),
            quantity: 1,
            files: Vec::new(),
        });
        let order = OrderRequest {
            reference: "delivery-estimate".to_owned(),
            customer: "delivery-estimate".to_owned(),
            currency,
            items: items.collect(),
            recipient: to.clone(),
            metadata: Vec::new(),
        };
        let mut body = quote_body(&order);
        for (product, piece) in body["products"].as_array_mut().into_iter().flatten().zip(pieces) {
            if let Some(pages) = rows[piece.row].pages {
                product["pageCount"] = Value::from(pages);
            }
        }
        let ask = Ask {
            operation: "estimate",
            effect: Effect::SlowRead,
            class: Class::Bulk,
            method: Method::POST,
            template: "/v4/orders:quote",
            url: super::calls::url(&self.settings.order_url, &["v4", "orders:quote"])?,
            body: Some(body),
        };
        let answer = match self.ask(ask).await {
            Ok(answer) => answer,
            Err(PortError::Invalid(_) | PortError::NotFound(_) | PortError::Conflict(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let Ok(answer) = answer.json::<QuoteAnswer>() else { return Ok(Vec::new()) };
        Ok(answer.days().into_iter().filter_map(|(item, days)| Some((item.parse().ok()?, days))).collect())
    }
}

/// One piece per family that can be made for the country now, by what it weighs.
fn pieces(rows: &[Row], families: &[String], country: &str) -> Vec<Piece> {
    let mut seen = std::collections::BTreeSet::new();
    let sold = |row: &Row| {
        let out = row.item.regions.get(region(country)).is_some_and(|here| is_out(&here.status));
        row.item.prices.iter().any(|tier| tier.country == country) && !out && supported(row, country)
    };
    let candidates = rows.iter().zip(families).enumerate().filter(|(_, (row, _))| sold(row));
    candidates
        .filter(|(_, (_, family))| seen.insert(*family))
        .map(|(n, (row, _))| Piece { row: n, grams: grams(&row.item.raw) })
        .collect()
}

/// The pieces of each quote.
fn quotes(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut all: Vec<Vec<Piece>> = Vec::new();
    let mut weight = 0;
    for piece in pieces {
        match all.last_mut() {
            Some(last) if last.len() < QUOTE_PIECES_MAX && weight + piece.grams <= QUOTE_GRAMS_MAX => {
                weight += piece.grams;
                last.push(piece);
            }
            _ => {
                weight = piece.grams;
                all.push(vec![piece]);
            }
        }
    }
    all.truncate(QUOTES_MAX);
    all
}

/// Whether the printer says that it does not send it there.
fn supported(row: &Row, country: &str) -> bool {
    let listed = |name: &str| row.item.raw[name].as_array().map(|all| all.iter().any(|code| code == country));
    listed("notSupportedCountries") != Some(true) && listed("supportedCountries") != Some(false)
}

/// What a product weighs; half a kilogram where that cannot be read.
fn grams(raw: &Value) -> i64 {
    let weight = &raw["weight"];
    let text = weight["value"].as_str().map_or_else(|| weight["value"].to_string(), str::to_owned);
    let unit = if weight["measureUnit"] == "lbs" { Decimal::new(453_592, 3) } else { Decimal::ONE };
    let grams = text.parse::<Decimal>().ok().and_then(|value| value.checked_mul(unit)).map(|grams| grams.ceil());
    grams.and_then(|grams| i64::try_from(grams).ok()).filter(|grams| *grams > 0).unwrap_or(500)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::gelato::PROVIDER;
    use crate::domain::address::Limits;
    use serde_json::json;

    #[test]
    fn every_town_has_an_address_that_may_be_sent() {
        for (country, ..) in TOWNS {
            let problems = somebody(country).expect("listed").problems(Limits::of(PROVIDER));
            assert!(problems.is_empty(), "{country}: {problems:?}");
        }
        assert!(somebody("JP").is_none(), "addresses in scripts of their own are not made up");
    }

    #[test]
    fn weights_are_read_in_grams_and_pounds_as_number_or_text() {
        for (weight, expected) in [
            (json!({ "value": 180, "measureUnit": "grams" }), 180),
            (json!({ "value": "1.5", "measureUnit": "lbs" }), 681),
            (json!({ "value": -1, "measureUnit": "grams" }), 500),
            (json!(null), 500),
        ] {
            assert_eq!(grams(&json!({ "weight": weight })), expected, "{weight}");
        }
    }

    #[test]
    fn a_quote_is_never_freight_and_a_page_has_a_bound_of_quotes() {
        let all = |n: usize, grams: i64| quotes((0..n).map(|row| Piece { row, grams }).collect());
        let sizes = |quotes: &[Vec<Piece>]| quotes.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(&all(5, 2_600)), [2, 2, 1]);
        assert_eq!(sizes(&all(60, 10)), [25, 25, 10]);
        assert_eq!(all(100, 30_000).len(), QUOTES_MAX, "each alone, and no more than the bound");
    }
}
