//! The fonts Platen ships, under names of our own, and the chain that covers what a chosen font lacks.

use std::sync::OnceLock;

use harfrust::ShaperData;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::Metrics;
use skrifa::{FontRef, MetadataProvider};

use crate::spec::{Emoji, sha256_hex};

/// Catalogue name and file. Names are ours: the Lobster file, for one, calls itself Lobster Two.
const FILES: [(&str, &[u8]); 9] = [
    ("Noto Sans", include_bytes!("../../fonts/NotoSans-Regular.ttf")),
    ("Noto Sans Hebrew", include_bytes!("../../fonts/NotoSansHebrew-Regular.ttf")),
    ("Noto Sans Arabic", include_bytes!("../../fonts/NotoSansArabic-Regular.ttf")),
    ("Noto Sans Devanagari", include_bytes!("../../fonts/NotoSansDevanagari-Regular.ttf")),
    ("Noto Sans Thai", include_bytes!("../../fonts/NotoSansThai-Regular.ttf")),
    ("Noto Sans Symbols 2", include_bytes!("../../fonts/NotoSansSymbols2-Regular.ttf")),
    ("Lobster", include_bytes!("../../fonts/lobster.otf")),
    ("Dancing Script", include_bytes!("../../fonts/DancingScript-Regular.otf")),
    ("Noto Emoji", include_bytes!("../../fonts/NotoEmoji-Regular.ttf")),
];
/// The faces that stand in for missing letters, in this order: the Noto faces at the head of [`FILES`].
const FALLBACK: usize = 6;
/// The face of emoji, at the end of a chain and only where a text asks for it; no text can be set in it as a whole.
pub(crate) const EMOJI: usize = FILES.len() - 1;

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

/// The chosen font followed by the fallbacks, as indices into [`faces`]; `None` for a name that cannot be chosen.
pub(crate) fn chain(name: &str, emoji: Emoji) -> Option<Vec<usize>> {
    let chosen = FILES[..EMOJI].iter().position(|(known, _)| *known == name)?;
    let rest = (0..FALLBACK).filter(|index| *index != chosen);
    let last = (emoji == Emoji::Monochrome).then_some(EMOJI);
    Some(std::iter::once(chosen).chain(rest).chain(last).collect())
}

/// Whether a text can be set in a font of this name.
pub(crate) fn is_font(name: &str) -> bool {
    FILES[..EMOJI].iter().any(|(known, _)| *known == name)
}

/// A font that a text can be set in, for an editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name in specs.
    pub name: &'static str,
    /// SHA-256 of its file.
    pub sha256: String,
    /// Scripts (ISO 15924) it has letters of, before any other font has to help.
    pub scripts: Vec<&'static str>,
}

/// The fonts that a text can be set in.
pub fn choices() -> &'static [Choice] {
    static CHOICES: OnceLock<Vec<Choice>> = OnceLock::new();
    CHOICES.get_or_init(|| {
        let each = |(index, (name, sha256)): (usize, (&'static str, String))| {
            let has = |(_, letter): &(&str, char)| faces()[index].has(*letter);
            let scripts = SCRIPTS.iter().filter(|s| has(s)).map(|(script, _)| *script).collect();
            Choice { name, sha256, scripts }
        };
        fonts().into_iter().take(EMOJI).enumerate().map(each).collect()
    })
}

/// Scripts with a letter that tells whether a font has it.
const SCRIPTS: [(&str, char); 7] =
    [("Latn", 'a'), ("Grek", 'α'), ("Cyrl", 'ж'), ("Hebr", 'א'), ("Arab", 'ب'), ("Deva", 'क'), ("Thai", 'ก')];

/// A font's file by its hash, and its media type: what an editor draws with, so that it shows what will be printed.
pub fn font_file(sha256: &str) -> Option<(&'static [u8], &'static str)> {
    let (index, _) = fonts().into_iter().enumerate().find(|(_, (_, hash))| hash == sha256)?;
    let bytes = FILES[index].1;
    Some((bytes, if bytes.starts_with(b"OTTO") { "font/otf" } else { "font/ttf" }))
}

/// The bytes of a shipped font's file, for papers that embed it; `None` for a name we do not ship.
#[must_use]
pub fn font_named(name: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}

/// Every shipped font: catalogue name and SHA-256 of its file.
pub fn fonts() -> Vec<(&'static str, String)> {
    static HASHES: OnceLock<Vec<(&'static str, String)>> = OnceLock::new();
    HASHES.get_or_init(|| FILES.iter().map(|(name, bytes)| (*name, sha256_hex(bytes))).collect()).clone()
}

#[cfg(test)]
mod tests {
    use super::{EMOJI, Emoji, chain, choices, faces, font_file, fonts};

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
        let lobster = chain("Lobster", Emoji::Refuse).unwrap_or_default();
        assert_eq!(lobster, [6, 0, 1, 2, 3, 4, 5]);
        let thai = chain("Noto Sans Thai", Emoji::Monochrome).unwrap_or_default();
        assert_eq!(thai, [4, 0, 1, 2, 3, 5, EMOJI]);
        assert_eq!(chain("Comic Sans", Emoji::Refuse), None);
        assert_eq!(chain("Noto Emoji", Emoji::Monochrome), None, "only as a help");
    }

    #[test]
    fn an_editor_learns_which_fonts_there_are_and_gets_their_files() {
        assert_eq!(choices().len(), EMOJI);
        let dancing = choices().iter().find(|font| font.name == "Dancing Script").map(|font| font.scripts.clone());
        assert_eq!(dancing.unwrap_or_default(), ["Latn"]);
        let noto = &choices()[0];
        assert_eq!(noto.scripts, ["Latn", "Grek", "Cyrl"]);
        assert_eq!(font_file(&noto.sha256).map(|(_, media)| media), Some("font/ttf"));
        assert_eq!(font_file("none"), None);
    }
}
