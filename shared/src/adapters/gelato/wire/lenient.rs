//! Values as they come: ids as text or numbers, money as numbers or text with up to six decimals, null nearly anywhere.
//!
//! Everything is read from the raw text of the JSON: a float in between would round money before we do.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::domain::money::{Currency, Money};

/// For fields that can be null or absent: both are the type's empty value.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// Text, or a number or truth value as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::adapters::gelato) struct Text(pub(in crate::adapters::gelato) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(d)?;
        Ok(Text(match raw.get() {
            "null" => String::new(),
            text if text.starts_with('"') => serde_json::from_str(text).map_err(serde::de::Error::custom)?,
            text => text.to_owned(),
        }))
    }
}

impl Text {
    /// The text, unless it is empty.
    pub(super) fn known(self) -> Option<String> {
        Some(self.0).filter(|text| !text.is_empty())
    }
}

/// An amount; `None` for null and for what is not a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount(pub(super) Option<Decimal>);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(d)?;
        let text = text.trim();
        Ok(Amount(Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()))
    }
}

/// A whole number of pieces; 0 for what is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count(pub(super) u32);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let Amount(number) = Amount::deserialize(d)?;
        Ok(Count(number.filter(Decimal::is_integer).and_then(|n| u32::try_from(n).ok()).unwrap_or(0)))
    }
}

/// An exact amount in minor units, rounded once; `None` beyond what money can be.
pub(super) fn money(amount: Decimal, currency: Currency) -> Option<Money> {
    Money::from_decimal(&amount.to_string(), currency).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "or_default")]
        id: Text,
        #[serde(default, deserialize_with = "or_default")]
        price: Amount,
        #[serde(default, deserialize_with = "or_default")]
        quantity: Count,
    }

    fn row(json: &str) -> (String, Option<String>, u32) {
        let row: Row = serde_json::from_str(json).expect(json);
        (row.id.0, row.price.0.map(|price| price.to_string()), row.quantity.0)
    }

    #[test]
    fn every_form_of_a_value_is_read() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(row(r#"{"id": 77, "price": 5.562871, "quantity": 2}"#), ("77".into(), text("5.562871"), 2));
        assert_eq!(row(r#"{"id": "a\u00e9", "price": "88.10", "quantity": "3"}"#), ("aé".into(), text("88.10"), 3));
        assert_eq!(row(r#"{"id": null, "price": null, "quantity": null}"#), (String::new(), None, 0));
        assert_eq!(row(r#"{"price": 1e2, "quantity": 1.5}"#), (String::new(), text("100"), 0));
        assert_eq!(row(r#"{"price": "free", "quantity": -1}"#), (String::new(), None, 0));
    }

    #[test]
    fn no_float_comes_between() {
        let price = |json: &str| serde_json::from_str::<Row>(json).expect("a row").price.0.expect("a price");
        let euro: Currency = "EUR".parse().expect("EUR");
        // As floats, 0.1 + 0.2 and 1.005 are not what they look like.
        assert_eq!(price(r#"{"price": 0.1}"#) + price(r#"{"price": 0.2}"#), price(r#"{"price": 0.3}"#));
        for (json, minor) in [(r#"{"price": 1.005}"#, 100), (r#"{"price": 1.015}"#, 102), (r#"{"price": 23}"#, 2300)] {
            assert_eq!(money(price(json), euro).map(|money| money.minor), Some(minor), "{json}: half goes to even");
        }
    }
}
