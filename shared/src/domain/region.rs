//! Stock regions: where a parcel to a country is made from.

/// The stock region a country lies in.
#[must_use]
pub fn region(country: &str) -> &'static str {
    match country {
        "US" | "CA" => "US-CA",
        "GB" => "UK",
        "AU" | "NZ" => "OC",
        "BR" | "AR" | "BO" | "CL" | "CO" | "EC" | "GY" | "PY" | "PE" | "SR" | "UY" | "VE" => "SA",
        "SG" | "VN" | "BN" | "KH" | "CN" | "ID" | "JP" | "LA" | "TH" | "TW" | "KR" | "MM" | "PH" | "MY" => "AS",
        "AD" | "AL" | "AT" | "BA" | "BE" | "BG" | "BY" | "CH" | "CY" | "CZ" | "DE" | "DK" | "EE" | "ES" | "FI"
        | "FO" | "FR" | "GE" | "GG" | "GI" | "GR" | "HR" | "HU" | "IE" | "IS" | "IT" | "JE" | "LI" | "LT" | "LU"
        | "LV" | "MC" | "MD" | "ME" | "MK" | "MT" | "NL" | "NO" | "PL" | "PT" | "RO" | "RS" | "RU" | "SE" | "SI"
        | "SK" | "SM" | "TR" | "UA" | "VA" | "XK" => "EU",
        _ => "ROW",
    }
}

/// Whether a product of this stock word can be made now. A word that we do not know says nothing, and stops nothing.
#[must_use]
pub fn is_out(word: &str) -> bool {
    ["out-of-stock", "out-of-stock-replenishable", "not-supported"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_lie_where_the_documentation_puts_them() {
        for (country, expected) in [
            ("FR", "EU"),
            ("NO", "EU"),
            ("CH", "EU"),
            ("GE", "EU"),
            ("GB", "UK"),
            ("CA", "US-CA"),
            ("NZ", "OC"),
            ("BR", "SA"),
            ("JP", "AS"),
            ("IN", "ROW"),
            ("MX", "ROW"),
            ("HK", "ROW"),
            ("ZA", "ROW"),
        ] {
            assert_eq!(region(country), expected, "{country}");
        }
        assert!(is_out("out-of-stock") && !is_out("in-stock") && !is_out("non-stockable") && !is_out("unknown"));
    }
}
