//! Plain types with checked constructors. No SQL, no HTTP, no clock.

pub mod account;
pub mod address;
pub mod money;
pub mod order;
pub mod payout;
pub mod postings;
pub mod rate;
pub mod revenue;
pub mod statement;
pub mod terms;
pub mod transaction;
pub mod work_order;
