//! The request budget: a token bucket kept as one number (GCRA).

use super::Rate;

/// A budget that was never touched is full. Times are microseconds of the gate's clock.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// When the bucket would be full again.
    full_at: i64,
}

impl Budget {
    /// How long the next call has to wait; 0 = a token is there. `burst` may be less than the rate's, to leave some for others.
    pub(super) fn wait(&self, now: i64, rate: Rate, burst: u32) -> i64 {
        let room = interval(rate) * i64::from(burst.max(1));
        (self.after_one_more(now, rate) - room - now).max(0)
    }

    /// Takes a token, also one that will only be there after [`Budget::wait`].
    pub(super) fn take(&mut self, now: i64, rate: Rate) {
        self.full_at = self.after_one_more(now, rate);
    }

    fn after_one_more(&self, now: i64, rate: Rate) -> i64 {
        // A clock that was set back must not lock the account for as long as the step was.
        let farthest = now + interval(rate) * i64::from(rate.burst.max(1)) + 60_000_000;
        self.full_at.clamp(now, farthest) + interval(rate)
    }
}

fn interval(rate: Rate) -> i64 {
    1_000_000 / i64::from(rate.per_second.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 5, burst: 3 };

    #[test]
    fn a_burst_goes_out_at_once_and_then_the_rate_holds() {
        let mut budget = Budget::default();
        let now = 1_000_000_000;
        let mut waits = Vec::new();
        for _ in 0..5 {
            waits.push(budget.wait(now, RATE, RATE.burst));
            budget.take(now, RATE);
        }
        assert_eq!(waits, [0, 0, 0, 200_000, 400_000]);
        assert_eq!(budget.wait(now + 10_000_000, RATE, RATE.burst), 0, "it fills up again");
    }

    #[test]
    fn a_smaller_share_of_the_burst_leaves_tokens_for_others() {
        let mut budget = Budget::default();
        budget.take(0, RATE);
        assert_eq!(budget.wait(0, RATE, 1), 200_000);
        assert_eq!(budget.wait(0, RATE, RATE.burst), 0);
    }

    #[test]
    fn a_clock_set_back_does_not_lock_the_account() {
        let mut budget = Budget::default();
        budget.take(86_400_000_000, RATE);
        assert!(budget.wait(0, RATE, RATE.burst) <= 61_000_000);
    }
}
