//! Pictures: PNG row by row, whatever its size; JPEG and TIFF whole, under the limits of uploads; SVG as it is flattened.

use std::io::{BufRead, Seek};

use png::{BitDepth, ColorType, Decoder, Limits, Transformations};

use super::report::{PageView, Report, mm, size};
use super::{Rules, Verdict};
use crate::picture::{decode, sniff_image};

/// Most memory that the decoder of a PNG may take: rows, not pages.
pub(super) const PNG_MEMORY: usize = 48 * 1024 * 1024;
/// Longest side of a PNG.
const SIDE_MAX: u32 = 60_000;
/// Sides that differ by more than this many thousandths from the product's show bars or lose edges.
const SHAPE_MAX: u64 = 10;

/// Pixels as they are counted row by row.
#[derive(Default)]
struct Alpha {
    clear: u64,
    half: u64,
    full: u64,
}

impl Alpha {
    fn count(&mut self, alpha: u8) {
        match alpha {
            0 => self.clear += 1,
            255 => self.full += 1,
            _ => self.half += 1,
        }
    }
}

pub(super) fn png(file: impl BufRead + Seek, rules: &Rules, report: &mut Report) -> Result<(), String> {
    let broken = |_| "The PNG is damaged or ends before the picture does.".to_owned();
    let mut decoder = Decoder::new_with_limits(file, Limits { bytes: PNG_MEMORY });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(broken)?;
    let info = reader.info();
    let (width, height, interlaced) = (info.width, info.height, info.interlaced);
    if width > SIDE_MAX || height > SIDE_MAX {
        return Err(format!("The picture is larger than {SIDE_MAX} pixels a side."));
    }
    let (deep, profile) = (info.bit_depth == BitDepth::Sixteen, info.icc_profile.is_some());
    let dense = info.pixel_dims.map(|dims| (f64::from(dims.xppu) * 0.0254).round() as u32);
    let (color, _) = reader.output_color_type();
    let mut alpha = Alpha::default();
    while let Some(row) = reader.next_row().map_err(broken)? {
        let step = color.samples();
        if matches!(color, ColorType::Rgba | ColorType::GrayscaleAlpha) {
            row.data().chunks_exact(step).for_each(|px| alpha.count(px[step - 1]));
        } else {
            alpha.full += (row.data().len() / step) as u64;
        }
    }
    if interlaced {
        report.note(
            "interlaced",
            Verdict::Warn,
            "The PNG is interlaced, which some printers' tools refuse.".to_owned(),
        );
    }
    let depth = if deep { ", 16 bits a channel" } else { "" };
    color_note(report, &format!("{}{depth}", words(color)), profile);
    alpha_note(report, &alpha, rules);
    pixels(report, (width, height), dense, rules);
    Ok(())
}

fn words(color: ColorType) -> &'static str {
    match color {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => "grey",
        _ => "RGB",
    }
}

fn color_note(report: &mut Report, space: &str, profile: bool) {
    let profile = if profile { "with a colour profile" } else { "without a profile, so it is taken as sRGB" };
    report.note("color", Verdict::Pass, format!("The colours are {space}, {profile}."));
}

fn alpha_note(report: &mut Report, alpha: &Alpha, rules: &Rules) {
    let visible = alpha.half + alpha.full;
    if visible == 0 {
        report.note("alpha", Verdict::Refuse, "Every pixel is transparent: nothing would be printed.".to_owned());
        return;
    }
    let speckled = report.target.kind.as_ref().is_some_and(|kind| rules.speckled_kinds.contains(kind));
    let percent = alpha.half * 100 / visible;
    if alpha.clear + alpha.half == 0 {
        let verdict = if speckled { Verdict::Warn } else { Verdict::Pass };
        let sentence = "The picture has no transparent pixel: on cloth it prints as a rectangle.";
        report.note("alpha", verdict, if speckled { sentence.to_owned() } else { "The picture is opaque.".to_owned() });
    } else if speckled && percent >= u64::from(rules.speckle_percent_warn) {
        let sentence =
            format!("{percent} % of the visible pixels are half-transparent: on cloth they print as speckles.");
        report.note("speckle", Verdict::Warn, sentence);
    } else {
        let sentence =
            format!("The picture has transparent parts; {percent} % of its visible pixels are half-transparent.");
        report.note("alpha", Verdict::Pass, sentence);
    }
}

/// JPEG and TIFF.
pub(super) fn decoded(bytes: &[u8], rules: &Rules, report: &mut Report) -> Result<(), String> {
    let told = |error: crate::PressError| match error {
        crate::PressError::BadImage { reason } => reason,
        other => other.to_string(),
    };
    let info = sniff_image(bytes).map_err(told)?;
    let (_, picture) = decode(bytes).map_err(told)?;
    let color = picture.color();
    let profile = bytes.windows(11).any(|window| window == b"ICC_PROFILE") || tiff_profile(bytes);
    color_note(report, if color.has_color() { "RGB" } else { "grey" }, profile);
    if color.has_alpha() {
        let mut alpha = Alpha::default();
        picture.to_rgba8().pixels().for_each(|px| alpha.count(px.0[3]));
        alpha_note(report, &alpha, rules);
    } else {
        alpha_note(report, &Alpha { full: 1, ..Alpha::default() }, rules);
    }
    pixels(report, (info.width, info.height), None, rules);
    Ok(())
}

