//! Countries, their states and the forms of their postal codes.

/// ISO 3166-1 alpha-2, and Kosovo.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA \
                         CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB \
                         GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG \
                         KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV \
                         MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB \
                         SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US \
                         UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Countries without postal codes (the larger ones of those that carriers list).
const NO_POST_CODE: &[&str] = &[
    "AE", "AG", "AO", "BF", "BI", "BJ", "BS", "BW", "BZ", "CD", "CF", "CG", "CI", "CM", "DJ", "DM", "ER", "FJ", "GA",
    "GD", "GH", "GM", "GN", "GQ", "GY", "HK", "IE", "JM", "KE", "KI", "KM", "KN", "LC", "ML", "MO", "MR", "MW", "NR",
    "PA", "QA", "RW", "SB", "SC", "SL", "SR", "ST", "SY", "TD", "TG", "TK", "TL", "TO", "TV", "UG", "VU", "WS", "YE",
    "ZA", "ZW",
];

/// Forms of postal codes: `9` is a digit, `A` a letter, a space may be left out, anything else is itself.
const POST_CODES: &[(&[&str], &[&str])] = &[
    (&["US"], &["99999", "99999-9999"]),
    (&["CA"], &["A9A 9A9"]),
    (&["GB"], &["A9 9AA", "A99 9AA", "AA9 9AA", "AA99 9AA", "A9A 9AA", "AA9A 9AA"]),
    (&["NL"], &["9999 AA"]),
    (&["AT", "AU", "BE", "BG", "CH", "CY", "DK", "HU", "LI", "LU", "NO", "NZ", "SI"], &["9999"]),
    (
        &[
            "DE", "ES", "FR", "IT", "FI", "EE", "HR", "KR", "MX", "MY", "RS", "TH", "TR", "UA", "ID", "MA", "MC", "SM",
            "VA",
        ],
        &["99999"],
    ),
    (&["SE", "CZ", "SK", "GR"], &["999 99"]),
    (&["CN", "RU", "SG", "RO", "VN"], &["999999"]),
    (&["IN"], &["999 999"]),
    (&["PL"], &["99-999", "99999"]),
    (&["PT"], &["9999-999"]),
    (&["JP"], &["999-9999", "9999999"]),
    (&["BR"], &["99999-999", "99999999"]),
    (&["IL"], &["9999999", "99999"]),
];

const US: &[&str] = &[
    "AA", "AE", "AK", "AL", "AP", "AR", "AS", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "GU", "HI", "IA", "ID",
    "IL", "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MP", "MS", "MT", "NC", "ND", "NE", "NH", "NJ",
    "NM", "NV", "NY", "OH", "OK", "OR", "PA", "PR", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VI", "VT", "WA", "WI",
    "WV", "WY",
];
const CA: &[&str] = &["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"];
const AU: &[&str] = &["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA"];

/// Whether there is such a country.
pub(super) fn is_country(code: &str) -> bool {
    code.len() == 2 && COUNTRIES.split(' ').any(|country| country == code)
}

/// Whether parcels to there may go without a postal code.
pub(super) fn without_post_code(country: &str) -> bool {
    NO_POST_CODE.contains(&country)
}

/// Whether a postal code has a form of its country; where none is known, any will do.
pub(super) fn post_code_fits(country: &str, code: &str) -> bool {
    let forms = POST_CODES.iter().find(|(countries, _)| countries.contains(&country)).map(|(_, forms)| *forms);
    forms.is_none_or(|forms| forms.iter().any(|form| fits(form, code)))
}

fn fits(form: &str, code: &str) -> bool {
    let solid = |text: &str| text.chars().filter(|c| *c != ' ').collect::<Vec<_>>();
    let (form, code) = (solid(form), solid(code));
    form.len() == code.len()
        && form.iter().zip(&code).all(|(form, c)| match form {
            '9' => c.is_ascii_digit(),
            'A' => c.is_ascii_alphabetic(),
            form => form == c,
        })
}

/// The states of a country that carriers ask for.
pub(super) fn states(country: &str) -> Option<&'static [&'static str]> {
    match country {
        "US" => Some(US),
        "CA" => Some(CA),
        "AU" => Some(AU),
        _ => None,
    }
}
