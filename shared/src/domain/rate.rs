//! Exchange rates: decimals with a source. A conversion is always written down with the rate that made it.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use super::money::{Currency, Money, MoneyError};

/// How many units of one currency one unit of another is: `0.92` is 92 cents for a dollar. Major units on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(Decimal);

impl Rate {
    /// The amount in the other currency, rounded half-even once.
    ///
    /// # Errors
    /// [`MoneyError::Range`].
    pub fn convert(self, amount: Money, to: Currency) -> Result<Money, MoneyError> {
        let unit = |currency: Currency| Decimal::from(10_i64.pow(currency.exponent()));
        let major = Decimal::from(amount.minor).checked_div(unit(amount.currency)).ok_or(MoneyError::Range)?;
        let there = major.checked_mul(self.0).and_then(|major| major.checked_mul(unit(to))).ok_or(MoneyError::Range)?;
        Money::new(i64::try_from(there.round()).map_err(|_| MoneyError::Range)?, to)
    }
}

impl FromStr for Rate {
    type Err = MoneyError;

    /// At most 12 places, more than nothing, at most a million million.
    fn from_str(text: &str) -> Result<Rate, MoneyError> {
        let rate = Decimal::from_str_exact(text).map_err(|_| MoneyError::Decimal)?;
        let within = rate > Decimal::ZERO && rate <= Decimal::from(1_000_000_000_000_i64) && rate.scale() <= 12;
        if within { Ok(Rate(rate.normalize())) } else { Err(MoneyError::Decimal) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money { minor, currency: code.parse().expect("a currency") }
    }

    #[test]
    fn exponents_are_heeded_and_halves_go_to_even() {
        for (amount, rate, told) in [
            (money(1000, "USD"), "0.92", money(920, "EUR")),
            (money(1000, "USD"), "150.255", money(1503, "JPY")),
            (money(1500, "JPY"), "0.0066", money(990, "USD")),
            (money(100, "EUR"), "3.4155", money(3416, "TND")),
            (money(1, "USD"), "0.5", money(0, "EUR")),
            (money(3, "USD"), "0.5", money(2, "EUR")),
            (money(-1000, "USD"), "0.92", money(-920, "EUR")),
        ] {
            let rate: Rate = rate.parse().expect("a rate");
            assert_eq!(rate.convert(amount, told.currency), Ok(told), "{amount} at {rate}");
        }
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in ["", "0", "-1", "0.0", "1e3", "abc", "1000000000001", "0.1234567890123"] {
            assert_eq!(text.parse::<Rate>(), Err(MoneyError::Decimal), "{text}");
        }
        let most: Rate = "1000000000000".parse().expect("a rate");
        assert_eq!(most.convert(money(1 << 50, "USD"), money(0, "EUR").currency), Err(MoneyError::Range));
        assert_eq!("0.9200".parse::<Rate>().map(|rate| rate.to_string()), Ok("0.92".to_owned()));
    }
}
