//! What a product asks of its file: as its print area says, as its uid says, or as it is told.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// What a file is to become.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// The provider's uid of the product.
    pub product: Option<String>,
    /// `card`, `tshirt`…: the first word of the uid, in the words of our products.
    pub kind: Option<String>,
    /// Trimmed size, width and height.
    pub size_um: Option<(i32, i32)>,
    /// Bleed that the product asks for, where that is not the provider's usual one.
    pub bleed_um: Option<i32>,
    /// Pages that the file must have.
    pub pages: Option<usize>,
}

/// Where a product is printed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Area {
    /// Its name: a zone of designs.
    pub id: String,
    /// Trimmed width.
    pub width_um: i32,
    /// Trimmed height.
    pub height_um: i32,
    /// Artwork beyond the trim.
    #[serde(default)]
    pub bleed_um: i32,
}

/// A product of the sample designs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shipped {
    product: String,
    kind: String,
    areas: Vec<Area>,
}

/// Why nothing is known of what a file is to become.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Neither a known product nor a uid that says anything.
    #[error(
        "Nobody knows the product `{0}`, and its name tells neither size nor kind; check it, or tell the size instead."
    )]
    UnknownProduct(String),
    /// Of several areas one must be named, and it must be one of them.
    #[error("Say which print area the file is for: {}.", .0.join(", "))]
    WhichArea(Vec<String>),
}

fn shipped() -> &'static [Shipped] {
    static PRODUCTS: OnceLock<Vec<Shipped>> = OnceLock::new();
    // A test reads the file.
    PRODUCTS.get_or_init(|| serde_json::from_str(include_str!("../../rules/products.json")).unwrap_or_default())
}

/// Paper sizes in millimetres, as uids name them.
const PAPERS: [(&str, (i32, i32)); 10] = [
    ("a1", (594, 841)),
    ("a2", (420, 594)),
    ("a3", (297, 420)),
    ("a4", (210, 297)),
    ("a5", (148, 210)),
    ("a6", (105, 148)),
    ("a7", (74, 105)),
    ("dl", (99, 210)),
    ("5r", (127, 178)),
    ("4r", (102, 152)),
];
/// First words of uids, and what we call these products.
const KINDS: [(&str, &str); 8] = [
    ("apparel", "tshirt"),
    ("mug", "mug"),
    ("cards", "card"),
    ("card", "card"),
    ("brochures", "brochure"),
    ("flyers", "flyer"),
    ("totebag", "tote"),
    ("posters", "poster"),
];

/// Kinds of which the maker's measures are those of a thing, not of its print.
const SOLID_KINDS: [&str; 3] = ["tshirt", "mug", "tote"];

impl Target {
    /// A product that is known without a server: one of the sample designs', or one whose uid says something.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn of_product(name: &str, area: Option<&str>) -> Result<Target, TargetError> {
        if let Some(known) = shipped().iter().find(|known| known.product == name) {
            let named = Target { product: Some(name.to_owned()), ..Target::default() };
            return named.on(&known.kind, &known.areas, area);
        }
        let target = Target::of_uid(name);
        match area {
            _ if !target.says_anything() => Err(TargetError::UnknownProduct(name.to_owned())),
            Some(_) => Err(TargetError::WhichArea(vec!["none, for this product has a single one".to_owned()])),
            None => Ok(target),
        }
    }

    /// The same on a product's print area: the one that is named, or the only size there is.
    ///
    /// # Errors
    /// [`TargetError::WhichArea`] when that is not one.
    pub fn on(mut self, kind: &str, areas: &[Area], named: Option<&str>) -> Result<Target, TargetError> {
        let size = |area: &Area| (area.width_um, area.height_um, area.bleed_um);
        let chosen = match named {
            Some(name) => areas.iter().find(|area| area.id == name),
            None => areas.first().filter(|first| areas.iter().all(|area| size(area) == size(first))),
        };
        let names = || areas.iter().map(|area| area.id.clone()).collect();
        let (width, height, bleed) = size(chosen.ok_or_else(|| TargetError::WhichArea(names()))?);
        self.kind = Some(kind.to_owned());
        self.size_um = Some((width, height));
        self.bleed_um = Some(bleed);
        Ok(self)
    }

    /// Whether anything but the product's name is known.
    pub fn says_anything(&self) -> bool {
        self.kind.is_some() || self.size_um.is_some() || self.pages.is_some()
    }

    /// Whether the measures that a maker tells of the product are those of its print.
    pub fn is_flat(&self) -> bool {
        !self.kind.as_deref().is_some_and(|kind| SOLID_KINDS.contains(&kind))
    }

    /// Reads what a uid says, such as `flat_300x400-mm-12x16-inch_…_4-0_hor` or `cards_pf_a5_…`. Uids are the provider's own: what is not
    /// understood is left open.
    pub fn of_uid(uid: &str) -> Target {
        let words: Vec<&str> = uid.split('_').collect();
        let kind = words.first().and_then(|first| KINDS.iter().find(|(word, _)| word == first));
        let size = words.iter().find_map(|word| measured(word).or_else(|| paper(word)));
        let landscape = words.contains(&"hor");
        let size_um = size.map(|(w, h)| if landscape { (w.max(h), w.min(h)) } else { (w, h) });
        // Colours of front and back: two sides are two pages, where the uid says a flat format.
        let pages = words.iter().find_map(|word| match word.split_once('-') {
            Some(("4", "4")) if size_um.is_some() => Some(2),
            Some(("4", "0")) if size_um.is_some() => Some(1),
            _ => None,
        });
        let kind = kind.map(|(_, kind)| (*kind).to_owned());
        Target { product: Some(uid.to_owned()), kind, size_um, bleed_um: None, pages }
    }

    /// Reads `210x297` (millimetres) or a paper's name.
    pub fn size(text: &str) -> Option<(i32, i32)> {
        measured(&format!("{}-mm", text.to_ascii_lowercase())).or_else(|| paper(&text.to_ascii_lowercase()))
    }
}

