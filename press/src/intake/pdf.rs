//! A PDF as artwork: kept as it is, but for its metadata, and refused when it holds anything that acts.
//!
//! Nothing is parsed into a tree: words are looked for in the file and in every stream that can be inflated, within a limit.
//! Metadata is blanked in place, so that no offset moves.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{Taken, bad, cut};
use crate::PressError;

/// What makes a document more than paper.
const ACTIVE: [&[u8]; 10] = [
    b"/JavaScript",
    b"/JS",
    b"/Launch",
    b"/EmbeddedFile",
    b"/OpenAction",
    b"/AA",
    b"/RichMedia",
    b"/SubmitForm",
    b"/GoToR",
    b"/XFA",
];
/// Most bytes that all streams together may inflate to.
const INFLATED_MAX: u64 = 256 * 1024 * 1024;
/// Most streams that are looked into.
const STREAMS_MAX: usize = 20_000;
/// After the end mark.
const TAIL_MAX: usize = 16;

pub(super) fn take_in(bytes: &[u8]) -> Result<Taken, PressError> {
    let end = find_last(bytes, b"%%EOF").ok_or_else(cut)? + 5;
    if bytes.len() - end > TAIL_MAX || !bytes[end..].iter().all(u8::is_ascii_whitespace) {
        return Err(bad("The PDF goes on behind its end; export it again."));
    }
    if has_name(bytes, b"/Encrypt") {
        return Err(bad("The PDF is encrypted; export it without a password."));
    }
    let mut page = media_box(bytes);
    let mut left = INFLATED_MAX;
    check(bytes)?;
    for stream in streams(bytes)? {
        let mut inflated = Vec::new();
        // A stream of another filter, or a damaged one, inflates to nothing that we know of.
        let _ = ZlibDecoder::new(stream).take(left + 1).read_to_end(&mut inflated);
        left =
            left.checked_sub(inflated.len() as u64).ok_or_else(|| bad("The PDF is too large once it is unpacked."))?;
        // Only streams of objects are read like the file itself; pictures and drawings hold any bytes.
        if inflated.first().is_some_and(u8::is_ascii_digit) && contains(&inflated, b"/Type") {
            check(&inflated)?;
            page = page.or_else(|| media_box(&inflated));
        }
    }
    let (width, height) = page.ok_or_else(|| bad("The PDF has no page that could be read."))?;
    let clean = blanked(bytes);
    // A string without an end would take the rest of the file with it.
    let whole = find_last(&clean, b"%%EOF") == Some(end - 5)
        && media_box(&clean) == media_box(bytes)
        && blanked(&clean) == clean;
    if !whole {
        return Err(bad("The PDF is damaged; export it again."));
    }
    Ok(Taken { bytes: clean, media_type: "application/pdf", width, height })
}

fn check(bytes: &[u8]) -> Result<(), PressError> {
    match ACTIVE.iter().any(|name| has_name(bytes, name)) {
        true => Err(bad("The PDF holds scripts, attachments or actions; export it as print artwork, without them.")),
        false => Ok(()),
    }
}

/// A name as PDF writes it: the word, and then something that ends it. `#xx` in names hides letters, so it is undone first.
fn has_name(bytes: &[u8], name: &[u8]) -> bool {
    let ends = |at: usize| bytes.get(at).is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_' && *b != b'-');
    if positions(bytes, name).any(|at| ends(at + name.len())) {
        return true;
    }
    positions(bytes, b"/").any(|at| {
        let word: &[u8] = &bytes[at..bytes.len().min(at + 64)];
        word.contains(&b'#') && unescaped(word).starts_with(name)
    })
}

