//! What a product asks of its file: as its uid says, or as it is told.

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

impl Target {
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
        assert_eq!(Target::size("210x297"), Some((210_000, 297_000)));
        assert_eq!(Target::size("A6"), Some((105_000, 148_000)));
        for none in ["", "210", "0x10", "axb", "9999999x1", "NaNx1"] {
            assert_eq!(Target::size(none), None, "{none}");
        }
    }
}
