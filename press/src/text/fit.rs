//! The largest size at which a text fits its box.

use std::ops::Range;

use unicode_linebreak::linebreaks;

use unicode_script::Script;

use super::Refusal;
use super::characters;
use super::fonts::{chain, faces};
use super::place::inner;
use super::shape::{Line, Paragraph};
use crate::spec::{Fit, Frame, Text};

/// Scripts that write no spaces between words: where a line may end is a dictionary's knowledge.
const DICTIONARY: [Script; 4] = [Script::Thai, Script::Lao, Script::Khmer, Script::Myanmar];

/// Steps between sizes tried when wrapping; finer is not seen and only costs time.
const WRAP_STEP_UM: i32 = 50;
/// How often the wrapped size is corrected for kerning across spaces before giving up.
const WRAP_ROUNDS_MAX: usize = 20;

/// A text laid out in its box.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Laid {
    pub(crate) size_um: i32,
    pub(crate) lines: Vec<Line>,
    /// Height above the baseline of the tallest face used, or of what reaches beyond it, in ems.
    pub(crate) ascent: f64,
    /// Distance from baseline to baseline, in ems.
    pub(crate) line_height: f64,
}

/// Lays out one text layer, or says why it cannot be printed.
pub(crate) fn layout(text: &Text, frame: Frame) -> Result<Laid, Refusal> {
    characters::check(&text.text).map_err(|(code, words)| Refusal::Rule(code, words))?;
    let chain = chain(&text.font, text.more().emoji).ok_or(Refusal::UnknownFont)?;
    let paragraphs = paragraphs(text, &chain)?;
    if text.fit == Fit::Wrap && paragraphs.iter().flat_map(Paragraph::scripts).any(|s| DICTIONARY.contains(&s)) {
        return Err(Refusal::WrapScript);
    }
    let whole: Vec<Line> = paragraphs.iter().map(|p| p.line(0..p.text.len())).collect();
    let used =
        |measure: fn(usize) -> f64| paragraphs.iter().flat_map(Paragraph::faces).map(measure).fold(0.0, f64::max);
    let seen = |measure: fn(&Line) -> f64| whole.iter().map(measure).fold(0.0, f64::max);
    let ascent = used(|face| faces()[face].ascent).max(seen(|line| line.reach.0));
    let line_height = ascent + used(|face| faces()[face].descent).max(seen(|line| line.reach.1));
    let inner = inner(text, frame);
    let (width_um, height_um) = (f64::from(inner.w_um), f64::from(inner.h_um));
    let sheet = Sheet { paragraphs, line_height, width_um, height_um };
    let (size_um, lines) = match text.fit {
        Fit::Wrap => sheet.wrap(text)?,
        Fit::Shrink | Fit::None => sheet.shrink(text, whole)?,
    };
    if lines.iter().flat_map(|line| &line.glyphs).any(|glyph| glyph.id == 0) {
        // The cmap promised a glyph and shaping lost it: still nothing we may print.
        return Err(Refusal::Missing(Vec::new()));
    }
    Ok(Laid { size_um, lines, ascent, line_height })
}

fn paragraphs<'t>(text: &'t Text, chain: &[usize]) -> Result<Vec<Paragraph<'t>>, Refusal> {
    let mut missing = Vec::new();
    let mut paragraphs = Vec::new();
    for part in text.text.split('\n') {
        match Paragraph::new(part, chain, text.more().direction) {
            Ok(paragraph) => paragraphs.push(paragraph),
            Err(clusters) => missing.extend(clusters),
        }
    }
    if missing.is_empty() { Ok(paragraphs) } else { Err(Refusal::Missing(missing)) }
}

struct Sheet<'t> {
    paragraphs: Vec<Paragraph<'t>>,
    line_height: f64,
    width_um: f64,
    height_um: f64,
}

