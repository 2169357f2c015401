//! What stands before every call to an account: its budget, its pause after a 429, and its breaker.
//!
//! The state is the fleet's ([`Board`](super::Board)). While it cannot be reached, this replica goes by a state of its own with its
//! share of the budget: the rate divided by the replicas that live. Both changes begin with an empty bucket and a short silence, in
//! which tokens that were booked run out and everybody else notices too, so that the two together never exceed the budget.
//!
//! Where the budget is large, tokens come in blocks ([`Budget::block`]) and lie in a [`Stock`] for some milliseconds: one caller asks for
//! all of this process, and a little ahead. Any trouble empties it: a failure or a 429 that this process hears of, at once; what others
//! hear of, with the next answer of the board, and so within the life of a token.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::board::{AccountKey, Stepped, Unreachable};
use super::gates::Core;
use super::machine::{Budget, State, Step, Verdict};
use super::permit::Permit;
use super::stock::Stock;
use crate::ports::PortError;

/// The silence at each change between the shared budget and the divided one: as long as the longest booking, and as it takes everybody
/// to notice.
const HOLD_US: i64 = 3_000_000;
/// Tokens that come later than this are not booked.
const BOOKED_MAX_US: i64 = 2_000_000;
/// The longest time in line.
const LINE_MAX: Duration = Duration::from_secs(10);
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
    own: Mutex<Own>,
    /// Those of [`Class::Bulk`] ask one after the other.
    line: tokio::sync::Mutex<()>,
    /// Where tokens come in blocks, one asks and the others find what came.
    asking: tokio::sync::Mutex<()>,
    /// Failures and 429s that this process reported.
    troubles: AtomicU64,
}

/// What this process knows by itself.
#[derive(Clone, Copy, Debug)]
struct Own {
    rate: Rate,
    /// The state as last seen; while divided, the state that counts.
    state: State,
    divided: bool,
    stock: Stock,
}

impl Gate {
    pub(super) fn new(core: Arc<Core>, account: AccountKey, rate: Rate) -> Gate {
        let own = Own { rate, state: State::default(), divided: false, stock: Stock::default() };
        let (line, asking) = Default::default();
        Gate { core, account, own: Mutex::new(own), line, asking, troubles: AtomicU64::new(0) }
    }

    pub(super) fn set_rate(&self, rate: Rate) {
        let mut own = lock(&self.own);
        if own.rate != rate {
            own.rate = rate;
            own.stock.throw_away();
        }
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
        if let Some(permit) = self.from_stock() {
            return Ok(permit);
        }
        let asking = if self.deals_in_blocks() { Some(self.asking.lock().await) } else { None };
        if let Some(permit) = asking.as_ref().and_then(|_| self.from_stock()) {
            return Ok(permit);
        }
        let troubles = self.troubles();
        let mut done = self.fetch(1).await;
        drop(asking);
        if let Verdict::Go { wait: wait @ 1.., .. } = done.verdict {
            tokio::time::sleep(self.real(wait)).await;
            // Others may have heard a 429 or a failure meanwhile.
            done = self.step(|_| Step::Admit).await;
        }
        self.permit(done, troubles)
    }

    fn from_stock(self: &Arc<Self>) -> Option<Permit> {
        let troubles = self.troubles();
        let taken = lock(&self.own).stock.take(self.core.now())?;
        if taken.low {
            tokio::spawn(self.clone().fetch_ahead());
        }
        Some(Permit::new(self.clone(), 0, true, troubles))
    }

    async fn fetch_ahead(self: Arc<Self>) {
        let Ok(_asking) = self.asking.try_lock() else {
            lock(&self.own).stock.leave();
            return;
        };
        let (troubles, done) = (self.troubles(), self.fetch(0).await);
        // Should that have made it the probe, the turn is passed on.
        drop(self.permit(done, troubles));
    }

