//! Where the state of gates is kept, so that all who share it obey it: in Redis, in SQL, or (one process, tests) in memory.

mod memory;
mod redis;
mod sql;

use std::fmt;

use async_trait::async_trait;

use super::machine::{State, Step, Verdict};
use crate::id::TenantId;

pub use self::redis::RedisBoard;
pub use memory::MemoryBoard;
pub use sql::SqlBoard;

/// An account: one tenant's, at one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountKey {
    /// At whom.
    pub provider: &'static str,
    /// Whose.
    pub tenant: TenantId,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// The answer.
    pub verdict: Verdict,
    /// The state after it.
    pub state: State,
    /// The moment of the board's clock at which it was made.
    pub now: i64,
}

/// The board cannot be asked; the text is for logs.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(pub String);

/// Makes steps on accounts' states, each whole and one after the other, whoever asks from wherever.
#[async_trait]
pub trait Board: Send + Sync + fmt::Debug {
    /// Makes a step.
    ///
    /// # Errors
    /// When the state cannot be reached; then it is unknown whether the step was made.
    async fn step(&self, account: AccountKey, step: &Step) -> Result<Stepped, Unreachable>;

    /// Where that is, for people: `redis`, `database` or `process`.
    fn place(&self) -> &'static str;
}
