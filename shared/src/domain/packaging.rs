//! How an order is packed: three tiers, and one resolver that both the price and the printer's payload follow.

use serde::{Deserialize, Serialize};

/// A way to pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// As the printer packs for everybody.
    Standard,
    /// With the platform's label and thank-you card, without stickers.
    Platform,
    /// With the creator's own logo, colours and card.
    Creator,
}

impl Tier {
    /// Every tier, dearest first.
    pub const ALL: [Tier; 3] = [Tier::Creator, Tier::Platform, Tier::Standard];

    /// The word in SQL, JSON and the printer's payload.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Tier::Standard => "standard",
            Tier::Platform => "platform",
            Tier::Creator => "creator",
        }
    }

    /// The tier of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Tier> {
        Tier::ALL.into_iter().find(|tier| tier.word() == word)
    }

    /// What it comes to in all, in minor units, where an operator recorded no other amount.
    #[must_use]
    pub fn usual_minor(self) -> i64 {
        match self {
            Tier::Standard => 0,
            Tier::Platform => 100,
            Tier::Creator => 300,
        }
    }
}

/// The tier that is wanted: without the platform's packaging nothing but standard; a creator whose design was accepted has his own.
#[must_use]
pub fn wanted(platform: bool, creator: bool) -> Tier {
    match (platform, creator) {
        (false, _) => Tier::Standard,
        (true, true) => Tier::Creator,
        (true, false) => Tier::Platform,
    }
}

/// The tier that the order gets: what is wanted, or the next below that the account really delivers. Nobody pays for what is not done.
#[must_use]
pub fn resolve(platform: bool, creator: bool, delivered: impl Fn(Tier) -> bool) -> Tier {
    let from = wanted(platform, creator);
    let below = Tier::ALL.into_iter().skip_while(|tier| *tier != from);
    below.into_iter().find(|tier| *tier == Tier::Standard || delivered(*tier)).unwrap_or(Tier::Standard)
}

/// A creator's own packaging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PackagingDesign {
    /// SHA-256 of an uploaded picture.
    pub logo_sha256: String,
    /// `#rrggbb`.
    pub primary_color: String,
    /// `#rrggbb`.
    pub secondary_color: String,
    /// The card: at most 300 characters; `{firstName}`, `{shop}` and `{creator}` are filled in, and nothing else is.
    pub message_template: String,
    /// Whether stickers are put in.
    #[serde(default)]
    pub stickers: bool,
}

/// What a card's template may name.
const NAMES: [&str; 3] = ["firstName", "shop", "creator"];
const MESSAGE_CHARS_MAX: usize = 300;

impl PackagingDesign {
    /// What is wrong with it, as (pointer, sentence).
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let hash = self.logo_sha256.len() == 64
            && self.logo_sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !hash {
            found.push(("/logoSha256", "This must be the SHA-256 of an uploaded picture, in lower case.".to_owned()));
        }
        for (pointer, color) in [("/primaryColor", &self.primary_color), ("/secondaryColor", &self.secondary_color)] {
            if rgb(color).is_none() {
                found.push((pointer, "A colour is written as #rrggbb.".to_owned()));
            }
        }
        let length = self.message_template.chars().count();
        if !(1..=MESSAGE_CHARS_MAX).contains(&length) {
            found.push(("/messageTemplate", format!("A card has 1 to {MESSAGE_CHARS_MAX} characters.")));
        }
        if self.message_template.chars().any(|c| c.is_control() && c != '\n') {
            found.push(("/messageTemplate", "A card holds no control character but the line's end.".to_owned()));
        }
        if let Err(name) = fill(&self.message_template, |_| Some("")) {
            let names = NAMES.map(|name| format!("{{{name}}}")).join(", ");
            found.push(("/messageTemplate", format!("A card may name {names}; {name}.")));
        }
        found
    }

    /// What the provider may find unsuitable, as sentences.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut found = Vec::new();
        if let (Some(a), Some(b)) = (rgb(&self.primary_color), rgb(&self.secondary_color)) {
            let apart: i32 = a.iter().zip(b).map(|(a, b)| (i32::from(*a) - i32::from(b)).abs()).sum();
            if apart < 96 {
                found.push("The two colours are hard to tell apart in print.".to_owned());
            }
        }
        if self.message_template.lines().count() > 8 {
            found.push("A card of more than eight lines may be set in small type.".to_owned());
        }
        found
    }
}

fn rgb(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([byte(0)?, byte(2)?, byte(4)?])
}

/// A card with its names filled in. What is filled in is never read as a template again.
///
/// # Errors
/// A sentence's end about what the template should not hold.
pub fn fill<'v>(template: &str, value: impl Fn(&str) -> Option<&'v str>) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), template);
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let inside = rest[at..].strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let Some((name, after)) = inside else { return Err("a brace stands alone".to_owned()) };
        if !NAMES.contains(&name) {
            return Err("another name stands in braces".to_owned());
        }
        out.push_str(value(name).unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_combinations_of_flags_and_what_the_account_delivers() {
        for (platform, creator, tier) in [
            (false, false, Tier::Standard),
            (false, true, Tier::Standard),
            (true, false, Tier::Platform),
            (true, true, Tier::Creator),
        ] {
            assert_eq!(wanted(platform, creator), tier);
            assert_eq!(resolve(platform, creator, |_| true), tier, "all is delivered");
            assert_eq!(
                resolve(platform, creator, |_| false),
                Tier::Standard,
                "nothing is delivered, nothing is charged"
            );
        }
        assert_eq!(resolve(true, true, |tier| tier == Tier::Platform), Tier::Platform, "the next below");
        assert_eq!(resolve(true, false, |tier| tier == Tier::Creator), Tier::Standard, "never one above");
        assert_eq!(Tier::ALL.map(Tier::usual_minor), [300, 100, 0]);
        assert!(Tier::ALL.iter().all(|tier| Tier::from_word(tier.word()) == Some(*tier)));
    }

    fn design(message: &str) -> PackagingDesign {
        PackagingDesign {
            logo_sha256: "0".repeat(64),
            primary_color: "#1d3557".into(),
            secondary_color: "#f1faee".into(),
            message_template: message.into(),
            stickers: false,
        }
    }

    #[test]
    fn a_card_is_a_template_of_three_names_and_nothing_more() {
        assert_eq!(design("Thank you, {firstName}! {creator}").problems(), []);
        for bad in ["{{7*7}}", "{secret}", "{firstName", "}", "{% include %}", "", "a\u{7}"] {
            assert_eq!(design(bad).problems().len(), 1, "{bad}");
        }
        let filled = fill("Hello {firstName}", |_| Some("{shop}")).expect("filled");
        assert_eq!(filled, "Hello {shop}", "a name that looks like a template is text");
    }

    #[test]
    fn colours_are_checked_and_unsuitable_ones_are_told() {
        let blind = PackagingDesign { secondary_color: "#1d3558".into(), ..design("Hi") };
        assert_eq!((blind.problems(), blind.warnings().len()), (vec![], 1));
        let wrong = PackagingDesign { primary_color: "red".into(), logo_sha256: "ABC".into(), ..design("Hi") };
        assert_eq!(wrong.problems().iter().map(|p| p.0).collect::<Vec<_>>(), ["/logoSha256", "/primaryColor"]);
        assert!(design("Hi").warnings().is_empty());
    }
}
