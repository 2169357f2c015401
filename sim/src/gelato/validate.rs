//! The documented limits of create and quote bodies, all checked before anything else happens.
//!
//! Typing is lenient where the real API is seen to be (numbers as references, "true" as a boolean).

use serde_json::{Value, json};

use super::catalog::is_refused_country;
use super::reply::Refusal;
use crate::money::rate;

/// Longest reference accepted. The real limit is unknown; one client cuts here.
const REFERENCE_CHARS_MAX: usize = 64;
/// The real limit is unknown; this one keeps sums from overflowing.
const QUANTITY_MAX: i64 = 100_000;
const METADATA_MAX: usize = 20;
const METADATA_CHARS_MAX: usize = 100;
const THREAD_COLORS_MAX: usize = 6;

const FILE_TYPES: [&str; 15] = [
    "default",
    "front",
    "back",
    "inside",
    "neck-inner",
    "neck-outer",
    "sleeve-left",
    "sleeve-right",
    "chest-left-embroidery",
    "chest-center-embroidery",
    "chest-large-embroidery",
    "sleeve-left-embroidery",
    "sleeve-right-embroidery",
    "wrist-left-embroidery",
    "wrist-right-embroidery",
];

/// Countries that have no post codes, where an empty one is fine.
const NO_POST_CODE: [&str; 8] = ["AE", "HK", "IE", "JM", "KE", "PA", "QA", "ZA"];

/// A create or quote body that passed.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    pub(crate) draft: bool,
    pub(crate) reference: String,
    pub(crate) customer_reference: String,
    pub(crate) currency: String,
    pub(crate) country: String,
    pub(crate) address: Value,
    pub(crate) return_address: Value,
    pub(crate) metadata: Value,
    pub(crate) method: Option<String>,
    pub(crate) items: Vec<ParsedItem>,
}

#[derive(Clone, Debug)]
pub(crate) struct ParsedItem {
    pub(crate) reference: String,
    pub(crate) product_uid: String,
    pub(crate) quantity: i64,
    pub(crate) page_count: Option<u32>,
    pub(crate) files: Vec<(String, String)>,
}

/// Which of the two bodies this is: they name the same things differently.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Create,
    Quote,
}

/// Reads a body, or lists everything that is wrong with it.
pub(crate) fn parse(body: &Value, form: Form) -> Result<Parsed, Refusal> {
    let mut check = Check::default();
    let create = form == Form::Create;
    let (items_field, address_field) = if create { ("items", "shippingAddress") } else { ("products", "recipient") };
    let order_type = check.text(body, "", "orderType", 0, 20).unwrap_or_else(|| "order".to_owned());
    if !matches!(order_type.as_str(), "order" | "draft") {
        check.fail("orderType", "invalid_value", "orderType must be order or draft.");
    }
    let currency = check.text(body, "", "currency", 1, 3).unwrap_or_default();
    if !currency.is_empty() && rate(&currency).is_none() {
        check.fail("currency", "unsupported_currency", "The currency is not accepted.");
    }
    let least_customer = usize::from(create);
    let parsed = Parsed {
        draft: order_type == "draft",
        reference: check.text(body, "", "orderReferenceId", 1, REFERENCE_CHARS_MAX).unwrap_or_default(),
        customer_reference: check
            .text(body, "", "customerReferenceId", least_customer, REFERENCE_CHARS_MAX)
            .unwrap_or_default(),
        currency,
        country: check.address(&body[address_field], address_field),
        address: body[address_field].clone(),
        return_address: check.return_address(&body["returnAddress"]),
        metadata: check.metadata(&body["metadata"]),
        method: check.text(body, "", "shipmentMethodUid", 0, 200).filter(|uid| !uid.is_empty()),
        items: check.items(&body[items_field], items_field),
    };
    if check.errors.is_empty() { Ok(parsed) } else { Err(Refusal::fields(check.errors)) }
}

/// Reads the files of one item.
pub(crate) fn parse_files(value: &Value, field: &str) -> Result<Vec<(String, String)>, Refusal> {
    let mut check = Check::default();
    let files = check.files(value, field);
    if check.errors.is_empty() { Ok(files) } else { Err(Refusal::fields(check.errors)) }
}

#[derive(Default)]
struct Check {
    errors: Vec<Value>,
}

impl Check {
    fn fail(&mut self, field: &str, code: &str, message: &str) {
        self.errors.push(json!({"field": field, "code": code, "message": message}));
    }

