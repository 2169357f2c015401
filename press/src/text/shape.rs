//! One paragraph of text to positioned glyphs: fonts, direction and script are settled here, nothing is hinted.

use std::ops::Range;

use harfrust::{Direction, ShapeOptions, Tag, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use super::characters::is_ignorable;
use super::fonts::{EMOJI, faces};
use super::ink;
use crate::spec::Direction as Base;

/// A glyph at a place on its line, in ems; `y` points up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Glyph {
    pub(crate) face: usize,
    pub(crate) id: u32,
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// A line ready to be drawn at any size.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Line {
    /// The line as written, without spaces at its end.
    pub(crate) text: String,
    /// It belongs to a paragraph that runs from right to left.
    pub(crate) rtl: bool,
    /// Room it takes: its advance, and what its letters reach beyond either end.
    pub(crate) width: f64,
    /// How far its first letters reach out before it begins.
    pub(crate) lead: f64,
    /// From its beginning to where a next line's letter would stand.
    pub(crate) advance: f64,
    /// How far its letters reach up from the baseline, and down.
    pub(crate) reach: (f64, f64),
    /// Glyphs, from its beginning.
    pub(crate) glyphs: Vec<Glyph>,
}

/// A stretch of one font and one script, in logical order.
struct Run {
    face: usize,
    script: Script,
    range: Range<usize>,
}

/// Text between two line feeds, analysed once and shaped as often as lines are tried.
pub(super) struct Paragraph<'t> {
    pub(super) text: &'t str,
    runs: Vec<Run>,
    bidi: BidiInfo<'t>,
}

impl<'t> Paragraph<'t> {
    /// Finds a font for every visible character; those that have none are returned as a list.
    pub(super) fn new(text: &'t str, chain: &[usize], base: Base) -> Result<Self, Vec<String>> {
        let level = match base {
            Base::Auto => None,
            Base::Ltr => Some(Level::ltr()),
            Base::Rtl => Some(Level::rtl()),
        };
        Ok(Self { text, runs: itemize(text, chain)?, bidi: BidiInfo::new(text, level) })
    }

    /// Scripts used, in order of their runs.
    pub(super) fn scripts(&self) -> impl Iterator<Item = Script> + '_ {
        self.runs.iter().map(|run| run.script)
    }

    /// Faces used anywhere in the paragraph.
    pub(super) fn faces(&self) -> impl Iterator<Item = usize> + '_ {
        self.runs.iter().map(|run| run.face)
    }

    /// Width in ems of a part of the paragraph set on its own.
    pub(super) fn width(&self, range: Range<usize>) -> f64 {
        let mut line = Line::default();
        self.shape_into(range, &mut line);
        line.width
    }

    /// Shapes one line; spaces at its end take no room.
    pub(super) fn line(&self, range: Range<usize>) -> Line {
        let text = self.text[range.clone()].trim_end();
        let rtl = self.bidi.paragraphs.first().is_some_and(|paragraph| paragraph.level.is_rtl());
        let mut line = Line { text: text.to_owned(), rtl, ..Line::default() };
        self.shape_into(range.start..range.start + text.len(), &mut line);
        line.advance = line.width;
        if let Some(ink) = ink::of(&line.glyphs) {
            line.lead = (-ink.left).max(0.0);
            line.width += line.lead + (ink.right - line.advance).max(0.0);
            line.reach = (ink.top, -ink.bottom);
        }
        line
    }

    fn shape_into(&self, range: Range<usize>, line: &mut Line) {
        let Some(paragraph) = self.bidi.paragraphs.first() else { return };
        if range.is_empty() {
            return;
        }
        let (levels, visual) = self.bidi.visual_runs(paragraph, range);
        for part in visual {
            let rtl = levels.get(part.start).is_some_and(Level::is_rtl);
            let mut pieces: Vec<(&Run, Range<usize>)> = self
                .runs
                .iter()
                .map(|run| (run, run.range.start.max(part.start)..run.range.end.min(part.end)))
                .filter(|(_, piece)| !piece.is_empty())
                .collect();
            if rtl {
                pieces.reverse();
            }
            for (run, piece) in pieces {
                self.shape_piece(run, piece, rtl, line);
            }
        }
    }

    fn shape_piece(&self, run: &Run, piece: Range<usize>, rtl: bool, line: &mut Line) {
        let face = &faces()[run.face];
        let mut buffer = UnicodeBuffer::new();
        // Letters join across a change of font, so the shaper sees what stands on either side.
        buffer.set_pre_context(&self.text[..piece.start]);
        buffer.push_str(&self.text[piece.clone()]);
        buffer.set_post_context(&self.text[piece.end..]);
        buffer.set_direction(if rtl { Direction::RightToLeft } else { Direction::LeftToRight });
        if let Some(script) = harfrust::Script::from_iso15924_tag(Tag::from_u32(run.script.as_iso15924_tag())) {
            buffer.set_script(script);
        }
        let shaper = face.shaper.shaper(&face.font).build();
        let shaped = shaper.shape(buffer, ShapeOptions::new());
        for (info, position) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()) {
            line.glyphs.push(Glyph {
                face: run.face,
                id: info.glyph_id,
                x: line.width + f64::from(position.x_offset) / face.units_per_em,
                y: f64::from(position.y_offset) / face.units_per_em,
            });
            line.width += f64::from(position.x_advance) / face.units_per_em;
        }
    }
}

/// Splits text into runs of one font and one script, cluster by cluster: a letter and its marks never part.
fn itemize(text: &str, chain: &[usize]) -> Result<Vec<Run>, Vec<String>> {
    let mut runs: Vec<Run> = Vec::new();
    let mut missing: Vec<String> = Vec::new();
    let mut script = leading_script(text);
    for (start, cluster) in text.grapheme_indices(true) {
        script = cluster.chars().find_map(own_script).unwrap_or(script);
        let covers = |index: &&usize| {
            cluster.chars().all(|c| is_ignorable(c) || faces()[**index].has(c))
                && (**index != EMOJI || is_whole(cluster))
        };
        let Some(&face) = chain.iter().find(covers) else {
            if !missing.iter().any(|known| known == cluster) {
                missing.push(cluster.to_owned());
            }
            continue;
        };
        let end = start + cluster.len();
        match runs.last_mut() {
            Some(last) if last.face == face && last.script == script => last.range.end = end,
            _ => runs.push(Run { face, script, range: start..end }),
        }
    }
    if missing.is_empty() { Ok(runs) } else { Err(missing) }
}

/// Whether the emoji font has one picture for the whole cluster: a family must not fall apart into its members.
fn is_whole(cluster: &str) -> bool {
    let face = &faces()[EMOJI];
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(cluster);
    buffer.guess_segment_properties();
    let shaped = face.shaper.shaper(&face.font).build().shape(buffer, ShapeOptions::new());
    shaped.glyph_positions().iter().filter(|glyph| glyph.x_advance > 0).count() == 1
}

/// The script of a character that has one of its own; digits, spaces and marks take their neighbour's.
fn own_script(c: char) -> Option<Script> {
    match c.script() {
        Script::Common | Script::Inherited | Script::Unknown => None,
        script => Some(script),
    }
}

fn leading_script(text: &str) -> Script {
    text.chars().find_map(own_script).unwrap_or(Script::Latin)
}
