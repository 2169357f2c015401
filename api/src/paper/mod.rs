//! Statements on paper: A4, in English or French, with an embedded font, so that every name prints that the font has letters for.
//!
//! The same statement is the same bytes, on every day and machine.

mod workshop;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use platen_press::Language;
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::statement::{Section, Statement, StatementLine, amount};
use printpdf::{
    Color, FontId, Greyscale, Line, LinePoint, Mm, Op, ParsedFont, PdfDocument, PdfFont, PdfFontHandle, PdfPage,
    PdfSaveOptions, Point, Pt, TextItem, to_lopdf_doc,
};

pub use workshop::{Slip, Ticket, TicketLine, slip, ticket};

const WIDTH: f32 = 210.0;
const HEIGHT: f32 = 297.0;
const LEFT: f32 = 20.0;
const RIGHT: f32 = 190.0;
const TOP: f32 = 275.0;
const BOTTOM: f32 = 25.0;
const LEADING: f32 = 5.2;
/// Where columns begin: date, what, about which; and where the two amounts end.
const COLUMNS: [f32; 3] = [LEFT, 42.0, 80.0];
const AMOUNTS: [f32; 2] = [162.0, RIGHT];
const SIZE: f32 = 8.5;

/// Why there is no paper.
#[derive(Debug, thiserror::Error)]
#[error("the shipped font cannot be embedded, or the document not be written")]
pub struct NoPaper;

/// A party's statement of a month, issued by whoever owes it.
///
/// # Errors
/// [`NoPaper`], never with the shipped font.
pub fn statement(statement: &Statement, issuer: &str, language: Language) -> Result<Vec<u8>, NoPaper> {
    let words = Words(language);
    let title = format!("{} {}", words.title(), statement.month);
    paper(&title, |sheet| {
        sheet.text(LEFT, 16.0, &title);
        sheet.down(2.0);
        sheet.text(LEFT, 11.0, &format!("{} ({})", statement.name, statement.party));
        sheet.down(1.3);
        sheet.text(LEFT, SIZE, &format!("{} {issuer}", words.issued_by()));
        sheet.down(2.0);
        if statement.currencies.is_empty() {
            sheet.text(LEFT, SIZE, words.nothing());
        }
        for section in &statement.currencies {
            write_section(sheet, section, &words);
        }
        Ok(())
    })
}

/// A document in the shipped font, written page by page. The same words are the same bytes: what printpdf would draw by lot, the font's name
/// and the file's identifier, is given and left out.
fn paper(title: &str, write: impl FnOnce(&mut Sheet<'_>) -> Result<(), NoPaper>) -> Result<Vec<u8>, NoPaper> {
    let bytes = platen_press::text::font_named("Noto Sans").ok_or(NoPaper)?;
    let font = ParsedFont::from_bytes(bytes, 0, &mut Vec::new()).ok_or(NoPaper)?;
    let mut document = PdfDocument::new(title);
    let id = FontId("F0".to_owned());
    document.resources.fonts.map.insert(id.clone(), PdfFont::new(font.clone()));
    let mut sheet = Sheet { font: &font, id, pages: vec![Vec::new()], y: TOP };
    write(&mut sheet)?;
    let pages = sheet.finish();
    document.with_pages(pages);
    let mut file = to_lopdf_doc(&document, &PdfSaveOptions::default(), &mut Vec::new());
    file.trailer.remove(b"ID");
    file.compress();
    let mut bytes = Vec::new();
    file.save_to(&mut bytes).map_err(|_| NoPaper)?;
    Ok(bytes)
}

fn write_section(sheet: &mut Sheet<'_>, section: &Section, words: &Words) {
    let money = |minor| words.number(minor, section.currency);
    sheet.room(6);
    sheet.text(LEFT, 11.0, section.currency.code());
    sheet.down(1.3);
    let [date, what, about, moved, balance] = words.heads();
    sheet.row([date, what, about], [moved, balance]);
    sheet.rule();
    sheet.row(["", words.opening(), ""], ["", &money(section.opening_minor)]);
    let mut held = section.opening_minor;
    for line in &section.lines {
        held += line.minor;
        let day = line.at.timestamp().strftime("%Y-%m-%d").to_string();
        let (what, moved) = (words.purpose(line), money(line.minor));
        sheet.row([&day, &what, &line.subject], [&moved, &money(held)]);
    }
    sheet.rule();
    sheet.row(["", words.closing(), ""], ["", &money(section.closing_minor)]);
    sheet.down(1.5);
}

/// What is written, page by page.
struct Sheet<'a> {
    font: &'a ParsedFont,
    id: FontId,
    pages: Vec<Vec<Op>>,
    y: f32,
}