    /// Text of `least..=most` characters; numbers are read as text. `least` 0 = optional.
    fn text(&mut self, object: &Value, prefix: &str, name: &str, least: usize, most: usize) -> Option<String> {
        let field = format!("{prefix}{name}");
        let text = match &object[name] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null => None,
            _ => {
                self.fail(&field, "invalid_type", "A string is expected.");
                return None;
            }
        };
        let length = text.as_ref().map_or(0, |text| text.trim().chars().count());
        if length < least {
            self.fail(&field, "required", "This value should not be blank.");
        } else if length > most {
            self.fail(
                &field,
                "too_long",
                &format!("This value is too long. It should have {most} characters or less."),
            );
        }
        text
    }

    fn address(&mut self, address: &Value, prefix: &str) -> String {
        if !address.is_object() {
            self.fail(prefix, "required", "An address is required.");
            return String::new();
        }
        let dot = format!("{prefix}.");
        let country = self.text(address, &dot, "country", 1, 2).unwrap_or_default();
        if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
            self.fail(&format!("{dot}country"), "invalid_value", "Two capital letters are expected.");
        } else if is_refused_country(&country) {
            self.fail(&format!("{dot}country"), "unsupported_country", "This destination is not supported.");
        }
        let post_code = usize::from(!NO_POST_CODE.contains(&country.as_str()));
        let state = usize::from(matches!(country.as_str(), "AU" | "CA" | "US"));
        let brazil = usize::from(country == "BR");
        for (name, least, most) in [
            ("firstName", 1, 25),
            ("lastName", 1, 25),
            ("companyName", 0, 60),
            ("addressLine1", 1, 35),
            ("addressLine2", 0, 35),
            ("city", 1, 30),
            ("postCode", post_code, 15),
            ("state", state, 35),
            ("email", 1, 254),
            ("phone", 0, 25),
            ("federalTaxId", brazil, 40),
        ] {
            self.text(address, &dot, name, least, most);
        }
        let business = matches!(&address["isBusiness"], Value::Bool(true)) || address["isBusiness"] == "true";
        if country == "BR" && business {
            self.text(address, &dot, "stateTaxId", 1, 40);
            self.text(address, &dot, "registrationStateCode", 1, 10);
        }
        if let Some(email) = address["email"].as_str().filter(|e| !e.is_empty())
            && !is_email(email)
        {
            self.fail(&format!("{dot}email"), "invalid_value", "This value is not a valid email address.");
        }
        country
    }

    fn return_address(&mut self, address: &Value) -> Value {
        for (name, most) in [
            ("companyName", 60),
            ("addressLine1", 35),
            ("addressLine2", 35),
            ("city", 30),
            ("postCode", 15),
            ("state", 35),
            ("country", 2),
            ("phone", 25),
        ] {
            if !address.is_null() {
                self.text(address, "returnAddress.", name, 0, most);
            }
        }
        address.clone()
    }

    fn metadata(&mut self, metadata: &Value) -> Value {
        match metadata {
            Value::Null => {}
            Value::Array(pairs) => {
                if pairs.len() > METADATA_MAX {
                    self.fail("metadata", "too_many", "At most 20 pairs are accepted.");
                }
                for (i, pair) in pairs.iter().enumerate() {
                    for name in ["key", "value"] {
                        self.text(pair, &format!("metadata[{i}]."), name, 1, METADATA_CHARS_MAX);
                    }
                }
            }
            _ => self.fail("metadata", "invalid_type", "An array of key and value pairs is expected."),
        }
        metadata.clone()
    }

    fn items(&mut self, items: &Value, field: &str) -> Vec<ParsedItem> {
        let Some(items) = items.as_array().filter(|items| !items.is_empty()) else {
            self.fail(field, "required", "At least one item is required.");
            return Vec::new();
        };
        let mut parsed: Vec<ParsedItem> = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let at = format!("{field}[{i}].");
            let read = self.item(item, &at);
            if parsed.iter().any(|other| other.reference == read.reference) {
                self.fail(
                    &format!("{at}itemReferenceId"),
                    "not_unique",
                    "itemReferenceId must be unique within the order.",
                );
            }
            parsed.push(read);
        }
        parsed
    }

    fn item(&mut self, item: &Value, at: &str) -> ParsedItem {
        let whole = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let quantity = whole(&item["quantity"]).unwrap_or(0);
        if !(1..=QUANTITY_MAX).contains(&quantity) {
            self.fail(&format!("{at}quantity"), "invalid_value", "An integer from 1 to 100000 is expected.");
        }
        ParsedItem {
            reference: self.text(item, at, "itemReferenceId", 1, REFERENCE_CHARS_MAX).unwrap_or_default(),
            product_uid: self.text(item, at, "productUid", 1, 500).unwrap_or_default(),
            quantity,
            page_count: whole(&item["pageCount"]).and_then(|n| u32::try_from(n).ok()),
            files: self.files(&item["files"], &format!("{at}files")),
        }
    }

    fn files(&mut self, files: &Value, field: &str) -> Vec<(String, String)> {
        let mut read = Vec::new();
        for (i, file) in files.as_array().into_iter().flatten().enumerate() {
            let at = format!("{field}[{i}].");
            let kind = self.text(file, &at, "type", 0, 40).unwrap_or_else(|| "default".to_owned());
            if !FILE_TYPES.contains(&kind.as_str()) {
                self.fail(&format!("{at}type"), "invalid_value", "This file type is not known.");
            }
            if file["threadColors"].as_array().is_some_and(|colors| colors.len() > THREAD_COLORS_MAX) {
                self.fail(&format!("{at}threadColors"), "too_many", "At most 6 colors are accepted.");
            }
            let digitised = kind.ends_with("-embroidery") && !file["id"].is_null();
            let url = self.text(file, &at, "url", usize::from(!digitised), 4000).unwrap_or_default();
            if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
                self.fail(&format!("{at}url"), "invalid_value", "This value is not a valid URL.");
            }
            read.push((kind, url));
        }
        read
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.split('.').count() > 1 && host.split('.').all(|part| !part.is_empty())
    })
}
