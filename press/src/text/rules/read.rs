//! Rules from JSON, with everything wrong in it reported by its pointer.

use regex::RegexBuilder;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use unicode_script::Script;
use unicode_segmentation::UnicodeSegmentation;

use super::words::Blocked;
use super::{Kind, Pattern, Rules, ZoneRules};
use crate::Problem;
use crate::problem::{Words, say};
use crate::spec::limits::{SIZE_UM_MAX, SIZE_UM_MIN, TEXT_GRAPHEMES_MAX};
use crate::spec::node::{Node, step};
use crate::spec::reader::{Fields, Reader, Unit};
use crate::spec::{Color, EffectKind, Emoji, Fit, Zone};
use crate::text::fonts::is_font;

/// Most entries of one list.
const LIST_MAX: usize = 500;
/// Longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 500;
/// Most memory that a compiled pattern may take.
const PATTERN_MEMORY_MAX: usize = 1 << 20;
/// Longest sentence, word or list of characters, in bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// Checks the rules of a product against its zones.
pub fn check_rules(wire: &Value, zones: &[Zone]) -> Result<Rules, Vec<Problem>> {
    let node = Node::from_value(wire, "", 0).map_err(|problem| vec![problem])?;
    let mut reader = Reader::new(Unit::Millimetres);
    let rules = read(&mut reader, &node, zones);
    reader.finish(rules)
}

fn read(reader: &mut Reader, node: &Node, zones: &[Zone]) -> Option<Rules> {
    let mut fields = reader.object(node, "")?;
    let mut rules = Rules { blocked: blocked(reader, &mut fields), ..Rules::default() };
    if let Some(node) = fields.take("zones") {
        let mut entries = reader.object(node, "/zones")?;
        for zone in zones {
            if let Some(node) = entries.take(&zone.id) {
                let read = zone_rules(reader, node, &step("/zones", &zone.id))?;
                rules.zones.insert(zone.id.clone(), read);
            }
        }
        for name in entries.names() {
            let words = say!("The product has no zone of this name.", "Le produit n'a pas de zone de ce nom.");
            reader.problem("unknown_zone", &step("/zones", name), words);
        }
    }
    reader.close(fields);
    Some(rules)
}

fn zone_rules(reader: &mut Reader, node: &Node, pointer: &str) -> Option<ZoneRules> {
    let mut fields = reader.object(node, pointer)?;
    let f = &mut fields;
    let kinds = [("text", Kind::Text), ("image", Kind::Image), ("shape", Kind::Shape)];
    let effects = [("outline", EffectKind::Outline), ("shadow", EffectKind::Shadow)];
    let fits = [("shrink", Fit::Shrink), ("wrap", Fit::Wrap), ("none", Fit::None)];
    let emojis = [("refuse", Emoji::Refuse), ("monochrome", Emoji::Monochrome)];
    let most = TEXT_GRAPHEMES_MAX as u32;
    let rules = ZoneRules {
        required: truth(reader, f, "required"),
        types: words(reader, f, "types", |word| find(&kinds, word)),
        texts_max: count(reader, f, "maxTexts", 64),
        length_min: count(reader, f, "minLength", most),
        length_max: count(reader, f, "maxLength", most),
        lines_max: count(reader, f, "maxLines", most),
        scripts: words(reader, f, "scripts", |word| Script::from_short_name(word).filter(|s| *s != Script::Unknown)),
        characters: characters(reader, f),
        pattern: pattern(reader, f),
        blocked: blocked(reader, f),
        fonts: words(reader, f, "fonts", |word| is_font(word).then(|| word.to_owned())),
        colors: words(reader, f, "colors", Color::parse),
        effects: words(reader, f, "effects", |word| find(&effects, word)),
        fits: words(reader, f, "fits", |word| find(&fits, word)),
        size_um_min: reader.optional_length(f, ("minSizeMm", "minSizeUm"), SIZE_UM_MIN, SIZE_UM_MAX).flatten(),
        size_um_max: reader.optional_length(f, ("maxSizeMm", "maxSizeUm"), SIZE_UM_MIN, SIZE_UM_MAX).flatten(),
        emoji: f.has("emoji").then(|| reader.word(f, "emoji", &emojis, None)).flatten(),
    };
    let orders = [
        ("minLength", rules.length_min > rules.length_max.or(Some(most))),
        ("minSizeMm", rules.size_um_min > rules.size_um_max.or(Some(SIZE_UM_MAX))),
    ];
    for (name, _) in orders.iter().filter(|(_, wrong)| *wrong) {
        let words = say!("The least is more than the most.", "Le minimum dépasse le maximum.");
        reader.problem("range", &step(pointer, name), words);
    }
    reader.close(fields);
    Some(rules)
}

