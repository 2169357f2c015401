//! A page's drawing, operator by operator: what it paints with, how large, how thin, how dense.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use super::super::report::Report;
use super::super::{Rules, Verdict};
use super::matrix::Matrix;
use super::{UNPACKED_MAX, boxes, colors, fonts, get, inherited, number, numbers, um};

/// Most operators of a file, over all pages and forms.
const OPERATORS_MAX: u64 = 20_000_000;
/// Forms in forms.
const FORMS_MAX: usize = 12;
/// Most pictures told of one page.
const PICTURES_MAX: usize = 200;
/// Most saved states.
const STATES_MAX: usize = 512;

/// What was seen on all pages.
pub(super) struct Seen {
    /// Fonts with which something was written: whether they are embedded, and the first page.
    pub(super) fonts: BTreeMap<String, (bool, usize)>,
    pub(super) spaces: BTreeSet<String>,
    /// The most ink in percent, and on which page.
    pub(super) ink: Option<(f64, usize)>,
    pub(super) transparent: BTreeSet<usize>,
    operators: u64,
    inks: BTreeMap<ObjectId, f64>,
}

impl Seen {
    pub(super) fn new() -> Seen {
        Seen {
            fonts: BTreeMap::new(),
            spaces: BTreeSet::new(),
            ink: None,
            transparent: BTreeSet::new(),
            operators: 0,
            inks: BTreeMap::new(),
        }
    }
}

#[derive(Clone)]
struct State {
    ctm: Matrix,
    line_pt: f64,
    font: Option<String>,
    font_pt: f64,
    /// Invisible text is no type.
    shown: bool,
    /// Components of the space that fills.
    fills: usize,
}

/// A page while it is walked.
struct Page<'a, 'r> {
    doc: &'a Document,
    n: usize,
    sheet: [f64; 4],
    rules: &'r Rules,
    report: &'r mut Report,
    seen: &'r mut Seen,
    /// The smallest type and the thinnest line, with the place of the first.
    type_pt: Option<(f64, [i32; 4])>,
    line_pt: Option<f64>,
}

pub(super) fn page(
    doc: &Document,
    dictionary: &Dictionary,
    id: ObjectId,
    n: usize,
    rules: &Rules,
    report: &mut Report,
    seen: &mut Seen,
) -> Result<(), String> {
    let drawing = doc.get_page_content_with_limit(id, UNPACKED_MAX);
    let drawing = drawing.map_err(|_| format!("The drawing of page {n} unpacks beyond every limit."))?;
    let group = get(doc, dictionary, b"Group").and_then(|group| group.as_dict().ok());
    let resources = inherited(doc, dictionary, b"Resources").and_then(|resources| resources.as_dict().ok());
    let sheet = boxes::sheet(doc, dictionary);
    let mut page = Page { doc, n, sheet, rules, report, seen, type_pt: None, line_pt: None };
    let state = State { ctm: Matrix::ONE, line_pt: 1.0, font: None, font_pt: 0.0, shown: true, fills: 1 };
    page.drawing(&drawing, resources, state, 0)?;
    page.tell(group.is_some());
    Ok(())
}

