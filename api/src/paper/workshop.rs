//! Papers of the workshop: job tickets and packing slips, under the tenant's name alone.

use barcoders::sym::code128::Code128;
use platen_press::Language;
use printpdf::{Line, LinePoint, Mm, Op, Point, Pt};
use qrcode::{Color as Module, EcLevel, QrCode};

use super::{LEFT, NoPaper, RIGHT, SIZE, Sheet, TOP, Words, paper};

/// Width of a bar, in millimetres: readers on a bench manage half of it.
const BAR: f32 = 0.42;
/// Height of the bars.
const BARS: f32 = 16.0;
/// Width of a module of a QR code.
const MODULE: f32 = 0.9;

/// What lies beside the work on its way through the workshop.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Who sells.
    pub brand: String,
    /// On the barcode.
    pub number: String,
    /// In the QR code.
    pub scan: String,
    /// For whoever makes it.
    pub note: String,
    /// Of the work order.
    pub date: String,
    /// What is made.
    pub lines: Vec<TicketLine>,
}

/// A line of a ticket.
#[derive(Clone, Debug)]
pub struct TicketLine {
    /// The order.
    pub reference: String,
    /// For people.
    pub title: String,
    /// Product and design.
    pub detail: String,
    /// Pieces.
    pub quantity: i64,
}

/// What lies in the parcel: no prices.
#[derive(Clone, Debug)]
pub struct Slip {
    /// Who sells.
    pub brand: String,
    /// The order's number, also on the barcode.
    pub number: String,
    /// When it was ordered.
    pub date: String,
    /// Whom it goes to, line by line.
    pub address: Vec<String>,
    /// What is in it: title and pieces.
    pub lines: Vec<(String, i64)>,
}

/// A job ticket.
///
/// # Errors
/// [`NoPaper`], never with the shipped font and a number of plain letters.
pub fn ticket(ticket: &Ticket, language: Language) -> Result<Vec<u8>, NoPaper> {
    let words = Words(language);
    paper(&format!("{} {}", words.say("Job ticket", "Fiche de fabrication"), ticket.number), |sheet| {
        sheet.text(LEFT, 16.0, words.say("Job ticket", "Fiche de fabrication"));
        sheet.down(1.6);
        sheet.text(LEFT, 11.0, &format!("{} · {}", ticket.brand, ticket.date));
        sheet.down(1.4);
        sheet.code(&ticket.number)?;
        sheet.square(&ticket.scan)?;
        if !ticket.note.is_empty() {
            sheet.wrapped(LEFT, 11.0, 88, &ticket.note);
        }
        sheet.down(1.0);
        let heads = match language {
            Language::En => ["Order", "What", "Product and design", "Pieces", "Done"],
            Language::Fr => ["Commande", "Article", "Produit et motif", "Pièces", "Fait"],
        };
        sheet.cells(heads);
        sheet.rule();
        for line in &ticket.lines {
            sheet.cells([&line.reference, &line.title, &line.detail, &line.quantity.to_string(), "☐"]);
        }
        sheet.rule();
        let pieces: i64 = ticket.lines.iter().map(|line| line.quantity).sum();
        sheet.cells(["", "", words.say("Pieces in all", "Total des pièces"), &pieces.to_string(), ""]);
        Ok(())
    })
}

/// A packing slip.
///
/// # Errors
/// As [`ticket`].
pub fn slip(slip: &Slip, language: Language) -> Result<Vec<u8>, NoPaper> {
    let words = Words(language);
    let title = words.say("Packing slip", "Bon de livraison");
    paper(&format!("{title} {}", slip.number), |sheet| {
        sheet.text(LEFT, 16.0, &slip.brand);
        sheet.down(2.4);
        for line in &slip.address {
            sheet.text(LEFT, 11.0, line);
            sheet.down(1.1);
        }
        sheet.down(1.0);
        sheet.text(LEFT, 13.0, &format!("{title} · {} {}", words.say("order", "commande"), slip.number));
        sheet.down(1.2);
        sheet.text(LEFT, SIZE, &format!("{} {}", words.say("Ordered on", "Commandé le"), slip.date));
        sheet.down(1.6);
        sheet.code(&slip.number)?;
        sheet.cells([words.say("What", "Article"), "", "", words.say("Pieces", "Pièces"), ""]);
        sheet.rule();
        for (title, quantity) in &slip.lines {
            sheet.cells([title, "", "", &quantity.to_string(), ""]);
        }
        sheet.rule();
        sheet.down(1.0);
        sheet.text(LEFT, 11.0, words.say("Thank you for your order.", "Merci pour votre commande."));
        Ok(())
    })
}

