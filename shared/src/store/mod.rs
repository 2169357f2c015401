//! The truth about everything but work: one file per family of tables. Every function takes the tenant first; reads take a
//! [`Source`](crate::db::Source) (outside or inside a transaction), writes take the caller's transaction.

pub mod artefacts;
pub mod audit;
pub mod catalogue;
pub mod connections;
pub mod fetches;
pub mod fulfilment;
pub mod gates;
pub mod idempotency;
pub mod journal;
pub mod keys;
pub mod open_orders;
pub mod orders;
pub mod products;
pub mod snapshots;
pub mod specs;
pub mod tenants;
pub mod uploads;
