//! What a provider asks of files, as data: one JSON file each in `press/rules/`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// What a check came to; the worst of a report's is the report's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Prints, and may disappoint.
    Warn,
    /// Must not be sent to the printer.
    Refuse,
}

impl Verdict {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Refuse => "refuse",
        }
    }
}

/// In which of a zone's print files a product goes to its printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sends {
    /// A page at true size.
    Pdf,
    /// Pixels at print density, transparent where nothing is printed.
    Png,
}

impl Sends {
    /// The ending of the file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Sends::Pdf => "pdf",
            Sends::Png => "png",
        }
    }
}

/// What one provider asks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
    /// Whose they are.
    pub provider: String,
    /// Formats it takes.
    pub formats: Vec<String>,
    /// What its products are sent as, unless `sends_otherwise` says more.
    pub sends: Sends,
    /// The first word of products' uids → what these are sent as.
    pub sends_otherwise: BTreeMap<String, Sends>,
    /// Longest file.
    pub bytes_max: u64,
    /// Pictures coarser than this disappoint.
    pub dpi_warn: u32,
    /// Pictures coarser than this are refused.
    pub dpi_refuse: u32,
    /// Artwork beyond the trim.
    pub bleed_um: i32,
    /// How far a page may be off its size.
    pub size_tolerance_um: i32,
    /// Smallest type (one em).
    pub type_um_min: i32,
    /// Thinnest line.
    pub line_um_min: i32,
    /// All four inks together, where they meet.
    pub ink_percent_max: u32,
    /// Half-transparent pixels, of all that are visible, before prints look speckled.
    pub speckle_percent_warn: u32,
    /// Kinds of products on which they do.
    pub speckled_kinds: Vec<String>,
    /// Kinds of products that are printed in CMYK; all others in sRGB.
    pub cmyk_kinds: Vec<String>,
}

const SHIPPED: [&str; 1] = [include_str!("../../rules/gelato.json")];

/// The rules of every provider that is known, the usual one first.
pub fn all_rules() -> &'static [Rules] {
    static RULES: OnceLock<Vec<Rules>> = OnceLock::new();
    // A test reads every file.
    RULES.get_or_init(|| SHIPPED.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
}

/// The rules of a provider.
pub fn rules_of(provider: &str) -> Option<&'static Rules> {
    all_rules().iter().find(|rules| rules.provider == provider)
}

impl Rules {
    /// What a product is sent as, by its uid.
    pub fn sends(&self, uid: &str) -> Sends {
        let first = uid.split('_').next().unwrap_or_default();
        self.sends_otherwise.get(first).copied().unwrap_or(self.sends)
    }

    /// What a picture of this density is worth.
    pub fn density(&self, dpi: u32) -> Verdict {
        match dpi {
            dpi if dpi < self.dpi_refuse => Verdict::Refuse,
            dpi if dpi < self.dpi_warn => Verdict::Warn,
            _ => Verdict::Pass,
        }
    }

    /// What type of this size is worth.
    pub fn type_size(&self, um: i32) -> Verdict {
        if um < self.type_um_min { Verdict::Warn } else { Verdict::Pass }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_file_is_read() {
        assert_eq!(all_rules().len(), SHIPPED.len());
        let rules = rules_of("gelato").expect("the usual provider");
        let verdicts = [99, 100, 199, 200].map(|dpi| rules.density(dpi));
        assert_eq!(verdicts, [Verdict::Refuse, Verdict::Warn, Verdict::Warn, Verdict::Pass]);
        assert!(rules_of("nobody").is_none());
    }

    #[test]
    fn cloth_goes_as_pixels_and_all_else_as_a_page() {
        let rules = rules_of("gelato").expect("the usual provider");
        for (uid, sends) in [
            ("apparel_product_gca_t-shirt_gsc_crewneck_gcu_unisex_gqa_classic_gsi_m_gco_black_gpr_4-4", Sends::Png),
            ("bag_product_bsc_tote-bag_bqa_clc_bsi_std-t_bco_natural_bpr_4-0", Sends::Png),
            ("mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0", Sends::Pdf),
            ("flat_product_pf_a3_pt_170-gsm-coated-silk_ver", Sends::Pdf),
            ("apparelled", Sends::Pdf),
            ("", Sends::Pdf),
        ] {
            assert_eq!(rules.sends(uid), sends, "{uid}");
            assert!(rules.formats.iter().any(|format| format == sends.ending()), "and the provider takes it");
        }
    }
}
