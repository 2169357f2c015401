//! Days on which people work: Monday to Friday, but for the holidays that a tenant named.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

/// A day of the calendar.
pub use jiff::civil::Date;

/// No span of working days is followed for longer: two years of calendar days.
const DAYS_MAX: u32 = 730;

fn works(day: Date, holidays: &[Date]) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !holidays.contains(&day)
}

/// The calendar day of a moment, in UTC.
#[must_use]
pub fn day(moment: Timestamp) -> Date {
    moment.to_zoned(TimeZone::UTC).date()
}

/// Working days after the day `from` up to and with the day `to`; none when `to` is not later.
#[must_use]
pub fn between(from: Date, to: Date, holidays: &[Date]) -> u32 {
    let days = std::iter::successors(from.tomorrow().ok(), |day| day.tomorrow().ok());
    let days = days.take(DAYS_MAX as usize).take_while(|day| *day <= to);
    u32::try_from(days.filter(|day| works(*day, holidays)).count()).unwrap_or(DAYS_MAX)
}

/// The day that is so many working days after `from`.
#[must_use]
pub fn after(from: Date, count: u32, holidays: &[Date]) -> Date {
    let days = std::iter::successors(from.tomorrow().ok(), |day| day.tomorrow().ok()).take(DAYS_MAX as usize);
    let mut working = days.filter(|day| works(*day, holidays));
    count.checked_sub(1).and_then(|n| working.nth(n as usize)).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn weekends_and_holidays_do_not_count() {
        let christmas = [date("2026-12-25")];
        // A Thursday to the Monday after: Friday and Monday.
        assert_eq!(between(date("2026-12-03"), date("2026-12-07"), &christmas), 2);
        // Thursday the 24th to Monday the 28th: Friday is Christmas.
        assert_eq!(between(date("2026-12-24"), date("2026-12-28"), &christmas), 1);
        assert_eq!(between(date("2026-12-05"), date("2026-12-06"), &[]), 0, "a weekend");
        assert_eq!(between(date("2026-12-07"), date("2026-12-03"), &[]), 0, "backwards");
    }

    #[test]
    fn the_day_after_so_many_is_their_last() {
        let christmas = [date("2026-12-25")];
        for (from, count, to) in
            [("2026-12-03", 2, "2026-12-07"), ("2026-12-24", 1, "2026-12-28"), ("2026-12-05", 0, "2026-12-05")]
        {
            assert_eq!(after(date(from), count, &christmas), date(to));
            assert_eq!(between(date(from), date(to), &christmas), count);
        }
    }
}
