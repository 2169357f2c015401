//! Millimetres as people write them, micrometres as machines keep them.

/// Why a number is no length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotALength {
    /// More than three decimals: rounding it would change what was asked for.
    Precision,
    /// Too large to be any length here.
    Range,
}

/// Reads a JSON number's own text as millimetres with at most three decimals.
///
/// Works on the digits and never on a float, so 0.1 is exactly 100 micrometres.
pub(super) fn um_from_mm(text: &str) -> Result<i32, NotALength> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| NotALength::Range)?),
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    let trimmed = significant.trim_end_matches('0');
    if trimmed.is_empty() {
        return Ok(0);
    }
    // value = trimmed * 10^shift micrometres
    let dropped = i64::try_from(significant.len() - trimmed.len()).map_err(|_| NotALength::Range)?;
    let decimals = i64::try_from(fraction.len()).map_err(|_| NotALength::Range)?;
    let shift = i64::from(exponent) - decimals + dropped + 3;
    if shift < 0 {
        return Err(NotALength::Precision);
    }
    if trimmed.len() as i64 + shift > 9 {
        return Err(NotALength::Range);
    }
    let power = u32::try_from(shift).map_err(|_| NotALength::Range)?;
    let units: i32 = trimmed.parse().map_err(|_| NotALength::Range)?;
    Ok(sign * units * 10_i32.pow(power))
}

/// Reads a JSON number's own text as a plain integer.
pub(super) fn integer(text: &str) -> Option<i64> {
    let value: i64 = text.parse().ok()?;
    (value.to_string() == text).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{NotALength, integer, um_from_mm};

    #[test]
    fn millimetres_become_exact_micrometres() {
        for (text, um) in [
            ("0", 0),
            ("-0.0", 0),
            ("0.1", 100),
            ("80", 80_000),
            ("80.0", 80_000),
            ("12.345", 12_345),
            ("-2.5", -2_500),
            ("1e2", 100_000),
            ("25E-1", 2_500),
            ("100.000000", 100_000),
        ] {
            assert_eq!(um_from_mm(text), Ok(um), "{text}");
        }
    }

    #[test]
    fn finer_or_larger_is_refused_not_rounded() {
        for text in ["0.0001", "1.2345", "1e-4", "12.00000001"] {
            assert_eq!(um_from_mm(text), Err(NotALength::Precision), "{text}");
        }
        for text in ["1e308", "1e999999999999", "1000000000", "9999999999999999999999"] {
            assert_eq!(um_from_mm(text), Err(NotALength::Range), "{text}");
        }
    }

    #[test]
    fn integers_have_one_spelling() {
        assert_eq!(integer("12"), Some(12));
        for text in ["1.0", "1e2", "-0", "99999999999999999999"] {
            assert_eq!(integer(text), None, "{text}");
        }
    }
}
