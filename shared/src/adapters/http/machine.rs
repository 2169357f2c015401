//! The gate's decisions, pure: a state, the time and a step give a verdict and the next state. Memory and SQL run this code; the Redis
//! script (`board/gate.lua`) says the same, and a test holds the two together.
//!
//! The budget is a token bucket kept as one number (GCRA). The breaker opens after repeated failures; once its time is up exactly one
//! call, the probe, decides. A probe has a lease: a prober that dies passes the turn on when it runs out, and what it still reports then
//! counts for nothing. Times and spans are microseconds; where clocks differ, those who share a state share the state's clock.

use super::Rate;
pub use crate::store::gates::State;

/// Failures in a row that open the breaker.
pub(super) const FAILURES_MAX: i64 = 5;
/// How long it stays open.
pub(super) const OPEN_US: i64 = 30_000_000;
/// What those are told who come while the probe is out.
pub(super) const PROBE_OUT_US: i64 = 2_000_000;
/// How long a probe may take; longer than the slowest call.
pub(super) const PROBE_US: i64 = 40_000_000;
/// A block of tokens is at most what the rate brings back in this time.
const BLOCK_US: i64 = 20_000;
/// The longest pause a 429 can ask for.
pub(super) const PAUSE_MAX_US: i64 = 3_600_000_000;
/// The longest pause after 429s that do not say how long.
pub(super) const BACKOFF_MAX_US: i64 = 60_000_000;
/// What lies farther ahead than its rule allows by this much was written before a clock was set back, and counts no more.
pub(super) const SET_BACK_US: i64 = 60_000_000;

/// A budget in the machine's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Between two tokens.
    pub interval: i64,
    /// What a full bucket holds.
    pub burst: i64,
}

impl Budget {
    /// A replica's share of a rate: the rate itself for one. Everyone keeps a burst of one, or nothing would ever go out.
    #[must_use]
    pub fn share(rate: Rate, replicas: u32) -> Budget {
        let replicas = i64::from(replicas.max(1));
        Budget {
            interval: (1_000_000 * replicas / i64::from(rate.per_second.max(1))).max(1),
            burst: (i64::from(rate.burst) / replicas).max(1),
        }
    }

    /// The tokens that a state holds at a moment.
    #[must_use]
    pub fn available(self, state: &State, now: i64) -> i64 {
        let missing = ((state.full_at - now).max(0) + self.interval - 1) / self.interval;
        (self.burst - missing).max(0)
    }

    /// The part of the burst that may be used up by those who leave the other half to others.
    pub(super) fn half(self) -> i64 {
        (self.burst / 2).max(1)
    }

    /// The most tokens that one step gives: what comes back in 20 ms, and an eighth of the burst. One at the rates of real providers.
    pub(super) fn block(self) -> i64 {
        (BLOCK_US / self.interval).min(self.burst / 8).max(1)
    }

    fn span(self) -> i64 {
        self.interval * self.burst
    }
}

/// What is asked of an account's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Take a token (or several) and go, now or after a short wait.
    Enter {
        /// The account's.
        budget: Budget,
        /// Tokens of the bucket that this caller may use up; the rest is kept for others.
        room: i64,
        /// Tokens that come later than this are not booked.
        wait_max: i64,
        /// Tokens wanted. More than one are given only while all is well, at once, and out of the upper half of the burst, so that
        /// others who want one find it.
        want: i64,
    },
    /// Go now, the token being booked already.
    Admit,
    /// The call was answered, however it was answered.
    Answered {
        /// The probe's lease, or 0.
        probe: i64,
    },
    /// No answer, or a 5xx.
    Failed {
        /// The probe's lease, or 0.
        probe: i64,
    },
    /// 429.
    Throttled {
        /// The probe's lease, or 0.
        probe: i64,
        /// The pause it asks for, or -1.
        asked: i64,
    },
    /// The call was given up before anything was heard.
    Abandoned {
        /// The probe's lease.
        probe: i64,
    },
    /// Nobody knows what was used meanwhile: the bucket counts as empty, and nobody goes before `hold` has passed.
    Empty {
        /// The account's.
        budget: Budget,
        /// Until every replica shares this state again.
        hold: i64,
    },
    /// Only look.
    Look,
}

/// The answer to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go; after a wait (above 0), ask with [`Step::Admit`] first.
    Go {
        /// Until the token is there.
        wait: i64,
        /// The lease, when this call is the probe; else 0.
        probe: i64,
        /// Tokens that were given, at least 1.
        tokens: i64,
    },
    /// No token within the time given, or the account rests.
    Limited {
        /// Until there is one.
        after: i64,
    },
    /// The breaker is open, or a probe is out.
    Open {
        /// Until the next chance.
        after: i64,
    },
    /// It was noted.
    Noted {
        /// How long the account rests now, after a 429; else 0.
        pause: i64,
    },
}

