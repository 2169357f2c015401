//! Countries, stock regions, tax rates, and where things are made.

/// Countries at least one product ships to.
pub(crate) const COUNTRIES: [&str; 64] = [
    "AD", "AE", "AR", "AT", "AU", "BA", "BE", "BG", "BR", "CA", "CH", "CL", "CN", "CO", "CY", "CZ", "DE", "DK", "EE",
    "ES", "FI", "FR", "GB", "GE", "GR", "HK", "HR", "HU", "ID", "IE", "IL", "IN", "IS", "IT", "JP", "KE", "KR", "LI",
    "LT", "LU", "LV", "MC", "MT", "MX", "MY", "NL", "NO", "NZ", "PA", "PE", "PH", "PL", "PT", "QA", "RO", "RS", "SE",
    "SG", "SI", "SK", "TH", "US", "UY", "ZA",
];

/// Stock regions, as the stock call names them.
pub(crate) const REGIONS: [&str; 7] = ["US-CA", "EU", "UK", "OC", "AS", "SA", "ROW"];

/// The stock region of a country. `GB` lies in `UK`.
pub(crate) fn region(country: &str) -> &'static str {
    match country {
        "US" | "CA" => "US-CA",
        "GB" => "UK",
        "AU" | "NZ" => "OC",
        "BR" | "AR" | "BO" | "CL" | "CO" | "EC" | "GY" | "PY" | "PE" | "SR" | "UY" | "VE" => "SA",
        "SG" | "VN" | "BN" | "KH" | "CN" | "ID" | "JP" | "LA" | "TH" | "TW" | "KR" | "MM" | "PH" | "MY" => "AS",
        "AD" | "AT" | "BA" | "BE" | "BG" | "CH" | "CY" | "CZ" | "DE" | "DK" | "EE" | "ES" | "FI" | "FR" | "GE"
        | "GR" | "HR" | "HU" | "IE" | "IS" | "IT" | "LI" | "LT" | "LU" | "LV" | "MC" | "MT" | "NL" | "NO" | "PL"
        | "PT" | "RO" | "RS" | "RU" | "SE" | "SI" | "SK" | "TR" | "UA" | "XK" => "EU",
        _ => "ROW",
    }
}

/// Destinations Gelato refuses by name.
pub(crate) fn is_refused_country(country: &str) -> bool {
    matches!(country, "AX" | "IO" | "TF" | "HM" | "IM" | "NF" | "GS" | "TK" | "UM")
}

/// Where an order for this country is made.
pub(crate) fn fulfilment_country(country: &str) -> &'static str {
    match region(country) {
        "US-CA" => "US",
        "UK" => "GB",
        "OC" => "AU",
        "AS" => "SG",
        "SA" => "BR",
        "EU" => "DE",
        _ => "NL",
    }
}

/// The tax on an order to this country, in basis points.
pub(crate) fn vat_bp(country: &str) -> i64 {
    match country {
        "DE" | "CY" | "RO" => 1900,
        "FR" | "AT" | "BG" | "EE" | "SK" | "GB" => 2000,
        "NL" | "BE" | "ES" | "CZ" | "LT" | "LV" => 2100,
        "IT" | "SI" => 2200,
        "PT" | "PL" | "IE" => 2300,
        "SE" | "DK" | "HR" | "NO" => 2500,
        "FI" | "GR" => 2400,
        "HU" => 2700,
        "LU" => 1700,
        "MT" => 1800,
        "CH" => 810,
        _ => 0,
    }
}
