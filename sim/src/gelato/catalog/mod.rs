//! The catalogue: products generated from a seed, so that no test can lean on invented constants.

mod lines;
mod place;
mod price;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::dice::{self, Dice};
use crate::money::Micros;
use lines::{Attr, LINES, Line};
pub(crate) use place::{COUNTRIES, REGIONS, fulfilment_country, is_refused_country, region, vat_bp};

const MOODS: [&str; 12] = [
    "Harbor",
    "Meadow",
    "Copper",
    "Nordic",
    "Sunday",
    "Atlas",
    "Juniper",
    "Paper Moon",
    "Lighthouse",
    "Quiet",
    "Orchard",
    "Cobalt",
];

/// One product variant: at Gelato every size and colour has its own uid.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) uid: String,
    pub(crate) catalog: &'static str,
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<&'static str, String>,
    pub(crate) grams: i64,
    pub(crate) facility: &'static str,
    pub(crate) pages: Vec<u32>,
    pub(crate) not_supported: Vec<&'static str>,
    base: Micros,
    stockable: bool,
    always_stocked: bool,
    /// This product's answers carry prices as text and weights in pounds: both occur.
    odd_forms: bool,
    /// Prices of this product keep six decimals.
    fine_prices: bool,
}

/// A listed catalogue.
pub(crate) struct Catalog {
    pub(crate) uid: &'static str,
    pub(crate) title: String,
}

/// What a shop's designer drew up for a line of products.
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Their places among all products.
    pub(crate) products: std::ops::Range<usize>,
}

/// Everything on offer under one seed.
pub(crate) struct Catalogue {
    seed: u64,
    pub(crate) catalogs: Vec<Catalog>,
    pub(crate) products: Vec<Product>,
    pub(crate) templates: Vec<Template>,
    index: HashMap<String, usize>,
}

impl Catalogue {
    pub(crate) fn generate(seed: u64) -> Catalogue {
        let mut catalogs: Vec<Catalog> = Vec::new();
        let (mut products, mut templates) = (Vec::new(), Vec::new());
        for line in &LINES {
            let mut dice = Dice::new(seed, &format!("line/{}", line.prefix));
            let mood = MOODS[dice.below(MOODS.len() as u64) as usize];
            if !catalogs.iter().any(|c| c.uid == line.catalog) {
                catalogs.push(Catalog { uid: line.catalog, title: format!("{mood} {}", line.title) });
            }
            let picked: Vec<Vec<&str>> = line.attrs.iter().map(|a| pick(a, &mut dice)).collect();
            let first = products.len();
            for values in combinations(&picked) {
                products.push(product(seed, line, mood, &values));
            }
            templates.push(Template {
                id: dice::id(seed, &format!("template/{}", line.prefix)),
                name: format!("{mood} {}", line.noun),
                products: first..products.len(),
            });
        }
        let index = products.iter().enumerate().map(|(i, p)| (p.uid.clone(), i)).collect();
        Catalogue { seed, catalogs, products, templates, index }
    }

    /// The same with so many plain products more, in a catalogue of their own: for measuring how long a large one takes.
    pub(crate) fn with_more(mut self, more: usize) -> Catalogue {
        if more > 0 {
            self.catalogs.push(Catalog { uid: "prints", title: "Prints".to_owned() });
        }
        for n in 0..more {
            let uid = format!("print_product_{n:06}_cl_4-0");
            let mut dice = Dice::new(self.seed, &format!("product/{uid}"));
            let cents = i64::try_from(dice.between(400, 4_000)).unwrap_or(400);
            self.index.insert(uid.clone(), self.products.len());
            self.products.push(Product {
                name: format!("Print {n}"),
                catalog: "prints",
                attributes: BTreeMap::from([
                    ("PrintSize", format!("{}x{}-mm", 100 + n % 7, 100 + n % 11)),
                    ("ColorType", "4-0".to_owned()),
                ]),
                grams: 120,
                facility: "paper",
                pages: Vec::new(),
                not_supported: Vec::new(),
                base: Micros(cents * 10_000),
                stockable: false,
                always_stocked: false,
                odd_forms: n.is_multiple_of(8),
                fine_prices: n.is_multiple_of(3),
                uid,
            });
        }
        self
    }

    pub(crate) fn product(&self, uid: &str) -> Option<&Product> {
        self.index.get(uid).and_then(|i| self.products.get(*i))
    }

    /// The stock of a product in a region, and when more comes.
    pub(crate) fn stock(&self, product: &Product, region: &str, now: Timestamp) -> (&'static str, Option<String>) {
        if !product.stockable {
            return ("non-stockable", None);
        }
        if product.always_stocked {
            return ("in-stock", None);
        }
        let mut dice = Dice::new(self.seed, &format!("stock/{}/{region}", product.uid));
        match dice.below(100) {
            0..90 => ("in-stock", None),
            90..95 => {
                let days = i64::try_from(dice.between(4, 30)).unwrap_or(4);
                ("out-of-stock-replenishable", Some(super::render::date(now, days)))
            }
            _ => ("out-of-stock", None),
        }
    }

    /// Whether the product can be made now for this country.
    pub(crate) fn in_stock(&self, product: &Product, country: &str, now: Timestamp) -> bool {
        matches!(self.stock(product, region(country), now).0, "in-stock" | "non-stockable")
    }
}

impl Product {
    pub(crate) fn is_supported(&self, country: &str) -> bool {
        COUNTRIES.contains(&country) && !self.not_supported.contains(&country)
    }

