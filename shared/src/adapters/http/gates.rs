//! All gates of a process, and what they have in common: the board, the clock, how many replicas there are, and who used what.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::board::{AccountKey, Board, MemoryBoard, Stepped, Unreachable};
use super::gate::{Gate, Rate, lock};
use super::machine::Step;
use super::tally::Tally;
use crate::clock::Clock;
use crate::store::gates::Use;

/// How long a board that could not be reached is left alone, in microseconds.
const RETRY_US: i64 = 1_000_000;

/// All gates of a process, by account.
pub struct Gates {
    core: Arc<Core>,
    by_account: Mutex<HashMap<AccountKey, Arc<Gate>>>,
}

impl Gates {
    /// No gate yet, and their states in this process only. The clock should be the machine's: providers count real seconds, also while
    /// a demo runs fast.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Gates {
        Gates::on(Box::new(MemoryBoard::new(clock.clone())), clock)
    }

    /// No gate yet, and their states on a board; `clock` counts while it cannot be reached.
    #[must_use]
    pub fn on(board: Box<dyn Board>, clock: Arc<dyn Clock>) -> Gates {
        let (replicas, lost, tally) = (AtomicU32::new(1), Mutex::default(), Tally::default());
        Gates { core: Arc::new(Core { board, clock, replicas, lost, tally }), by_account: Mutex::default() }
    }

    /// The account's gate; a rate that changed since applies at once.
    #[must_use]
    pub fn gate(&self, account: AccountKey, rate: Rate) -> Arc<Gate> {
        let mut by_account = lock(&self.by_account);
        let gate =
            by_account.entry(account).or_insert_with(|| Arc::new(Gate::new(self.core.clone(), account, rate))).clone();
        gate.set_rate(rate);
        gate
    }

    /// How many replicas share the budgets while the board cannot be reached.
    pub fn share_among(&self, replicas: u32) {
        self.core.replicas.store(replicas.max(1), Ordering::Relaxed);
    }

    /// As [`Gates::share_among`] set it; at least 1.
    #[must_use]
    pub fn replicas(&self) -> u32 {
        self.core.replicas()
    }

    /// Where the states are: `redis`, `database` or `process`.
    #[must_use]
    pub fn place(&self) -> &'static str {
        self.core.board.place()
    }

    /// What was used since this was last asked.
    #[must_use]
    pub fn take_use(&self) -> Vec<Use> {
        self.core.tally.take()
    }

    /// Shows the breakers that this process knows of, and whether it goes by its share, as gauges.
    pub fn measure(&self) {
        let mut open: BTreeMap<&'static str, u32> = BTreeMap::new();
        let mut divided = 0_u32;
        for gate in lock(&self.by_account).values() {
            let (account, state) = gate.last_seen();
            *open.entry(account.provider).or_default() += u32::from(state.open_until != 0);
            divided += u32::from(gate.is_divided());
        }
        for (provider, n) in open {
            metrics::gauge!("platen_provider_breakers_open", "provider" => provider).set(n);
        }
        metrics::gauge!("platen_budgets_divided").set(divided);
    }
}

impl fmt::Debug for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gates").field("board", &self.core.board).finish_non_exhaustive()
    }
}

/// What the gates of a process have in common.
pub(super) struct Core {
    board: Box<dyn Board>,
    clock: Arc<dyn Clock>,
    replicas: AtomicU32,
    /// When the board could not be reached last, if it has not been since.
    lost: Mutex<Option<i64>>,
    pub(super) tally: Tally,
}

impl Core {
    pub(super) fn replicas(&self) -> u32 {
        self.replicas.load(Ordering::Relaxed)
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.now().0
    }

    /// A span in microseconds, as it lasts on the wall.
    pub(super) fn real(&self, span: i64) -> Duration {
        self.clock.real(Duration::from_micros(u64::try_from(span).unwrap_or(0)))
    }

    /// Asks the board, unless it did not answer a moment ago.
    pub(super) async fn ask(&self, account: AccountKey, step: &Step) -> Result<Stepped, Unreachable> {
        let lost = *lock(&self.lost);
        if lost.is_some_and(|at| (0..RETRY_US).contains(&(self.now() - at))) {
            return Err(Unreachable("it did not answer a moment ago".into()));
        }
        let answer = self.board.step(account, step).await;
        let place = self.board.place();
        let before = {
            let mut lost = lock(&self.lost);
            std::mem::replace(&mut *lost, answer.is_err().then(|| self.now()))
        };
        match (&answer, before) {
            (Err(error), None) => {
                let n = self.replicas();
                tracing::warn!(place, %error, "the shared request budgets ({place}) cannot be reached: until they can, this replica takes 1/{n} of each");
            }
            (Ok(_), Some(_)) => tracing::info!(place, "the shared request budgets ({place}) are back"),
            _ => {}
        }
        answer
    }
}
