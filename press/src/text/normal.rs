//! The form in which a text is hashed, shaped and stored, and what an editor wants to know of it.

use unicode_bidi::BidiInfo;
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use super::characters;
use crate::problem::Words;
use crate::problem::say;
use crate::spec::limits::{TEXT_BYTES_MAX, TEXT_GRAPHEMES_MAX, TEXT_RAW_BYTES_MAX};

/// A text in its normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normal {
    /// In NFC; empty for a text that is too long to be looked at.
    pub text: String,
    /// What a person sees as characters.
    pub graphemes: usize,
    /// Scripts it is written in (ISO 15924), each once, sorted.
    pub scripts: Vec<&'static str>,
    /// Its first letter with a direction runs from right to left.
    pub rtl: bool,
    /// The text without the characters that are refused, when there are any and something is left.
    pub cleaned: Option<String>,
    /// Why no text may hold what this one holds: a code and its sentence.
    pub refused: Option<(&'static str, Words)>,
}

/// Normalises a text as a spec's texts are; length first, so that nothing costly sees an over-long one.
pub fn normalize(raw: &str) -> Normal {
    let text: Option<String> = (raw.len() <= TEXT_RAW_BYTES_MAX).then(|| raw.nfc().collect());
    let graphemes = |text: &String| text.graphemes(true).take(TEXT_GRAPHEMES_MAX + 1).count();
    let text = text.filter(|text| text.len() <= TEXT_BYTES_MAX && graphemes(text) <= TEXT_GRAPHEMES_MAX);
    let Some(text) = text else {
        let words = say!(
            "The text is longer than {TEXT_GRAPHEMES_MAX} characters or {TEXT_BYTES_MAX} bytes.",
            "Le texte dépasse {TEXT_GRAPHEMES_MAX} caractères ou {TEXT_BYTES_MAX} octets."
        );
        let refused = Some(("too_long", words));
        return Normal { text: String::new(), graphemes: 0, scripts: Vec::new(), rtl: false, cleaned: None, refused };
    };
    let refused = characters::check(&text).err();
    let cleaned = refused.is_some().then(|| characters::cleaned(&text).nfc().collect::<String>());
    let own = |c: char| !matches!(c.script(), Script::Common | Script::Inherited | Script::Unknown);
    let mut scripts: Vec<&'static str> = text.chars().filter(|c| own(*c)).map(|c| c.script().short_name()).collect();
    scripts.sort_unstable();
    scripts.dedup();
    Normal {
        graphemes: graphemes(&text),
        scripts,
        rtl: BidiInfo::new(&text, None).paragraphs.first().is_some_and(|paragraph| paragraph.level.is_rtl()),
        cleaned: cleaned.filter(|clean| !clean.is_empty() && *clean != text && characters::check(clean).is_ok()),
        refused,
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn a_text_is_composed_and_described() {
        let normal = normalize("Zoe\u{308} & שלום");
        assert_eq!((normal.text.as_str(), normal.graphemes), ("Zo\u{eb} & שלום", 10));
        assert_eq!((normal.scripts, normal.rtl, normal.refused), (vec!["Hebr", "Latn"], false, None));
        assert!(normalize("שלום abc").rtl);
    }

    #[test]
    fn what_is_refused_comes_with_a_way_out() {
        let normal = normalize("Anna\u{202e}\t");
        assert_eq!(normal.refused.map(|(code, _)| code), Some("bidi_control"));
        assert_eq!(normal.cleaned.as_deref(), Some("Anna"));
        let empty = normalize("\u{200b} ");
        assert_eq!((empty.refused.map(|(code, _)| code), empty.cleaned), (Some("empty_text"), None));
        assert_eq!(normalize(&"x".repeat(501)).refused.map(|(code, _)| code), Some("too_long"));
    }
}
