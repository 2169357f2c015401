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

fn push_digits(out: &mut Vec<u8>, value: u32) {
    if value >= 10 {
        push_digits(out, value / 10);
    }
    out.push(b'0' + u8::try_from(value % 10).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::push_mm;

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
}
