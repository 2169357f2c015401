//! The recipient of an order, checked against the provider's limits before anything is stored.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// A failed field: where and why, never what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer below the recipient, such as `/city`.
    pub pointer: String,
    /// Machine code.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

/// Who gets the parcel. Limits are those of the narrowest provider we use (Gelato: lines of 35, city 30, names 25).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recipient {
    /// 1 to 25 characters.
    pub first_name: String,
    /// 1 to 25 characters.
    pub last_name: String,
    /// At most 60 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub company_name: String,
    /// 1 to 35 characters.
    pub address_line1: String,
    /// At most 35 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address_line2: String,
    /// 1 to 30 characters.
    pub city: String,
    /// At most 15 characters; required except where the country has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub post_code: String,
    /// Required for AU, CA and US; at most 35 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// ISO 3166-1 alpha-2, capitals.
    pub country: String,
    /// Kept in lower case.
    pub email: String,
    /// E.123, at most 25 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
}

/// Countries without postal codes (the larger ones of those that carriers list).
const NO_POST_CODE: &[&str] = &[
    "AE", "AG", "AO", "BF", "BI", "BJ", "BS", "BW", "BZ", "CD", "CF", "CG", "CI", "CM", "DJ", "DM", "ER", "FJ", "GA",
    "GD", "GH", "GM", "GN", "GQ", "GY", "HK", "IE", "JM", "KE", "KI", "KM", "KN", "LC", "ML", "MO", "MR", "MW", "NR",
    "PA", "QA", "RW", "SB", "SC", "SL", "SR", "ST", "SY", "TD", "TG", "TK", "TL", "TO", "TV", "UG", "VU", "WS", "YE",
    "ZA", "ZW",
];

/// Not destinations of the provider.
const NOT_SERVED: &[&str] = &["AX", "IO", "TF", "HM", "IM", "NF", "GS", "TK", "UM"];

impl Recipient {
    /// Trims every field and lower-cases the e-mail address.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        for field in [
            &mut self.first_name,
            &mut self.last_name,
            &mut self.company_name,
            &mut self.address_line1,
            &mut self.address_line2,
            &mut self.city,
            &mut self.post_code,
            &mut self.state,
            &mut self.country,
            &mut self.email,
            &mut self.phone,
        ] {
            *field = field.trim().to_owned();
        }
        self.email = self.email.to_lowercase();
        self
    }

    /// Every field that breaks a limit; empty when the address can be used.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        let mut add =
            |field: &str, code, message: String| found.push(FieldError { pointer: format!("/{field}"), code, message });
        for (field, text, least, most) in [
            ("firstName", &self.first_name, 1, 25),
            ("lastName", &self.last_name, 1, 25),
            ("companyName", &self.company_name, 0, 60),
            ("addressLine1", &self.address_line1, 1, 35),
            ("addressLine2", &self.address_line2, 0, 35),
            ("city", &self.city, 1, 30),
            ("postCode", &self.post_code, 0, 15),
            ("state", &self.state, 0, 35),
            ("phone", &self.phone, 0, 25),
        ] {
            let length = text.graphemes(true).count();
            if length < least {
                add(field, "required", format!("{field} is required."));
            } else if length > most {
                add(
                    field,
                    "too-long",
                    format!(
                        "{field} has {length} characters; the printer takes at most {most}. Shorten it or move the rest to another line."
                    ),
                );
            }
            if text.chars().any(char::is_control) {
                add(field, "control", format!("{field} contains a control character."));
            }
        }
        let country_ok = self.country.len() == 2 && self.country.bytes().all(|b| b.is_ascii_uppercase());
        if !country_ok {
            add("country", "country", "country must be two capital letters of ISO 3166-1.".into());
        } else if NOT_SERVED.contains(&self.country.as_str()) {
            add("country", "not-served", "The printer does not deliver to this country.".into());
        }
        if country_ok && self.post_code.is_empty() && !NO_POST_CODE.contains(&self.country.as_str()) {
            add("postCode", "required", "postCode is required for this country.".into());
        }
        if ["AU", "CA", "US"].contains(&self.country.as_str()) && self.state.is_empty() {
            add("state", "required", "state is required for this country, as its two or three letters.".into());
        }
        if !email_ok(&self.email) {
            add("email", "email", "email must be an address like name@example.org.".into());
        }
        found
    }
}

/// Whether a text looks like an address that mail can go to.
#[must_use]
pub fn is_email(text: &str) -> bool {
    email_ok(text)
}

fn email_ok(text: &str) -> bool {
    text.len() <= 254
        && !text.contains(char::is_whitespace)
        && text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && !host.contains('@')
                && host.split_once('.').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lena() -> Recipient {
        serde_json::from_value(serde_json::json!({
            "firstName": " Lena", "lastName": "Vogt", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003", "country": "FR",
            "email": "Lena@Example.org "
        }))
        .expect("a recipient")
    }

    #[test]
    fn a_good_address_is_trimmed_and_accepted() {
        let lena = lena().normalised();
        assert_eq!((lena.first_name.as_str(), lena.email.as_str()), ("Lena", "lena@example.org"));
        assert_eq!(lena.problems(), vec![]);
    }

    #[test]
    fn each_limit_names_its_field() {
        type Spoil = fn(&mut Recipient);
        let cases: [(&str, Spoil); 9] = [
            ("/addressLine1", |r| r.address_line1 = "x".repeat(36)),
            ("/firstName", |r| r.first_name = String::new()),
            ("/city", |r| r.city = "a\u{7}".into()),
            ("/postCode", |r| r.post_code = String::new()),
            ("/state", |r| r.country = "US".into()),
            ("/country", |r| r.country = "fr".into()),
            ("/country", |r| r.country = "IM".into()),
            ("/email", |r| r.email = "lena@example".into()),
            ("/phone", |r| r.phone = "1".repeat(26)),
        ];
        for (pointer, spoil) in cases {
            let mut recipient = lena().normalised();
            spoil(&mut recipient);
            let pointers: Vec<_> = recipient.problems().into_iter().map(|p| p.pointer).collect();
            assert_eq!(pointers, vec![pointer], "one problem, at the spoiled field");
        }
    }
}
