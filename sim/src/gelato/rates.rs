//! How close together each account's requests arrived, judged here and never by the client under test.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Arrivals remembered per account; older ones are forgotten.
const ARRIVALS_MAX: usize = 1_000_000;

/// A limit that a client says it keeps.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limit {
    /// Requests per second in the long run.
    pub per_second: f64,
    /// Requests that may come at once after a rest.
    pub burst: f64,
    /// By how much the ways of two requests to us may differ: what left evenly arrives closer together by that much.
    #[serde(default)]
    pub jitter_ms: f64,
}

/// How an account's requests arrived.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountRate {
    /// A digest of its key.
    pub account: String,
    /// All that are remembered, refused ones included.
    pub requests: usize,
    /// The most within any second.
    pub busiest_second: usize,
    /// The most within any ten seconds.
    pub busiest_ten_seconds: usize,
    /// Over every window between two arrivals, however long: the most by which `requests` exceeded `burst + perSecond × (window + jitter)`.
    /// At most 0 when the limit was kept.
    pub excess: f64,
}

/// Arrivals by account, in real time.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(BTreeMap<String, VecDeque<Duration>>);

impl Arrivals {
    /// A request of this account arrived.
    pub(crate) fn note(&mut self, account: &str, at: Duration) {
        if !self.0.contains_key(account) {
            self.0.insert(account.to_owned(), VecDeque::new());
        }
        let Some(arrivals) = self.0.get_mut(account) else { return };
        if arrivals.len() == ARRIVALS_MAX {
            arrivals.pop_front();
        }
        // Two requests that are read at the same time may be noted in the other order.
        let place = arrivals.partition_point(|other| *other <= at);
        arrivals.insert(place, at);
    }

    /// Every account, against a limit.
    pub(crate) fn judge(&self, limit: &Limit) -> Vec<AccountRate> {
        let row = |(account, arrivals): (&String, &VecDeque<Duration>)| AccountRate {
            account: account.clone(),
            requests: arrivals.len(),
            busiest_second: busiest(arrivals, Duration::from_secs(1)),
            busiest_ten_seconds: busiest(arrivals, Duration::from_secs(10)),
            excess: excess(arrivals, limit),
        };
        self.0.iter().map(row).collect()
    }
}

/// The most arrivals in any window of this length, its first moment included and its last one not.
fn busiest(arrivals: &VecDeque<Duration>, window: Duration) -> usize {
    let mut first = 0;
    let counts = arrivals.iter().enumerate().map(|(last, at)| {
        while *at - arrivals[first] >= window {
            first += 1;
        }
        last - first + 1
    });
    counts.max().unwrap_or(0)
}

/// What is left of `requests − burst − perSecond × (window + jitter)` in the worst window: for each last arrival the worst first one is
/// the one with the least `index − perSecond × time` so far.
fn excess(arrivals: &VecDeque<Duration>, limit: &Limit) -> f64 {
    let free = limit.burst + limit.per_second * limit.jitter_ms / 1000.0;
    let (mut least, mut worst) = (f64::INFINITY, -free);
    for (index, at) in arrivals.iter().enumerate() {
        let level = index as f64 - limit.per_second * at.as_secs_f64();
        least = least.min(level);
        worst = worst.max(level - least + 1.0 - free);
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(at_ms: &[u64], per_second: f64, burst: f64, jitter_ms: f64) -> AccountRate {
        let mut arrivals = Arrivals::default();
        for ms in at_ms {
            arrivals.note("a", Duration::from_millis(*ms));
        }
        arrivals.judge(&Limit { per_second, burst, jitter_ms }).remove(0)
    }

    #[test]
    fn a_burst_and_then_the_rate_keep_the_limit_to_the_last_request() {
        let kept = [0, 0, 0, 200, 400, 600];
        assert!(rate(&kept, 5.0, 3.0, 0.0).excess.abs() < 1e-9, "exactly used up");
        assert!((rate(&kept, 5.0, 2.0, 0.0).excess - 1.0).abs() < 1e-9, "one more than a burst of two allows");
        assert!((rate(&[0, 0, 0, 200, 400, 400], 5.0, 3.0, 0.0).excess - 1.0).abs() < 1e-9, "one came too early");
        assert!(rate(&[0, 0, 0, 200, 400, 400], 5.0, 3.0, 200.0).excess <= 1e-9, "which may have been its way to us");
    }

    #[test]
    fn a_rate_that_is_a_little_too_high_shows_in_a_long_window() {
        let steady: Vec<u64> = (0..100).map(|n| n * 180).collect();
        assert!(rate(&steady, 5.0, 3.0, 0.0).excess > 5.0);
        assert_eq!(
            (rate(&steady, 5.0, 3.0, 0.0).busiest_second, rate(&steady, 5.0, 3.0, 0.0).busiest_ten_seconds),
            (6, 56)
        );
    }

    #[test]
    fn late_notes_stand_in_their_place() {
        assert_eq!(rate(&[2000, 1500, 0, 1999], 1.0, 1.0, 0.0).busiest_second, 3);
    }
}
