//! Carriers: who has a parcel, and where it can be followed. The table is data (`carriers.json`); a number says by its form and its check
//! digit whose it can be. Whoever is named by the printer wins, and a number that several could have written is never guessed at.
//!
//! GLS is known by its name alone. Its parcels have eleven digits, twelve with a check digit (mod 10), or eight letters and digits without
//! any: the eleven are DHL Express's form, the twelve FedEx's, and one in ten of their valid numbers would pass for GLS's.

use std::sync::LazyLock;

use serde::Deserialize;

/// A line of the table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Carrier {
    name: String,
    words: Vec<String>,
    url: String,
}

static TABLE: LazyLock<Vec<Carrier>> =
    LazyLock::new(|| serde_json::from_str(include_str!("carriers.json")).unwrap_or_default());

/// Names of print providers, in lower case: what a white-labelled link must not lead to.
pub const PROVIDERS: &[&str] = &["gelato", "printful", "printify", "prodigi", "gooten"];

/// Where a parcel can be followed, for a buyer to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The carrier's name, where it is known.
    pub carrier: Option<&'static str>,
    /// Its page; empty when there is none.
    pub url: String,
}

/// Who has the parcel and where it is followed: on the page of the carrier that was named; else of the one whose number it is; else on
/// the tenant's own page (`{number}` in it); else where the printer says, unless that page is a print provider's.
#[must_use]
pub fn follow(named: &str, number: &str, printers: &str, page: Option<&str>) -> Followed {
    let carrier = by_name(named).or_else(|| match detect(number).as_slice() {
        [only] => table(only),
        _ => None,
    });
    if let Some(carrier) = carrier {
        return Followed { carrier: Some(&carrier.name), url: filled(&carrier.url, number) };
    }
    let theirs = printers.to_lowercase();
    let hidden = PROVIDERS.iter().any(|name| theirs.contains(name)) || !theirs.starts_with("https://");
    let url = match page {
        Some(page) => filled(page, number),
        None if hidden => String::new(),
        None => printers.to_owned(),
    };
    Followed { carrier: None, url }
}

fn table(name: &str) -> Option<&'static Carrier> {
    TABLE.iter().find(|carrier| carrier.name == name)
}

/// The carrier whose word stands in a text, as a word of its own, in whatever case.
fn by_name(text: &str) -> Option<&'static Carrier> {
    let plain = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' };
    let text: String = text.chars().map(plain).collect();
    let text = format!(" {} ", text.split_whitespace().collect::<Vec<_>>().join(" "));
    TABLE.iter().find(|carrier| carrier.words.iter().any(|word| text.contains(&format!(" {word} "))))
}

/// The template with the number in it, URL-encoded.
fn filled(template: &str, number: &str) -> String {
    let mut encoded = String::new();
    for byte in number.trim().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    template.replace("{number}", &encoded)
}

/// Whose number it can be, the surest first: a postal number with its check digit beats all, then the carriers' own forms whose check
/// holds, then forms that carry none. One entry is a find, several are candidates, none says nothing.
#[must_use]
pub fn detect(number: &str) -> Vec<&'static str> {
    let number: String = number.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let number = number.to_ascii_uppercase();
    if !number.is_ascii() || number.len() > 40 {
        return Vec::new();
    }
    if let Some(post) = postal(&number) {
        return post.into_iter().collect();
    }
    if ups(&number) {
        return vec!["UPS"];
    }
    let digits: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
    let all_digits = digits.len() == number.len();
    let mut found = Vec::new();
    let checked = [
        (all_digits && (fedex_express(&digits) || fedex_ground(&digits)), "FedEx"),
        (all_digits && dhl_express(&digits), "DHL"),
        (all_digits && usps(&digits), "USPS"),
        (dpd(&number), "DPD"),
    ];
    let formed = [
        (number.len() >= 16 && ["JJD", "JVGL"].iter().any(|head| number.starts_with(head)), "DHL"),
        (colissimo(&number), "Colissimo"),
    ];
    for rows in [&checked[..], &formed] {
        if found.is_empty() {
            found.extend(rows.iter().filter(|(holds, _)| *holds).map(|(_, name)| *name));
        }
    }
    found
}

/// S10 of the postal union: two letters, eight digits, a check digit, a country. `Some(None)`: such a number of a post we do not know.
fn postal(number: &str) -> Option<Option<&'static str>> {
    let bytes = number.as_bytes();
    let form = bytes.len() == 13
        && bytes[..2].iter().chain(&bytes[11..]).all(u8::is_ascii_uppercase)
        && bytes[2..11].iter().all(u8::is_ascii_digit);
    if !form {
        return None;
    }
    let sum: u32 =
        bytes[2..10].iter().zip([8, 6, 4, 2, 3, 5, 9, 7]).map(|(d, weight)| u32::from(d - b'0') * weight).sum();
    let check = match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        digit => digit,
    };
    if u32::from(bytes[10] - b'0') != check {
        return None;
    }
    Some(match &number[11..] {
        "FR" if number.starts_with('X') => Some("Chronopost"),
        "FR" => Some("Colissimo"),
        "GB" => Some("Royal Mail"),
        "US" => Some("USPS"),
        "DE" => Some("DHL"),
        _ => None,
    })
}