impl Sheet<'_> {
    /// A row of five columns; what does not fit is cut with an ellipsis.
    fn cells(&mut self, texts: [&str; 5]) {
        const PLACES: [(f32, f32); 5] = [(LEFT, 34.0), (56.0, 54.0), (112.0, 48.0), (162.0, 14.0), (180.0, 10.0)];
        self.room(1);
        let wide = texts[1].is_empty() && texts[2].is_empty();
        for (n, ((x, width), text)) in PLACES.into_iter().zip(texts).enumerate() {
            let text = self.cut(text, if n == 0 && wide { 138.0 } else { width });
            self.text(x, SIZE, &text);
        }
        self.down(1.1);
    }

    fn cut(&self, text: &str, width: f32) -> String {
        // A box to tick is drawn by hand: the font has none.
        let text = text.replace('☐', "[  ]");
        if self.width(&text, SIZE) <= width {
            return text;
        }
        let mut short = text;
        while !short.is_empty() && self.width(&format!("{short}…"), SIZE) > width {
            short.pop();
        }
        format!("{short}…")
    }

    fn wrapped(&mut self, x: f32, size: f32, letters: usize, text: &str) {
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && line.chars().count() + word.chars().count() >= letters {
                self.room(1);
                self.text(x, size, &std::mem::take(&mut line));
                self.down(1.1);
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.text(x, size, &line);
        self.down(1.1);
    }

    /// A Code 128 with its words below.
    fn code(&mut self, text: &str) -> Result<(), NoPaper> {
        let plain: String = text.chars().filter(char::is_ascii_graphic).take(24).collect();
        let bars = Code128::new(format!("\u{181}{plain}")).map_err(|_| NoPaper)?.encode();
        self.room(6);
        let top = self.y + 2.0;
        let mut runs = Vec::new();
        for (n, _) in bars.iter().enumerate().filter(|(_, bar)| **bar == 1) {
            match runs.last_mut() {
                Some((from, length)) if *from + *length == n => *length += 1,
                _ => runs.push((n, 1)),
            }
        }
        for (from, length) in runs {
            let middle = LEFT + 4.0 + (from as f32 + length as f32 / 2.0) * BAR;
            self.stroke((middle, top), (middle, top - BARS), length as f32 * BAR);
        }
        self.down((BARS + 3.0) / super::LEADING);
        self.text(LEFT + 4.0, 11.0, &plain);
        self.down(1.8);
        Ok(())
    }

    /// A QR code at the top right of the page.
    fn square(&mut self, text: &str) -> Result<(), NoPaper> {
        let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).map_err(|_| NoPaper)?;
        let (side, modules) = (code.width(), code.to_colors());
        let left = RIGHT - side as f32 * MODULE;
        for (row, line) in modules.chunks_exact(side).enumerate() {
            let y = TOP + 4.0 - (row as f32 + 0.5) * MODULE;
            let mut from = 0;
            for part in line.chunk_by(|a, b| a == b) {
                if part[0] == Module::Dark {
                    let x = |n: usize| left + n as f32 * MODULE;
                    self.stroke((x(from), y), (x(from + part.len()), y), MODULE + 0.01);
                }
                from += part.len();
            }
        }
        Ok(())
    }

    /// A black line of this width in millimetres.
    fn stroke(&mut self, from: (f32, f32), to: (f32, f32), width: f32) {
        let end = |(x, y): (f32, f32)| LinePoint { p: Point { x: Mm(x).into(), y: Mm(y).into() }, bezier: false };
        let line = Line { points: vec![end(from), end(to)], is_closed: false };
        let black = printpdf::Color::Greyscale(printpdf::Greyscale { percent: 0.0, icc_profile: None });
        let thick = Pt::from(Mm(width));
        self.push([Op::SetOutlineColor { col: black }, Op::SetOutlineThickness { pt: thick }, Op::DrawLine { line }]);
    }
}

#[cfg(test)]
mod tests {
    use printpdf::PdfDocument;

    use super::*;

    fn example() -> Ticket {
        let line = |n: i64| TicketLine {
            reference: format!("2026-{n:04}"),
            title: "Mug “Łucja” with a title that is much longer than its column".to_owned(),
            detail: "mug-11oz · 0123456789ab".to_owned(),
            quantity: n,
        };
        Ticket {
            brand: "Boutique Été".to_owned(),
            number: "WO-000042".to_owned(),
            scan: "wko_01jd0000000000000000000000".to_owned(),
            note: "Handle with gloves; the glaze is fresh. Emballer deux fois.".to_owned(),
            date: "2026-11-29".to_owned(),
            lines: (1..=60).map(line).collect(),
        }
    }

    fn slip_example() -> Slip {
        let address = ["Łucja Żółć", "12 rue des Lilas", "75020 Paris", "FR"].map(str::to_owned).to_vec();
        let lines = vec![("Mug".to_owned(), 2), ("Poster".to_owned(), 1)];
        Slip {
            brand: "Boutique Été".to_owned(),
            number: "2026-0007".to_owned(),
            date: "2026-11-29".to_owned(),
            address,
            lines,
        }
    }

    #[test]
    fn papers_are_documents_of_as_many_pages_as_they_need() {
        for language in [Language::En, Language::Fr] {
            let bytes = ticket(&example(), language).expect("a ticket");
            let read = PdfDocument::parse(&bytes, &Default::default(), &mut Vec::new()).expect("a PDF");
            assert_eq!(read.pages.len(), 2);
            assert!(bytes == ticket(&example(), language).expect("a ticket"), "the same bytes again");
            let bytes = slip(&slip_example(), language).expect("a slip");
            let read = PdfDocument::parse(&bytes, &Default::default(), &mut Vec::new()).expect("a PDF");
            assert_eq!(read.pages.len(), 1);
            assert!(bytes == slip(&slip_example(), language).expect("a slip"), "the same bytes again");
            assert!(!String::from_utf8_lossy(&bytes).contains("Platen"), "white label");
        }
    }
}
