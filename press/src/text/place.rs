//! Where the lines of a laid-out text stand on their zone: the one place that knows, for drawing and for editors alike.

use super::fit::Laid;
use crate::spec::{Align, Frame, Text, Valign};

/// A line's place, in micrometres from the trim's top left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// Left end of its advance.
    pub(crate) x: f64,
    /// Top of its share of the height.
    pub(crate) top: f64,
    /// Where its letters stand.
    pub(crate) baseline: f64,
    /// Length of its advance.
    pub(crate) width: f64,
    /// Its share of the height.
    pub(crate) height: f64,
}

/// What a box leaves to the letters themselves: an outline or a shadow around them stays inside it too.
pub(super) fn inner(text: &Text, frame: Frame) -> Frame {
    let rim = text.effect.map_or(0, |effect| effect.width_um);
    let side = |um: i32| (um - 2 * rim).max(1);
    Frame { x_um: frame.x_um + rim, y_um: frame.y_um + rim, w_um: side(frame.w_um), h_um: side(frame.h_um) }
}

/// The place of every line, top to bottom.
pub(crate) fn places(laid: &Laid, text: &Text, frame: Frame) -> Vec<Place> {
    let frame = inner(text, frame);
    let size = f64::from(laid.size_um);
    let height = laid.line_height * size;
    let spare = f64::from(frame.h_um) - height * laid.lines.len() as f64;
    let first = f64::from(frame.y_um)
        + match text.more().valign {
            Valign::Top => 0.0,
            Valign::Middle => spare / 2.0,
            Valign::Bottom => spare,
        };
    let place = |(row, line): (usize, &super::shape::Line)| {
        let spare = f64::from(frame.w_um) - line.width * size;
        let x = f64::from(frame.x_um)
            + line.lead * size
            + match text.align {
                Align::Left => 0.0,
                Align::Center => spare / 2.0,
                Align::Right => spare,
            };
        let baseline = first + laid.ascent * size + height * row as f64;
        Place { x, top: first + height * row as f64, baseline, width: line.advance * size, height }
    };
    laid.lines.iter().enumerate().map(place).collect()
}
