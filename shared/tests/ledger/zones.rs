//! Cron lines in time zones: what daylight saving, leap days and half-hour zones make of them.

use platen_shared::db::At;
use platen_shared::ledger::schedules::{BadSchedule, next_after};

fn at(text: &str) -> At {
    At::from(text.parse::<jiff::Timestamp>().expect(text))
}

/// The first `n` times that a line names after a moment, in UTC.
fn times(cron: &str, zone: &str, after: &str, n: usize) -> Vec<String> {
    let mut now = at(after);
    let mut found = Vec::new();
    for _ in 0..n {
        now = next_after(cron, zone, now).expect(cron);
        found.push(format!("{:.0}", now.timestamp()));
    }
    found
}

#[test]
fn a_line_of_one_time_fires_once_on_the_day_that_clocks_go_forward() {
    // 2:30 does not exist: the first moment after the gap.
    let paris = times("30 2 * * *", "Europe/Paris", "2026-03-27T12:00:00Z", 3);
    assert_eq!(paris, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
    let new_york = times("30 2 * * *", "America/New_York", "2026-03-07T05:00:00Z", 3);
    assert_eq!(new_york, ["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]);
}

#[test]
fn a_line_of_one_time_fires_once_on_the_day_that_clocks_go_back() {
    // The hour comes twice: the first time.
    let paris = times("30 2 * * *", "Europe/Paris", "2026-10-24T12:00:00Z", 2);
    assert_eq!(paris, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    let new_york = times("30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", 2);
    assert_eq!(new_york, ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]);
}

#[test]
fn a_line_with_steps_follows_the_clock_on_the_wall() {
    let back = times("*/30 * * * *", "Europe/Paris", "2026-10-24T23:45:00Z", 5);
    let halves = ["00:00", "00:30", "01:00", "01:30", "02:00"].map(|time| format!("2026-10-25T{time}:00Z"));
    assert_eq!(back, halves, "both passes of the hour that comes twice");
    let forward = times("30 * * * *", "Europe/Paris", "2026-03-29T00:00:00Z", 2);
    assert_eq!(forward, ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"], "an hour that is left out is no gap in time");
}

#[test]
fn leap_days_and_zones_of_half_an_hour() {
    assert_eq!(
        times("0 12 29 2 *", "UTC", "2026-03-28T12:00:00Z", 2),
        ["2028-02-29T12:00:00Z", "2032-02-29T12:00:00Z"]
    );
    assert_eq!(times("0 0 * * *", "Asia/Kolkata", "2026-03-28T12:00:00Z", 1), ["2026-03-28T18:30:00Z"]);
    // Lord Howe moves its clocks by half an hour: 2:15 does not exist on October 4.
    let howe = times("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T16:00:00Z", 2);
    assert_eq!(howe, ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"]);
}

#[test]
fn what_cannot_be_is_told_apart() {
    let why = |cron: &str, zone: &str| next_after(cron, zone, at("2026-03-28T12:00:00Z")).expect_err(cron);
    assert!(matches!(why("0 0 30 2 *", "UTC"), BadSchedule::Never));
    assert!(matches!(why("61 * * * *", "UTC"), BadSchedule::Cron(_)));
    assert!(matches!(why("0 0 * * *", "Europe/Atlantis"), BadSchedule::Zone));
}
