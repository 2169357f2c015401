//! How well requests are answered, as defined in docs/alerts.md: availability is the share of valid requests that were answered in time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// In time: within so long.
pub(crate) const IN_TIME: Duration = Duration::from_secs(1);

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Accepted, and answered within [`IN_TIME`], or as late as the caller asked for.
    InTime,
    /// Accepted, and answered later.
    Late,
    /// Valid, and not answered for a reason of ours.
    Failed,
    /// Refused for what it says or who sent it: it says nothing of us.
    Invalid,
}

impl Answer {
    /// `patient`: the caller asked to wait (`Prefer: wait`).
    pub(crate) fn of(status: u16, took: Duration, patient: bool) -> Answer {
        match status {
            500.. => Answer::Failed,
            400..=499 => Answer::Invalid,
            _ if patient || took <= IN_TIME => Answer::InTime,
            _ => Answer::Late,
        }
    }

    /// The word in metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Answer::InTime => "in_time",
            Answer::Late => "late",
            Answer::Failed => "failed",
            Answer::Invalid => "invalid",
        }
    }
}

/// What this process has answered since it began.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    good: AtomicU64,
    valid: AtomicU64,
}

impl Answers {
    /// Counts a request.
    pub(crate) fn note(&self, answer: Answer) {
        if answer != Answer::Invalid {
            self.valid.fetch_add(1, Ordering::Relaxed);
            self.good.fetch_add(u64::from(answer == Answer::InTime), Ordering::Relaxed);
        }
    }

    /// (answered in time, valid).
    pub(crate) fn so_far(&self) -> (u64, u64) {
        let good = self.good.load(Ordering::Relaxed);
        // Read second: a request that ends between the two makes the share smaller, never larger than one.
        (good, self.valid.load(Ordering::Relaxed).max(good))
    }
}

/// A share as people read it: `99.95 %`, cut and not rounded, so that it never looks better than it is; `none yet` of nothing.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "none yet".to_owned();
    }
    let hundredths = u128::from(part) * 10_000 / u128::from(whole);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_requests_count_and_waiting_on_request_is_in_time() {
        let (fast, slow) = (Duration::from_millis(1000), Duration::from_millis(1001));
        for (status, took, patient, expected) in [
            (200, fast, false, Answer::InTime),
            (202, slow, false, Answer::Late),
            (200, slow, true, Answer::InTime),
            (304, fast, false, Answer::InTime),
            (404, slow, false, Answer::Invalid),
            (429, fast, false, Answer::Invalid),
            (500, fast, false, Answer::Failed),
            (503, slow, true, Answer::Failed),
        ] {
            assert_eq!(Answer::of(status, took, patient), expected, "{status}");
        }
        let answers = Answers::default();
        for answer in [Answer::InTime, Answer::Invalid, Answer::Late, Answer::Failed, Answer::InTime] {
            answers.note(answer);
        }
        assert_eq!(answers.so_far(), (2, 4));
    }

    #[test]
    fn a_share_never_looks_better_than_it_is() {
        assert_eq!(share(0, 0), "none yet");
        assert_eq!(share(99_999, 100_000), "99.99 %");
        assert_eq!((share(1, 3), share(5, 5)), ("33.33 %".to_owned(), "100.00 %".to_owned()));
    }
}
