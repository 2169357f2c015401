//! Money: integer minor units and an ISO 4217 currency. No floats, one rounding rule, splits that lose nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The largest amount that JSON numbers carry exactly everywhere: 2^53 - 1 minor units.
pub const MINOR_MAX: i64 = (1 << 53) - 1;

/// Basis points in one whole.
pub const BPS_WHOLE: i64 = 10_000;

/// Why an amount is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MoneyError {
    /// Not three capital letters of ISO 4217.
    #[error("the currency is not one of ISO 4217")]
    Currency,
    /// Two currencies in one sum.
    #[error("amounts of different currencies cannot be added")]
    Mixed,
    /// Beyond [`MINOR_MAX`].
    #[error("the amount is beyond what can be kept exactly (2^53 minor units)")]
    Range,
    /// A decimal text that is none, or has more places than money can have.
    #[error("the amount is not a decimal number")]
    Decimal,
}

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The three letters.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Places after the point: 2 for EUR, 0 for JPY, 3 for TND.
    #[must_use]
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_code(text).map(Currency).ok_or(MoneyError::Currency)
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

impl utoipa::PartialSchema for Currency {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^[A-Z]{3}$"))
            .into()
    }
}

impl utoipa::ToSchema for Currency {}

/// An amount: `{"minor": 1299, "currency": "EUR"}` is 12.99 euros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units (cents); negative for what is owed.
    pub minor: i64,
    /// ISO 4217.
    pub currency: Currency,
}

impl Money {
    /// An amount inside the range that JSON carries exactly.
    ///
    /// # Errors
    /// [`MoneyError::Range`].
    pub fn new(minor: i64, currency: Currency) -> Result<Money, MoneyError> {
        if minor.abs() > MINOR_MAX { Err(MoneyError::Range) } else { Ok(Money { minor, currency }) }
    }

    /// Nothing, in this currency.
    #[must_use]
    pub fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] or [`MoneyError::Range`].
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed);
        }
        Money::new(self.minor.checked_add(other.minor).ok_or(MoneyError::Range)?, self.currency)
    }

    /// The amount times a whole number.
    ///
    /// # Errors
    /// [`MoneyError::Range`].
    pub fn times(self, n: i64) -> Result<Money, MoneyError> {
        Money::new(self.minor.checked_mul(n).ok_or(MoneyError::Range)?, self.currency)
    }

    /// A decimal text of major units (`"23.456"`), rounded half-even to minor units.
    ///
    /// # Errors
    /// [`MoneyError::Decimal`] or [`MoneyError::Range`].
    pub fn from_decimal(text: &str, currency: Currency) -> Result<Money, MoneyError> {
        let number = rust_decimal::Decimal::from_str_exact(text)
            .or_else(|_| rust_decimal::Decimal::from_scientific(text))
            .map_err(|_| MoneyError::Decimal)?;
        let scale = rust_decimal::Decimal::from(10_i64.pow(currency.exponent()));
        let minor = number.checked_mul(scale).ok_or(MoneyError::Range)?.round();
        Money::new(i64::try_from(minor).map_err(|_| MoneyError::Range)?, currency)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.currency.exponent() as usize;
        let unit = 10_i64.pow(self.currency.exponent());
        let sign = if self.minor < 0 { "-" } else { "" };
        let (whole, rest) = (self.minor.abs() / unit, self.minor.abs() % unit);
        if places == 0 {
            write!(f, "{sign}{whole} {}", self.currency)
        } else {
            write!(f, "{sign}{whole}.{rest:0places$} {}", self.currency)
        }
    }
}

/// `minor × numerator ÷ denominator`, rounded half-even: the one rounding rule.
///
/// # Panics
/// Never for a positive denominator and amounts within [`MINOR_MAX`]; a share is at most the whole.
#[must_use]
pub fn share(minor: i64, numerator: i64, denominator: i64) -> i64 {
    let (n, d) = (i128::from(minor) * i128::from(numerator), i128::from(denominator));
    let (floor, rest) = (n.div_euclid(d), n.rem_euclid(d));
    let up = match (rest * 2).cmp(&d) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => floor % 2 != 0,
    };
    i64::try_from(floor + i128::from(up)).unwrap_or(i64::MAX)
}

