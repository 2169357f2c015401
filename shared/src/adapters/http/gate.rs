//! What stands before every call to an account: its budget, its pause after a 429, and its breaker.
//!
//! The state is the fleet's ([`Board`](super::Board)). While it cannot be reached, this replica goes by a state of its own with its
//! share of the budget: the rate divided by the replicas that live. Both changes begin with an empty bucket and a short silence, in
//! which tokens that were booked run out and everybody else notices too, so that the two together never exceed the budget.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::board::{AccountKey, Stepped, Unreachable};
use super::gates::Core;
use super::machine::{Budget, State, Step, Verdict};
use crate::ports::PortError;

/// The silence at each change between the shared budget and the divided one: as long as the longest booking, and as it takes everybody
/// to notice.
const HOLD_US: i64 = 3_000_000;
/// The shortest wait that those are told who stood in line in vain.
const LINE_AFTER: Duration = Duration::from_secs(1);

/// So long an order that has begun asks for the token of its next call.
const UNDERWAY_MAX: Duration = Duration::from_secs(20);
/// The longest wait for a token that is not booked yet, at one per second. Longer ones are pauses.
const TOKEN_MAX: Duration = Duration::from_secs(3);

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
    /// Orders: may use the whole burst, and books a token that comes within 2 s.
    Prompt,
    /// The further calls of an order that has begun: as [`Class::Prompt`], and asks again for 20 s when there is no token. Who waits keeps
    /// his slot, so that no more orders begin than can be ended; if each of their calls gave way, many queued orders would spend the whole
    /// budget on beginnings.
    Underway,
    /// Catalogues, many calls in a row: leaves half of the burst to the others and books nothing, so that however many of them wait
    /// (10 s at most, in line), an order never waits behind them.
    Bulk,
}

impl Class {
    fn wait_max(self) -> Duration {
        Duration::from_secs(match self {
            Class::Prompt | Class::Underway => 2,
            Class::Bulk => 10,
        })
    }

