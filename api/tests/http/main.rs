//! The HTTP front, driven in process: one suite, on SQLite always and on Postgres when there is one.

mod bad_input;
mod caching;
mod crossing;
mod files;
mod hooks;
mod idempotency;
mod kit;
mod limits;
mod money;
mod network;
mod numbers;
mod operators;
mod ops;
mod orders;
mod personalization;
mod production;
mod proof;
mod providers;
mod releases;
mod secrets;
mod seed;
mod stores;
mod streams;
mod table;
mod versions;
mod widget;
