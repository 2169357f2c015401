//! Will every letter print, at which size, and may it? Cheap enough to ask on every keystroke.
//!
//! | file | what stands there |
//! | --- | --- |
//! | `characters.rs` | which characters a text may hold, whatever the font |
//! | `fonts.rs`, `shape.rs` | the fonts, and text to glyphs |
//! | `fit.rs`, `ink.rs`, `place.rs` | the largest size at which all that is seen fits, and where each line then stands |
//! | `rules/` | what a product allows on its zones: data, and the one evaluator of the API and the worker |
//! | `normal.rs` | the form in which a text is hashed, shaped and stored |

use crate::Problem;
use crate::spec::{Content, Frame, Spec, Text};

mod characters;
mod fit;
mod fonts;
mod ink;
mod normal;
mod place;
mod refusal;
pub mod rules;
mod shape;

pub use fonts::{Choice, choices, font_file, font_named, fonts};
pub use normal::{Normal, normalize};
pub use rules::{Rules, check_rules, judge};

#[cfg(feature = "full")]
pub(crate) use fit::Laid;
pub(crate) use fit::layout;
#[cfg(feature = "full")]
pub(crate) use fonts::{face_name, faces};
#[cfg(feature = "full")]
pub(crate) use place::places;
pub(crate) use refusal::Refusal;
#[cfg(feature = "full")]
pub(crate) use shape::Line;

/// How one text layer came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitted {
    /// Index of the layer in the spec.
    pub layer: usize,
    /// Type size it will be printed at.
    pub size_um: i32,
    /// Distance from baseline to baseline.
    pub line_height_um: i32,
    /// Its lines, top to bottom, in reading order.
    pub lines: Vec<FittedLine>,
}

/// One line, and where it stands on its zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FittedLine {
    /// Its text, without spaces at its end.
    pub text: String,
    /// It belongs to a paragraph that runs from right to left.
    pub rtl: bool,
    /// Its advance by its share of the height, from the trim's top left corner.
    pub frame: Frame,
    /// Where its letters stand, from the trim's top.
    pub baseline_um: i32,
}

/// Characters of one text layer that no font of its chain can draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Index of the layer in the spec.
    pub layer: usize,
    /// Whole visible characters, each once, in order.
    pub clusters: Vec<String>,
}

/// Everything that keeps a spec's texts from being printed exactly as asked; empty when all is well.
pub fn check(spec: &Spec) -> Vec<Problem> {
    fit(spec).err().unwrap_or_default()
}

/// Sizes, lines and places of every text layer, for an editor to draw.
pub fn fit(spec: &Spec) -> Result<Vec<Fitted>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut fitted = Vec::new();
    for (_, result) in fit_each(spec) {
        match result {
            Ok(one) => fitted.push(one),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(fitted) } else { Err(problems) }
}

/// The same for each text layer by itself: those that can be printed are drawn although others cannot.
pub fn fit_each(spec: &Spec) -> Vec<(usize, Result<Fitted, Problem>)> {
    let each = |(layer, text, frame): (usize, &Text, Frame)| {
        let result = layout(text, frame).map(|laid| fitted(layer, &laid, text, frame));
        (layer, result.map_err(|refusal| refusal.problem(layer)))
    };
    texts(spec).map(each).collect()
}

fn fitted(layer: usize, laid: &fit::Laid, text: &Text, frame: Frame) -> Fitted {
    let um = |value: f64| value.round() as i32;
    let line = |(line, place): (&shape::Line, place::Place)| FittedLine {
        text: line.text.clone(),
        rtl: line.rtl,
        frame: Frame { x_um: um(place.x), y_um: um(place.top), w_um: um(place.width), h_um: um(place.height) },
        baseline_um: um(place.baseline),
    };
    Fitted {
        layer,
        size_um: laid.size_um,
        line_height_um: um(laid.line_height * f64::from(laid.size_um)),
        lines: laid.lines.iter().zip(place::places(laid, text, frame)).map(line).collect(),
    }
}

/// The characters that keep a spec from being printed, per layer; an editor marks them in place.
pub fn missing(spec: &Spec) -> Vec<Missing> {
    let of = |(layer, text, frame): (usize, &Text, Frame)| match layout(text, frame) {
        Err(Refusal::Missing(clusters)) => Some(Missing { layer, clusters }),
        _ => None,
    };
    texts(spec).filter_map(of).collect()
}

fn texts(spec: &Spec) -> impl Iterator<Item = (usize, &Text, Frame)> {
    spec.layers().iter().enumerate().filter_map(|(index, layer)| match &layer.content {
        Content::Text(text) => Some((index, text, layer.frame)),
        _ => None,
    })
}
