//! The sheet a customer approves: the product, every zone with its bleed and safe area, every text letter by letter.
//!
//! Drawn by the same display list as everything else, so that its PNG and its PDF say the same.

mod facts;
mod sheet;
mod words;

use facts::{Row, rows, safe_area};
use sheet::{ACCENT, ALERT, BAND, BLEED, HEIGHT, INK, LINE, Page, QUIET, SAFE, WIDTH, at, paper};
use words::{Words, words};

use super::raster::{Part, Place, Sheet};
use super::{mockup, pdf};
use crate::assets::Assets;
use crate::draw::{DisplayList, Point, display_lists};
use crate::spec::{Color, Spec, Zone};
use crate::{Language, PRESS_VERSION, PressError};

/// Pixels across a page.
const PAGE_PX: u32 = 1754;
/// Empty border of every page.
const MARGIN: i32 = 12_000;
/// Height of a line of the table.
const ROW: i32 = 7_000;
/// Where the table begins on the first page, and on all others.
const FIRST_TABLE: i32 = 117_000;
const NEXT_TABLE: i32 = 32_000;
/// Where it ends: signatures and footer follow.
const TABLE_END: i32 = 187_000;
/// Dots per inch of the zones on the sheet.
const ZONE_DPI: f32 = 200.0;
/// Most pages.
const PAGES_MAX: usize = 12;
/// Name of the mock-up among the sheet's pictures; zones go by their number.
const MOCKUP: &str = "mockup";

/// A proof sheet.
pub(crate) struct Proof {
    /// All pages below each other.
    pub(crate) png: Vec<u8>,
    pub(crate) pdf: Vec<u8>,
    pub(crate) thumbnail: Vec<u8>,
}

/// Makes the proof sheet of a design.
pub(crate) fn proof(spec: &Spec, assets: &Assets, language: Language) -> Result<Proof, PressError> {
    let words = words(language);
    let lists = display_lists(spec, assets)?;
    let picture = mockup::mockup(spec, assets)?;
    let thumbnail = picture.thumbnail()?;
    let names: Vec<String> = (0..lists.len()).map(|n| n.to_string()).collect();
    let mut pictures = Assets::new();
    pictures.insert_rgb(MOCKUP, picture.width, picture.height, &picture.rgb);
    for (list, name) in lists.iter().zip(&names) {
        let pixels = zone_pixels(list, assets)?;
        pictures.insert_rgba(name, pixels.width(), pixels.height(), super::raster::straight(&pixels));
    }
    let paper = paper();
    let mut sheet = Pages { paper: &paper, pages: Vec::new(), words, spec, hash: spec.hash() };
    sheet.first((picture.width, picture.height), &names)?;
    sheet.table(&rows(spec, assets, words)?)?;
    sheet.end()?;
    let pages: Vec<DisplayList<'_>> = sheet.pages.into_iter().map(|page| page.list).collect();
    let id = format!("{}:proof:{language:?}", sheet.hash);
    Ok(Proof { png: png(&pages, &pictures)?, pdf: pdf::document(&pages, &pictures, words.title, &id)?, thumbnail })
}

/// A zone with its bleed, as it is printed.
fn zone_pixels(list: &DisplayList<'_>, assets: &Assets) -> Result<tiny_skia::Pixmap, PressError> {
    let full = |side: i32| (side + 2 * list.zone.bleed_um) as f32;
    let (w, h) = (full(list.zone.width_um), full(list.zone.height_um));
    // Never more pixels than the sheet can show.
    let scale = (ZONE_DPI / 25_400.0).min(1400.0 / w.max(h));
    let px = |um: f32| (um * scale).round().max(1.0) as u32;
    let origin = Point { x: -list.zone.bleed_um, y: -list.zone.bleed_um };
    let place = Place { left: 0, top: 0, width: px(w), height: px(h), scale, origin, cut_out: false };
    Part::new(list, assets, place)?.pixels()
}

fn png(pages: &[DisplayList<'_>], assets: &Assets) -> Result<Vec<u8>, PressError> {
    let height = (i64::from(PAGE_PX) * i64::from(HEIGHT) / i64::from(WIDTH)) as u32;
    let scale = PAGE_PX as f32 / WIDTH as f32;
    let mut parts = Vec::with_capacity(pages.len());
    for (n, page) in pages.iter().enumerate() {
        let origin = Point { x: 0, y: 0 };
        let place = Place { left: 0, top: n as u32 * height, width: PAGE_PX, height, scale, origin, cut_out: false };
        parts.push(Part::new(page, assets, place)?);
    }
    Sheet { width: PAGE_PX, height: height * pages.len() as u32, parts }.png(None)
}

/// The sheet as it grows.
struct Pages<'a> {
    paper: &'a Zone,
    pages: Vec<Page<'a>>,
    words: &'static Words,
    spec: &'a Spec,
    hash: String,
}

