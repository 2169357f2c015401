//! Owners that die, on the real binary: a job that kills them runs alone and is quarantined, its neighbours are not harmed, and an owner
//! that was only thought dead changes nothing.

#[path = "poison/alone.rs"]
mod alone;
#[path = "support/api.rs"]
mod api;
#[path = "poison/late.rs"]
mod late;
#[path = "support/seed.rs"]
#[expect(dead_code, reason = "others look into the database for the tenant's rows")]
mod seed;
#[path = "support/shell.rs"]
mod shell;
#[path = "replicas/shop.rs"]
#[expect(dead_code, reason = "the suite of replicas uses all of it, this one some")]
mod shop;
