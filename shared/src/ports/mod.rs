//! What we need of the outside, named for the need. Adapters live in [`crate::adapters`]; handlers see only these.

pub mod blobs;
pub mod links;
pub mod mail;
pub mod payout;
pub mod press;
pub mod provider;
pub mod registry;
pub mod standing;
pub mod webhooks;

use std::time::Duration;

/// Why an outside system did not do what was asked, said as what the caller may do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// The request itself is wrong; a repeat will not help. The sentence names the fields.
    #[error("{0}")]
    Invalid(String),
    /// The credential is missing, wrong or not allowed.
    #[error("{0}")]
    Auth(String),
    /// No such thing there.
    #[error("{0}")]
    NotFound(String),
    /// Its state does not allow this (cancelled too late, no draft any more): read it and decide.
    #[error("{0}")]
    Conflict(String),
    /// Our budget or theirs is used up.
    #[error("the request budget is used up; free again in {} s", after.as_secs_f32().ceil())]
    Limited {
        /// Until the next call may go out (real time).
        after: Duration,
    },
    /// Too many failures in a row: no call is made until then.
    #[error("the circuit is open after repeated failures; next probe in {} s", after.as_secs_f32().ceil())]
    Open {
        /// Until the next probe (real time).
        after: Duration,
    },
    /// A passing trouble; nothing was changed there. Try again later.
    #[error("{0}")]
    Transient(String),
    /// The write may have happened: only a look-up may follow.
    #[error("{0}")]
    Ambiguous(String),
}

/// The answer of a port.
pub type PortResult<T> = Result<T, PortError>;
