//! Backups of a shop that is at work, restored elsewhere: on both databases, into a folder and into a bucket.

#[path = "support/api.rs"]
mod api;
#[path = "support/cli.rs"]
mod cli;
#[path = "support/seed.rs"]
mod seed;
#[path = "support/shell.rs"]
mod shell;

#[path = "backup/damage.rs"]
mod damage;
#[path = "backup/midway.rs"]
mod midway;
#[path = "backup/shop.rs"]
mod shop;
