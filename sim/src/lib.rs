//! Stand-ins for the outside systems Platen talks to, reached over real loopback HTTP.
//!
//! Almost no print provider has a sandbox, so these are a shipped part of the product: `platen sim`
//! serves them, the demo runs against them, and every fault test breaks them on purpose. Each one
//! keeps its own books about what *happened* (see [`gelato::Counts`]), so that "printed twice" is
//! measured outside Platen and never by Platen itself.
//!
//! Time is virtual ([`Clock`]): an order that takes three days at a printer is followed to the door
//! by advancing the clock, never by sleeping.

mod clock;
mod conn;
mod dice;
pub mod gelato;
pub mod hooks;
mod money;
pub mod post;

pub use clock::Clock;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, ignoring poison: a panicking request must not take the whole stand-in down with it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
