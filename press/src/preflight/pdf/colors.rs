//! Colour spaces, and how much ink meets in one place.

use lopdf::{Dictionary, Document, Object, Stream};

use super::super::report::Report;
use super::super::{Rules, Verdict};
use super::walk::Seen;
use super::{deref, get, number};

/// Most bytes of one picture's samples.
const SAMPLES_MAX: usize = 64 * 1024 * 1024;

/// A colour space in words for people and how many components it has.
pub(super) fn space(doc: &Document, resources: Option<&Dictionary>, object: &Object) -> (String, usize) {
    let plain = |name: &[u8]| match name {
        b"DeviceGray" | b"G" | b"CalGray" => Some(("grey", 1)),
        b"DeviceRGB" | b"RGB" | b"CalRGB" => Some(("RGB", 3)),
        b"DeviceCMYK" | b"CMYK" => Some(("CMYK", 4)),
        b"Lab" => Some(("Lab", 3)),
        b"Pattern" => Some(("patterns", 0)),
        _ => None,
    };
    let known = |name: &[u8]| plain(name).map(|(word, n)| (word.to_owned(), n));
    let other = || ("another space".to_owned(), 0);
    let Some(object) = deref(doc, object) else { return other() };
    if let Ok(name) = object.as_name() {
        let named = || {
            let spaces = get(doc, resources?, b"ColorSpace")?.as_dict().ok()?;
            let found = get(doc, spaces, name)?;
            // A name that stands for a name that stands for itself is answered once.
            found.as_name().is_err().then(|| space(doc, None, found)).or_else(|| known(found.as_name().ok()?))
        };
        return known(name).or_else(named).unwrap_or_else(other);
    }
    let Ok(parts) = object.as_array() else { return other() };
    let part = |n: usize| parts.get(n).and_then(|part| deref(doc, part));
    match part(0).and_then(|kind| kind.as_name().ok()).unwrap_or_default() {
        b"ICCBased" => {
            let n = part(1)
                .and_then(|profile| profile.as_stream().ok())
                .and_then(|profile| get(doc, &profile.dict, b"N"))
                .and_then(number);
            match n.unwrap_or(0.0) as usize {
                1 => ("grey by a profile".to_owned(), 1),
                4 => ("CMYK by a profile".to_owned(), 4),
                _ => ("RGB by a profile".to_owned(), 3),
            }
        }
        b"Separation" => {
            let name = part(1).and_then(|name| name.as_name().ok()).unwrap_or_default();
            let name: String =
                String::from_utf8_lossy(name).chars().filter(|c| c.is_ascii_graphic()).take(40).collect();
            (format!("the spot colour {name}"), 1)
        }
        b"Indexed" | b"I" => part(1).map_or_else(other, |base| match base.as_name() {
            Ok(name) => known(name).unwrap_or_else(other),
            Err(_)
                if base.as_array().is_ok_and(|base| {
                    base.first().is_some_and(|kind| kind.as_name().ok() == Some(&b"ICCBased"[..]))
                }) =>
            {
                space(doc, None, base)
            }
            Err(_) => other(),
        }),
        b"DeviceN" => ("several spot colours".to_owned(), 0),
        name => known(name).unwrap_or_else(other),
    }
}

/// The most ink of a CMYK picture's pixels, in percent; of pictures that are compressed in other ways, nothing is known.
pub(super) fn picture_ink(stream: &Stream) -> f64 {
    let plain = stream.filters().is_ok_and(|filters| filters.iter().all(|filter| *filter == b"FlateDecode"));
    let Some(samples) = plain.then(|| stream.decompressed_content_with_limit(SAMPLES_MAX).ok()).flatten() else {
        return 0.0;
    };
    let most = samples.chunks_exact(4).map(|px| px.iter().map(|ink| u32::from(*ink)).sum::<u32>()).max().unwrap_or(0);
    f64::from(most) * 100.0 / 255.0
}

pub(super) fn tell(seen: &Seen, rules: &Rules, report: &mut Report) {
    let names: Vec<&str> = seen.spaces.iter().map(String::as_str).collect();
    let in_inks = report.target.kind.as_ref().is_some_and(|kind| rules.cmyk_kinds.contains(kind));
    let bare = names.contains(&"RGB");
    let (verdict, more) = match (in_inks, bare) {
        (true, true) => (
            Verdict::Warn,
            " This product is printed in CMYK: the printer will convert the RGB colours, and bright ones will dull.",
        ),
        _ => (Verdict::Pass, ""),
    };
    let all = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    report.note("color", verdict, format!("Colours used: {all}.{more}"));
    if let Some((percent, page)) = seen.ink {
        let verdict = if percent > f64::from(rules.ink_percent_max) { Verdict::Warn } else { Verdict::Pass };
        let sentence = format!(
            "The most ink of one colour or pixel is {percent:.0} %; {} % dry well. What overprints, and pictures packed as JPEG, are not counted.",
            rules.ink_percent_max
        );
        report.note_at("ink_total", verdict, sentence, Some(page), None);
    }
    if seen.transparent.is_empty() {
        report.note("transparency", Verdict::Pass, "Nothing is transparent.".to_owned());
    } else {
        let pages: Vec<String> = seen.transparent.iter().take(10).map(ToString::to_string).collect();
        let sentence = format!(
            "Transparency is used on page {}; flatten it where the printer does not take PDF/X-4.",
            pages.join(", ")
        );
        report.note_at("transparency", Verdict::Warn, sentence, seen.transparent.first().copied(), None);
    }
}
