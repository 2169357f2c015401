//! PDFs, read by lopdf: the document as a whole, then page by page.

mod boxes;
mod colors;
mod fonts;
mod matrix;
mod walk;

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use super::report::Report;
use super::{Rules, Verdict};
use walk::Seen;

/// Most bytes that one stream may unpack to while the file is loaded, and a page's drawing afterwards.
const UNPACKED_MAX: usize = 64 * 1024 * 1024;
/// Most pages that are looked at.
const PAGES_MAX: usize = 3_000;
/// Longest way up from a page to the root, and down through references.
const DEPTH_MAX: usize = 64;
/// Keys of a catalogue or a page that make it more than paper.
const ACTIVE: [&[u8]; 4] = [b"OpenAction", b"AA", b"AcroForm", b"Collection"];

pub(super) fn pdf(bytes: &[u8], rules: &Rules, report: &mut Report) -> Result<(), String> {
    let options = LoadOptions { max_decompressed_size: Some(UNPACKED_MAX), ..LoadOptions::default() };
    let doc = Document::load_mem_with_options(bytes, options)
        .map_err(|_| "The PDF is damaged, or unpacks beyond every limit; export it again.".to_owned())?;
    if doc.is_encrypted() || doc.was_encrypted() || doc.trailer.has(b"Encrypt") {
        return Err("The PDF is encrypted; export it without a password.".to_owned());
    }
    let pages: Vec<ObjectId> = doc.page_iter().take(PAGES_MAX + 1).collect();
    if pages.is_empty() {
        return Err("The PDF has no page that could be read.".to_owned());
    }
    if pages.len() > PAGES_MAX {
        return Err(format!("The PDF has more than {PAGES_MAX} pages."));
    }
    count(report, pages.len());
    active(&doc, report);
    intent(&doc, report);
    let mut seen = Seen::new();
    for (index, id) in pages.iter().enumerate() {
        let Ok(page) = doc.get_dictionary(*id) else { return Err(format!("Page {} cannot be read.", index + 1)) };
        boxes::look(&doc, page, index + 1, rules, report);
        walk::page(&doc, page, *id, index + 1, rules, report, &mut seen)?;
    }
    fonts::tell(&seen.fonts, report);
    colors::tell(&seen, rules, report);
    Ok(())
}

fn count(report: &mut Report, pages: usize) {
    let word = if pages == 1 { "page" } else { "pages" };
    let (verdict, sentence) = match report.target.pages {
        Some(wanted) if wanted != pages => {
            (Verdict::Refuse, format!("The PDF has {pages} {word}; the product needs {wanted}."))
        }
        Some(_) => (Verdict::Pass, format!("The PDF has {pages} {word}, as the product needs.")),
        None => (Verdict::Pass, format!("The PDF has {pages} {word}; how many the product needs was not told.")),
    };
    report.note("pages", verdict, sentence);
}

fn active(doc: &Document, report: &mut Report) {
    let catalog = doc.catalog().ok();
    let names = catalog.and_then(|catalog| get(doc, catalog, b"Names")).and_then(|names| names.as_dict().ok());
    let scripts = names.is_some_and(|names| names.has(b"JavaScript") || names.has(b"EmbeddedFiles"));
    if scripts || catalog.is_some_and(|catalog| ACTIVE.iter().any(|key| catalog.has(key))) {
        let sentence =
            "The PDF holds scripts, forms, attachments or actions; export it as print artwork, without them.";
        report.note("active", Verdict::Refuse, sentence.to_owned());
    }
}

/// For which printing condition the file says it is made.
fn intent(doc: &Document, report: &mut Report) {
    let intents =
        doc.catalog().ok().and_then(|catalog| get(doc, catalog, b"OutputIntents")).and_then(|all| all.as_array().ok());
    let of_print = |intent: &&Dictionary| get(doc, intent, b"S").and_then(|s| s.as_name().ok()) == Some(b"GTS_PDFX");
    let dictionary = |object| deref(doc, object).and_then(|intent| intent.as_dict().ok());
    let intent = intents.into_iter().flatten().filter_map(dictionary).find(of_print);
    let text = |intent: &Dictionary, key: &[u8]| {
        let text = get(doc, intent, key).and_then(|text| text.as_str().ok()).unwrap_or_default();
        String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()).take(80).collect::<String>()
    };
    let sentence = match intent {
        Some(intent) => {
            let name = [&b"Info"[..], b"OutputConditionIdentifier"].map(|key| text(intent, key));
            let name =
                name.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "an unnamed condition".to_owned());
            format!("The PDF says that it is made for {name}.")
        }
        None => "The PDF has no output intent; its colours are taken as they stand.".to_owned(),
    };
    report.note("output_intent", Verdict::Pass, sentence);
}

/// An object behind its references, of which a broken file has circles.
fn deref<'a>(doc: &'a Document, mut object: &'a Object) -> Option<&'a Object> {
    for _ in 0..DEPTH_MAX {
        match object {
            Object::Reference(id) => object = doc.objects.get(id)?,
            other => return Some(other),
        }
    }
    None
}

fn get<'a>(doc: &'a Document, dictionary: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    deref(doc, dictionary.get(key).ok()?)
}

/// A page's entry, or that of a node above it.
fn inherited<'a>(doc: &'a Document, page: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    let mut node = page;
    for _ in 0..DEPTH_MAX {
        if let Some(found) = get(doc, node, key) {
            return Some(found);
        }
        node = get(doc, node, b"Parent")?.as_dict().ok()?;
    }
    None
}

fn number(object: &Object) -> Option<f64> {
    match object {
        Object::Integer(value) => Some(*value as f64),
        Object::Real(value) => Some(f64::from(*value)),
        _ => None,
    }
    .filter(|value| value.is_finite())
}

fn numbers(objects: &[Object]) -> Vec<f64> {
    objects.iter().filter_map(number).collect()
}

/// Points as micrometres.
fn um(points: f64) -> i32 {
    (points * 25_400.0 / 72.0).round().clamp(-2_000_000_000.0, 2_000_000_000.0) as i32
}
