//! The fonts Platen ships, under names of our own, and the chain that covers what a chosen font lacks.

use std::sync::OnceLock;

use harfrust::ShaperData;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::Metrics;
use skrifa::{FontRef, MetadataProvider};

use crate::spec::sha256_hex;

/// Catalogue name and file. Names are ours: the Lobster file, for one, calls itself Lobster Two.
const FILES: [(&str, &[u8]); 8] = [
    ("Noto Sans", include_bytes!("../../fonts/NotoSans-Regular.ttf")),
    ("Noto Sans Hebrew", include_bytes!("../../fonts/NotoSansHebrew-Regular.ttf")),
    ("Noto Sans Arabic", include_bytes!("../../fonts/NotoSansArabic-Regular.ttf")),
    ("Noto Sans Devanagari", include_bytes!("../../fonts/NotoSansDevanagari-Regular.ttf")),
    ("Noto Sans Thai", include_bytes!("../../fonts/NotoSansThai-Regular.ttf")),
    ("Noto Sans Symbols 2", include_bytes!("../../fonts/NotoSansSymbols2-Regular.ttf")),
    ("Lobster", include_bytes!("../../fonts/lobster.otf")),
    ("Dancing Script", include_bytes!("../../fonts/DancingScript-Regular.otf")),
];
/// The faces that stand in for missing letters, in this order: the Noto faces at the head of [`FILES`].
const FALLBACK: usize = 6;

/// One font, parsed once per process.
pub(crate) struct Face {
    pub(crate) font: FontRef<'static>,
    pub(crate) shaper: ShaperData,
    pub(crate) units_per_em: f64,
    /// Height above the baseline, in ems.
    pub(crate) ascent: f64,
    /// Depth below the baseline, in ems, positive.
    pub(crate) descent: f64,
    charmap: Charmap<'static>,
}

impl Face {
    fn load(bytes: &'static [u8]) -> Self {
        let font = FontRef::new(bytes).expect("a shipped font parses");
        let metrics = Metrics::new(&font, Size::unscaled(), LocationRef::default());
        let units_per_em = f64::from(metrics.units_per_em);
        Self {
            shaper: ShaperData::new(&font),
            units_per_em,
            ascent: f64::from(metrics.ascent) / units_per_em,
            descent: -f64::from(metrics.descent) / units_per_em,
            charmap: font.charmap(),
            font,
        }
    }

    /// Whether the font has a glyph for this character.
    pub(crate) fn has(&self, c: char) -> bool {
        self.charmap.map(c).is_some_and(|glyph| glyph.to_u32() != 0)
    }
}

/// All faces, in catalogue order.
pub(crate) fn faces() -> &'static [Face] {
    static FACES: OnceLock<Vec<Face>> = OnceLock::new();
    FACES.get_or_init(|| FILES.iter().map(|(_, bytes)| Face::load(bytes)).collect())
}

/// The catalogue name of a face.
#[cfg(feature = "full")]
pub(crate) fn face_name(index: usize) -> &'static str {
    FILES.get(index).map_or("", |(name, _)| name)
}

/// The chosen font followed by the fallbacks, as indices into [`faces`]; `None` for a name we do not ship.
pub(crate) fn chain(name: &str) -> Option<Vec<usize>> {
    let chosen = FILES.iter().position(|(known, _)| *known == name)?;
    let rest = (0..FALLBACK).filter(|index| *index != chosen);
    Some(std::iter::once(chosen).chain(rest).collect())
}

/// Every shipped font: catalogue name and SHA-256 of its file.
pub fn fonts() -> Vec<(&'static str, String)> {
    static HASHES: OnceLock<Vec<(&'static str, String)>> = OnceLock::new();
    HASHES.get_or_init(|| FILES.iter().map(|(name, bytes)| (*name, sha256_hex(bytes))).collect()).clone()
}

#[cfg(test)]
mod tests {
    use super::{chain, faces, fonts};

    #[test]
    fn every_font_loads_and_has_a_sane_line() {
        assert_eq!(faces().len(), fonts().len());
        for (face, (name, hash)) in faces().iter().zip(fonts()) {
            let line = face.ascent + face.descent;
            assert!((0.9..2.5).contains(&line), "{name}: {line}");
            assert!(face.has(' '), "{name} has a space");
            assert_eq!(hash.len(), 64);
        }
    }

    #[test]
    fn a_chain_begins_with_the_chosen_font_and_names_none_twice() {
        let lobster = chain("Lobster").unwrap_or_default();
        assert_eq!(lobster, [6, 0, 1, 2, 3, 4, 5]);
        let thai = chain("Noto Sans Thai").unwrap_or_default();
        assert_eq!(thai, [4, 0, 1, 2, 3, 5]);
        assert_eq!(chain("Comic Sans"), None);
    }
}