/// Splits an amount by weights so that the parts sum to it exactly: floors first, then one unit each to the largest
/// remainders, earlier ones first on a tie. Negative amounts split as their mirror. No weight at all gives everything to the first.
#[must_use]
pub fn split(minor: i64, weights: &[i64]) -> Vec<i64> {
    if weights.is_empty() {
        return Vec::new();
    }
    let whole: i128 = weights.iter().map(|w| i128::from(*w)).sum();
    if whole <= 0 {
        let mut parts = vec![0; weights.len()];
        parts[0] = minor;
        return parts;
    }
    let (sign, amount) = (minor.signum(), i128::from(minor).abs());
    let mut parts: Vec<i128> = weights.iter().map(|w| amount * i128::from(*w) / whole).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(amount * i128::from(weights[*i]) % whole), *i));
    let left = usize::try_from(amount - parts.iter().sum::<i128>()).unwrap_or(0);
    for i in order.into_iter().take(left) {
        parts[i] += 1;
    }
    parts.into_iter().map(|p| i64::try_from(p).unwrap_or(i64::MAX) * sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eur(minor: i64) -> Money {
        Money { minor, currency: "EUR".parse().expect("EUR") }
    }

    #[test]
    fn exponents_come_from_the_iso_table() {
        let yen: Currency = "JPY".parse().expect("JPY");
        let dinar: Currency = "TND".parse().expect("TND");
        assert_eq!((yen.exponent(), dinar.exponent()), (0, 3));
        assert_eq!(Money { minor: 1234, currency: dinar }.to_string(), "1.234 TND");
        assert_eq!(Money { minor: -5, currency: eur(0).currency }.to_string(), "-0.05 EUR");
        assert_eq!((eur(0).to_string(), format!("{:?}", eur(0).currency)), ("0.00 EUR".to_owned(), "EUR".to_owned()));
        assert_eq!("euro".parse::<Currency>(), Err(MoneyError::Currency));
    }

    #[test]
    fn an_amount_survives_json() {
        assert_eq!(MINOR_MAX, 9_007_199_254_740_991, "the last whole number that every JSON reader keeps");
        let text = serde_json::to_string(&eur(MINOR_MAX)).expect("JSON");
        assert_eq!(text, r#"{"minor":9007199254740991,"currency":"EUR"}"#);
        assert_eq!(serde_json::from_str::<Money>(&text).expect("an amount"), eur(MINOR_MAX));
    }

    #[test]
    fn the_odd_unit_goes_to_the_largest_remainder() {
        // Of 10 by sevenths: 4 2/7, 4 2/7, 1 3/7.
        assert_eq!((split(10, &[3, 3, 1]), split(-10, &[3, 3, 1])), (vec![4, 4, 2], vec![-4, -4, -2]));
        assert_eq!(split(2, &[1, 1, 1]), [1, 1, 0], "earlier ones first on a tie");
    }

    #[test]
    fn decimals_round_half_even_once() {
        for (text, minor) in
            [("5.562871", 556), ("0.125", 12), ("0.135", 14), ("23", 2300), ("4.6", 460), ("1e2", 10_000)]
        {
            assert_eq!(Money::from_decimal(text, eur(0).currency), Ok(eur(minor)), "{text}");
        }
        assert_eq!(Money::from_decimal("12,5", eur(0).currency), Err(MoneyError::Decimal));
    }

    #[test]
    fn sums_refuse_overflow_and_other_currencies() {
        assert_eq!(eur(MINOR_MAX).plus(eur(1)), Err(MoneyError::Range));
        assert_eq!(eur(MINOR_MAX).times(3), Err(MoneyError::Range));
        let yen = Money { minor: 1, currency: "JPY".parse().expect("JPY") };
        assert_eq!(eur(1).plus(yen), Err(MoneyError::Mixed));
    }

    proptest! {
        #[test]
        fn a_split_loses_nothing(minor in -MINOR_MAX..MINOR_MAX, weights in proptest::collection::vec(0i64..10_000, 1..9)) {
            let parts = split(minor, &weights);
            prop_assert_eq!(parts.iter().sum::<i64>(), minor);
            let whole: i128 = weights.iter().map(|w| i128::from(*w)).sum();
            for (part, weight) in parts.iter().zip(&weights).filter(|_| whole > 0) {
                let exact = i128::from(minor) * i128::from(*weight);
                prop_assert!((i128::from(*part) * whole - exact).abs() < whole, "a part is within one unit of its share");
            }
        }

        #[test]
        fn a_share_is_the_nearest_even(minor in -MINOR_MAX..MINOR_MAX, bps in 0i64..=BPS_WHOLE) {
            let twice = 2 * (i128::from(share(minor, bps, BPS_WHOLE)) * i128::from(BPS_WHOLE) - i128::from(minor) * i128::from(bps));
            prop_assert!(twice.abs() <= i128::from(BPS_WHOLE));
        }
    }
}
