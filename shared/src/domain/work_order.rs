//! Work orders: what a workshop is told to make.

use serde::{Deserialize, Serialize};

use super::order::states;

states! {
    /// Where a work order stands.
    WorkState {
        /// Being put together.
        Draft = "draft" => [Released, Cancelled],
        /// May be made.
        Released = "released" => [InProduction, OnHold, Cancelled],
        /// Being made.
        InProduction = "in_production" => [Finished, OnHold, Cancelled],
        /// Something is wrong; a person looks at it.
        OnHold = "on_hold" => [Released, InProduction, Cancelled],
        /// All pieces are made.
        Finished = "finished" => [],
        /// Will not be made; its items are free for another one.
        Cancelled = "cancelled" => [],
    }
}
