//! A report as a page for people: a verdict, each page drawn with its boxes and what is where, and the list.

use std::fmt::Write;

use super::Verdict;
use super::report::{Drawn, PageView, Report, size};

/// Most pages that are shown beside those that are drawn; the list tells of all.
const SHOWN_MAX: usize = 40;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1b1b}\
h1{font-size:1.4rem}.pass{color:#17663a}.warn{color:#8a5300}.refuse{color:#a3141e}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}\
figure{display:inline-block;margin:0 1.5rem 1.5rem 0}figcaption{font-size:13px;color:#555}svg{background:#fff;box-shadow:0 0 0 1px #bbb}";

/// The page, complete in itself: no script, nothing from elsewhere. `name` is the file's; pages of which there is a picture are shown by it, the
/// others as a sketch.
pub fn page(report: &Report, name: &str, drawn: &[Drawn]) -> String {
    let mut out = String::with_capacity(16 * 1024);
    let title = format!("Preflight of {}", escaped(name));
    let verdict = match report.verdict {
        Verdict::Pass => "It can be printed.",
        Verdict::Warn => "It can be printed, and may disappoint.",
        Verdict::Refuse => "It must not be sent to the printer.",
    };
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style><h1>{title}</h1><p class=\"{}\"><strong>{verdict}</strong></p><p>{} · {} bytes · rules of {}{}</p>",
        report.verdict.word(),
        report.format.to_uppercase(),
        report.bytes,
        escaped(&report.provider),
        report.target.product.as_ref().map_or_else(String::new, |uid| format!(" · {}", escaped(uid))),
    );
    let picture = |number: usize| drawn.iter().find(|drawn| drawn.page == number);
    let shown = |number: usize| number <= SHOWN_MAX || picture(number).is_some();
    for (number, view) in (1..).zip(&report.pages).filter(|(number, _)| shown(*number)) {
        figure(&mut out, report, view, number, picture(number));
    }
    if let Some(only) = picture(1).filter(|_| report.pages.is_empty()) {
        let _ = write!(
            out,
            "<figure><img src=\"data:image/jpeg;base64,{}\" width=\"360\" alt=\"the picture\"><figcaption>The picture; where it is trimmed was not told.</figcaption></figure>",
            escaped(&only.jpeg)
        );
    }
    let hidden = (1..=report.pages.len()).filter(|number| !shown(*number)).count();
    if hidden > 0 {
        let _ = write!(out, "<p>{hidden} more pages are not shown.</p>");
    }
    out.push_str("<table><tr><th>#<th>Verdict<th>Check<th>What was found</tr>");
    for (index, check) in report.checks.iter().enumerate() {
        let _ = write!(
            out,
            "<tr><td>{}<td class=\"{1}\">{1}<td>{2}<td>{3}</tr>",
            index + 1,
            check.verdict.word(),
            escaped(&check.check),
            escaped(&check.message)
        );
    }
    out.push_str("</table></html>\n");
    out
}

/// A page to scale: how it looks or, in a sketch, its pictures in grey; bleed (red dashes), trim (black), and places with the numbers of their
/// lines in the list.
fn figure(out: &mut String, report: &Report, view: &PageView, number: usize, drawn: Option<&Drawn>) {
    let [width, height] = view.size.map(|side| side.max(1));
    let scale = 360.0 / f64::from(width.max(height));
    let stroke = f64::from(width.max(height)) / 300.0;
    let _ = write!(
        out,
        "<figure><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0}\" height=\"{:.0}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"page {number}\">",
        f64::from(width) * scale,
        f64::from(height) * scale
    );
    match drawn {
        Some(drawn) => {
            let jpeg = escaped(&drawn.jpeg);
            let _ = write!(
                out,
                "<image href=\"data:image/jpeg;base64,{jpeg}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\"/>"
            );
        }
        None => view.pictures.iter().for_each(|place| {
            rect(out, place, "fill=\"#d9e3ec\" stroke=\"#7a8fa3\"", stroke);
        }),
    }
    if let Some(bleed) = &view.bleed {
        rect(
            out,
            bleed,
            &format!("fill=\"none\" stroke=\"#c22\" stroke-dasharray=\"{0:.0} {0:.0}\"", stroke * 4.0),
            stroke,
        );
    }
    if let Some(trim) = &view.trim {
        rect(out, trim, "fill=\"none\" stroke=\"#111\"", stroke);
    }
    let marked = report
        .checks
        .iter()
        .enumerate()
        .filter(|(_, check)| check.verdict > Verdict::Pass && check.page.unwrap_or(1) == number);
    for (index, check) in marked {
        let Some(place) = &check.at else { continue };
        let color = if check.verdict == Verdict::Refuse { "#a3141e" } else { "#c77700" };
        rect(out, place, &format!("fill=\"{color}\" fill-opacity=\".18\" stroke=\"{color}\""), stroke * 1.6);
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"{}\" font-size=\"{:.0}\" fill=\"{color}\">{}</text>",
            place[0],
            f64::from(place[1]) + stroke * 12.0,
            stroke * 12.0,
            index + 1
        );
    }
    let trim = view.trim.map_or_else(String::new, |trim| format!(", trimmed to {}", size(trim[2], trim[3])));
    let sketch = if drawn.is_some() { "" } else { "; a sketch: where things lie, not how they look" };
    let _ =
        write!(out, "</svg><figcaption>Page {number}: {}{trim}{sketch}.</figcaption></figure>", size(width, height));
}

fn rect(out: &mut String, [x, y, w, h]: &[i32; 4], look: &str, stroke: f64) {
    let _ = write!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" stroke-width=\"{stroke:.0}\" {look}/>",
        (*w).max(1),
        (*h).max(1)
    );
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
