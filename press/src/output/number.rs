//! Numbers as text, written from integers: no float formatting can differ between machines.

/// Appends micrometres as millimetres: `12.345`, `-0.5`, `80`.
pub(super) fn push_mm(out: &mut Vec<u8>, um: i32) {
    if um < 0 {
        out.push(b'-');
    }
    let value = um.unsigned_abs();
    push_digits(out, value / 1000);
    let mut rest = value % 1000;
    if rest == 0 {
        return;
    }
    out.push(b'.');
    let mut place = 100;
    while rest > 0 {
        out.push(b'0' + u8::try_from(rest / place).unwrap_or(0));
        rest %= place;
        place /= 10;
    }
}

/// Appends tenths of a micrometre as millimetres with four decimals: `12.3450`.
pub(super) fn push_tenths(out: &mut Vec<u8>, tenths: i64) {
    let (sign, value) = (if tenths < 0 { "-" } else { "" }, tenths.unsigned_abs());
    out.extend(format!("{sign}{}.{:04}", value / 10_000, value % 10_000).bytes());
}

fn push_digits(out: &mut Vec<u8>, value: u32) {
    if value >= 10 {
        push_digits(out, value / 10);
    }
    out.push(b'0' + u8::try_from(value % 10).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::{push_mm, push_tenths};

    #[test]
    fn micrometres_read_as_millimetres() {
        for (um, text) in [
            (0, "0"),
            (80_000, "80"),
            (12_345, "12.345"),
            (-500, "-0.5"),
            (1, "0.001"),
            (10, "0.01"),
            (i32::MIN, "-2147483.648"),
        ] {
            let mut out = Vec::new();
            push_mm(&mut out, um);
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }

    #[test]
    fn tenths_have_four_decimals() {
        for (tenths, text) in [(0, "0.0000"), (123_450, "12.3450"), (-1, "-0.0001"), (900_000, "90.0000")] {
            let mut out = Vec::new();
            push_tenths(&mut out, tenths);
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }
}
