//! Money from sale to payout, on every database: one suite. `model` needs no database and holds the arithmetic to exact fractions.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "money/days.rs"]
mod days;
#[path = "money/kills.rs"]
mod kills;
#[path = "money/kit.rs"]
mod kit;
#[path = "money/model.rs"]
mod model;
#[path = "money/payouts.rs"]
mod payouts;
#[path = "money/settling.rs"]
mod settling;
