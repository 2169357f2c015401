//! What was measured, as a line to read.

use std::time::Duration;

use anyhow::{Context, Result};

/// Of the clock that counts processor time.
const TICK: Duration = Duration::from_millis(10);

/// `title: median unit (lowest–highest of n)`.
pub(super) fn tell(title: &str, unit: &str, values: &[f64]) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else { return };
    let (middle, low, high) = (number(at(&sorted, 0.5)), number(*low), number(*high));
    crate::commands::print(&format!("{title}: {middle} {unit} ({low} to {high}, {} rounds)\n", sorted.len()));
}

/// `title: p50, p95, p99 and the highest`, in milliseconds.
pub(super) fn tell_times(title: &str, times: &[Duration]) {
    let mut ms: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    ms.sort_by(f64::total_cmp);
    let Some(high) = ms.last() else { return };
    let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|share| at(&ms, share));
    let n = ms.len();
    crate::commands::print(&format!(
        "{title}: p50 {p50:.2}, p95 {p95:.2}, p99 {p99:.2}, highest {high:.2} ms ({n} samples)\n"
    ));
}

/// The middle of durations, in microseconds.
pub(super) fn median_us(times: &[Duration]) -> f64 {
    let mut us: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e6).collect();
    us.sort_by(f64::total_cmp);
    at(&us, 0.5)
}

/// So many in this time, per second.
pub(super) fn rate(n: u64, took: Duration) -> f64 {
    n as f64 / took.as_secs_f64().max(1e-9)
}

/// What a process, named as in `/proc`, has spent on the processors.
pub(super) fn processor_time(process: &str) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).context("this measurement needs Linux")?;
    let (_, after) = stat.rsplit_once(") ").context("/proc/…/stat is not as expected")?;
    let ticks: u64 = after.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(TICK * u32::try_from(ticks)?)
}

fn at(sorted: &[f64], share: f64) -> f64 {
    let place = (sorted.len() as f64 * share) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!(
            [0.5, 99.0, 970.0, 21_034.4, 1_000_000.0].map(number),
            ["0.50", "99.00", "970", "21,034", "1,000,000"]
        );
    }

    #[test]
    fn a_share_of_the_samples_lies_below() {
        let sorted: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!([0.0, 0.5, 0.95, 0.99, 1.0].map(|share| at(&sorted, share)), [0.0, 50.0, 95.0, 99.0, 99.0]);
        assert_eq!(at(&[], 0.5), 0.0);
    }
}
