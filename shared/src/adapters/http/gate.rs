//! What stands before every call: the account's budget, its pause after a 429, and its breaker.
//!
//! This cut keeps the state in the process. Callers only see [`Gate::enter`] and [`Permit::report`], so that a state shared by the
//! fleet can take its place.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::breaker::Breaker;
use super::budget::Budget;
use crate::clock::Clock;
use crate::ports::PortError;

/// The longest pause a 429 can ask for.
const PAUSE_MAX: Duration = Duration::from_secs(3600);
/// The longest pause after 429s that do not say how long.
const BACKOFF_MAX_S: u64 = 60;

/// An account's request budget: a setting, since no provider's number holds for everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests per second in the long run.
    pub per_second: u32,
    /// Requests that may go out at once after a rest.
    pub burst: u32,
}

/// Who waits how long for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Orders: waits 2 s at most, then the job is put aside.
    Prompt,
    /// Catalogues, many calls in a row: waits 10 s at most and leaves half of the burst to the others.
    Bulk,
}

impl Class {
    fn wait_max(self) -> Duration {
        Duration::from_secs(match self {
            Class::Prompt => 2,
            Class::Bulk => 10,
        })
    }

    fn burst(self, rate: Rate) -> u32 {
        match self {
            Class::Prompt => rate.burst,
            Class::Bulk => rate.burst / 2,
        }
    }
}

/// What became of a call, as far as the gate cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Any answer but those below; a refusal (4xx) proves that the other side works.
    Answered,
    /// No answer, or a 5xx.
    Failed,
    /// 429, with the pause it asks for.
    Throttled(Option<Duration>),
}

/// All gates of a process, by provider and account.
pub struct Gates {
    clock: Arc<dyn Clock>,
    by_account: Mutex<HashMap<(&'static str, String), Arc<Gate>>>,
}

impl Gates {
    /// No gate yet. The clock should be the machine's: providers count real seconds, also while a demo runs fast.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Gates {
        Gates { clock, by_account: Mutex::default() }
    }

    /// The account's gate; a rate that changed since applies at once.
    #[must_use]
    pub fn gate(&self, provider: &'static str, account: &str, rate: Rate) -> Arc<Gate> {
        let mut by_account = lock(&self.by_account);
        let gate = by_account.entry((provider, account.to_owned())).or_insert_with(|| {
            let state =
                State { rate, budget: Budget::default(), breaker: Breaker::default(), paused_until: 0, throttles: 0 };
            Arc::new(Gate { clock: self.clock.clone(), state: Mutex::new(state) })
        });
        lock(&gate.state).rate = rate;
        gate.clone()
    }
}

impl fmt::Debug for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gates").field("accounts", &lock(&self.by_account).len()).finish_non_exhaustive()
    }
}

/// One account's gate.
pub struct Gate {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    rate: Rate,
    budget: Budget,
    breaker: Breaker,
    paused_until: i64,
    /// In a row.
    throttles: u32,
}

impl Gate {
    /// Waits for a token, if one comes soon.
    ///
    /// # Errors
    /// [`PortError::Limited`] when none comes soon, [`PortError::Open`] while the breaker is open.
    pub async fn enter(self: &Arc<Self>, class: Class) -> Result<Permit, PortError> {
        let wait = self.reserve(class)?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let now = self.clock.now().0;
        let mut state = lock(&self.state);
        // Others may have heard a 429 or a failure while this one slept.
        if state.paused_until > now {
            return Err(PortError::Limited { after: self.real(state.paused_until - now) });
        }
        let probe = state.breaker.admit(now).map_err(|after| PortError::Open { after: self.real(after) })?;
        Ok(Permit { gate: self.clone(), probe, reported: false })
    }

    fn reserve(&self, class: Class) -> Result<Duration, PortError> {
        let now = self.clock.now().0;
        let mut state = lock(&self.state);
        state.breaker.check(now).map_err(|after| PortError::Open { after: self.real(after) })?;
        let rate = state.rate;
        let token = state.budget.wait(now, rate, class.burst(rate));
        let wait = self.real(token.max(state.paused_until - now));
        if wait > class.wait_max() {
            return Err(PortError::Limited { after: wait });
        }
        state.budget.take(now, rate);
        Ok(wait)
    }

    /// A span of the clock's microseconds, as it lasts on the wall.
    fn real(&self, span: i64) -> Duration {
        self.clock.real(Duration::from_micros(u64::try_from(span).unwrap_or(0)))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("breaker", &lock(&self.state).breaker).finish_non_exhaustive()
    }
}

/// The right to make one call; what became of it must be reported.
#[derive(Debug)]
pub struct Permit {
    gate: Arc<Gate>,
    probe: bool,
    reported: bool,
}

impl Permit {
    /// Tells the gate; after a 429 it answers how long the account rests now.
    pub fn report(mut self, outcome: Outcome) -> Option<Duration> {
        self.reported = true;
        let now = self.gate.clock.now().0;
        let mut state = lock(&self.gate.state);
        match outcome {
            Outcome::Failed => state.breaker.failed(self.probe, now),
            Outcome::Answered => {
                state.breaker.answered(self.probe);
                state.throttles = 0;
            }
            Outcome::Throttled(asked) => {
                state.breaker.answered(self.probe);
                let own = Duration::from_secs((1 << state.throttles.min(6)).min(BACKOFF_MAX_S));
                // Calls that were out together and are throttled together count once.
                state.throttles += u32::from(state.paused_until <= now);
                let pause = asked.unwrap_or(own).min(PAUSE_MAX);
                let until = now + i64::try_from(pause.as_micros()).unwrap_or(0);
                state.paused_until = state.paused_until.max(until);
                return Some(self.gate.real(state.paused_until - now));
            }
        }
        None
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.reported {
            let now = self.gate.clock.now().0;
            lock(&self.gate.state).breaker.abandoned(self.probe, now);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
