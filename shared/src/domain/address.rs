//! The recipient of an order, checked by country and by provider before anything is stored and before any call.

mod limits;
mod places;
mod scripts;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

pub use limits::Limits;

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

/// Who gets the parcel. How long a field may be depends on the provider ([`Limits`]); the lengths named here are Gelato's.
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
    /// Required for AU, CA and US, as the two or three letters of the state; at most 35 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// ISO 3166-1 alpha-2, capitals.
    pub country: String,
    /// Kept in lower case.
    pub email: String,
    /// E.123, at most 25 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// A company; in Brazil it needs more tax numbers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_business: bool,
    /// Required in Brazil: CPF of a person, CNPJ of a company.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub federal_tax_id: String,
    /// Required of a company in Brazil.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state_tax_id: String,
    /// Required of a company in Brazil: the state it is registered in, two letters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub registration_state_code: String,
}

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
            &mut self.federal_tax_id,
            &mut self.state_tax_id,
            &mut self.registration_state_code,
        ] {
            *field = field.trim().to_owned();
        }
        self.email = self.email.to_lowercase();
        self
    }

    /// Every field that breaks a rule of the country or a limit of this provider; empty when the address can be used.
    #[must_use]
    pub fn problems(&self, limits: &Limits) -> Vec<FieldError> {
        let mut found = Found::default();
        self.lengths(limits, &mut found);
        self.placeholders(&mut found);
        if !places::is_country(&self.country) {
            found.add(
                "country",
                "country",
                "country must be two capital letters of ISO 3166-1, of a country there is.",
            );
        } else {
            if limits.not_served.contains(&self.country.as_str()) {
                found.add("country", "not-served", "The printer does not deliver to this country.");
            }
            self.of_country(limits, &mut found);
        }
        if !email_ok(&self.email) {
            found.add("email", "email", "email must be an address like name@example.org.");
        }
        found.0
    }

    fn lengths(&self, limits: &Limits, found: &mut Found) {
        for (field, text, least, most) in [
            ("firstName", &self.first_name, 1, limits.name),
            ("lastName", &self.last_name, 1, limits.name),
            ("companyName", &self.company_name, 0, limits.company),
            ("addressLine1", &self.address_line1, 1, limits.line),
            ("addressLine2", &self.address_line2, 0, limits.line),
            ("city", &self.city, 1, limits.city),
            ("postCode", &self.post_code, 0, limits.post_code),
            ("state", &self.state, 0, limits.state),
            ("phone", &self.phone, 0, limits.phone),
            ("federalTaxId", &self.federal_tax_id, 0, limits.tax_id),
            ("stateTaxId", &self.state_tax_id, 0, limits.tax_id),
            ("registrationStateCode", &self.registration_state_code, 0, 2),
        ] {
            let length = text.graphemes(true).count();
            if length < least {
                found.add(field, "required", format!("{field} is required."));
            } else if length > most {
                let advice = "Shorten it or move the rest to another line.";
                let text = format!("{field} has {length} characters; the printer takes at most {most}. {advice}");
                found.add(field, "too-long", text);
            }
            if text.chars().any(char::is_control) {
                found.add(field, "control", format!("{field} contains a control character."));
            }
        }
    }

    /// What a broken form sends where a person would have written something.
    fn placeholders(&self, found: &mut Found) {
        let fields = [("firstName", &self.first_name), ("addressLine1", &self.address_line1), ("city", &self.city)];
        for (field, text) in fields {
            let word = text.to_lowercase();
            let nothing = ["undefined", "null", "nan", "n/a", "[object object]"].contains(&word.as_str());
            if nothing || (!text.is_empty() && text.chars().all(|c| c == '?' || c.is_whitespace())) {
                found.add(field, "placeholder", format!("{field} holds no value, only what a form puts in its place."));
            }
        }
    }

    fn of_country(&self, limits: &Limits, found: &mut Found) {
        let country = self.country.as_str();
        if self.post_code.is_empty() && !places::without_post_code(country) {
            found.add("postCode", "required", "postCode is required for this country.");
        } else if !self.post_code.is_empty() && !places::post_code_fits(country, &self.post_code) {
            let sentence = format!("postCode is not of the form that {country} uses.");
            found.add("postCode", "post-code", sentence);
        }
        if let Some(states) = places::states(country) {
            if self.state.is_empty() {
                found.add("state", "required", "state is required for this country, as its two or three letters.");
            } else if !states.contains(&self.state.as_str()) {
                let sentence = "state must be the two or three capital letters of a state of this country.";
                found.add("state", "state", sentence);
            }
        }
        self.of_brazil(found);
        if limits.scripts {
            scripts::check(self, found);
        }
    }

    fn of_brazil(&self, found: &mut Found) {
        if self.country != "BR" {
            return;
        }
        let digits = self.federal_tax_id.chars().filter(char::is_ascii_digit).count();
        let (wanted, name) = if self.is_business { (14, "a CNPJ of 14 digits") } else { (11, "a CPF of 11 digits") };
        if digits != wanted {
            found.add("federalTaxId", "required", format!("federalTaxId is required in Brazil: {name}."));
        }
        if self.is_business && self.state_tax_id.is_empty() {
            found.add("stateTaxId", "required", "stateTaxId is required of a company in Brazil.");
        }
        if self.is_business && self.registration_state_code.is_empty() {
            found.add("registrationStateCode", "required", "registrationStateCode is required of a company in Brazil.");
        }
    }
}

/// Collects what is wrong.
#[derive(Default)]
struct Found(Vec<FieldError>);

impl Found {
    fn add(&mut self, field: &str, code: &'static str, message: impl Into<String>) {
        self.0.push(FieldError { pointer: format!("/{field}"), code, message: message.into() });
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
#[path = "address/address_tests.rs"]
mod tests;
