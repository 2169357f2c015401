//! The circuit breaker: after repeated failures nobody calls for a while, then exactly one probe decides.

/// Failures in a row that open it.
const FAILURES_MAX: u32 = 5;
/// How long it stays open, in microseconds.
const OPEN_US: i64 = 30_000_000;
/// What those are told who come while the probe is out, in microseconds.
const PROBE_OUT_US: i64 = 2_000_000;

/// Times are microseconds of the gate's clock.
#[derive(Debug)]
pub(super) enum Breaker {
    /// Calls go out.
    Closed {
        /// In a row.
        failures: u32,
    },
    /// No call goes out before that time; the first one after it is the probe.
    Open {
        /// The end of the pause.
        until: i64,
    },
    /// One call is out and decides.
    Probing,
}

impl Default for Breaker {
    fn default() -> Self {
        Breaker::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Whether a call would be let through now; else how long until the next chance.
    pub(super) fn check(&self, now: i64) -> Result<(), i64> {
        match self {
            Breaker::Open { until } if now < *until => Err((*until - now).min(OPEN_US)),
            Breaker::Probing => Err(PROBE_OUT_US),
            Breaker::Closed { .. } | Breaker::Open { .. } => Ok(()),
        }
    }

    /// Lets a call through; `true` = it is the probe.
    pub(super) fn admit(&mut self, now: i64) -> Result<bool, i64> {
        self.check(now)?;
        let probe = matches!(self, Breaker::Open { .. });
        if probe {
            *self = Breaker::Probing;
        }
        Ok(probe)
    }

    /// The other side answered. Answers to calls from before it opened say nothing about now.
    pub(super) fn answered(&mut self, probe: bool) {
        if probe || matches!(self, Breaker::Closed { .. }) {
            *self = Breaker::default();
        }
    }

    /// The other side failed.
    pub(super) fn failed(&mut self, probe: bool, now: i64) {
        match self {
            Breaker::Closed { failures } if *failures + 1 < FAILURES_MAX => *failures += 1,
            Breaker::Closed { .. } => *self = Breaker::Open { until: now + OPEN_US },
            Breaker::Probing if probe => *self = Breaker::Open { until: now + OPEN_US },
            Breaker::Probing | Breaker::Open { .. } => {}
        }
    }

    /// The call was given up before anything was heard: the next one is the probe.
    pub(super) fn abandoned(&mut self, probe: bool, now: i64) {
        if probe {
            *self = Breaker::Open { until: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES_MAX {
            assert_eq!(breaker.admit(0), Ok(false));
            breaker.failed(false, 0);
        }
        breaker
    }

    #[test]
    fn opens_after_five_in_a_row_and_closes_after_one_good_probe() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(OPEN_US - 1), Err(1));
        assert_eq!(breaker.admit(OPEN_US), Ok(true));
        assert_eq!(breaker.admit(OPEN_US), Err(PROBE_OUT_US), "exactly one probe");
        breaker.answered(true);
        assert_eq!(breaker.admit(OPEN_US), Ok(false));
    }

    #[test]
    fn a_failed_probe_opens_it_again_and_a_lost_probe_passes_the_turn_on() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(OPEN_US), Ok(true));
        breaker.failed(true, OPEN_US);
        assert_eq!(breaker.check(OPEN_US), Err(OPEN_US));
        assert_eq!(breaker.admit(2 * OPEN_US), Ok(true));
        breaker.abandoned(true, 2 * OPEN_US);
        assert_eq!(breaker.admit(2 * OPEN_US), Ok(true));
    }

    #[test]
    fn an_answer_between_failures_starts_the_count_again_and_late_news_changes_nothing() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            breaker.failed(false, 0);
            breaker.failed(false, 0);
            breaker.answered(false);
        }
        assert_eq!(breaker.check(0), Ok(()));
        let mut breaker = opened();
        breaker.answered(false);
        breaker.failed(false, OPEN_US - 5);
        assert_eq!(breaker.check(0), Err(OPEN_US), "neither closed nor prolonged by calls from before");
    }
}
