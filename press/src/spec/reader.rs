//! Reads fields out of a JSON tree and collects everything that is wrong, not only the first thing.

use std::collections::BTreeMap;

use super::limits::PROBLEMS_MAX;
use super::model::{Color, Version};
use super::node::{Node, step};
use super::number::{NotALength, integer, um_from_mm};
use crate::Problem;
use crate::problem::{Words, say};

/// How lengths are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// `widthMm: 80.5`, as posted.
    Millimetres,
    /// `widthUm: 80500`, as stored.
    Micrometres,
}

/// Collects problems while a spec is read.
pub(crate) struct Reader {
    pub(crate) unit: Unit,
    pub(crate) version: Version,
    problems: Vec<Problem>,
}

/// One object's fields, each taken once; what is left at the end is unknown.
pub(crate) struct Fields<'a> {
    pub(crate) pointer: String,
    fields: BTreeMap<&'a str, &'a Node>,
}

impl Reader {
    pub(crate) fn new(unit: Unit) -> Self {
        Self { unit, version: Version::NEWEST, problems: Vec::new() }
    }

    pub(crate) fn problem(&mut self, code: &'static str, pointer: &str, words: Words) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem::new(code, pointer, words));
        }
    }

    /// The value, when nothing was wrong with it.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Problem>> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ if self.problems.is_empty() => Err(vec![unreadable()]),
            _ => Err(self.problems),
        }
    }

    pub(crate) fn object<'a>(&mut self, node: &'a Node, pointer: &str) -> Option<Fields<'a>> {
        let Node::Object(pairs) = node else {
            self.problem("type", pointer, say!("This must be an object.", "Un objet est attendu ici."));
            return None;
        };
        let fields = pairs.iter().map(|(key, value)| (key.as_str(), value)).collect();
        Some(Fields { pointer: pointer.to_owned(), fields })
    }

    /// A list no longer than `most`; a longer one is refused before its items are looked at.
    pub(crate) fn list<'a>(&mut self, node: &'a Node, pointer: &str, most: usize) -> Option<&'a [Node]> {
        let Node::List(items) = node else {
            self.problem("type", pointer, say!("This must be a list.", "Une liste est attendue ici."));
            return None;
        };
        if items.is_empty() {
            self.problem(
                "empty",
                pointer,
                say!("At least one entry is needed here.", "Il faut au moins un élément ici."),
            );
            return None;
        }
        if items.len() > most {
            let words = say!("There are more than {most} entries here.", "Il y a plus de {most} éléments ici.");
            self.problem("too_many", pointer, words);
            return None;
        }
        Some(items)
    }

    /// Says which fields nobody asked for.
    pub(crate) fn close(&mut self, fields: Fields<'_>) {
        for name in fields.fields.keys() {
            let words = say!("There is no field of this name here.", "Aucun champ ne porte ce nom ici.");
            self.problem("unknown_field", &step(&fields.pointer, name), words);
        }
    }

    pub(crate) fn required<'a>(&mut self, fields: &mut Fields<'a>, name: &str) -> Option<&'a Node> {
        let node = fields.fields.remove(name);
        if node.is_none() {
            let words = say!("This field is required.", "Ce champ est obligatoire.");
            self.problem("missing", &step(&fields.pointer, name), words);
        }
        node
    }

    pub(crate) fn text_node<'a>(&mut self, node: &'a Node, pointer: &str) -> Option<&'a str> {
        let Node::Text(text) = node else {
            self.problem("type", pointer, say!("This must be a string.", "Un texte est attendu ici."));
            return None;
        };
        Some(text)
    }

    pub(crate) fn string<'a>(&mut self, fields: &mut Fields<'a>, name: &str) -> Option<&'a str> {
        let node = self.required(fields, name)?;
        self.text_node(node, &step(&fields.pointer, name))
    }

    /// A name: one to `most` characters, each allowed by `ok`.
    pub(crate) fn name(&mut self, fields: &mut Fields<'_>, name: &str, most: usize, extra: &str) -> Option<String> {
        let text = self.string(fields, name)?;
        let ok = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
        if text.is_empty() || text.len() > most || !text.chars().all(ok) {
            let words = say!(
                "This must be 1 to {most} characters, each a letter A-Z, a digit or one of \"{extra}\".",
                "Il faut 1 à {most} caractères, chacun une lettre A-Z, un chiffre ou l'un de « {extra} »."
            );
            self.problem("name", &step(&fields.pointer, name), words);
            return None;
        }
        Some(text.to_owned())
    }

    /// One word of a short list.
    pub(crate) fn word<T: Copy>(
        &mut self,
        fields: &mut Fields<'_>,
        name: &str,
        words: &[(&str, T)],
        default: Option<T>,
    ) -> Option<T> {
        if default.is_some() && !fields.has(name) {
            return default;
        }
        let text = self.string(fields, name)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let list = words.iter().map(|(word, _)| *word).collect::<Vec<&str>>().join(", ");
            let said = say!("This must be one of: {list}.", "Les valeurs possibles sont : {list}.");
            self.problem("word", &step(&fields.pointer, name), said);
        }
        found
    }

    pub(crate) fn color(&mut self, fields: &mut Fields<'_>, name: &str) -> Option<Color> {
        let text = self.string(fields, name)?;
        let color = Color::parse(text);
        if color.is_none() {
            let words = say!(
                "A colour is written #rrggbb, with six hexadecimal digits.",
                "Une couleur s'écrit #rrvvbb, avec six chiffres hexadécimaux."
            );
            self.problem("color", &step(&fields.pointer, name), words);
        }
        color
    }

    /// An integer within bounds, or `default` where the field is left out.
    pub(crate) fn count(&mut self, fields: &mut Fields<'_>, name: &str, default: u32, most: u32) -> Option<u32> {
        let Some(node) = fields.fields.remove(name) else { return Some(default) };
        let at = step(&fields.pointer, name);
        let Node::Number(digits) = node else {
            self.problem("type", &at, say!("This must be a whole number.", "Un nombre entier est attendu ici."));
            return None;
        };
        let value = integer(digits).and_then(|v| u32::try_from(v).ok()).filter(|v| (1..=most).contains(v));
        if value.is_none() {
            let words =
                say!("This must be a whole number from 1 to {most}.", "Il faut un nombre entier de 1 à {most}.");
            self.problem("range", &at, words);
        }
        value
    }

    /// A length field: `{stem}Mm` in the wire form, `{stem}Um` in the canonical one.
    pub(crate) fn length(
        &mut self,
        fields: &mut Fields<'_>,
        spelling: (&str, &str),
        least: i32,
        most: i32,
    ) -> Option<i32> {
        let name = match self.unit {
            Unit::Millimetres => spelling.0,
            Unit::Micrometres => spelling.1,
        };
        let node = self.required(fields, name)?;
        let at = step(&fields.pointer, name);
        let Node::Number(digits) = node else {
            self.problem("type", &at, say!("This must be a number.", "Un nombre est attendu ici."));
            return None;
        };
        let um = match self.unit {
            Unit::Millimetres => um_from_mm(digits),
            Unit::Micrometres => integer(digits).and_then(|v| i32::try_from(v).ok()).ok_or(NotALength::Range),
        };
        match um {
            Ok(um) if (least..=most).contains(&um) => Some(um),
            Err(NotALength::Precision) => {
                let words = say!(
                    "Millimetres take at most three decimals.",
                    "Les millimètres prennent au plus trois décimales."
                );
                self.problem("precision", &at, words);
                None
            }
            _ => {
                self.problem("range", &at, between(least, most));
                None
            }
        }
    }

    /// A length that may be left out.
    pub(crate) fn optional_length(
        &mut self,
        fields: &mut Fields<'_>,
        spelling: (&str, &str),
        least: i32,
        most: i32,
    ) -> Option<Option<i32>> {
        let name = match self.unit {
            Unit::Millimetres => spelling.0,
            Unit::Micrometres => spelling.1,
        };
        if !fields.has(name) {
            return Some(None);
        }
        self.length(fields, spelling, least, most).map(Some)
    }
}