fn paper(word: &str) -> Option<(i32, i32)> {
    PAPERS.iter().find(|(name, _)| *name == word).map(|(_, (w, h))| (w * 1000, h * 1000))
}

/// `300x400-mm`, `30x40-cm`, `12x16-inch`.
fn measured(word: &str) -> Option<(i32, i32)> {
    let mut parts = word.split('-');
    let (width, height) = parts.next()?.split_once('x')?;
    let um = match parts.next()? {
        "mm" => 1_000.0,
        "cm" => 10_000.0,
        "inch" | "in" => 25_400.0,
        _ => return None,
    };
    let side = |text: &str| {
        let value = text.parse::<f64>().ok()? * um;
        (value.is_finite() && (100.0..=2_000_000.0).contains(&value)).then_some(value.round() as i32)
    };
    Some((side(width)?, side(height)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_say_what_they_say() {
        for (uid, kind, size, pages) in [
            ("cards_pf_a5_pt_350-gsm-coated-silk_cl_4-4_hor", Some("card"), Some((210_000, 148_000)), Some(2)),
            ("flat_300x400-mm-12x16-inch_200-gsm-80lb-uncoated_4-0_ver", None, Some((300_000, 400_000)), Some(1)),
            ("posters_pf_50x70-cm", Some("poster"), Some((500_000, 700_000)), None),
            ("apparel_product_gca_t-shirt_gsi_m_gpr_4-4", Some("tshirt"), None, None),
            ("mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0", Some("mug"), None, None),
            ("x", None, None, None),
        ] {
            let target = Target::of_uid(uid);
            assert_eq!((target.kind.as_deref(), target.size_um, target.pages), (kind, size, pages), "{uid}");
        }
        assert!(!Target::of_uid("x").says_anything() && Target::of_uid("mug_product_x").says_anything());
        assert!(!Target::of_uid("mug_product_x").is_flat() && Target::of_uid("posters_pf_a5").is_flat());
        assert_eq!(Target::size("210x297"), Some((210_000, 297_000)));
        assert_eq!(Target::size("A6"), Some((105_000, 148_000)));
        for none in ["", "210", "0x10", "axb", "9999999x1", "NaNx1"] {
            assert_eq!(Target::size(none), None, "{none}");
        }
    }
    #[test]
    fn a_product_of_the_samples_has_its_areas() {
        assert_eq!(shipped().len(), 7, "the file is read");
        let known = |name: &str, area: Option<&str>| Target::of_product(name, area);
        let mug = known("mug-11oz", None).expect("it has one area");
        assert_eq!(
            (mug.kind.as_deref(), mug.size_um, mug.bleed_um),
            (Some("mug"), Some((80_000, 80_000)), Some(2_000))
        );
        let handle = known("mug-11oz-wrap", Some("handle")).expect("it has this area");
        assert_eq!((handle.size_um, handle.bleed_um), (Some((12_000, 60_000)), Some(0)));
        let said = |name: &str, area: Option<&str>| known(name, area).expect_err("it is refused").to_string();
        assert_eq!(said("mug-11oz-wrap", None), "Say which print area the file is for: left, right, handle.");
        assert!(said("tee-unisex", Some("sleeve")).ends_with("chest, back."));
        assert!(said("posters_pf_a5", Some("face")).contains("a single one"));
        assert!(said("spaceship", None).starts_with("Nobody knows the product `spaceship`"));
        assert_eq!(known("posters_pf_a5", None).expect("its uid says").size_um, Some((148_000, 210_000)));
    }
}