    pub(crate) fn odd_forms(&self) -> bool {
        self.odd_forms
    }

    /// Where it is printed.
    pub(crate) fn areas(&self) -> &'static [&'static str] {
        match self.attributes.get("GarmentPrint").map(String::as_str) {
            Some("4-4") => &["front", "back"],
            Some(_) => &["front"],
            None => &["default"],
        }
    }

    /// How large each place is, in millimetres.
    pub(crate) fn area_mm(&self) -> (f64, u32) {
        match self.facility {
            "apparel" => (304.8, 406),
            "ceramics" => (227.5, 93),
            _ => (148.0, 210),
        }
    }

    /// The body of the product detail call.
    pub(crate) fn detail(&self) -> Value {
        let weight = if self.odd_forms {
            json!({"value": self.grams as f64 / 453.592, "measureUnit": "lbs"})
        } else {
            json!({"value": self.grams, "measureUnit": "grams"})
        };
        let supported: Vec<&str> = COUNTRIES.iter().copied().filter(|c| self.is_supported(c)).collect();
        let mut body = json!({
            "productUid": self.uid, "productName": self.name, "attributes": self.attributes, "weight": weight,
            "dimensions": {"Height": {"value": 210, "measureUnit": "mm"}, "Width": {"value": 148, "measureUnit": "mm"}},
            "supportedCountries": supported, "notSupportedCountries": self.not_supported,
            "isStockable": self.stockable, "isPrintable": true,
        });
        if !self.pages.is_empty() {
            body["validPageCounts"] = json!(self.pages);
        }
        body
    }
}

fn pick(attr: &Attr, dice: &mut Dice) -> Vec<&'static str> {
    let (kept, rest) = attr.values.split_at(attr.keep.min(attr.values.len()));
    let mut rest = rest.to_vec();
    dice.shuffle(&mut rest);
    let drawn = attr.take.saturating_sub(kept.len());
    kept.iter().copied().chain(rest.into_iter().take(drawn)).collect()
}

fn combinations(picked: &[Vec<&'static str>]) -> Vec<Vec<&'static str>> {
    picked.iter().fold(vec![Vec::new()], |rows, values| {
        rows.iter().flat_map(|row| values.iter().map(move |v| row.iter().copied().chain([*v]).collect())).collect()
    })
}

fn product(seed: u64, line: &'static Line, mood: &str, values: &[&str]) -> Product {
    let mut uid = line.prefix.to_owned();
    let mut attributes: BTreeMap<&str, String> = line.fixed.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
    for (attr, value) in line.attrs.iter().zip(values) {
        uid.push('_');
        if !attr.code.is_empty() {
            uid.push_str(attr.code);
            uid.push('_');
        }
        uid.push_str(value);
        attributes.insert(attr.uid, (*value).to_owned());
    }
    if !line.stockable {
        uid.push_str("_cl_4-0");
        attributes.insert("ColorType", "4-0".to_owned());
    }
    let mut dice = Dice::new(seed, &format!("product/{uid}"));
    let always_stocked = values.iter().any(|v| matches!(*v, "white" | "black" | "natural"));
    let pages = line.pages.map_or(Vec::new(), |(low, high, step)| (low..=high).step_by(step as usize).collect());
    let far = ["BR", "IN", "ZA", "AE", "JP", "KR", "CN"];
    let refused = dice.below(3) as usize;
    let start = dice.below(far.len() as u64 - 2) as usize;
    Product {
        name: format!("{mood} {} {}", line.noun, values.join(" ")),
        catalog: line.catalog,
        attributes,
        grams: i64::try_from(dice.between(line.grams.0, line.grams.1)).unwrap_or(100),
        facility: line.facility,
        pages,
        not_supported: far[start..start + refused].to_vec(),
        base: Micros(i64::try_from(dice.between(line.cents.0 * 10_000, line.cents.1 * 10_000)).unwrap_or(5_000_000)),
        stockable: line.stockable,
        always_stocked,
        odd_forms: dice.below(8) == 0,
        fine_prices: dice.below(3) == 0,
        uid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalogue_grows_by_as_many_products_as_are_asked_for() {
        let (plain, more) = (Catalogue::generate(1), Catalogue::generate(1).with_more(250));
        assert_eq!(more.products.len(), plain.products.len() + 250);
        assert!(
            more.product("print_product_000249_cl_4-0").is_some()
                && more.product("print_product_000250_cl_4-0").is_none()
        );
        assert_eq!(more.catalogs.len(), plain.catalogs.len() + 1);
    }

    #[test]
    fn a_seed_gives_one_catalogue_of_at_least_340_products() {
        let (one, two, other) = (Catalogue::generate(1), Catalogue::generate(1), Catalogue::generate(2));
        assert!(one.products.len() >= 340, "{}", one.products.len());
        assert_eq!(one.index.len(), one.products.len(), "uids are unique");
        assert!(one.catalogs.len() >= 8);
        let names = |c: &Catalogue| c.products.iter().map(|p| (p.name.clone(), p.base)).collect::<Vec<_>>();
        assert_eq!(names(&one), names(&two));
        assert_ne!(names(&one), names(&other), "names and prices vary with the seed");
        for uid in [
            "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0",
            "apparel_product_gca_t-shirt_gsc_crewneck_gcu_unisex_gqa_classic_gsi_m_gco_black_gpr_4-4",
        ] {
            assert!(other.product(uid).is_some(), "{uid} exists under every seed");
        }
    }
}
