//! What both sides must agree on: domain types, the ledger, the stores, the ports and their adapters.
//!
//! The api records and the worker acts; neither sees the other. They meet in the rows that this crate writes and reads.
//!
//! | module | holds |
//! | --- | --- |
//! | [`domain`] | plain types with checked constructors: money, addresses, orders, revenue |
//! | [`db`] | one text, two databases: [`db::Db`], [`db::Tx`], [`sql!`] |
//! | [`ledger`] | the truth about work: enqueue, claim, finish, read |
//! | [`store`] | the truth about everything else, one file per table family |
//! | [`ports`] | what we need of the outside, as traits |
//! | [`adapters`] | who provides it |

#![cfg_attr(
    feature = "testing",
    expect(unsafe_code, reason = "linkme places each SQL literal in a linker section, in test builds only")
)]

pub mod adapters;
pub mod canon;
pub mod clock;
pub mod codes;
pub mod db;
pub mod domain;
pub mod flatten;
pub mod hints;
pub mod id;
pub mod ledger;
pub mod letters;
pub mod ports;
pub mod preflight;
pub mod redis;
pub mod secrets;
pub mod signature;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