    fn step(self, budget: Budget) -> Step {
        let micros = i64::try_from(self.wait_max().as_micros()).unwrap_or(0);
        match self {
            Class::Prompt | Class::Underway => Step::Enter { budget, room: budget.burst, wait_max: micros },
            Class::Bulk => Step::Enter { budget, room: (budget.burst / 2).max(1), wait_max: 0 },
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

/// One account's gate, as one process sees it.
pub struct Gate {
    core: Arc<Core>,
    account: AccountKey,
    rate: Mutex<Rate>,
    own: Mutex<Own>,
    /// Those of [`Class::Bulk`] ask one after the other.
    line: tokio::sync::Mutex<()>,
    /// Failures and 429s that this process reported.
    troubles: AtomicU64,
}

/// What this process knows by itself.
#[derive(Clone, Copy, Debug, Default)]
struct Own {
    /// The state as last seen; while divided, the state that counts.
    state: State,
    divided: bool,
}

impl Gate {
    pub(super) fn new(core: Arc<Core>, account: AccountKey, rate: Rate) -> Gate {
        let (own, line, troubles) = (Mutex::default(), tokio::sync::Mutex::default(), AtomicU64::new(0));
        Gate { core, account, rate: Mutex::new(rate), own, line, troubles }
    }

    pub(super) fn set_rate(&self, rate: Rate) {
        *lock(&self.rate) = rate;
    }

    /// Waits for a token, if one comes soon.
    ///
    /// # Errors
    /// [`PortError::Limited`] when none comes soon, [`PortError::Open`] while the breaker is open.
    pub async fn enter(self: &Arc<Self>, class: Class) -> Result<Permit, PortError> {
        let entered = match class {
            Class::Prompt => self.book().await,
            Class::Underway => self.insist().await,
            Class::Bulk => self.stand_in_line().await,
        };
        self.core.tally.entered(self.account, entered.is_ok());
        entered
    }

    async fn book(self: &Arc<Self>) -> Result<Permit, PortError> {
        let troubles = self.troubles.load(Ordering::Relaxed);
        let mut done = self.step(|budget| Class::Prompt.step(budget)).await;
        if let Verdict::Go { wait: wait @ 1.., .. } = done.verdict {
            tokio::time::sleep(self.core.real(wait)).await;
            // Others may have heard a 429 or a failure meanwhile.
            done = self.step(|_| Step::Admit).await;
        }
        self.permit(done, troubles)
    }

    /// A longer pause, as after a 429, is not waited out here.
    async fn insist(self: &Arc<Self>) -> Result<Permit, PortError> {
        let until = Instant::now() + UNDERWAY_MAX;
        loop {
            match self.book().await {
                Err(PortError::Limited { after }) if after <= TOKEN_MAX && Instant::now() + after <= until => {
                    tokio::time::sleep(after).await;
                }
                decided => return decided,
            }
        }
    }

    async fn stand_in_line(self: &Arc<Self>) -> Result<Permit, PortError> {
        let until = Instant::now() + Class::Bulk.wait_max();
        let Ok(_turn) = tokio::time::timeout_at(until, self.line.lock()).await else {
            return Err(PortError::Limited { after: LINE_AFTER });
        };
        loop {
            let troubles = self.troubles.load(Ordering::Relaxed);
            match self.permit(self.step(|budget| Class::Bulk.step(budget)).await, troubles) {
                Err(PortError::Limited { after }) if Instant::now() + after <= until => tokio::time::sleep(after).await,
                decided => return decided,
            }
        }
    }

    fn permit(self: &Arc<Self>, done: Stepped, troubles: u64) -> Result<Permit, PortError> {
        match done.verdict {
            Verdict::Limited { after } => Err(PortError::Limited { after: self.core.real(after) }),
            Verdict::Open { after } => Err(PortError::Open { after: self.core.real(after) }),
            Verdict::Go { probe, .. } => {
                let State { throttles, failures, open_until, .. } = done.state;
                let sound = (throttles, failures, open_until) == (0, 0, 0);
                Ok(Permit { gate: self.clone(), probe, sound, troubles, reported: false })
            }
            Verdict::Noted { .. } => {
                Ok(Permit { gate: self.clone(), probe: 0, sound: true, troubles, reported: false })
            }
        }
    }

    /// The state as it is now, for those who only look.
    ///
    /// # Errors
    /// While the shared state cannot be reached.
    pub async fn look(&self) -> Result<Stepped, Unreachable> {
        self.core.ask(self.account, &Step::Look).await
    }

    /// Whether calls go by this replica's share of the budget now.
    #[must_use]
    pub fn is_divided(&self) -> bool {
        lock(&self.own).divided
    }

    pub(super) fn last_seen(&self) -> (AccountKey, State) {
        (self.account, lock(&self.own).state)
    }

    async fn step(&self, step: impl Fn(Budget) -> Step) -> Stepped {
        match self.shared(&step).await {
            Ok(done) => done,
            Err(Unreachable(_)) => self.divided(&step),
        }
    }

    async fn shared(&self, step: impl Fn(Budget) -> Step) -> Result<Stepped, Unreachable> {
        let budget = Budget::share(*lock(&self.rate), 1);
        if self.is_divided() {
            // Nobody told the shared state what went out meanwhile.
            self.core.ask(self.account, &Step::Empty { budget, hold: HOLD_US }).await?;
        }
        let done = self.core.ask(self.account, &step(budget)).await?;
        *lock(&self.own) = Own { state: done.state, divided: false };
        Ok(done)
    }

    fn divided(&self, step: impl Fn(Budget) -> Step) -> Stepped {
        let budget = Budget::share(*lock(&self.rate), self.core.replicas());
        let now = self.core.now();
        let mut own = lock(&self.own);
        if !own.divided {
            own.divided = true;
            own.state.step(now, &Step::Empty { budget, hold: HOLD_US });
        }
        let verdict = own.state.step(now, &step(budget));
        Stepped { verdict, state: own.state, now }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("account", &self.account).finish_non_exhaustive()
    }
}

/// The right to make one call; what became of it must be reported.
#[derive(Debug)]
pub struct Permit {
    gate: Arc<Gate>,
    /// The probe's lease, or 0.
    probe: i64,
    /// Nothing was wrong with the account when it was given.
    sound: bool,
    troubles: u64,
    reported: bool,
}

impl Permit {
    /// Tells the gate; after a 429 it answers how long the account rests now.
    pub async fn report(mut self, outcome: Outcome) -> Option<Duration> {
        self.reported = true;
        let (gate, probe) = (self.gate.clone(), self.probe);
        let step = match outcome {
            // The usual case: nothing was wrong and nothing went wrong, so there is nothing to write.
            Outcome::Answered if self.sound && gate.troubles.load(Ordering::Relaxed) == self.troubles => return None,
            Outcome::Answered => Step::Answered { probe },
            Outcome::Failed => Step::Failed { probe },
            Outcome::Throttled(asked) => {
                let asked = asked.map_or(-1, |pause| i64::try_from(pause.as_micros()).unwrap_or(i64::MAX));
                Step::Throttled { probe, asked }
            }
        };
        if outcome != Outcome::Answered {
            gate.troubles.fetch_add(1, Ordering::Relaxed);
            gate.core.tally.failed(gate.account);
        }
        match gate.step(|_| step).await.verdict {
            Verdict::Noted { pause: pause @ 1.. } => Some(gate.core.real(pause)),
            _ => None,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let (gate, probe) = (self.gate.clone(), self.probe);
        // Without this the next probe would have to wait until the lease runs out.
        if let (false, 1.., Ok(runtime)) = (self.reported, probe, tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { gate.step(|_| Step::Abandoned { probe }).await });
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
