//! Replicas as an operator handles them, on the real binary: stopped while they work, upgraded side by side, run from the Procfile.

#[path = "support/api.rs"]
mod api;
#[path = "replicas/drain.rs"]
mod drain;
#[path = "replicas/procfile.rs"]
mod procfile;
#[path = "support/seed.rs"]
mod seed;
#[path = "support/shell.rs"]
mod shell;
#[path = "replicas/shop.rs"]
mod shop;
#[path = "replicas/upgrade.rs"]
mod upgrade;
