//! Who provides what the [ports](crate::ports) ask for: one folder per outside system.
//!
//! Every call leaves through [`http`], which owns time-outs, size limits, the request budget and the circuit breaker of each account.
//! An adapter adds only the words of its provider: `wire` turns their JSON into our types and does no I/O.

pub mod accounts;
pub mod gelato;
pub mod http;
pub mod payout_csv;
pub mod smtp;
pub mod standing;
pub mod webhooks;