fn unescaped(word: &[u8]) -> Vec<u8> {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(byte) = word.get(at) {
        match (byte, digit(word.get(at + 1)), digit(word.get(at + 2))) {
            (b'#', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (b' ' | b'\n' | b'\r' | b'\t' | b'<' | b'>' | b'(' | b'[', _, _) => break,
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

/// The contents of every stream, as far as one can be told from the file alone.
fn streams(bytes: &[u8]) -> Result<Vec<&[u8]>, PressError> {
    let mut found = Vec::new();
    for at in positions(bytes, b"stream") {
        if bytes[..at].ends_with(b"end") {
            continue;
        }
        let from = at + 6 + usize::from(bytes.get(at + 6) == Some(&b'\r')) + 1;
        found.push(bytes.get(from.min(bytes.len())..).unwrap_or_default());
        if found.len() > STREAMS_MAX {
            return Err(bad("The PDF has too many parts."));
        }
    }
    Ok(found)
}

/// The first page's size in whole points.
fn media_box(bytes: &[u8]) -> Option<(u32, u32)> {
    let at = positions(bytes, b"/MediaBox").next()? + 9;
    let text = &bytes[at..bytes.len().min(at + 120)];
    let open = text.iter().position(|b| *b == b'[')?;
    let close = text.iter().position(|b| *b == b']')?;
    let text = std::str::from_utf8(text.get(open + 1..close)?).ok()?;
    let numbers: Vec<f64> = text.split_ascii_whitespace().map_while(|number| number.parse().ok()).collect();
    let [left, bottom, right, top] = numbers.as_slice() else { return None };
    let side = |length: f64| (1.0..=14_400.0).contains(&length).then(|| length.ceil() as u32);
    Some((side((right - left).abs())?, side((top - bottom).abs())?))
}

/// The same file with nothing that leads to its metadata, and no metadata where that stands in the clear.
fn blanked(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for name in [&b"/Info"[..], b"/Metadata"] {
        for at in positions(bytes, name) {
            let reference = &bytes[at + name.len()..bytes.len().min(at + name.len() + 24)];
            if let Some(length) = reference_length(reference) {
                out[at..at + name.len() + length].fill(b' ');
            }
        }
    }
    for name in [&b"/Author"[..], b"/Creator", b"/Producer", b"/Title", b"/Subject", b"/Keywords", b"/Company"] {
        for at in positions(bytes, name) {
            blank_string(bytes, at + name.len(), &mut out);
        }
    }
    for at in positions(bytes, b"<?xpacket begin") {
        let end = positions(&bytes[at..], b"<?xpacket end").next().map_or(0, |end| at + end);
        if end > at {
            out[at..end].fill(b' ');
        }
    }
    out
}

/// Length of ` 12 0 R`.
fn reference_length(text: &[u8]) -> Option<usize> {
    let end = text.iter().position(|b| *b == b'R')?;
    let numbers = std::str::from_utf8(&text[..end]).ok()?;
    let plain = numbers.split_ascii_whitespace().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    (plain && numbers.split_ascii_whitespace().count() == 2).then_some(end + 1)
}

fn blank_string(bytes: &[u8], from: usize, out: &mut [u8]) {
    let open = from + bytes[from..].iter().take(4).take_while(|b| b.is_ascii_whitespace()).count();
    let closing = match bytes.get(open) {
        Some(b'(') => b')',
        Some(b'<') if bytes.get(open + 1) != Some(&b'<') => b'>',
        _ => return,
    };
    let (mut at, mut depth) = (open + 1, 0_usize);
    while let Some(byte) = bytes.get(at).filter(|byte| **byte != closing || depth > 0) {
        // Brackets inside a string are part of it as long as they come in pairs.
        match byte {
            b'(' if closing == b')' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let step = if *byte == b'\\' { 2 } else { 1 };
        let blank = if closing == b'>' { b'0' } else { b' ' };
        out[at..(at + step).min(bytes.len())].fill(blank);
        at += step;
    }
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    positions(bytes, what).next().is_some()
}

fn find_last(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|window| window == what)
}

fn positions<'a>(bytes: &'a [u8], what: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = what.first().copied().unwrap_or_default();
    bytes
        .iter()
        .enumerate()
        .filter(move |(at, byte)| **byte == first && bytes[*at..].starts_with(what))
        .map(|(at, _)| at)
}
