//! Which characters a text may hold. Runs before fonts are looked at: no font makes these printable.

use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

/// Most code points in one visible character; a long emoji needs eleven, stacked marks as a prank need hundreds.
const CLUSTER_CHARS_MAX: usize = 16;

/// A broken rule: its code and its sentence.
pub(super) type Broken = (&'static str, &'static str);

/// The first rule the text breaks, if any. The text is in NFC and within its length limits.
pub(super) fn check(text: &str) -> Result<(), Broken> {
    let mut before = None;
    for c in text.chars() {
        refuse_hidden(c)?;
        match c {
            '\u{200c}' | '\u{200d}' if !before.is_some_and(joins) => {
                return Err(("joiner", "The text holds a joiner where its script has no use for one."));
            }
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' if !before.is_some_and(takes_variation) => {
                return Err(("variation_selector", "The text holds a variation selector that follows no character."));
            }
            _ => {}
        }
        before = Some(c);
    }
    if text.chars().all(|c| c.is_whitespace() || is_ignorable(c)) {
        return Err(("empty_text", "The text is empty after removing invisible characters and spaces."));
    }
    if text.graphemes(true).any(|cluster| cluster.chars().count() > CLUSTER_CHARS_MAX) {
        return Err(("stacked_marks", "The text stacks more marks on one character than can be printed."));
    }
    Ok(())
}

fn refuse_hidden(c: char) -> Result<(), Broken> {
    match c {
        '\n' => Ok(()),
        c if c.is_control() => Err(("control", "The text holds a control character.")),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Err(("bidi_control", "The text holds a control that reorders what follows; write it without."))
        }
        '\u{2028}' | '\u{2029}' | '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffd}' | '\u{e0000}'..='\u{e007f}' => {
            Err(("control", "The text holds a formatting character that cannot be printed."))
        }
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. => {
            Err(("private_use", "The text holds a private character that has no agreed shape."))
        }
        c if c.script() == Script::Unknown => Err(("unassigned", "The text holds a code point that is no character.")),
        _ => Ok(()),
    }
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
    use super::check;

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
    fn joiners_stay_where_scripts_need_them() {
        for text in ["two\nlines", "می\u{200c}خواهم", "क\u{94d}\u{200d}ष", "👩\u{200d}👩", "♥\u{fe0f}", "א\u{200f}!"]
        {
            assert_eq!(code(text), "", "{text}");
        }
    }
}
