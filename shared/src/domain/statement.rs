//! A party's statement of a month: what it had, what came and went, what it has. The same facts as JSON, CSV and paper.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::money::{Currency, Money};
use crate::db::At;
use crate::id::{ConversionId, OrderId, PayoutId, Subject};

/// A month of the calendar, in UTC: `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// Its first day, in days since 1970.
    #[must_use]
    pub fn first_day(self) -> i64 {
        let date = jiff::civil::date(self.year, self.month, 1);
        date.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| At::from(zoned.timestamp())).unwrap_or_default().day()
    }

    /// The one that follows.
    #[must_use]
    pub fn next(self) -> Month {
        let year = self.year + i16::from(self.month == 12);
        Month { year, month: self.month % 12 + 1 }
    }
}

impl FromStr for Month {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Month, &'static str> {
        let sentence = "a month is written 2026-11";
        let (year, month) = text.split_once('-').filter(|(y, m)| y.len() == 4 && m.len() == 2).ok_or(sentence)?;
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let both = digits(year) && digits(month);
        let (year, month) = (year.parse().map_err(|_| sentence)?, month.parse().map_err(|_| sentence)?);
        if both && (1970..=9998).contains(&year) && (1..=12).contains(&month) {
            Ok(Month { year, month })
        } else {
            Err(sentence)
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// What an entry is about, as its own kind of id.
#[must_use]
pub fn subject_name(subject: Subject, purpose: &str) -> String {
    match purpose {
        "payout" | "payout_paid" | "payout_failed" => PayoutId(subject.0).to_string(),
        "conversion" => ConversionId(subject.0).to_string(),
        _ => OrderId(subject.0).to_string(),
    }
}

/// A line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StatementLine {
    /// When.
    pub at: At,
    /// `distribution`, `refund`, `cost`, `payout`, `payout_failed`, `conversion`.
    pub purpose: String,
    /// The order, payout or conversion.
    pub subject: String,
    /// `creator` or `royalty`.
    pub role: String,
    /// Positive came in.
    pub minor: i64,
}

/// A month in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatementSection)]
pub struct Section {
    /// ISO 4217.
    pub currency: Currency,
    /// At the month's first moment.
    pub opening_minor: i64,
    /// What came in.
    pub credited_minor: i64,
    /// What went out, as a negative number.
    pub debited_minor: i64,
    /// opening + credited + debited.
    pub closing_minor: i64,
    /// Oldest first.
    pub lines: Vec<StatementLine>,
}

impl Section {
    /// A month that began with so much and saw these lines.
    #[must_use]
    pub fn new(currency: Currency, opening_minor: i64, lines: Vec<StatementLine>) -> Section {
        let sum = |sign: i64| lines.iter().map(|line| line.minor).filter(|minor| minor.signum() == sign).sum::<i64>();
        let (credited_minor, debited_minor) = (sum(1), sum(-1));
        let closing_minor = opening_minor + credited_minor + debited_minor;
        Section { currency, opening_minor, credited_minor, debited_minor, closing_minor, lines }
    }
}

/// The statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Statement {
    /// The name in the books.
    pub party: String,
    /// For people.
    pub name: String,
    /// Of which month: `2026-11`, in UTC.
    #[schema(value_type = String)]
    pub month: Month,
    /// Per currency; none when nothing ever happened.
    pub currencies: Vec<Section>,
}

impl Statement {
    /// The same as CSV: a row per line, between a row for the opening and one for the closing balance of each currency.
    ///
    /// # Errors
    /// Never in practice: it writes into memory.
    pub fn csv(&self) -> csv::Result<Vec<u8>> {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(["at", "purpose", "subject", "role", "amount", "balance", "currency"])?;
        for section in &self.currencies {
            let text = |minor| amount(Money { minor, currency: section.currency });
            let code = section.currency.code();
            out.write_record(["", "opening", "", "", "", &text(section.opening_minor), code])?;
            let mut balance = section.opening_minor;
            for line in &section.lines {
                balance += line.minor;
                let (at, minor, after) = (line.at.to_string(), text(line.minor), text(balance));
                out.write_record([&at, &line.purpose, &line.subject, &line.role, &minor, &after, code])?;
            }
            out.write_record(["", "closing", "", "", "", &text(section.closing_minor), code])?;
        }
        out.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
}

/// `12.99`: without the currency.
#[must_use]
pub fn amount(amount: Money) -> String {
    let text = amount.to_string();
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_and_follow_as_in_the_calendar() {
        let month = |text: &str| text.parse::<Month>();
        assert_eq!(month("1970-01").map(Month::first_day), Ok(0));
        assert_eq!(month("2024-03").map(|m| m.first_day() - 29), month("2024-02").map(Month::first_day), "a leap year");
        assert_eq!(month("2026-12").map(|m| m.next().to_string()), Ok("2027-01".to_owned()));
        assert_eq!(month("2026-11").map(|m| m.next().first_day() - m.first_day()), Ok(30));
        for wrong in
            ["", "2026", "2026-13", "2026-00", "26-11", "2026-1", "+026-01", "2026-+1", "9999-01", "2026-11-01"]
        {
            assert!(month(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_statement_adds_up_and_is_a_row_per_line() {
        let line = |minor, purpose: &str| StatementLine {
            at: At(1_764_000_000_000_000),
            purpose: purpose.into(),
            subject: "ord_x".into(),
            role: "creator".into(),
            minor,
        };
        let section =
            Section::new("EUR".parse().expect("EUR"), 100, vec![line(250, "distribution"), line(-40, "refund")]);
        assert_eq!((section.credited_minor, section.debited_minor, section.closing_minor), (250, -40, 310));
        let month = "2025-11".parse().expect("a month");
        let statement = Statement { party: "ada".into(), name: "Ada".into(), month, currencies: vec![section] };
        let text = String::from_utf8(statement.csv().expect("a file")).expect("text");
        assert_eq!(
            text,
            "at,purpose,subject,role,amount,balance,currency\n,opening,,,,1.00,EUR\n\
             2025-11-24T16:00:00.000Z,distribution,ord_x,creator,2.50,3.50,EUR\n\
             2025-11-24T16:00:00.000Z,refund,ord_x,creator,-0.40,3.10,EUR\n,closing,,,,3.10,EUR\n"
        );
    }

    #[test]
    fn an_entrys_subject_has_its_own_name() {
        let subject = Subject(uuid::Uuid::nil());
        for (purpose, prefix) in [("payout_paid", "pyo_"), ("conversion", "cnv_"), ("refund:x", "ord_")] {
            assert!(subject_name(subject, purpose).starts_with(prefix), "{purpose}");
        }
    }
}
