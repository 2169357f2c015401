//! Budgets and breakers that replicas share: every board decides like the machine, and what leaves all replicas together is judged by
//! the stand-in.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "gates/breaker.rs"]
mod breaker;
#[path = "gates/cable.rs"]
mod cable;
#[path = "gates/fleet.rs"]
mod fleet;
#[path = "gates/kit.rs"]
mod kit;
#[path = "gates/rows.rs"]
mod rows;
#[path = "gates/same.rs"]
mod same;
