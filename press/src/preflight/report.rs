//! What a look at a file came to.

use serde::{Deserialize, Serialize};

use super::{Rules, Target, Verdict};

/// Most checks of one report; one page of a broken file is like the next.
const CHECKS_MAX: usize = 300;
/// Most pages that are worth a picture.
const DRAWN_MAX: usize = 10;

/// A report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whose rules were asked.
    pub provider: String,
    /// What the file is to become.
    pub target: Target,
    /// `pdf`, `png`, `jpeg`, `tiff`, `svg`, or `unknown`.
    pub format: String,
    /// Length of the file.
    pub bytes: u64,
    /// The worst of the checks.
    pub verdict: Verdict,
    /// What was looked at, the worst first.
    pub checks: Vec<Check>,
    /// The pages, as far as they could be read.
    pub pages: Vec<PageView>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// A word for programs.
    pub check: String,
    /// What it came to.
    pub verdict: Verdict,
    /// A sentence for people.
    pub message: String,
    /// The page, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// Where: left, top, width, height in micrometres from the page's top left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<[i32; 4]>,
}

/// A page: its size, its boxes and where its pictures lie, in micrometres from its top left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageView {
    /// Width and height.
    pub size: [i32; 2],
    /// The trimmed page, where the file says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trim: Option<[i32; 4]>,
    /// The page with its bleed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bleed: Option<[i32; 4]>,
    /// Pictures.
    pub pictures: Vec<[i32; 4]>,
}

/// A page as it looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// Counted from 1.
    pub page: usize,
    /// A JPEG in Base64: the whole sheet, unturned.
    pub jpeg: String,
}

impl Report {
    /// The pages that are worth a picture: the first, and those with the worst findings; none of a file that cannot be read to its end.
    pub fn worth_drawing(&self) -> Vec<usize> {
        if self.checks.iter().any(|check| check.check == "opens" && check.verdict == Verdict::Refuse) {
            return Vec::new();
        }
        let found = self.checks.iter().filter(|check| check.verdict > Verdict::Pass).filter_map(|check| check.page);
        let mut pages = vec![1];
        for page in found {
            if pages.len() < DRAWN_MAX && !pages.contains(&page) {
                pages.push(page);
            }
        }
        pages.sort_unstable();
        pages
    }

    /// An empty one.
    pub fn new(rules: &Rules, target: Target, format: &str, bytes: u64) -> Self {
        let (provider, format) = (rules.provider.clone(), format.to_owned());
        Self { provider, target, format, bytes, verdict: Verdict::Pass, checks: Vec::new(), pages: Vec::new() }
    }

    /// One that only says why nothing could be looked at.
    pub fn refused(rules: &Rules, target: Target, format: &str, bytes: u64, sentence: &str) -> Self {
        let mut report = Self::new(rules, target, format, bytes);
        report.note("opens", Verdict::Refuse, sentence.to_owned());
        report.finished()
    }

    /// Notes a check of the whole file.
    pub fn note(&mut self, check: &str, verdict: Verdict, message: String) {
        self.note_at(check, verdict, message, None, None);
    }

    /// Notes a check of a place.
    pub fn note_at(
        &mut self,
        check: &str,
        verdict: Verdict,
        message: String,
        page: Option<usize>,
        at: Option<[i32; 4]>,
    ) {
        if self.checks.len() < CHECKS_MAX || verdict > self.verdict {
            self.checks.push(Check { check: check.to_owned(), verdict, message, page, at });
        }
        self.verdict = self.verdict.max(verdict);
    }

    /// The report as it is handed out: the worst first, everything else as it came.
    pub fn finished(mut self) -> Self {
        self.checks.sort_by_key(|check| std::cmp::Reverse(check.verdict));
        self
    }
}

/// Micrometres as people read them.
pub(super) fn mm(um: i32) -> String {
    let tenths = (i64::from(um) + if um < 0 { -50 } else { 50 }) / 100;
    let sign = if tenths < 0 { "-" } else { "" };
    let tenths = tenths.abs();
    if tenths % 10 == 0 { format!("{sign}{}", tenths / 10) } else { format!("{sign}{}.{}", tenths / 10, tenths % 10) }
}

/// `210 × 297 mm`.
pub(super) fn size(width: i32, height: i32) -> String {
    format!("{} × {} mm", mm(width), mm(height))
}