    /// Asks for `used` tokens (one, or none when asking ahead) and lays by what comes beyond.
    async fn fetch(&self, used: i64) -> Stepped {
        let order = lock(&self.own).stock.order(self.core.now(), used);
        let done = self.step(|budget| Step::Enter {
            budget,
            room: budget.burst,
            // Nobody waits for what is asked for ahead, so nothing is booked.
            wait_max: used * BOOKED_MAX_US,
            want: order.want.min(budget.block()),
        });
        let done = done.await;
        let more = if let Verdict::Go { tokens, .. } = done.verdict { tokens - used } else { 0 };
        lock(&self.own).stock.lay_by(order, more, done.now, self.core.now());
        done
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
        let until = Instant::now() + LINE_MAX;
        let Ok(_turn) = tokio::time::timeout_at(until, self.line.lock()).await else {
            return Err(PortError::Limited { after: LINE_AFTER });
        };
        loop {
            let troubles = self.troubles();
            let modest = |budget: Budget| Step::Enter { budget, room: budget.half(), wait_max: 0, want: 1 };
            match self.permit(self.step(modest).await, troubles) {
                Err(PortError::Limited { after }) if Instant::now() + after <= until => tokio::time::sleep(after).await,
                decided => return decided,
            }
        }
    }

    fn permit(self: &Arc<Self>, done: Stepped, troubles: u64) -> Result<Permit, PortError> {
        match done.verdict {
            Verdict::Limited { after } => Err(PortError::Limited { after: self.real(after) }),
            Verdict::Open { after } => Err(PortError::Open { after: self.real(after) }),
            Verdict::Go { probe, .. } => Ok(Permit::new(self.clone(), probe, done.state.is_calm(done.now), troubles)),
            Verdict::Noted { .. } => Ok(Permit::new(self.clone(), 0, true, troubles)),
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

    /// Whether one step may bring several tokens.
    fn deals_in_blocks(&self) -> bool {
        Budget::share(lock(&self.own).rate, 1).block() > 1
    }

    pub(super) fn troubles(&self) -> u64 {
        self.troubles.load(Ordering::Relaxed)
    }

    /// Tokens that came before it are not to be used after it.
    pub(super) fn hear_of_trouble(&self) {
        self.troubles.fetch_add(1, Ordering::Relaxed);
        lock(&self.own).stock.throw_away();
        self.core.tally.failed(self.account);
    }

    pub(super) fn real(&self, span: i64) -> Duration {
        self.core.real(span)
    }

    pub(super) async fn step(&self, step: impl Fn(Budget) -> Step) -> Stepped {
        match self.shared(&step).await {
            Ok(done) => done,
            Err(Unreachable(_)) => self.divided(&step),
        }
    }

    async fn shared(&self, step: impl Fn(Budget) -> Step) -> Result<Stepped, Unreachable> {
        let Own { rate, divided, .. } = *lock(&self.own);
        let budget = Budget::share(rate, 1);
        if divided {
            // Nobody told the shared state what went out meanwhile.
            self.core.ask(self.account, &Step::Empty { budget, hold: HOLD_US }).await?;
        }
        let done = self.core.ask(self.account, &step(budget)).await?;
        lock(&self.own).see(done.state, done.now, false);
        Ok(done)
    }

    fn divided(&self, step: impl Fn(Budget) -> Step) -> Stepped {
        let now = self.core.now();
        let mut own = lock(&self.own);
        let budget = Budget::share(own.rate, self.core.replicas());
        let mut state = own.state;
        if !own.divided {
            state.step(now, &Step::Empty { budget, hold: HOLD_US });
        }
        let verdict = state.step(now, &step(budget));
        own.see(state, now, true);
        Stepped { verdict, state, now }
    }
}

impl Own {
    fn see(&mut self, state: State, now: i64, divided: bool) {
        if divided != self.divided || !state.is_calm(now) {
            self.stock.throw_away();
        }
        (self.state, self.divided) = (state, divided);
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("account", &self.account).finish_non_exhaustive()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "block_tests.rs"]
mod block_tests;
#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
