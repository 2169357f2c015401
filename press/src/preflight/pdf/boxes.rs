//! Boxes of a page: its size against the product, and its bleed.

use lopdf::{Dictionary, Document};

use super::super::report::{PageView, Report, mm, size};
use super::super::{Rules, Verdict};
use super::{deref, get, inherited, number, um};

/// Left, bottom, right, top in points.
type Corners = [f64; 4];

fn corners(doc: &Document, page: &Dictionary, key: &[u8]) -> Option<Corners> {
    let array = inherited(doc, page, key)?.as_array().ok()?;
    let all: Vec<f64> = array.iter().take(4).filter_map(|part| number(deref(doc, part)?)).collect();
    let [a, b, c, d] = all.as_slice() else { return None };
    let corners = [a.min(*c), b.min(*d), a.max(*c), b.max(*d)];
    (corners[2] - corners[0] > 0.1 && corners[3] - corners[1] > 0.1).then_some(corners)
}

/// A page's sheet in points: what places are told from.
pub(super) fn sheet(doc: &Document, page: &Dictionary) -> Corners {
    corners(doc, page, b"MediaBox").unwrap_or([0.0, 0.0, 612.0, 792.0])
}

/// A rectangle as left, top, width, height in micrometres from the sheet's top left.
pub(super) fn place(sheet: Corners, of: Corners) -> [i32; 4] {
    [um(of[0] - sheet[0]), um(sheet[3] - of[3]), um(of[2] - of[0]), um(of[3] - of[1])]
}

pub(super) fn look(doc: &Document, page: &Dictionary, n: usize, rules: &Rules, report: &mut Report) {
    let unit = get(doc, page, b"UserUnit").and_then(number).unwrap_or(1.0);
    let media = sheet(doc, page);
    if corners(doc, page, b"MediaBox").is_none() {
        report.note_at("boxes", Verdict::Refuse, format!("Page {n} has no size (MediaBox)."), Some(n), None);
    }
    if (unit - 1.0).abs() > 1e-9 {
        let sentence =
            format!("Page {n} is scaled by a unit of its own (UserUnit {unit}), which many printers overlook.");
        report.note_at("boxes", Verdict::Warn, sentence, Some(n), None);
    }
    let trim = corners(doc, page, b"TrimBox").or_else(|| corners(doc, page, b"ArtBox"));
    let bleed = corners(doc, page, b"BleedBox");
    for (name, inner) in [("TrimBox", trim), ("BleedBox", bleed)] {
        let inside = inner.is_none_or(|b| {
            b[0] >= media[0] - 0.5 && b[1] >= media[1] - 0.5 && b[2] <= media[2] + 0.5 && b[3] <= media[3] + 0.5
        });
        if !inside {
            report.note_at(
                "boxes",
                Verdict::Refuse,
                format!("Page {n}: its {name} lies outside the sheet."),
                Some(n),
                None,
            );
        }
    }
    let view = PageView {
        size: [um(media[2] - media[0]), um(media[3] - media[1])],
        trim: trim.map(|trim| place(media, trim)),
        bleed: bleed.map(|bleed| place(media, bleed)),
        pictures: Vec::new(),
    };
    let turned = inherited(doc, page, b"Rotate").and_then(number).is_some_and(|angle| (angle / 90.0) as i64 % 2 != 0);
    sizes(&view, turned, n, rules, report);
    report.pages.push(view);
}

fn near(a: (i32, i32), b: (i32, i32), within: i32) -> bool {
    let one = |a: (i32, i32)| (a.0 - b.0).abs() <= within && (a.1 - b.1).abs() <= within;
    one(a) || one((a.1, a.0))
}

fn sizes(view: &PageView, turned: bool, n: usize, rules: &Rules, report: &mut Report) {
    let wanted = report.target.size_um;
    let bleed = report.target.bleed_um.unwrap_or(rules.bleed_um);
    let turn = |(w, h): (i32, i32)| if turned { (h, w) } else { (w, h) };
    let sheet = turn((view.size[0], view.size[1]));
    let mut note = |check: &str, verdict, sentence| report.note_at(check, verdict, sentence, Some(n), None);
    let Some([left, top, width, height]) = view.trim else {
        return match wanted {
            Some((w, h)) if near(sheet, (w + 2 * bleed, h + 2 * bleed), rules.size_tolerance_um) => {
                note(
                    "boxes",
                    Verdict::Warn,
                    format!("Page {n} has the product's size with its bleed, and no TrimBox that says so."),
                );
            }
            Some(size_um) if near(sheet, size_um, rules.size_tolerance_um) => {
                note(
                    "bleed",
                    Verdict::Warn,
                    format!(
                        "Page {n} has the product's trimmed size and no bleed; {} mm on every side are wanted.",
                        mm(bleed)
                    ),
                );
            }
            Some((w, h)) => {
                let sentence = format!(
                    "Page {n} is {}; the product is {} and its file {} with bleed.",
                    size(sheet.0, sheet.1),
                    size(w, h),
                    size(w + 2 * bleed, h + 2 * bleed)
                );
                note("page_size", Verdict::Refuse, sentence);
            }
            None => note("boxes", Verdict::Warn, format!("Page {n} is {} and has no TrimBox.", size(sheet.0, sheet.1))),
        };
    };
    let trim = turn((width, height));
    let (verdict, sentence) = match wanted {
        Some(wanted) if near(trim, wanted, rules.size_tolerance_um) => {
            (Verdict::Pass, format!("Page {n} is trimmed to {}, as the product is.", size(trim.0, trim.1)))
        }
        Some(wanted) => (
            Verdict::Refuse,
            format!("Page {n} is trimmed to {}; the product is {}.", size(trim.0, trim.1), size(wanted.0, wanted.1)),
        ),
        None => (
            Verdict::Pass,
            format!("Page {n} is trimmed to {}; the product's size was not told.", size(trim.0, trim.1)),
        ),
    };
    note("page_size", verdict, sentence);
    let outer = view.bleed.unwrap_or([0, 0, view.size[0], view.size[1]]);
    let sides =
        [left - outer[0], top - outer[1], outer[0] + outer[2] - left - width, outer[1] + outer[3] - top - height];
    let least = sides.into_iter().min().unwrap_or(0);
    let (verdict, sentence) = if least + 100 >= bleed {
        (Verdict::Pass, format!("Page {n} has {} mm bleed.", mm(least)))
    } else {
        (Verdict::Warn, format!("Page {n} has {} mm bleed; {} mm on every side are wanted.", mm(least), mm(bleed)))
    };
    note("bleed", verdict, sentence);
}
