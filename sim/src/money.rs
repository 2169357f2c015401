//! Money with six decimals, the way Gelato prints it: `5.562871`, sometimes `88`, sometimes `"4.5"`.

use std::iter::Sum;
use std::ops::Add;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// Currencies the order API accepts, each with its rough worth of one euro in millionths.
///
/// The rates are invented and constant: they only have to differ from one another.
const RATES: [(&str, i64); 35] = [
    ("EUR", 1_000_000),
    ("USD", 1_090_000),
    ("JPY", 162_000_000),
    ("BGN", 1_956_000),
    ("CZK", 25_100_000),
    ("DKK", 7_460_000),
    ("GBP", 857_000),
    ("HUF", 391_000_000),
    ("PLN", 4_310_000),
    ("RON", 4_970_000),
    ("SEK", 11_300_000),
    ("CHF", 968_000),
    ("ISK", 149_000_000),
    ("NOK", 11_500_000),
    ("HRK", 7_534_000),
    ("RUB", 98_000_000),
    ("TRY", 35_100_000),
    ("AUD", 1_650_000),
    ("BRL", 5_480_000),
    ("CAD", 1_470_000),
    ("CNY", 7_850_000),
    ("HKD", 8_530_000),
    ("IDR", 17_200_000_000),
    ("ILS", 4_020_000),
    ("INR", 90_800_000),
    ("KRW", 1_470_000_000),
    ("MXN", 18_400_000),
    ("MYR", 5_140_000),
    ("NZD", 1_790_000),
    ("PHP", 61_300_000),
    ("SGD", 1_460_000),
    ("THB", 39_600_000),
    ("ZAR", 20_300_000),
    ("CLP", 1_020_000_000),
    ("AED", 4_000_000),
];

/// An amount in millionths of the currency's unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Micros(pub(crate) i64);

impl Micros {
    pub(crate) const ZERO: Micros = Micros(0);

    pub(crate) fn from_cents(cents: i64) -> Micros {
        Micros(cents * 10_000)
    }

    /// This amount times `num / den`, rounded half away from zero.
    pub(crate) fn scale(self, num: i64, den: i64) -> Micros {
        let (wide, den) = (i128::from(self.0) * i128::from(num), i128::from(den));
        let half = if wide < 0 { -den / 2 } else { den / 2 };
        Micros(i64::try_from((wide + half) / den).unwrap_or(i64::MAX))
    }

    /// Rounded to what can be charged: cents, or whole units where the currency has none.
    pub(crate) fn chargeable(self, currency: &str) -> Micros {
        let step = if matches!(currency, "JPY" | "KRW" | "CLP" | "ISK") { 1_000_000 } else { 10_000 };
        Micros(self.scale(1, step).0.saturating_mul(step))
    }

    /// The wire form as a JSON number: an integer where nothing follows the point.
    pub(crate) fn number(self) -> Value {
        if self.0 % 1_000_000 == 0 {
            return Value::from(self.0 / 1_000_000);
        }
        Number::from_f64(self.0 as f64 / 1e6).map_or(Value::Null, Value::Number)
    }

    /// The wire form as text, as the documentation has it for some fields.
    pub(crate) fn text(self) -> Value {
        Value::from(self.number().to_string())
    }
}

impl Add for Micros {
    type Output = Micros;
    fn add(self, other: Micros) -> Micros {
        Micros(self.0.saturating_add(other.0))
    }
}

impl Sum for Micros {
    fn sum<I: Iterator<Item = Micros>>(iter: I) -> Micros {
        iter.fold(Micros::ZERO, Add::add)
    }
}

/// The currency's worth of one euro in millionths, or nothing when it is not accepted.
pub(crate) fn rate(currency: &str) -> Option<i64> {
    RATES.iter().find(|(code, _)| *code == currency).map(|(_, rate)| *rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_forms() {
        assert_eq!(Micros(5_562_871).number().to_string(), "5.562871");
        assert_eq!(Micros(88_000_000).number().to_string(), "88");
        assert_eq!(Micros(4_500_000).text(), Value::from("4.5"));
        assert_eq!(Micros(5_565_000).chargeable("EUR"), Micros(5_570_000));
        assert_eq!(Micros(-5_565_000).chargeable("EUR"), Micros(-5_570_000));
        assert_eq!(Micros(5_565_000).chargeable("JPY"), Micros(6_000_000));
    }
}