/// `1Z`, fifteen characters, a check digit: letters count as (ASCII - 3) mod 10, every second is doubled.
fn ups(number: &str) -> bool {
    let Some(rest) = number.strip_prefix("1Z").filter(|rest| rest.len() == 16) else { return false };
    let value = |c: char| c.to_digit(10).or_else(|| c.is_ascii_uppercase().then(|| (u32::from(c) - 3) % 10));
    let Some(values) = rest.chars().map(value).collect::<Option<Vec<u32>>>() else { return false };
    let sum: u32 = values[..15].iter().enumerate().map(|(i, v)| if i % 2 == 1 { v * 2 } else { *v }).sum();
    values[15] == (10 - sum % 10) % 10 && rest.ends_with(|c: char| c.is_ascii_digit())
}

/// Twelve digits: weights 3, 1, 7 over eleven, mod 11, mod 10.
fn fedex_express(digits: &[u32]) -> bool {
    let sum = |digits: &[u32]| digits.iter().zip([3, 1, 7].into_iter().cycle()).map(|(d, w)| d * w).sum::<u32>();
    digits.len() == 12 && sum(&digits[..11]) % 11 % 10 == digits[11]
}

/// Fifteen digits: mod 10 with weights 1 and 3.
fn fedex_ground(digits: &[u32]) -> bool {
    digits.len() == 15 && mod_10(&digits[..14], [1, 3]) == digits[14]
}

/// Ten or eleven digits: the number without its last digit, mod 7.
fn dhl_express(digits: &[u32]) -> bool {
    let whole = |digits: &[u32]| digits.iter().fold(0u64, |n, d| n * 10 + u64::from(*d));
    matches!(digits.len(), 10 | 11) && whole(&digits[..digits.len() - 1]) % 7 == u64::from(digits[digits.len() - 1])
}

/// Twenty or twenty-two digits: mod 10 with weights 3 and 1 from the right. Twenty-two begin with 9.
fn usps(digits: &[u32]) -> bool {
    match digits.len() {
        22 if digits[0] == 9 => mod_10(&digits[..21], [3, 1]) == digits[21],
        20 => mod_10(&digits[..19], [3, 1]) == digits[19],
        _ => false,
    }
}

fn mod_10(digits: &[u32], weights: [u32; 2]) -> u32 {
    let sum: u32 = digits.iter().zip(weights.into_iter().cycle()).map(|(d, w)| d * w).sum();
    (10 - sum % 10) % 10
}

/// Fourteen characters and a check character by ISO 7064 mod 37,36.
fn dpd(number: &str) -> bool {
    let digits = number.len() == 15 && number[..14].bytes().all(|b| b.is_ascii_digit());
    let Some(values) = number.chars().map(|c| c.to_digit(36)).collect::<Option<Vec<u32>>>().filter(|_| digits) else {
        return false;
    };
    let rest = values[..14].iter().fold(36, |product, value| {
        let sum = (product + value) % 36;
        (if sum == 0 { 36 } else { sum }) * 2 % 37
    });
    (37 - rest) % 36 == values[14]
}