impl<'a> Pages<'a> {
    fn page(&mut self) -> Result<&mut Page<'a>, PressError> {
        let number = self.pages.len() + 1;
        let (words, spec) = (self.words, self.spec);
        let mut page = Page::new(self.paper);
        page.bar(0, 0, WIDTH, 22_000, ACCENT);
        page.say(words.title, at(MARGIN, 3_500, 150_000, 9_000), 6_400, sheet::WHITE)?;
        page.say(words.ask, at(MARGIN, 12_500, 170_000, 6_000), 3_300, Color { r: 0xd9, g: 0xe2, b: 0xec })?;
        let product =
            format!("{} {}, {} {}", words.product, spec.product_id(), words.template, spec.template_version());
        page.say(&product, at(196_000, 4_500, 89_000, 6_000), 3_600, sheet::WHITE)?;
        let design = format!("{} {}", words.design, &self.hash[..16]);
        page.say(&design, at(196_000, 12_500, 89_000, 6_000), 3_300, Color { r: 0xd9, g: 0xe2, b: 0xec })?;
        let foot = format!("{} {number} · {} · press {PRESS_VERSION} · {}", words.page, words.colors_differ, self.hash);
        page.say(&foot, at(MARGIN, 200_500, WIDTH - 2 * MARGIN, 4_500), 2_400, QUIET)?;
        self.pages.push(page);
        self.pages.last_mut().ok_or(PressError::Defect("a page was lost"))
    }

    /// The product on the left, its zones on the right.
    fn first(&mut self, mockup_px: (u32, u32), names: &'a [String]) -> Result<(), PressError> {
        let (words, spec) = (self.words, self.spec);
        let page = self.page()?;
        let room = at(MARGIN, 27_000, 92_000, 84_000);
        let place = crate::draw::contain(room, mockup_px.0, mockup_px.1);
        page.picture(MOCKUP, place);
        page.frame(place, LINE, 250);
        let zones = spec.zones();
        let room = at(112_000, 27_000, WIDTH - MARGIN - 112_000, 78_000);
        for ((zone, name), cell) in zones.iter().zip(names).zip(cells(zones, room)) {
            draw_zone(page, words, zone, name, cell)?;
        }
        legend(page, words, zones, 106_500)
    }

    fn table(&mut self, rows: &[Row]) -> Result<(), PressError> {
        let mut y = self.head(FIRST_TABLE)?;
        for row in rows {
            y = self.room_at(y)?;
            let page = self.pages.last_mut().ok_or(PressError::Defect("a page was lost"))?;
            page.bar(MARGIN, y + ROW - 100, WIDTH - 2 * MARGIN, 150, LINE);
            let cell = |x: i32, w: i32| at(x, y + 900, w, ROW - 1_800);
            page.say(&row.zone, cell(14_000, 24_000), 3_100, INK)?;
            page.say(&row.content, cell(40_000, 112_000), 3_600, INK)?;
            page.say(&row.font, cell(156_000, 56_000), 3_100, INK)?;
            page.say(&row.size, cell(215_000, 30_000), 3_100, INK)?;
            if let Some(color) = row.color {
                page.rounded(at(248_000, y + 1_700, 3_600, 3_600), 700, LINE);
                page.rounded(at(248_150, y + 1_850, 3_300, 3_300), 600, color);
            }
            page.say(&row.color_name, cell(253_500, 30_000), 3_100, INK)?;
            y += ROW;
        }
        let warnings: Vec<&String> = rows.iter().flat_map(|row| &row.warnings).collect();
        y = self.room_at(y + 2_500)?;
        let (title, color) =
            if warnings.is_empty() { (self.words.no_warnings, SAFE) } else { (self.words.warnings, ALERT) };
        let page = self.pages.last_mut().ok_or(PressError::Defect("a page was lost"))?;
        page.rounded(at(MARGIN + 2_000, y + 2_000, 2_600, 2_600), 1_300, color);
        page.say(title, at(MARGIN + 7_000, y, 240_000, ROW), 3_800, color)?;
        y += ROW;
        for warning in warnings {
            y = self.room_at(y)?;
            let page = self.pages.last_mut().ok_or(PressError::Defect("a page was lost"))?;
            page.say(warning, at(MARGIN + 7_000, y, WIDTH - 2 * MARGIN - 7_000, ROW - 1_000), 3_200, INK)?;
            y += ROW - 1_000;
        }
        Ok(())
    }

    /// The head of the table; answers where its first row begins.
    fn head(&mut self, y: i32) -> Result<i32, PressError> {
        let words = self.words;
        let page = self.pages.last_mut().ok_or(PressError::Defect("a page was lost"))?;
        page.bar(MARGIN, y, WIDTH - 2 * MARGIN, ROW, BAND);
        let columns = [
            (14_000, 24_000, words.zone),
            (40_000, 112_000, words.content),
            (156_000, 56_000, words.font),
            (215_000, 30_000, words.size),
            (248_000, 36_000, words.color),
        ];
        for (x, w, title) in columns {
            page.say(title, at(x, y + 900, w, ROW - 1_800), 3_100, QUIET)?;
        }
        Ok(y + ROW)
    }

    /// Where the next line goes: here, or below the head of a new page.
    fn room_at(&mut self, y: i32) -> Result<i32, PressError> {
        if y + ROW <= TABLE_END {
            return Ok(y);
        }
        if self.pages.len() >= PAGES_MAX {
            return Err(PressError::OutOfLimits("The design has more layers than a proof sheet can list.".to_owned()));
        }
        self.page()?;
        self.head(NEXT_TABLE)
    }

    /// Where the customer signs.
    fn end(&mut self) -> Result<(), PressError> {
        let words = self.words;
        let page = self.pages.last_mut().ok_or(PressError::Defect("a page was lost"))?;
        for (x, w, title) in
            [(MARGIN, 70_000, words.name), (90_000, 50_000, words.date), (150_000, 135_000, words.signature)]
        {
            page.bar(x, 194_500, w, 250, QUIET);
            page.say(title, at(x, 195_000, w, 4_600), 2_900, QUIET)?;
        }
        Ok(())
    }
}

