//! States in memory: for a process that shares its accounts with no other, and for tests.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{AccountKey, Board, Stepped, Unreachable};
use crate::adapters::http::machine::{State, Step};
use crate::clock::Clock;

/// States of this process.
pub struct MemoryBoard {
    clock: Arc<dyn Clock>,
    states: Mutex<HashMap<AccountKey, State>>,
}

impl MemoryBoard {
    /// No state yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> MemoryBoard {
        MemoryBoard { clock, states: Mutex::default() }
    }
}

#[async_trait]
impl Board for MemoryBoard {
    async fn step(&self, account: AccountKey, step: &Step) -> Result<Stepped, Unreachable> {
        let now = self.clock.now().0;
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(account).or_default();
        let verdict = state.step(now, step);
        Ok(Stepped { verdict, state: *state, now })
    }

    fn place(&self) -> &'static str {
        "process"
    }
}

impl fmt::Debug for MemoryBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryBoard")
    }
}