/// A parcel within France: a digit, a digit or letter, eleven digits. Its check could not be confirmed, so the form alone speaks.
fn colissimo(number: &str) -> bool {
    let bytes = number.as_bytes();
    bytes.len() == 13
        && bytes[0].is_ascii_digit()
        && bytes[1].is_ascii_uppercase()
        && bytes[2..].iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that carriers, posts and a public collection of test data publish.
    const PUBLISHED: &[(&str, &[&str])] = &[
        ("1Z5R89390357567127", &["UPS"]),
        ("1Z 5R8 939 03 5756 7127", &["UPS"]),
        ("1z5r89390357567127", &["UPS"]),
        ("1Z5R89390357567128", &[]),
        ("986578788855", &["FedEx"]),
        ("986578788856", &[]),
        ("041441760228964", &["FedEx"]),
        ("3318810025", &["DHL"]),
        ("3318810026", &[]),
        ("JJD0099999999999999999", &["DHL"]),
        ("09980000020033F", &["DPD"]),
        ("09980000020033G", &[]),
        ("RB123456785GB", &["Royal Mail"]),
        ("RB123456784GB", &[]),
        ("9400111201080805483016", &["USPS"]),
        ("9400111201080805483017", &[]),
        ("03071790000523483741", &["USPS"]),
        ("6A12345678901", &["Colissimo"]),
        ("", &[]),
        ("hello", &[]),
        ("１２３４５６７８９０", &[]),
    ];

    #[test]
    fn published_numbers_are_recognised_and_their_neighbours_are_not() {
        for (number, whose) in PUBLISHED {
            assert_eq!(detect(number), *whose, "{number}");
        }
    }

    #[test]
    fn postal_numbers_go_to_the_post_of_their_country() {
        // The check digit of 12345678 is 5 whatever stands around it.
        for (number, whose) in [
            ("XW123456785FR", &["Chronopost"][..]),
            ("CB123456785FR", &["Colissimo"]),
            ("EA123456785US", &["USPS"]),
            ("RX123456785DE", &["DHL"]),
            ("RB123456785JP", &[]),
        ] {
            assert_eq!(detect(number), whose, "{number}");
        }
    }

    #[test]
    fn every_changed_digit_of_a_checked_number_is_noticed() {
        for number in ["1Z5R89390357567127", "986578788855", "041441760228964", "09980000020033F", "RB123456785GB"] {
            let found = detect(number);
            let at = number.len() - 3;
            let digit = number.as_bytes()[at] - b'0';
            let changed = format!("{}{}{}", &number[..at], (digit + 1) % 10, &number[at + 1..]);
            assert_ne!(detect(&changed), found, "{changed}");
        }
    }

    #[test]
    fn whoever_is_named_wins_in_any_case_and_as_a_word() {
        for (named, carrier) in [
            ("FedEx Ground", Some("FedEx")),
            ("ups standard", Some("UPS")),
            ("DHL-Express (NL)", Some("DHL")),
            ("Royal  Mail 48", Some("Royal Mail")),
            ("La Poste", Some("Colissimo")),
            ("GLS Business Parcel", Some("GLS")),
            ("Groups Ltd", None),
            ("", None),
        ] {
            assert_eq!(follow(named, "42", "", None).carrier, carrier, "{named}");
        }
        let seen = follow("DPD", "1Z5R89390357567127", "", None);
        assert_eq!(seen.carrier, Some("DPD"), "the number would say UPS");
    }

    #[test]
    fn numbers_are_encoded_and_strangers_go_to_the_tenants_page() {
        let page = Some("https://shop.example/parcel/{number}");
        assert_eq!(follow("UPS", "1Z/&?é", "", page).url, "https://www.ups.com/track?tracknum=1Z%2F%26%3F%C3%A9");
        assert_eq!(follow("Mule", "A B", "", page).url, "https://shop.example/parcel/A%20B");
        let printers = "https://track.gelato.com/x/1";
        assert_eq!(follow("Mule", "A", printers, None), Followed { carrier: None, url: String::new() });
        assert_eq!(follow("Mule", "A", "https://mule.example/1", None).url, "https://mule.example/1");
        assert_eq!(follow("Mule", "A", "javascript:alert(1)", None).url, "");
    }

    /// Valid numbers made of these digits, one of each checked form, and whose they are.
    fn valid(digits: &[u32]) -> Vec<(&'static str, String)> {
        let text = |digits: &[u32]| digits.iter().map(u32::to_string).collect::<String>();
        // Whichever last character makes it valid.
        let ended = |head: String, ends: &str, holds: &dyn Fn(&str) -> bool| {
            ends.chars().map(|end| format!("{head}{end}")).find(|number| holds(number))
        };
        let of = |holds: fn(&[u32]) -> bool| {
            move |number: &str| holds(&number.chars().filter_map(|c| c.to_digit(10)).collect::<Vec<_>>())
        };
        const TEN: &str = "0123456789";
        let post = ended(format!("RB{}", text(&digits[..8])), TEN, &|number| postal(&format!("{number}GB")).is_some());
        [
            ("FedEx", ended(text(&digits[..11]), TEN, &of(fedex_express))),
            ("FedEx", ended(text(&digits[..14]), TEN, &of(fedex_ground))),
            ("DHL", ended(text(&digits[..9]), TEN, &of(dhl_express))),
            ("DHL", ended(text(&digits[..10]), TEN, &of(dhl_express))),
            ("USPS", ended(text(&digits[..19]), TEN, &of(usps))),
            ("USPS", ended(format!("9{}", text(&digits[..20])), TEN, &of(usps))),
            ("UPS", ended(format!("1Z{}", text(&digits[..15])), TEN, &ups)),
            ("DPD", ended(text(&digits[..14]), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", &dpd)),
            ("Royal Mail", post.map(|number| format!("{number}GB"))),
        ]
        .into_iter()
        .filter_map(|(name, number)| Some((name, number?)))
        .collect()
    }

    proptest::proptest! {
        #[test]
        fn no_valid_number_is_claimed_for_another_carrier(digits in proptest::collection::vec(0_u32..10, 20)) {
            let numbers = valid(&digits);
            proptest::prop_assert_eq!(numbers.len(), 9);
            for (name, number) in numbers {
                let found = detect(&number);
                proptest::prop_assert!(found.contains(&name), "{} of {} was found as {:?}", number, name, found);
            }
        }
    }

    #[test]
    fn the_table_is_whole() {
        assert_eq!(TABLE.len(), 9);
        for carrier in TABLE.iter() {
            assert!(carrier.url.starts_with("https://") && carrier.url.matches("{number}").count() == 1, "{carrier:?}");
            assert!(carrier.words.iter().all(|word| *word == word.to_lowercase()), "{carrier:?}");
        }
    }
}