/// A place for every zone, side by side, in rows as even as can be.
fn cells(zones: &[Zone], room: crate::spec::Frame) -> Vec<crate::spec::Frame> {
    let count = zones.len().max(1) as i32;
    let rows = (1..=4).find(|rows| rows * rows * 4 >= count).unwrap_or(4);
    let per_row = (count + rows - 1) / rows;
    let (w, h) = (room.w_um / per_row, room.h_um / rows);
    let cell = |n: i32| at(room.x_um + n % per_row * w + 1_500, room.y_um + n / per_row * h, w - 3_000, h - 2_000);
    (0..count).map(cell).collect()
}

fn draw_zone<'a>(
    page: &mut Page<'a>,
    words: &Words,
    zone: &Zone,
    name: &'a str,
    cell: crate::spec::Frame,
) -> Result<(), PressError> {
    const LABEL: i32 = 6_500;
    let full = |side: i32| i64::from(side + 2 * zone.bleed_um);
    let (w, h) = (full(zone.width_um), full(zone.height_um));
    let (room_w, room_h) = (i64::from(cell.w_um), i64::from(cell.h_um - LABEL));
    // Never larger than life.
    let (num, den) = if room_w * h <= room_h * w { (room_w, w) } else { (room_h, h) };
    let (num, den) = if num > den { (1, 1) } else { (num, den) };
    let scaled = |um: i32| i32::try_from(i64::from(um) * num / den).unwrap_or(0);
    let outer = at(
        cell.x_um + (cell.w_um - scaled(zone.width_um + 2 * zone.bleed_um)) / 2,
        cell.y_um + (cell.h_um - LABEL - scaled(zone.height_um + 2 * zone.bleed_um)) / 2,
        scaled(zone.width_um + 2 * zone.bleed_um),
        scaled(zone.height_um + 2 * zone.bleed_um),
    );
    page.bar(outer.x_um, outer.y_um, outer.w_um, outer.h_um, BAND);
    page.picture(name, outer);
    let inside = |f: crate::spec::Frame| {
        let bleed = zone.bleed_um;
        at(outer.x_um + scaled(f.x_um + bleed), outer.y_um + scaled(f.y_um + bleed), scaled(f.w_um), scaled(f.h_um))
    };
    if zone.bleed_um > 0 {
        page.frame(outer, BLEED, 250);
    }
    page.frame(inside(at(0, 0, zone.width_um, zone.height_um)), INK, 300);
    page.dashed(inside(safe_area(zone)), SAFE, 260);
    let bleed =
        if zone.bleed_um > 0 { format!(" + {} {}", words.mm(zone.bleed_um), words.bleed) } else { String::new() };
    let label = format!("{} · {} × {}{bleed}", zone.id, words.mm(zone.width_um), words.mm(zone.height_um));
    page.say(&label, at(cell.x_um, cell.y_um + cell.h_um - LABEL + 1_200, cell.w_um, LABEL - 1_400), 2_900, INK)
}

fn legend(page: &mut Page<'_>, words: &Words, zones: &[Zone], y: i32) -> Result<(), PressError> {
    let mut x = 114_000;
    let mut entries = vec![(INK, words.trim), (SAFE, words.safe)];
    if zones.iter().any(|zone| zone.bleed_um > 0) {
        entries.push((BLEED, words.bleed));
    }
    if zones.iter().any(|zone| zone.cut_contour_um.is_some()) {
        entries.push((INK, words.cut));
    }
    for (color, name) in entries {
        page.bar(x, y + 1_900, 6_000, 400, color);
        page.say(name, at(x + 7_500, y, 34_000, 4_400), 2_700, QUIET)?;
        x += 42_000;
    }
    Ok(())
}