impl Sheet<'_> {
    /// Closed form: width is linear in size because nothing is hinted.
    fn shrink(&self, text: &Text, lines: Vec<Line>) -> Result<(i32, Vec<Line>), Refusal> {
        let widest = lines.iter().map(|line| line.width).fold(0.0, f64::max);
        let largest = self.by_height(lines.len()).min(self.by_width(widest));
        let least = if text.fit == Fit::None { text.size_um } else { text.min_size_um };
        let size = largest.min(text.size_um);
        if size < least { Err(Refusal::DoesNotFit { needed_um: size, least_um: least }) } else { Ok((size, lines)) }
    }

    fn by_height(&self, lines: usize) -> i32 {
        floor_um(self.height_um / (self.line_height * lines as f64))
    }

    fn by_width(&self, widest: f64) -> i32 {
        if widest > 0.0 { floor_um(self.width_um / widest) } else { i32::MAX }
    }

    /// Breaks move with size, so it is searched, over word widths measured once.
    fn wrap(&self, text: &Text) -> Result<(i32, Vec<Line>), Refusal> {
        let words: Vec<Vec<Word>> = self.paragraphs.iter().map(words).collect();
        let fits = |size: i32| {
            let breaks = self.breaks(&words, size)?;
            let lines: usize = breaks.iter().map(Vec::len).sum();
            (self.by_height(lines) >= size).then_some(breaks)
        };
        let mut size = match fits(text.size_um) {
            Some(_) => text.size_um,
            None => largest_step(text.size_um, |size| fits(size).is_some()),
        };
        for _ in 0..WRAP_ROUNDS_MAX {
            let too_small = Refusal::DoesNotFit { needed_um: size, least_um: text.min_size_um };
            if size < text.min_size_um {
                return Err(too_small);
            }
            let Some(breaks) = fits(size) else { return Err(too_small) };
            let lines = self.lines(breaks);
            let widest = lines.iter().map(|line| line.width).fold(0.0, f64::max);
            let real = self.by_width(widest);
            if real >= size {
                return Ok((size, lines));
            }
            // Kerning across a space tipped a line over: the next size down that the real lines allow.
            size = real.min(size - 1) / WRAP_STEP_UM * WRAP_STEP_UM;
        }
        Err(Refusal::DoesNotFit { needed_um: size, least_um: text.min_size_um })
    }

    /// Line breaks of every paragraph at a size; `None` when some word alone is too wide.
    fn breaks(&self, words: &[Vec<Word>], size: i32) -> Option<Vec<Vec<Range<usize>>>> {
        let room = self.width_um / f64::from(size);
        words.iter().map(|words| greedy(words, room)).collect()
    }

    fn lines(&self, breaks: Vec<Vec<Range<usize>>>) -> Vec<Line> {
        let each = |(paragraph, ranges): (&Paragraph<'_>, Vec<Range<usize>>)| -> Vec<Line> {
            ranges.into_iter().map(|range| paragraph.line(range)).collect()
        };
        self.paragraphs.iter().zip(breaks).flat_map(each).collect()
    }
}

/// A stretch that is never broken, with the spaces after it.
struct Word {
    range: Range<usize>,
    /// Width in ems without the spaces at its end.
    ink: f64,
    /// Width with them.
    full: f64,
}

fn words(paragraph: &Paragraph<'_>) -> Vec<Word> {
    let mut start = 0;
    let mut words = Vec::new();
    for (end, _) in linebreaks(paragraph.text) {
        let trimmed = start + paragraph.text[start..end].trim_end().len();
        let ink = paragraph.width(start..trimmed);
        let full = if trimmed == end { ink } else { paragraph.width(start..end) };
        words.push(Word { range: start..end, ink, full });
        start = end;
    }
    words
}

fn greedy(words: &[Word], room: f64) -> Option<Vec<Range<usize>>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut used = 0.0;
    for word in words {
        if word.ink > room {
            return None;
        }
        match lines.last_mut() {
            Some(line) if used + word.ink <= room => line.end = word.range.end,
            _ => {
                lines.push(word.range.clone());
                used = 0.0;
            }
        }
        used += word.full;
    }
    // An empty paragraph is a line all the same: the customer left it blank on purpose.
    if lines.is_empty() {
        lines.push(0..0);
    }
    Some(lines)
}

/// Largest grid size below `most` that fits, or 0: a text that fits at one size fits at every smaller one.
fn largest_step(most: i32, fits: impl Fn(i32) -> bool) -> i32 {
    let (mut low, mut high) = (0, (most - 1) / WRAP_STEP_UM);
    while low < high {
        let middle = (low + high + 1) / 2;
        if fits(middle * WRAP_STEP_UM) { low = middle } else { high = middle - 1 }
    }
    low * WRAP_STEP_UM
}

fn floor_um(value: f64) -> i32 {
    // A float beyond i32 saturates, and any size that large is capped by the wanted one.
    value.floor() as i32
}