fn find<T: Copy>(words: &[(&str, T)], word: &str) -> Option<T> {
    words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

fn truth(reader: &mut Reader, fields: &mut Fields<'_>, name: &str) -> bool {
    match fields.take(name) {
        None => false,
        Some(Node::Bool(value)) => *value,
        Some(_) => {
            reader.problem("type", &fields.at(name), say!("This must be true or false.", "Il faut true ou false."));
            false
        }
    }
}

fn count(reader: &mut Reader, fields: &mut Fields<'_>, name: &str, most: u32) -> Option<u32> {
    if fields.has(name) { reader.count(fields, name, 1, most) } else { None }
}

/// A list of texts with the pointer of each.
fn texts(reader: &mut Reader, fields: &mut Fields<'_>, name: &str) -> Option<Vec<(String, String)>> {
    let at = fields.at(name);
    let items = reader.list(fields.take(name)?, &at, LIST_MAX)?;
    let mut found = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let pointer = step(&at, &index.to_string());
        let text = reader.text_node(item, &pointer)?;
        found.push((pointer, bounded(reader, text, &step(&at, &index.to_string()))?.nfc().collect()));
    }
    Some(found)
}

fn bounded<'t>(reader: &mut Reader, text: &'t str, pointer: &str) -> Option<&'t str> {
    if (1..=TEXT_BYTES_MAX).contains(&text.len()) {
        return Some(text);
    }
    let words =
        say!("This must be 1 to {TEXT_BYTES_MAX} bytes long.", "La longueur doit être de 1 à {TEXT_BYTES_MAX} octets.");
    reader.problem("too_long", pointer, words);
    None
}

/// A list of words that each mean something; a list that is there allows nothing else.
fn words<T>(
    reader: &mut Reader,
    fields: &mut Fields<'_>,
    name: &str,
    meaning: impl Fn(&str) -> Option<T>,
) -> Option<Vec<T>> {
    let mut found = Vec::new();
    for (pointer, word) in texts(reader, fields, name)? {
        match meaning(&word) {
            Some(value) => found.push(value),
            None => {
                let words = say!("There is nothing of this name to allow.", "Rien de ce nom ne peut être permis.");
                reader.problem("word", &pointer, words);
            }
        }
    }
    Some(found)
}

fn blocked(reader: &mut Reader, fields: &mut Fields<'_>) -> Blocked {
    let at = fields.at("blockedWords");
    let listed = texts(reader, fields, "blockedWords").unwrap_or_default();
    let listed: Vec<String> = listed.into_iter().map(|(_, word)| word).collect();
    Blocked::new(&listed).unwrap_or_else(|index| {
        let words =
            say!("A blocked word needs a letter or digit.", "Un mot interdit contient une lettre ou un chiffre.");
        reader.problem("empty", &step(&at, &index.to_string()), words);
        Blocked::default()
    })
}

/// The characters a text may hold, as clusters of one text that spells them all.
fn characters(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<std::collections::BTreeSet<String>> {
    let at = fields.at("characters");
    let text = reader.text_node(fields.take("characters")?, &at)?;
    let text: String = bounded(reader, text, &at)?.nfc().collect();
    Some(text.graphemes(true).map(str::to_owned).collect())
}

fn pattern(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<Pattern> {
    let hint = hint(reader, fields);
    let at = fields.at("pattern");
    let text = reader.text_node(fields.take("pattern")?, &at)?;
    let compile = |text: &str| RegexBuilder::new(text).size_limit(PATTERN_MEMORY_MAX).nest_limit(50).build().ok();
    // By itself first: `a)|(b` must not escape from the group around it.
    let regex = (text.len() <= PATTERN_BYTES_MAX && compile(text).is_some())
        .then(|| compile(&format!(r"\A(?:{text})\z")))
        .flatten();
    if regex.is_none() {
        let words = say!(
            "This is not a regular expression of at most {PATTERN_BYTES_MAX} bytes that compiles small.",
            "Ce n'est pas une expression régulière d'au plus {PATTERN_BYTES_MAX} octets, et assez simple."
        );
        reader.problem("pattern", &at, words);
    }
    let usual = || say!("The text does not have the form that is asked for.", "Le texte n'a pas la forme demandée.");
    Some(Pattern { regex: regex?, hint: hint.unwrap_or_else(usual) })
}

/// The shop's own sentence for a text that does not match, in both languages.
fn hint(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<Words> {
    let at = fields.at("patternHint");
    let mut both = reader.object(fields.take("patternHint")?, &at)?;
    let (en, fr) = (reader.string(&mut both, "en"), reader.string(&mut both, "fr"));
    let (en_at, fr_at) = (both.at("en"), both.at("fr"));
    reader.close(both);
    let (en, fr) = (bounded(reader, en?, &en_at)?, bounded(reader, fr?, &fr_at)?);
    Some(Words { en: en.to_owned(), fr: fr.to_owned() })
}
