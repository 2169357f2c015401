//! Reads fields out of a JSON tree and collects everything that is wrong, not only the first thing.

use std::collections::BTreeMap;

use super::limits::PROBLEMS_MAX;
use super::model::Color;
use super::node::{Node, step};
use super::number::{NotALength, integer, um_from_mm};
use crate::Problem;

/// How lengths are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// `widthMm: 80.5`, as posted.
    Millimetres,
    /// `widthUm: 80500`, as stored.
    Micrometres,
}

/// Collects problems while a spec is read.
pub(super) struct Reader {
    pub(super) unit: Unit,
    problems: Vec<Problem>,
}

/// One object's fields, each taken once; what is left at the end is unknown.
pub(super) struct Fields<'a> {
    pub(super) pointer: String,
    fields: BTreeMap<&'a str, &'a Node>,
}

impl Reader {
    pub(super) fn new(unit: Unit) -> Self {
        Self { unit, problems: Vec::new() }
    }

    pub(super) fn problem(&mut self, code: &'static str, pointer: &str, message: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem::new(code, pointer, message));
        }
    }

    /// The value, when nothing was wrong with it.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Problem>> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ if self.problems.is_empty() => Err(vec![Problem::new("invalid", "", "The spec could not be read.")]),
            _ => Err(self.problems),
        }
    }

    pub(super) fn object<'a>(&mut self, node: &'a Node, pointer: &str) -> Option<Fields<'a>> {
        let Node::Object(pairs) = node else {
            self.problem("type", pointer, "This must be an object.");
            return None;
        };
        let fields = pairs.iter().map(|(key, value)| (key.as_str(), value)).collect();
        Some(Fields { pointer: pointer.to_owned(), fields })
    }

    /// A list no longer than `most`; a longer one is refused before its items are looked at.
    pub(super) fn list<'a>(&mut self, node: &'a Node, pointer: &str, most: usize, what: &str) -> Option<&'a [Node]> {
        let Node::List(items) = node else {
            self.problem("type", pointer, "This must be a list.");
            return None;
        };
        if items.is_empty() {
            self.problem("empty", pointer, format!("At least one {what} is needed."));
            return None;
        }
        if items.len() > most {
            self.problem("too_many", pointer, format!("There are more than {most} {what}s."));
            return None;
        }
        Some(items)
    }

    /// Says which fields nobody asked for.
    pub(super) fn close(&mut self, fields: Fields<'_>) {
        for name in fields.fields.keys() {
            self.problem("unknown_field", &step(&fields.pointer, name), "There is no field of this name here.");
        }
    }

    pub(super) fn required<'a>(&mut self, fields: &mut Fields<'a>, name: &str) -> Option<&'a Node> {
        let node = fields.fields.remove(name);
        if node.is_none() {
            self.problem("missing", &step(&fields.pointer, name), "This field is required.");
        }
        node
    }

    fn text_node<'a>(&mut self, node: &'a Node, pointer: &str) -> Option<&'a str> {
        let Node::Text(text) = node else {
            self.problem("type", pointer, "This must be a string.");
            return None;
        };
        Some(text)
    }

    pub(super) fn string<'a>(&mut self, fields: &mut Fields<'a>, name: &str) -> Option<&'a str> {
        let node = self.required(fields, name)?;
        self.text_node(node, &step(&fields.pointer, name))
    }

    /// A name: one to `most` characters, each allowed by `ok`.
    pub(super) fn name(&mut self, fields: &mut Fields<'_>, name: &str, most: usize, extra: &str) -> Option<String> {
        let text = self.string(fields, name)?;
        let ok = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
        if text.is_empty() || text.len() > most || !text.chars().all(ok) {
            let message =
                format!("This must be 1 to {most} characters, each a letter A-Z, a digit or one of \"{extra}\".");
            self.problem("name", &step(&fields.pointer, name), message);
            return None;
        }
        Some(text.to_owned())
    }

    /// One word of a short list.
    pub(super) fn word<T: Copy>(
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
            let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.problem("word", &step(&fields.pointer, name), format!("This must be one of: {}.", list.join(", ")));
        }
        found
    }

    pub(super) fn color(&mut self, fields: &mut Fields<'_>, name: &str) -> Option<Color> {
        let text = self.string(fields, name)?;
        let color = Color::parse(text);
        if color.is_none() {
            self.problem(
                "color",
                &step(&fields.pointer, name),
                "A colour is written #rrggbb, with six hexadecimal digits.",
            );
        }
        color
    }

    /// An integer within bounds, or `default` where the field is left out.
    pub(super) fn count(&mut self, fields: &mut Fields<'_>, name: &str, default: u32, most: u32) -> Option<u32> {
        let Some(node) = fields.fields.remove(name) else { return Some(default) };
        let at = step(&fields.pointer, name);
        let Node::Number(digits) = node else {
            self.problem("type", &at, "This must be a whole number.");
            return None;
        };
        let value = integer(digits).and_then(|v| u32::try_from(v).ok()).filter(|v| (1..=most).contains(v));
        if value.is_none() {
            self.problem("range", &at, format!("This must be a whole number from 1 to {most}."));
        }
        value
    }

    /// A length field: `{stem}Mm` in the wire form, `{stem}Um` in the canonical one.
    pub(super) fn length(
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
            self.problem("type", &at, "This must be a number.");
            return None;
        };
        let um = match self.unit {
            Unit::Millimetres => um_from_mm(digits),
            Unit::Micrometres => integer(digits).and_then(|v| i32::try_from(v).ok()).ok_or(NotALength::Range),
        };
        match um {
            Ok(um) if (least..=most).contains(&um) => Some(um),
            Err(NotALength::Precision) => {
                self.problem("precision", &at, "Millimetres take at most three decimals.");
                None
            }
            _ => {
                self.problem("range", &at, format!("This must lie between {} and {} mm.", mm(least), mm(most)));
                None
            }
        }
    }

    /// A length that may be left out.
    pub(super) fn optional_length(
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
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Pointer of one field.
    pub(super) fn at(&self, name: &str) -> String {
        step(&self.pointer, name)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<&'a Node> {
        self.fields.remove(name)
    }
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
