//! In which letters an address is written: carriers print labels with Latin letters, save in four countries with their own.

use super::{Found, Recipient};

/// So many Latin letters may stand in a line of a country with its own script.
const LATIN_MAX: usize = 10;

pub(super) fn check(to: &Recipient, found: &mut Found) {
    let fields = [
        ("firstName", &to.first_name),
        ("lastName", &to.last_name),
        ("companyName", &to.company_name),
        ("addressLine1", &to.address_line1),
        ("addressLine2", &to.address_line2),
        ("city", &to.city),
    ];
    let own: Option<fn(char) -> bool> = match to.country.as_str() {
        "CN" => Some(is_han),
        "JP" => Some(is_japanese),
        "KR" => Some(is_hangul),
        "RU" => Some(is_cyrillic),
        _ => None,
    };
    for (field, text) in fields {
        let letters = || text.chars().filter(|c| c.is_alphabetic());
        match own {
            None if letters().any(|c| !is_latin(c)) => {
                found.add(field, "script", format!("{field} must be written in Latin letters for this country."));
            }
            Some(own) if field.starts_with("addressLine") && !text.is_empty() => {
                let latin = letters().filter(|c| is_latin(*c)).count();
                if latin > LATIN_MAX || !letters().any(own) {
                    let sentence = format!(
                        "{field} must be written in the script of this country, with at most {LATIN_MAX} Latin letters."
                    );
                    found.add(field, "script", sentence);
                }
            }
            _ => {}
        }
    }
}

fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | 'ª' | 'º' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{300}'..='\u{36f}' | '\u{2b0}'..='\u{2ff}')
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

fn is_japanese(c: char) -> bool {
    is_han(c) || matches!(c, '\u{3040}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}')
}

fn is_hangul(c: char) -> bool {
    matches!(c, '\u{ac00}'..='\u{d7af}' | '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}')
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{52f}')
}