/// Tag 34675 in either order of bytes, which is enough to say that there is one.
fn tiff_profile(bytes: &[u8]) -> bool {
    let tag: &[u8] = if bytes.starts_with(b"II") { &[0x73, 0x87, 7, 0] } else { &[0x87, 0x73, 0, 7] };
    bytes.starts_with(b"II*\0") | bytes.starts_with(b"MM\0*") && bytes.windows(4).any(|window| window == tag)
}

/// Size and density of a picture that fills its product, bleed included.
fn pixels(report: &mut Report, (width, height): (u32, u32), dense: Option<u32>, rules: &Rules) {
    let bleed = report.target.bleed_um.unwrap_or(rules.bleed_um);
    let Some((trim_w, trim_h)) = report.target.size_um else {
        let said = dense.map_or_else(|| "says no density".to_owned(), |dpi| format!("says {dpi} dpi"));
        let sentence = format!(
            "The picture has {width} × {height} pixels and {said}; tell the product's size to have its density judged."
        );
        report.note("effective_dpi", Verdict::Warn, sentence);
        return;
    };
    let lies = (width > height) != (trim_w > trim_h) && width != height && trim_w != trim_h;
    let (trim_w, trim_h) = if lies { (trim_h, trim_w) } else { (trim_w, trim_h) };
    let (full_w, full_h) = (trim_w + 2 * bleed, trim_h + 2 * bleed);
    let dpi = |px: u32, um: i32| {
        u32::try_from(u64::from(px) * 25_400 / u64::from(um.unsigned_abs().max(1))).unwrap_or(u32::MAX)
    };
    let least = dpi(width, full_w).min(dpi(height, full_h));
    let sentence = format!(
        "{width} × {height} pixels over {} (trim and {} mm bleed) are {least} dpi; at least {} are wanted, under {} it is refused.",
        size(full_w, full_h),
        mm(bleed),
        rules.dpi_warn,
        rules.dpi_refuse
    );
    report.note("effective_dpi", rules.density(least), sentence);
    let shape = |w: i32, h: i32| {
        let (a, b) = (u64::from(width) * u64::from(h.unsigned_abs()), u64::from(height) * u64::from(w.unsigned_abs()));
        a.abs_diff(b) * 1000 / a.max(b).max(1)
    };
    let (verdict, sentence) = if shape(full_w, full_h) <= SHAPE_MAX {
        (Verdict::Pass, format!("The picture has the shape of the product with its bleed, {}.", size(full_w, full_h)))
    } else if shape(trim_w, trim_h) <= SHAPE_MAX {
        (
            Verdict::Warn,
            format!(
                "The picture has the shape of the trimmed product; without {} mm bleed its edges may stay white.",
                mm(bleed)
            ),
        )
    } else {
        (
            Verdict::Warn,
            format!("The picture has another shape than {}: it will be cropped or framed.", size(full_w, full_h)),
        )
    };
    report.note("bleed", verdict, sentence);
    let trim = [bleed, bleed, trim_w, trim_h];
    report.pages.push(PageView {
        size: [full_w, full_h],
        trim: Some(trim),
        bleed: Some([0, 0, full_w, full_h]),
        pictures: vec![[0, 0, full_w, full_h]],
    });
}

/// An SVG as it would be taken as an upload.
pub(super) fn svg(bytes: &[u8], rules: &Rules, report: &mut Report) -> Result<(), String> {
    let flat = crate::svg::flatten(bytes).map_err(|error| match error {
        crate::PressError::BadImage { reason } => reason,
        other => other.to_string(),
    })?;
    let info = sniff_image(&flat).map_err(|error| error.to_string())?;
    report.note("color", Verdict::Pass, "The colours are sRGB, as in every SVG.".to_owned());
    report.note("fonts", Verdict::Pass, "All type is outlined.".to_owned());
    let Some((trim_w, trim_h)) = report.target.size_um else { return Ok(()) };
    let ratio = |w: f64, h: f64| w.max(h) / w.min(h).max(1.0);
    let (drawn, wanted) =
        (ratio(f64::from(info.width), f64::from(info.height)), ratio(f64::from(trim_w), f64::from(trim_h)));
    let verdict = if (drawn / wanted - 1.0).abs() < 0.05 { Verdict::Pass } else { Verdict::Warn };
    let sentence = if verdict == Verdict::Pass {
        "The drawing has about the product's shape.".to_owned()
    } else {
        format!("The drawing has another shape than {}: it will be cropped or framed.", size(trim_w, trim_h))
    };
    report.note("page_size", verdict, sentence);
    let bleed = report.target.bleed_um.unwrap_or(rules.bleed_um);
    report.note(
        "bleed",
        Verdict::Warn,
        format!("An SVG has no boxes: make sure that the drawing goes {} mm beyond the trim.", mm(bleed)),
    );
    Ok(())
}
