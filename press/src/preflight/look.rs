//! The look at a file: told by its first bytes, then read by what reads its format.

use std::io::{BufRead, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::report::Report;
use super::{Rules, Target, Verdict, pdf, picture};

/// Longest file that is read at all.
pub const PREFLIGHT_BYTES_MAX: u64 = 1_000_000_000;
/// PDFs, JPEGs, TIFFs and SVGs are held in memory.
const HELD_BYTES_MAX: u64 = 400_000_000;

/// Looks at a file. It never fails: what cannot be read is a report that says so.
pub fn check(mut file: impl BufRead + Seek, rules: &Rules, target: Target) -> Report {
    let bytes = file.seek(SeekFrom::End(0)).unwrap_or(0);
    let mut head = vec![0; 4096];
    let start = file.seek(SeekFrom::Start(0)).and_then(|_| filled(&mut file, &mut head));
    head.truncate(start.unwrap_or(0));
    let format = format(&head);
    let refused = |sentence: &str| Report::refused(rules, target.clone(), format, bytes, sentence);
    if format == "unknown" {
        return refused("This is no PDF, PNG, JPEG, TIFF or SVG.");
    }
    if bytes > PREFLIGHT_BYTES_MAX || (format != "png" && bytes > HELD_BYTES_MAX) {
        return refused("The file is too large to be looked at.");
    }
    if file.seek(SeekFrom::Start(0)).is_err() {
        return refused("The file cannot be read.");
    }
    let mut report = Report::new(rules, target.clone(), format, bytes);
    whole(&mut report, rules);
    let look = AssertUnwindSafe(|| match format {
        "png" => picture::png(file, rules, &mut report),
        other => held(file, bytes).and_then(|all| match other {
            "pdf" => pdf::pdf(&all, rules, &mut report),
            "svg" => picture::svg(&all, rules, &mut report),
            _ => picture::decoded(&all, rules, &mut report),
        }),
    });
    // What a reader trips over is a fault of the file; what was noted before is still true.
    let looked = catch_unwind(look).unwrap_or_else(|_| Err("The file is damaged, and stops what reads it.".to_owned()));
    match looked {
        Ok(()) => report.note("opens", Verdict::Pass, "The file opens and could be read to its end.".to_owned()),
        Err(sentence) => report.note("opens", Verdict::Refuse, sentence),
    }
    report.finished()
}

/// What can be said before anything is read.
fn whole(report: &mut Report, rules: &Rules) {
    let taken = rules.formats.contains(&report.format);
    let (verdict, sentence) = match taken {
        true => (Verdict::Pass, format!("{} is taken by {}.", report.format.to_uppercase(), rules.provider)),
        false => (Verdict::Refuse, format!("{} is not taken by {}.", report.format.to_uppercase(), rules.provider)),
    };
    report.note("format", verdict, sentence);
    let megabytes = |bytes: u64| format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000);
    let verdict = if report.bytes > rules.bytes_max { Verdict::Refuse } else { Verdict::Pass };
    let sentence =
        format!("The file has {}; at most {} are taken.", megabytes(report.bytes), megabytes(rules.bytes_max));
    report.note("file_size", verdict, sentence);
}

fn held(mut file: impl Read, bytes: u64) -> Result<Vec<u8>, String> {
    let mut all = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    file.read_to_end(&mut all).map_err(|_| "The file cannot be read.".to_owned())?;
    Ok(all)
}

fn filled(file: &mut impl Read, into: &mut [u8]) -> std::io::Result<usize> {
    let mut have = 0;
    while have < into.len() {
        match file.read(&mut into[have..])? {
            0 => break,
            read => have += read,
        }
    }
    Ok(have)
}

pub(super) fn format(head: &[u8]) -> &'static str {
    match crate::intake::sniff(head) {
        Some(crate::intake::Sniffed::Pdf) => "pdf",
        Some(crate::intake::Sniffed::Tiff) => "tiff",
        Some(crate::intake::Sniffed::Svg) => "svg",
        Some(crate::intake::Sniffed::Picture) if head.starts_with(b"\x89PNG") => "png",
        Some(crate::intake::Sniffed::Picture) if head.starts_with(b"\xff\xd8") => "jpeg",
        _ => "unknown",
    }
}
