//! Fonts: a printer's machine has none of them.

use lopdf::{Dictionary, Document};

use super::super::Verdict;
use super::super::report::Report;
use super::{deref, get};

/// Whether a font's glyphs are in the file, and what it calls itself.
pub(super) fn embedded(doc: &Document, font: &Dictionary) -> (bool, String) {
    let name = get(doc, font, b"BaseFont").and_then(|name| name.as_name().ok()).unwrap_or(b"unnamed");
    let name = String::from_utf8_lossy(name).chars().filter(|c| c.is_ascii_graphic()).take(60).collect();
    let kind = get(doc, font, b"Subtype").and_then(|kind| kind.as_name().ok()).unwrap_or_default();
    if kind == b"Type3" {
        return (true, name);
    }
    let below = get(doc, font, b"DescendantFonts").and_then(|all| all.as_array().ok()?.first());
    let font = below.and_then(|font| deref(doc, font)?.as_dict().ok()).unwrap_or(font);
    let descriptor = get(doc, font, b"FontDescriptor").and_then(|descriptor| descriptor.as_dict().ok());
    let files: [&[u8]; 3] = [b"FontFile", b"FontFile2", b"FontFile3"];
    (descriptor.is_some_and(|descriptor| files.iter().any(|file| descriptor.has(file))), name)
}

pub(super) fn tell(fonts: &std::collections::BTreeMap<String, (bool, usize)>, report: &mut Report) {
    let missing: Vec<(&String, usize)> =
        fonts.iter().filter(|(_, (there, _))| !there).map(|(name, (_, page))| (name, *page)).collect();
    for (name, page) in &missing {
        let sentence = format!(
            "The font {name} is not embedded: another one would be printed. Embed it, or turn its type into outlines."
        );
        report.note_at("fonts", Verdict::Refuse, sentence, Some(*page), None);
    }
    if missing.is_empty() {
        let sentence = match fonts.len() {
            0 => "All type is outlined; no font is needed.".to_owned(),
            n => format!("All {n} fonts are embedded."),
        };
        report.note("fonts", Verdict::Pass, sentence);
    }
}
