//! What a product allows on its zones. Rules are data: a product's version holds them, and one evaluator, [`judge`],
//! speaks for the API and the worker. A rule that is left out restricts nothing.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use unicode_script::Script;

use crate::problem::Words;
use crate::spec::{Color, EffectKind, Emoji, Fit};

mod judge;
mod read;
mod words;

pub use judge::judge;
pub use read::check_rules;
use words::Blocked;

/// Every rule: the field that sets it on a zone, and the code of what breaks it.
pub const RULES: &[(&str, &str)] = &[
    ("required", "required_zone"),
    ("types", "layer_type"),
    ("maxTexts", "too_many_texts"),
    ("minLength", "too_short"),
    ("maxLength", "too_long"),
    ("maxLines", "too_many_lines"),
    ("scripts", "script"),
    ("characters", "character"),
    ("pattern", "pattern"),
    ("blockedWords", "blocked_word"),
    ("fonts", "font"),
    ("colors", "palette"),
    ("effects", "effect"),
    ("fits", "fit"),
    ("minSizeMm", "min_size"),
    ("maxSizeMm", "max_size"),
    ("emoji", "emoji"),
];

/// What keeps a text from being printed whatever the product says.
pub const ALWAYS: &[&str] = &[
    "empty_text",
    "control",
    "bidi_control",
    "private_use",
    "unassigned",
    "joiner",
    "variation_selector",
    "stacked_marks",
    "missing_glyph",
    "unknown_font",
    "wrap_script",
    "does_not_fit",
];

/// The rules of one version of a product.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub(super) zones: BTreeMap<String, ZoneRules>,
    pub(super) blocked: Blocked,
}

/// The rules of one zone.
#[derive(Clone, Debug, Default)]
pub(super) struct ZoneRules {
    pub(super) required: bool,
    pub(super) types: Option<Vec<Kind>>,
    pub(super) texts_max: Option<u32>,
    pub(super) length_min: Option<u32>,
    pub(super) length_max: Option<u32>,
    pub(super) lines_max: Option<u32>,
    pub(super) scripts: Option<Vec<Script>>,
    pub(super) characters: Option<BTreeSet<String>>,
    pub(super) pattern: Option<Pattern>,
    pub(super) blocked: Blocked,
    pub(super) fonts: Option<Vec<String>>,
    pub(super) colors: Option<Vec<Color>>,
    pub(super) effects: Option<Vec<EffectKind>>,
    pub(super) fits: Option<Vec<Fit>>,
    pub(super) size_um_min: Option<i32>,
    pub(super) size_um_max: Option<i32>,
    pub(super) emoji: Option<Emoji>,
}

/// Kinds of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Image,
    Shape,
}

/// What a whole text must look like, and the sentence for one that does not.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// Matches from start to end; runs in linear time.
    pub(super) regex: Regex,
    pub(super) hint: Words,
}