impl Sheet<'_> {
    fn push(&mut self, ops: impl IntoIterator<Item = Op>) {
        if let Some(page) = self.pages.last_mut() {
            page.extend(ops);
        }
    }

    /// Makes sure that so many lines fit, on a new page if need be.
    fn room(&mut self, lines: u8) {
        if self.y - f32::from(lines) * LEADING < BOTTOM {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
    }

    fn down(&mut self, lines: f32) {
        self.y -= lines * LEADING;
    }

    /// A row of the table.
    fn row(&mut self, texts: [&str; 3], amounts: [&str; 2]) {
        self.room(1);
        for (x, text) in COLUMNS.into_iter().zip(texts) {
            self.text(x, SIZE, text);
        }
        for (x, text) in AMOUNTS.into_iter().zip(amounts) {
            self.text(x - self.width(text, SIZE), SIZE, text);
        }
        self.down(1.0);
    }

    fn text(&mut self, x: f32, size: f32, text: &str) {
        if text.is_empty() {
            return;
        }
        let ops = written(&self.id, (x, self.y), size, text);
        self.push(ops);
    }

    fn rule(&mut self) {
        let y = self.y + LEADING * 0.65;
        let end = |x: f32| LinePoint { p: Point { x: Mm(x).into(), y: Mm(y).into() }, bezier: false };
        let line = Line { points: vec![end(LEFT), end(RIGHT)], is_closed: false };
        let grey = Color::Greyscale(Greyscale { percent: 0.6, icc_profile: None });
        self.push([Op::SetOutlineColor { col: grey }, Op::SetOutlineThickness { pt: Pt(0.5) }, Op::DrawLine { line }]);
        self.down(0.2);
    }

    /// In millimetres.
    fn width(&self, text: &str, size: f32) -> f32 {
        let units: f32 = text.chars().map(|c| self.units(c)).sum();
        units / f32::from(self.font.units_per_em.max(1)) * size * 25.4 / 72.0
    }

    fn units(&self, c: char) -> f32 {
        let glyph = self.font.codepoint_to_glyph.get(&u32::from(c)).copied().unwrap_or(0);
        f32::from(self.font.glyph_widths.get(&glyph).copied().unwrap_or(0))
    }

    /// The pages, each with its number at the foot.
    fn finish(self) -> Vec<PdfPage> {
        let (id, all) = (self.id, self.pages.len());
        let numbered = |(n, mut ops): (usize, Vec<Op>)| {
            ops.extend(written(&id, (RIGHT - 8.0, BOTTOM - 10.0), 7.0, &format!("{}/{all}", n + 1)));
            PdfPage::new(Mm(WIDTH), Mm(HEIGHT), ops)
        };
        self.pages.into_iter().enumerate().map(numbered).collect()
    }
}

