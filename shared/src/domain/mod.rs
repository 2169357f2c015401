//! Plain types with checked constructors. No SQL, no HTTP, no clock.

pub mod account;
pub mod address;
pub mod business_days;
pub mod carrier;
pub mod money;
pub mod notice;
pub mod offer;
pub mod order;
pub mod packaging;
pub mod payout;
pub mod postings;
pub mod rate;
pub mod region;
pub mod revenue;
pub mod statement;
pub mod terms;
pub mod transaction;
pub mod variant;
pub mod words;
pub mod work_order;
