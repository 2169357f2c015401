//! Plain types with checked constructors. No SQL, no HTTP, no clock.

pub mod address;
pub mod money;
pub mod order;
pub mod revenue;
