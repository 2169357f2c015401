//! Which characters a text may hold. Runs before fonts are looked at: no font makes these printable.

use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use crate::problem::{Words, say};

/// Most code points in one visible character; a long emoji needs eleven, stacked marks as a prank need hundreds.
const CLUSTER_CHARS_MAX: usize = 16;

/// A broken rule: its code and its sentence.
pub(super) type Broken = (&'static str, Words);

const JOINERS: std::ops::RangeInclusive<char> = '\u{200c}'..='\u{200d}';

/// The first rule the text breaks, if any. The text is in NFC and within its length limits.
pub(super) fn check(text: &str) -> Result<(), Broken> {
    let mut before = None;
    for c in text.chars() {
        refuse_hidden(c)?;
        refuse_stray(before, c)?;
        before = Some(c);
    }
    if text.chars().all(|c| c.is_whitespace() || is_ignorable(c)) {
        return Err((
            "empty_text",
            say!(
                "The text is empty after removing invisible characters and spaces.",
                "Le texte est vide une fois retirés les espaces et les caractères invisibles."
            ),
        ));
    }
    if text.graphemes(true).any(|cluster| cluster.chars().count() > CLUSTER_CHARS_MAX) {
        return Err((
            "stacked_marks",
            say!(
                "The text stacks more marks on one character than can be printed.",
                "Le texte empile sur un caractère plus de signes qu'on ne peut en imprimer."
            ),
        ));
    }
    Ok(())
}

/// Refuses characters that no text may hold, wherever they stand.
fn refuse_hidden(c: char) -> Result<(), Broken> {
    let broken = match c {
        '\n' => return Ok(()),
        c if c.is_control() => {
            ("control", say!("The text holds a control character.", "Le texte contient un caractère de commande."))
        }
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => (
            "bidi_control",
            say!(
                "The text holds a control that reorders what follows; write it without.",
                "Le texte contient une commande qui inverse la suite ; écrivez-le sans elle."
            ),
        ),
        '\u{2028}' | '\u{2029}' | '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffd}' | '\u{e0000}'..='\u{e007f}' => (
            "control",
            say!(
                "The text holds a formatting character that cannot be printed.",
                "Le texte contient un caractère de mise en forme qui ne s'imprime pas."
            ),
        ),
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. => (
            "private_use",
            say!(
                "The text holds a private character that has no agreed shape.",
                "Le texte contient un caractère privé, dont la forme n'est pas définie."
            ),
        ),
        c if c.script() == Script::Unknown => (
            "unassigned",
            say!(
                "The text holds a code point that is no character.",
                "Le texte contient un code qui n'est pas un caractère."
            ),
        ),
        _ => return Ok(()),
    };
    Err(broken)
}

/// Refuses characters that are of use only after certain others.
fn refuse_stray(before: Option<char>, c: char) -> Result<(), Broken> {
    match c {
        c if JOINERS.contains(&c) && !before.is_some_and(joins) => Err((
            "joiner",
            say!(
                "The text holds a joiner where its script has no use for one.",
                "Le texte contient un liant là où son écriture n'en a pas besoin."
            ),
        )),
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' if !before.is_some_and(takes_variation) => Err((
            "variation_selector",
            say!(
                "The text holds a variation selector that follows no character.",
                "Le texte contient un sélecteur de variante qui ne suit aucun caractère."
            ),
        )),
        _ => Ok(()),
    }
}

/// The text without what [`check`] refuses in it, for an editor to offer: line ends become line feeds, tabs become
/// spaces, hidden characters go, and so do spaces and empty lines around it.
pub(super) fn cleaned(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut before = None;
    for c in text.replace("\r\n", "\n").chars() {
        let c = match c {
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            '\t' => ' ',
            c => c,
        };
        let invisible = matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}');
        if !invisible && refuse_hidden(c).is_ok() && refuse_stray(before, c).is_ok() {
            kept.push(c);
            before = Some(c);
        }
    }
    kept.trim().to_owned()
}

/// Whether a joiner may follow: letters of joining scripts, and emoji (whose coverage is judged as whole clusters).
fn joins(before: char) -> bool {
    const SCRIPTS: [Script; 22] = [
        Script::Arabic,
        Script::Syriac,
        Script::Mongolian,
        Script::Nko,
        Script::Mandaic,
        Script::Adlam,
        Script::Hanifi_Rohingya,
        Script::Devanagari,
        Script::Bengali,
        Script::Gurmukhi,
        Script::Gujarati,
        Script::Oriya,
        Script::Tamil,
        Script::Telugu,
        Script::Kannada,
        Script::Malayalam,
        Script::Sinhala,
        Script::Tibetan,
        Script::Khmer,
        Script::Myanmar,
        Script::Javanese,
        Script::Balinese,
    ];
    SCRIPTS.contains(&before.script())
        || matches!(before, '\u{fe0f}' | '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

fn takes_variation(before: char) -> bool {
    !before.is_whitespace() && !is_ignorable(before)
}

/// Unicode's Default_Ignorable_Code_Point: characters that are meant to show nothing.
pub(super) fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::{check, cleaned};

    fn code(text: &str) -> &'static str {
        check(text).err().map_or("", |(code, _)| code)
    }

    #[test]
    fn hidden_characters_are_refused() {
        for (text, expected) in [
            ("a\u{0}b", "control"),
            ("a\tb", "control"),
            ("a\r\nb", "control"),
            ("a\u{85}b", "control"),
            ("a\u{202e}b", "bidi_control"),
            ("a\u{2066}b\u{2069}", "bidi_control"),
            ("a\u{2028}b", "control"),
            ("a\u{fffd}", "control"),
            ("a\u{e0041}", "control"),
            ("a\u{e000}", "private_use"),
            ("a\u{10fffd}", "private_use"),
            ("a\u{378}", "unassigned"),
            ("a\u{fdd0}", "unassigned"),
            ("\u{fe0f}a", "variation_selector"),
            ("a \u{fe0f}", "variation_selector"),
            ("a\u{200d}b", "joiner"),
            ("\u{200d}", "joiner"),
            ("\u{200b}\u{2060}\u{feff}  \n", "empty_text"),
            ("\u{3164}", "empty_text"),
            ("", "empty_text"),
            (
                "a\u{301}\u{302}\u{301}\u{302}\u{301}\u{302}\u{301}\u{302}\u{301}\u{302}\u{301}\u{302}\u{301}\u{302}\u{301}\u{302}",
                "stacked_marks",
            ),
        ] {
            assert_eq!(code(text), expected, "{}", text.escape_unicode());
        }
    }

    #[test]
    fn what_is_refused_can_be_cleaned_away() {
        for (text, clean) in [
            (" Zoë\t& Łukasz\r\n", "Zoë & Łukasz"),
            ("a\u{202e}b\u{7}c\u{200b}", "abc"),
            ("one\u{2028}two", "one\ntwo"),
            ("a\u{200d}b \u{fe0f}", "ab"),
            ("👩\u{200d}👩", "👩\u{200d}👩"),
            ("\u{200b}\u{2060}  ", ""),
        ] {
            assert_eq!(cleaned(text), clean, "{}", text.escape_unicode());
            assert!(clean.is_empty() || code(clean).is_empty(), "{clean}");
        }
    }

    #[test]
    fn joiners_stay_where_scripts_need_them() {
        for text in ["two\nlines", "می\u{200c}خواهم", "क\u{94d}\u{200d}ष", "👩\u{200d}👩", "♥\u{fe0f}", "א\u{200f}!"]
        {
            assert_eq!(code(text), "", "{text}");
        }
    }
}
