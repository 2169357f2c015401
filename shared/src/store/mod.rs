//! The truth about everything but work: one file per family of tables. Every function takes the tenant first; reads take a
//! [`Source`](crate::db::Source) (outside or inside a transaction), writes take the caller's transaction.

pub mod artefacts;
pub mod audit;
pub mod books;
pub mod catalogue;
pub mod connections;
pub mod fetches;
pub mod fulfilment;
pub mod gates;
pub mod hooks;
pub mod idempotency;
pub mod journal;
pub mod keys;
pub mod money_settings;
pub mod namings;
pub mod open_orders;
pub mod operator_items;
pub mod orders;
pub mod parties;
pub mod payouts;
pub mod products;
pub mod rates;
pub mod references;
pub mod refunds;
pub mod registries;
pub mod sealed;
pub mod settle;
pub mod snapshots;
pub mod specs;
pub mod spending;
pub mod statements;
pub mod tenants;
pub mod unknown_words;
pub mod uploads;
pub mod widget;
pub mod work_orders;