impl State {
    /// Makes a step.
    pub fn step(&mut self, now: i64, step: &Step) -> Verdict {
        match *step {
            Step::Enter { budget, room, wait_max, want } => self.enter(now, budget, room, wait_max, want),
            Step::Admit => self.admit(now, 1),
            Step::Answered { probe } => {
                self.answered(probe);
                self.throttles = 0;
                Verdict::Noted { pause: 0 }
            }
            Step::Failed { probe } => self.failed(now, probe),
            Step::Throttled { probe, asked } => self.throttled(now, probe, asked),
            Step::Abandoned { probe } => {
                if self.is_probe(probe) {
                    self.probe_until = 0;
                }
                Verdict::Noted { pause: 0 }
            }
            Step::Empty { budget, hold } => {
                self.full_at = self.clamped(now, budget).max(now + budget.span() + hold);
                Verdict::Noted { pause: 0 }
            }
            Step::Look => Verdict::Noted { pause: 0 },
        }
    }

    /// Whether the breaker lets nobody through, not even a probe.
    #[must_use]
    pub fn is_open(&self, now: i64) -> bool {
        ahead(self.open_until, now, OPEN_US) > 0
    }

    /// Whether a probe is out.
    #[must_use]
    pub fn is_probing(&self, now: i64) -> bool {
        self.open_until != 0 && ahead(self.probe_until, now, PROBE_US) > 0
    }

    /// Whether nothing is wrong with the account: the breaker is closed, nobody counts failures or 429s, and it does not rest.
    #[must_use]
    pub fn is_calm(&self, now: i64) -> bool {
        (self.throttles, self.failures, self.open_until) == (0, 0, 0)
            && ahead(self.paused_until, now, PAUSE_MAX_US) == 0
    }

    fn enter(&mut self, now: i64, budget: Budget, room: i64, wait_max: i64, want: i64) -> Verdict {
        if let Some(after) = self.closed_for(now) {
            return Verdict::Open { after };
        }
        let used = self.clamped(now, budget) - now;
        let token = used + budget.interval * (1 - room);
        let wait = token.max(ahead(self.paused_until, now, PAUSE_MAX_US)).max(0);
        if wait > wait_max {
            return Verdict::Limited { after: wait };
        }
        let spare =
            if wait == 0 && self.is_calm(now) { room - budget.burst / 2 - used / budget.interval - 1 } else { 0 };
        let tokens = want.min(spare).max(1);
        self.full_at = now + used + budget.interval * tokens;
        if wait > 0 { Verdict::Go { wait, probe: 0, tokens } } else { self.admit(now, tokens) }
    }

    fn admit(&mut self, now: i64, tokens: i64) -> Verdict {
        let pause = ahead(self.paused_until, now, PAUSE_MAX_US);
        if pause > 0 {
            return Verdict::Limited { after: pause };
        }
        if let Some(after) = self.closed_for(now) {
            return Verdict::Open { after };
        }
        if self.open_until != 0 {
            self.probe_until = now + PROBE_US;
            return Verdict::Go { wait: 0, probe: self.probe_until, tokens };
        }
        Verdict::Go { wait: 0, probe: 0, tokens }
    }

    /// How long the breaker lets nobody through.
    fn closed_for(&self, now: i64) -> Option<i64> {
        let (open, probe) = (ahead(self.open_until, now, OPEN_US), ahead(self.probe_until, now, PROBE_US));
        if open > 0 {
            Some(open.min(OPEN_US))
        } else {
            (self.open_until != 0 && probe > 0).then_some(probe.min(PROBE_OUT_US))
        }
    }

    fn is_probe(&self, probe: i64) -> bool {
        probe != 0 && probe == self.probe_until
    }

    /// Answers to calls from before it opened say nothing about now.
    fn answered(&mut self, probe: i64) {
        if self.open_until == 0 || self.is_probe(probe) {
            (self.failures, self.opened_at, self.open_until, self.probe_until) = (0, 0, 0, 0);
        }
    }

    fn failed(&mut self, now: i64, probe: i64) -> Verdict {
        let closed = self.open_until == 0;
        if closed || self.is_probe(probe) {
            self.failures += 1;
            if self.failures >= FAILURES_MAX {
                self.opened_at = if closed { now } else { self.opened_at };
                (self.open_until, self.probe_until) = (now + OPEN_US, 0);
            }
        }
        Verdict::Noted { pause: 0 }
    }

    fn throttled(&mut self, now: i64, probe: i64, asked: i64) -> Verdict {
        self.answered(probe);
        let own = (1_000_000 << self.throttles.min(6)).min(BACKOFF_MAX_US);
        // Calls that were out together and are throttled together count once.
        self.throttles += i64::from(self.paused_until <= now);
        let pause = if asked < 0 { own } else { asked.min(PAUSE_MAX_US) };
        self.paused_until = self.paused_until.max(now + pause);
        Verdict::Noted { pause: self.paused_until - now }
    }

    fn clamped(&self, now: i64, budget: Budget) -> i64 {
        self.full_at.clamp(now, now + budget.span() + SET_BACK_US)
    }
}

/// How far ahead a moment lies, if that is not farther than its rule can have put it.
fn ahead(until: i64, now: i64, most: i64) -> i64 {
    let span = until - now;
    if span > most + SET_BACK_US { 0 } else { span.max(0) }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
