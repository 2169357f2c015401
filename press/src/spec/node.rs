//! A JSON tree that keeps what `serde_json::Value` forgets: a number's digits and repeated keys.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::limits::{SPEC_BYTES_MAX, SPEC_DEPTH_MAX};
use crate::Problem;
use crate::problem::say;

/// One JSON value.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// Appends one step to a JSON pointer, escaped as RFC 6901 asks.
///
/// A name that is long or unprintable is left out: it would be the value echoed through the back door.
pub(crate) fn step(pointer: &str, name: &str) -> String {
    if name.len() > 64 || name.chars().any(char::is_control) {
        return pointer.to_owned();
    }
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn too_deep(pointer: &str) -> Problem {
    let words = say!(
        "The spec is nested deeper than any spec needs.",
        "La spécification est imbriquée plus profondément que nécessaire."
    );
    Problem::new("too_deep", pointer, words)
}

impl Node {
    /// From an already parsed value; numbers take their shortest spelling.
    pub(crate) fn from_value(value: &Value, pointer: &str, depth: usize) -> Result<Self, Problem> {
        if depth > SPEC_DEPTH_MAX {
            return Err(too_deep(pointer));
        }
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => {
                let item = |(i, v)| Self::from_value(v, &step(pointer, &usize::to_string(&i)), depth + 1);
                Self::List(items.iter().enumerate().map(item).collect::<Result<_, _>>()?)
            }
            Value::Object(fields) => {
                let field = |(k, v): (&String, _)| Ok((k.clone(), Self::from_value(v, &step(pointer, k), depth + 1)?));
                Self::Object(fields.iter().map(field).collect::<Result<_, Problem>>()?)
            }
        })
    }

    /// From raw text, length first.
    pub(crate) fn from_text(text: &str) -> Result<Self, Problem> {
        if text.len() > SPEC_BYTES_MAX {
            let words = say!(
                "The spec is longer than {SPEC_BYTES_MAX} bytes.",
                "La spécification dépasse {SPEC_BYTES_MAX} octets."
            );
            return Err(Problem::new("too_long", "", words));
        }
        let raw: &RawValue = serde_json::from_str(text).map_err(|_| not_json(""))?;
        Self::from_raw(raw, "", 0)
    }

    fn from_raw(raw: &RawValue, pointer: &str, depth: usize) -> Result<Self, Problem> {
        if depth > SPEC_DEPTH_MAX {
            return Err(too_deep(pointer));
        }
        let text = raw.get().trim();
        Ok(match text.as_bytes().first() {
            Some(b'{') => Self::from_raw_object(text, pointer, depth)?,
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| not_json(pointer))?;
                let item = |(i, v): (usize, &&RawValue)| Self::from_raw(v, &step(pointer, &i.to_string()), depth + 1);
                Self::List(items.iter().enumerate().map(item).collect::<Result<_, _>>()?)
            }
            Some(b'"') => Self::Text(serde_json::from_str(text).map_err(|_| not_json(pointer))?),
            Some(b'n') => Self::Null,
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            _ => Self::Number(text.to_owned()),
        })
    }

    fn from_raw_object(text: &str, pointer: &str, depth: usize) -> Result<Self, Problem> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let pairs = reader.deserialize_map(Pairs).map_err(|_| not_json(pointer))?;
        let mut fields: Vec<(String, Self)> = Vec::with_capacity(pairs.len());
        let mut seen = std::collections::BTreeSet::new();
        for (key, value) in pairs {
            let at = step(pointer, &key);
            if !seen.insert(key.clone()) {
                let words = say!("This field is given twice.", "Ce champ est donné deux fois.");
                return Err(Problem::new("duplicate_key", at, words));
            }
            fields.push((key, Self::from_raw(value, &at, depth + 1)?));
        }
        Ok(Self::Object(fields))
    }
}

fn not_json(pointer: &str) -> Problem {
    let words = say!("The spec is not well-formed JSON.", "La spécification n'est pas du JSON bien formé.");
    Problem::new("not_json", pointer, words)
}

/// Collects an object's fields in order, repeated keys included.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