/// A paper as an answer, under this name.
pub(crate) fn pdf(bytes: Vec<u8>, name: &str) -> Response {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(80).collect();
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
    if let Ok(name) = HeaderValue::from_str(&format!("inline; filename=\"{plain}.pdf\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

fn written(id: &FontId, (x, y): (f32, f32), size: f32, text: &str) -> [Op; 5] {
    [
        Op::StartTextSection,
        Op::SetTextCursor { pos: Point { x: Mm(x).into(), y: Mm(y).into() } },
        Op::SetFont { font: PdfFontHandle::External(id.clone()), size: Pt(size) },
        Op::ShowText { items: vec![TextItem::Text(text.to_owned())] },
        Op::EndTextSection,
    ]
}

/// The words of a language.
struct Words(Language);

impl Words {
    fn say(&self, english: &'static str, french: &'static str) -> &'static str {
        match self.0 {
            Language::En => english,
            Language::Fr => french,
        }
    }

    fn title(&self) -> &'static str {
        self.say("Statement of account", "Relevé de compte")
    }

    fn issued_by(&self) -> &'static str {
        self.say("Issued by", "Émis par")
    }

    fn nothing(&self) -> &'static str {
        self.say("Nothing moved, and there is no balance.", "Aucun mouvement, aucun solde.")
    }

    fn opening(&self) -> &'static str {
        self.say("Opening balance", "Solde d’ouverture")
    }

    fn closing(&self) -> &'static str {
        self.say("Closing balance", "Solde de clôture")
    }

    fn heads(&self) -> [&'static str; 5] {
        match self.0 {
            Language::En => ["Date", "What", "Reference", "Amount", "Balance"],
            Language::Fr => ["Date", "Objet", "Référence", "Montant", "Solde"],
        }
    }

    fn purpose(&self, line: &StatementLine) -> String {
        let royalty = line.role == "royalty";
        let what = match line.purpose.as_str() {
            "distribution" if royalty => self.say("Royalty", "Redevance"),
            "distribution" => self.say("Sale", "Vente"),
            "refund" => self.say("Refund", "Remboursement"),
            "cost" => self.say("Cost correction", "Correction de coût"),
            "payout" => self.say("Payout", "Versement"),
            "payout_failed" => self.say("Payout returned", "Versement retourné"),
            "conversion" => self.say("Conversion", "Conversion"),
            other => return other.to_owned(),
        };
        what.to_owned()
    }

    /// `-1,234.50` or `-1 234,50`.
    fn number(&self, minor: i64, currency: Currency) -> String {
        let text = amount(Money { minor, currency });
        let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
        let (whole, rest) = text.split_once('.').map_or((text, ""), |(whole, rest)| (whole, rest));
        let (group, point) = (self.say(",", "\u{a0}"), self.say(".", ","));
        let mut grouped = String::new();
        for (n, digit) in whole.chars().enumerate() {
            if n > 0 && (whole.len() - n) % 3 == 0 {
                grouped.push_str(group);
            }
            grouped.push(digit);
        }
        if rest.is_empty() { format!("{sign}{grouped}") } else { format!("{sign}{grouped}{point}{rest}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platen_shared::db::At;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        let currency = |code: &str| code.parse::<Currency>().expect("a currency");
        let (english, french) = (Words(Language::En), Words(Language::Fr));
        for (minor, code, en, fr) in [
            (123_456_789, "EUR", "1,234,567.89", "1\u{a0}234\u{a0}567,89"),
            (-5, "EUR", "-0.05", "-0,05"),
            (-1234, "JPY", "-1,234", "-1\u{a0}234"),
            (999, "JPY", "999", "999"),
            (1_000_000, "TND", "1,000.000", "1\u{a0}000,000"),
        ] {
            assert_eq!(
                (english.number(minor, currency(code)), french.number(minor, currency(code))),
                (en.into(), fr.into())
            );
        }
    }

    #[test]
    fn a_long_statement_runs_over_several_pages_and_says_every_line() {
        let line = |n: i64| StatementLine {
            at: At(1_764_000_000_000_000),
            purpose: "distribution".to_owned(),
            subject: format!("ord_{n}"),
            role: "creator".to_owned(),
            minor: n,
        };
        let section = Section::new("EUR".parse().expect("EUR"), 0, (1..=120).map(line).collect());
        let month = "2025-11".parse().expect("a month");
        let told = Statement { party: "ada".into(), name: "Łucja Żółć".into(), month, currencies: vec![section] };
        for language in [Language::En, Language::Fr] {
            let bytes = statement(&told, "Boutique Été", language).expect("a paper");
            assert!(bytes.starts_with(b"%PDF-"));
            assert!(bytes == statement(&told, "Boutique Été", language).expect("a paper"), "the same bytes again");
            let read = PdfDocument::parse(&bytes, &Default::default(), &mut Vec::new()).expect("a PDF");
            assert_eq!(read.pages.len(), 3);
            assert!(bytes.len() < 400_000, "small enough for a mail: {}", bytes.len());
        }
    }
}