impl<'a> Fields<'a> {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// The fields nobody took yet.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.fields.keys().copied()
    }

    /// Pointer of one field.
    pub(crate) fn at(&self, name: &str) -> String {
        step(&self.pointer, name)
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<&'a Node> {
        self.fields.remove(name)
    }
}

fn between(least: i32, most: i32) -> Words {
    let ((least, most), (least_fr, most_fr)) = ((mm(least), mm(most)), (mm_fr(least), mm_fr(most)));
    Words {
        en: format!("This must lie between {least} and {most} mm."),
        fr: format!("La valeur doit être comprise entre {least_fr} et {most_fr} mm."),
    }
}

/// The whole spec cannot be read, for a reason nobody noted.
pub(crate) fn unreadable() -> Problem {
    Problem::new("invalid", "", say!("The spec could not be read.", "La spécification n'a pas pu être lue."))
}

/// [`mm`] with the comma that French takes.
pub(crate) fn mm_fr(um: i32) -> String {
    mm(um).replace('.', ",")
}

/// Micrometres as millimetres for a sentence: `0.1`, `2000`.
pub(crate) fn mm(um: i32) -> String {
    let sign = if um < 0 { "-" } else { "" };
    let (whole, rest) = (um.unsigned_abs() / 1000, um.unsigned_abs() % 1000);
    match rest {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{}", format!("{rest:03}").trim_end_matches('0')),
    }
}
