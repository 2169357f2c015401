//! What a provider's product is beside its siblings: its size, its colour, where it is printed, and which family it belongs to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canon;

/// A place that is printed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Area {
    /// The provider's name of it: what a file of an order says.
    pub name: String,
    /// Of the product in micrometres, where the provider says it.
    #[serde(default)]
    pub width_um: Option<i64>,
    /// The same.
    #[serde(default)]
    pub height_um: Option<i64>,
}

/// What a product's attributes say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Digest of everything but size and colour: what its siblings share.
    pub family: String,
    /// As the provider writes it; empty when it has none.
    pub size: String,
    /// As the provider writes it; empty when it has none.
    pub colour: String,
    /// Where it is printed.
    pub areas: Vec<Area>,
}

impl Variant {
    /// Reads a product's attributes and its raw row.
    #[must_use]
    pub fn of(catalogue: &str, attributes: &BTreeMap<String, String>, raw: &Value) -> Variant {
        let is_size = |name: &str| name.ends_with("Size") || name == "size" || name == "gsi";
        let is_colour = |name: &str| {
            name.ends_with("Color") || name.ends_with("Colour") || ["color", "colour", "gco"].contains(&name)
        };
        let first =
            |is: &dyn Fn(&str) -> bool| attributes.iter().find(|(name, _)| is(name)).map(|(_, value)| value.clone());
        let rest: Vec<_> = attributes.iter().filter(|(name, _)| !is_size(name) && !is_colour(name)).collect();
        Variant {
            family: canon::digest(&(catalogue, rest)).unwrap_or_default().chars().take(16).collect(),
            size: first(&is_size).unwrap_or_default(),
            colour: first(&is_colour).unwrap_or_default(),
            areas: areas(attributes, raw),
        }
    }
}

/// Garments say with how many colours front and back are printed; everything else has one area, the whole of it.
fn areas(attributes: &BTreeMap<String, String>, raw: &Value) -> Vec<Area> {
    let print =
        attributes.iter().find(|(name, _)| name.ends_with("Print") || *name == "gpr").map(|(_, value)| value.as_str());
    if let Some((front, back)) = print.and_then(|print| print.split_once('-')) {
        let sides = [("front", front), ("back", back)];
        let printed = sides.into_iter().filter(|(_, colours)| *colours != "0");
        return printed.map(|(name, _)| Area { name: name.to_owned(), width_um: None, height_um: None }).collect();
    }
    let length = |side: &str| {
        let side = &raw["dimensions"][side];
        let millimetres = side["measureUnit"].as_str() == Some("mm");
        let text = side["value"].as_number().filter(|_| millimetres)?.to_string();
        let value: rust_decimal::Decimal = text.parse().ok()?;
        i64::try_from(value.checked_mul(1000.into())?.round()).ok().filter(|um| *um > 0)
    };
    vec![Area { name: "default".to_owned(), width_um: length("Width"), height_um: length("Height") }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn siblings_differ_in_size_and_colour_alone() {
        let shirt = |size: &str, colour: &str, print: &str| {
            Variant::of(
                "t-shirt",
                &attributes(&[("GarmentSize", size), ("GarmentColor", colour), ("GarmentPrint", print)]),
                &json!({}),
            )
        };
        let (a, b, c) = (shirt("m", "black", "4-4"), shirt("xl", "navy", "4-4"), shirt("m", "black", "4-0"));
        assert_eq!((a.size.as_str(), a.colour.as_str()), ("m", "black"));
        assert!(a.family == b.family && a.family != c.family && a.family.len() == 16);
        let names = |v: &Variant| v.areas.iter().map(|area| area.name.clone()).collect::<Vec<_>>();
        assert_eq!((names(&a), names(&c)), (vec!["front".to_owned(), "back".to_owned()], vec!["front".to_owned()]));
    }

    #[test]
    fn an_area_has_the_size_that_the_provider_says_in_millimetres() {
        let raw = json!({ "dimensions": { "Width": { "value": 148.5, "measureUnit": "mm" }, "Height": { "value": 8, "measureUnit": "inch" } } });
        let poster = Variant::of("posters", &attributes(&[("PaperFormat", "a5"), ("ColorType", "4-0")]), &raw);
        assert_eq!(poster.areas, [Area { name: "default".into(), width_um: Some(148_500), height_um: None }]);
        assert_eq!((poster.size.as_str(), poster.colour.as_str()), ("", ""));
    }
}
