//! Budgets and breakers that replicas share: every board decides like the machine.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "gates/kit.rs"]
mod kit;
#[path = "gates/same.rs"]
mod same;