impl<'a> Page<'a, '_> {
    fn drawing(
        &mut self,
        bytes: &[u8],
        resources: Option<&'a Dictionary>,
        mut state: State,
        depth: usize,
    ) -> Result<(), String> {
        let Ok(content) = Content::decode(bytes) else {
            return Err(format!("The drawing of page {} cannot be read.", self.n));
        };
        self.seen.operators += content.operations.len() as u64;
        if self.seen.operators > OPERATORS_MAX {
            return Err("The PDF draws more than anyone could look at.".to_owned());
        }
        let mut saved: Vec<State> = Vec::new();
        let mut text = Matrix::ONE;
        for operation in &content.operations {
            let values = numbers(&operation.operands);
            match operation.operator.as_str() {
                "q" if saved.len() < STATES_MAX => saved.push(state.clone()),
                "Q" => state = saved.pop().unwrap_or(state),
                "cm" => state.ctm = Matrix::of(&values).unwrap_or(Matrix::ONE).then(state.ctm),
                "w" => state.line_pt = values.first().copied().unwrap_or(1.0),
                "BT" => text = Matrix::ONE,
                "Tm" => text = Matrix::of(&values).unwrap_or(text),
                "Td" | "TD" => {
                    if let [x, y] = values[..] {
                        text = Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(text);
                    }
                }
                "Tr" => state.shown = values.first().is_none_or(|mode| *mode != 3.0 && *mode != 7.0),
                "Tf" => {
                    state.font = self.font(resources, operation);
                    state.font_pt = values.last().copied().unwrap_or(0.0);
                }
                "Tj" | "TJ" | "'" | "\"" => self.written(&state, text),
                "S" | "s" | "B" | "B*" | "b" | "b*" => {
                    let wide = (state.line_pt * state.ctm.scale()).abs();
                    self.line_pt = Some(self.line_pt.map_or(wide, |least: f64| least.min(wide)));
                }
                "gs" => self.settings(resources, operation),
                "Do" => self.object(resources, operation, &state, depth)?,
                _ => self.color(resources, operation, &values, &mut state),
            }
        }
        Ok(())
    }

    fn color(&mut self, resources: Option<&Dictionary>, operation: &Operation, values: &[f64], state: &mut State) {
        match operation.operator.as_str() {
            "g" | "G" => self.paints("grey"),
            "rg" | "RG" => self.paints("RGB"),
            "k" | "K" => {
                self.paints("CMYK");
                self.inked(values.iter().sum::<f64>() * 100.0);
            }
            "cs" | "CS" => {
                if let Some(object) = operation.operands.first() {
                    let (word, components) = colors::space(self.doc, resources, object);
                    self.paints(&word);
                    state.fills = components;
                }
            }
            "sc" | "scn" | "SC" | "SCN" if state.fills == 4 && values.len() == 4 => {
                self.inked(values.iter().sum::<f64>() * 100.0);
            }
            _ => {}
        }
        state.fills = match operation.operator.as_str() {
            "g" => 1,
            "rg" => 3,
            "k" => 4,
            _ => state.fills,
        };
    }

    fn paints(&mut self, space: &str) {
        if !self.seen.spaces.contains(space) && self.seen.spaces.len() < 40 {
            self.seen.spaces.insert(space.to_owned());
        }
    }

    fn inked(&mut self, percent: f64) {
        if percent.is_finite() && self.seen.ink.is_none_or(|(most, _)| percent > most) {
            self.seen.ink = Some((percent.clamp(0.0, 400.0), self.n));
        }
    }

    fn font(&mut self, resources: Option<&Dictionary>, operation: &Operation) -> Option<String> {
        let name = operation.operands.first()?.as_name().ok()?;
        let fonts = get(self.doc, resources?, b"Font")?.as_dict().ok()?;
        let (there, name) = fonts::embedded(self.doc, get(self.doc, fonts, name)?.as_dict().ok()?);
        if self.seen.fonts.len() < 500 {
            self.seen.fonts.entry(name.clone()).or_insert((there, self.n));
        }
        Some(name)
    }

    fn written(&mut self, state: &State, text: Matrix) {
        let placed = text.then(state.ctm);
        let high = (state.font_pt * placed.sides().1).abs();
        if !state.shown || high <= 0.0 || !high.is_finite() || self.type_pt.is_some_and(|(least, _)| least <= high) {
            return;
        }
        let (x, y) = placed.at(0.0, 0.0);
        self.type_pt = Some((high, boxes::place(self.sheet, [x, y, x + high * 4.0, y + high])));
    }

    fn settings(&mut self, resources: Option<&Dictionary>, operation: &Operation) {
        let found = || {
            let states = get(self.doc, resources?, b"ExtGState")?.as_dict().ok()?;
            get(self.doc, states, operation.operands.first()?.as_name().ok()?)?.as_dict().ok()
        };
        let Some(found) = found() else { return };
        let part = |key: &[u8]| get(self.doc, found, key);
        let thin = [&b"ca"[..], b"CA"].iter().any(|key| part(key).and_then(number).is_some_and(|alpha| alpha < 1.0));
        let mixed =
            part(b"BM").is_some_and(|mode| mode.as_name().is_ok_and(|mode| mode != b"Normal" && mode != b"Compatible"));
        let masked = part(b"SMask").is_some_and(|mask| mask.as_dict().is_ok());
        if thin || mixed || masked {
            self.seen.transparent.insert(self.n);
        }
    }

    fn object(
        &mut self,
        resources: Option<&'a Dictionary>,
        operation: &Operation,
        state: &State,
        depth: usize,
    ) -> Result<(), String> {
        let found = || {
            let objects = get(self.doc, resources?, b"XObject")?.as_dict().ok()?;
            let entry = objects.get(operation.operands.first()?.as_name().ok()?).ok()?;
            let id = entry.as_reference().ok();
            Some((id, super::deref(self.doc, entry)?.as_stream().ok()?))
        };
        let Some((id, stream)) = found() else { return Ok(()) };
        let kind = get(self.doc, &stream.dict, b"Subtype").and_then(|kind| kind.as_name().ok()).unwrap_or_default();
        if kind == b"Image" {
            self.picture(id, stream, resources, state.ctm);
            return Ok(());
        }
        if kind != b"Form" {
            return Ok(());
        }
        if depth >= FORMS_MAX {
            return Err(format!("The drawing of page {} is nested beyond every limit.", self.n));
        }
        let inside = stream.decompressed_content_with_limit(UNPACKED_MAX);
        let inside = match inside {
            Ok(inside) => inside,
            Err(_) if stream.filters().is_err() => stream.content.clone(),
            Err(_) => return Err(format!("A drawing on page {} cannot be unpacked.", self.n)),
        };
        let matrix = get(self.doc, &stream.dict, b"Matrix").and_then(|matrix| matrix.as_array().ok());
        let matrix = matrix.and_then(|matrix| Matrix::of(&numbers(matrix))).unwrap_or(Matrix::ONE);
        let own = get(self.doc, &stream.dict, b"Resources").and_then(|own| own.as_dict().ok());
        // Forms pay for being entered, so that a tree of them that doubles at every step ends.
        self.seen.operators += 1_000;
        self.drawing(&inside, own.or(resources), State { ctm: matrix.then(state.ctm), ..state.clone() }, depth + 1)
    }

    fn picture(&mut self, id: Option<ObjectId>, stream: &Stream, resources: Option<&Dictionary>, ctm: Matrix) {
        let part = |key: &[u8]| get(self.doc, &stream.dict, key);
        let side = |key: &[u8]| part(key).and_then(number).filter(|px| *px >= 1.0);
        let (Some(width), Some(height)) = (side(b"Width"), side(b"Height")) else { return };
        if part(b"SMask").is_some() {
            self.seen.transparent.insert(self.n);
        }
        let mask = part(b"ImageMask").is_some_and(|mask| matches!(mask, Object::Boolean(true)));
        if !mask && let Some(object) = part(b"ColorSpace") {
            let (word, components) = colors::space(self.doc, resources, object);
            self.paints(&word);
            if components == 4 && part(b"BitsPerComponent").and_then(number) == Some(8.0) {
                let known = id.and_then(|id| self.seen.inks.get(&id).copied());
                let percent = known.unwrap_or_else(|| colors::picture_ink(stream));
                if let Some(id) = id {
                    self.seen.inks.insert(id, percent);
                }
                self.inked(percent);
            }
        }
        let (across, down) = ctm.sides();
        let place = boxes::place(self.sheet, ctm.square());
        if let Some(view) = self.report.pages.last_mut().filter(|view| view.pictures.len() < PICTURES_MAX) {
            view.pictures.push(place);
        }
        // Under a millimetre nobody sees pixels.
        if mask || across < 3.0 || down < 3.0 {
            return;
        }
        let dpi = (width / across * 72.0).min(height / down * 72.0);
        let dpi = dpi.clamp(0.0, 1e6) as u32;
        let verdict = self.rules.density(dpi);
        let sentence = format!(
            "A picture on page {} has {dpi} dpi at its size; at least {} are wanted, under {} it is refused.",
            self.n, self.rules.dpi_warn, self.rules.dpi_refuse
        );
        self.report.note_at("effective_dpi", verdict, sentence, Some(self.n), Some(place));
    }

    fn tell(&mut self, _group: bool) {
        if let Some((points, at)) = self.type_pt {
            let high = um(points);
            let verdict = self.rules.type_size(high + 5);
            let sentence = format!(
                "The smallest type on page {} is {points:.1} pt; {:.1} pt are readable in print.",
                self.n,
                f64::from(self.rules.type_um_min) * 72.0 / 25_400.0
            );
            self.report.note_at("type_size", verdict, sentence, Some(self.n), Some(at));
        }
        if let Some(points) = self.line_pt {
            let wide = um(points);
            let verdict = if wide + 3 < self.rules.line_um_min { Verdict::Warn } else { Verdict::Pass };
            let sentence = format!(
                "The thinnest line on page {} is {points:.2} pt ({:.2} mm); under {:.2} pt it may break.",
                self.n,
                f64::from(wide) / 1000.0,
                f64::from(self.rules.line_um_min) * 72.0 / 25_400.0
            );
            self.report.note_at("line_width", verdict, sentence, Some(self.n), None);
        }
    }
}
