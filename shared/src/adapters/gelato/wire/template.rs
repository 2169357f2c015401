//! Templates of the e-commerce API: the only documented source of a print area's size in millimetres.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::lenient::{Amount, Text, or_default};
use crate::domain::offer::{Placeholder, Template, TemplateVariant};

/// Answer of `GET /v1/templates/{id}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::adapters::gelato) struct TemplateAnswer {
    #[serde(default, deserialize_with = "or_default")]
    id: Text,
    #[serde(default, deserialize_with = "or_default")]
    template_name: Text,
    #[serde(default, deserialize_with = "or_default")]
    title: Text,
    variants: Option<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variant {
    #[serde(default, deserialize_with = "or_default")]
    id: Text,
    #[serde(default, deserialize_with = "or_default")]
    title: Text,
    product_uid: Text,
    image_placeholders: Option<Box<RawValue>>,
    text_placeholders: Option<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    #[serde(default, deserialize_with = "or_default")]
    name: Text,
    #[serde(default, deserialize_with = "or_default")]
    print_area: Text,
    #[serde(default, deserialize_with = "or_default")]
    width: Amount,
    #[serde(default, deserialize_with = "or_default")]
    height: Amount,
}

impl TemplateAnswer {
    /// The id that the answer is about; empty when it names none.
    pub(in crate::adapters::gelato) fn id(&self) -> &str {
        &self.id.0
    }

    /// The template, with what could be read of it; `raw` is the answer as it came.
    pub(in crate::adapters::gelato) fn template(self, id: &str, raw: Value) -> Template {
        let title = self.template_name.known().or(self.title.known()).unwrap_or_else(|| id.to_owned());
        let variants = rows::<Variant>(self.variants.as_deref()).into_iter().filter_map(Variant::read).collect();
        Template { id: id.to_owned(), title, variants, raw }
    }
}

impl Variant {
    fn read(self) -> Option<TemplateVariant> {
        let uid = self.product_uid.known()?;
        let places = rows::<Place>(self.image_placeholders.as_deref());
        let texts = rows::<Place>(self.text_placeholders.as_deref());
        Some(TemplateVariant {
            id: self.id.known().unwrap_or_else(|| uid.clone()),
            title: self.title.known().unwrap_or_else(|| uid.clone()),
            uid,
            placeholders: places.into_iter().filter_map(Place::read).collect(),
            texts: texts.into_iter().filter_map(|place| place.name.known()).collect(),
        })
    }
}

impl Place {
    /// A place without an area of its own is the product's only one.
    fn read(self) -> Option<Placeholder> {
        let (name, area) = (self.name.known(), self.print_area.known());
        let name = name.or_else(|| area.clone())?;
        let area = area.unwrap_or_else(|| "default".to_owned());
        Some(Placeholder { name, area, width_um: micrometres(self.width), height_um: micrometres(self.height) })
    }
}

fn micrometres(length: Amount) -> Option<i64> {
    let um = length.0?.checked_mul(Decimal::ONE_THOUSAND)?.round();
    i64::try_from(um).ok().filter(|um| *um > 0)
}

/// The rows of a list that can be read, and those of a map in the order of its names; nothing where it is neither.
fn rows<T: DeserializeOwned>(list: Option<&RawValue>) -> Vec<T> {
    let Some(list) = list.map(RawValue::get) else { return Vec::new() };
    let rows: Vec<Box<RawValue>> = match serde_json::from_str(list) {
        Ok(rows) => rows,
        Err(_) => serde_json::from_str::<std::collections::BTreeMap<String, Box<RawValue>>>(list)
            .map(|rows| rows.into_values().collect())
            .unwrap_or_default(),
    };
    rows.iter().filter_map(|row| serde_json::from_str(row.get()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: &Value) -> Template {
        serde_json::from_str::<TemplateAnswer>(&body.to_string()).expect("an answer").template("t-1", body.clone())
    }

    #[test]
    fn sizes_in_millimetres_become_micrometres_in_every_form_of_a_number() {
        let body = json!({
            "id": 77, "templateName": "Mug", "previewUrl": null, "unknown": [1],
            "variants": [{ "id": "v1", "title": "11 oz", "productUid": "mug", "variantOptions": [{ "name": "size", "value": "11" }],
                "imagePlaceholders": [
                    { "name": "front.jpg", "printArea": "front", "width": 96.5, "height": "82" },
                    { "name": "back.jpg", "printArea": null, "width": 0, "height": -3 }],
                "textPlaceholders": [{ "name": "Name" }, { "name": "" }] }],
        });
        let read = read(&body);
        assert_eq!((read.title.as_str(), read.raw["unknown"][0].as_i64()), ("Mug", Some(1)), "what came is kept");
        let variant = &read.variants[0];
        assert_eq!(
            (variant.uid.as_str(), variant.id.as_str(), variant.texts.as_slice()),
            ("mug", "v1", &["Name".to_owned()][..])
        );
        let place = |name: &str, area: &str, width_um, height_um| Placeholder {
            name: name.into(),
            area: area.into(),
            width_um,
            height_um,
        };
        assert_eq!(
            variant.placeholders,
            [place("front.jpg", "front", Some(96_500), Some(82_000)), place("back.jpg", "default", None, None)]
        );
    }

    #[test]
    fn odd_shapes_cost_their_row_and_no_more() {
        for (variants, left) in [
            (Value::Null, 0),
            (json!("none"), 0),
            (json!([{ "productUid": "a" }, 7, { "title": "no product" }, { "productUid": 12 }]), 2),
            (
                json!({ "x": { "productUid": "a", "imagePlaceholders": { "p": { "name": "n" } }, "textPlaceholders": null } }),
                1,
            ),
        ] {
            let read = read(&json!({ "title": "T", "variants": variants }));
            assert_eq!((read.title.as_str(), read.variants.len()), ("T", left), "{:?}", read.variants);
        }
        let empty = read(&json!({}));
        assert_eq!((empty.title.as_str(), empty.variants.len()), ("t-1", 0));
    }
}
