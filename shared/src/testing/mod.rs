//! What tests of every crate need: both databases, a clock they own, and the log that proves which suites ran.

mod clock;
mod crash;
mod databases;
mod redis;
pub mod rows;
mod s3;

pub use clock::ManualClock;
pub use crash::{forget_claim, set_begun};
pub use databases::{TestDb, databases, databases_and_pooler, postgres_url};
pub use redis::{TestRedis, has_redis};
pub use s3::s3;

use std::io::Write;
use std::time::Duration;

use crate::ports::blobs::Keys;

/// No test waits longer than this for anything.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The mail server of this run, if it has one: what `mail.url` is to be, and the folder where letters arrive.
#[must_use]
pub fn smtp() -> Option<(String, std::path::PathBuf)> {
    Some((env("TEST_SMTP_URL")?, env("TEST_SMTP_MAILS")?.into()))
}

/// A Python with aiosmtpd, for a mail server of a test's own, if this run has one.
#[must_use]
pub fn smtp_python() -> Option<String> {
    env("TEST_SMTP_PYTHON")
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The Redis of `TEST_REDIS_URL`, if the run has one. `cargo xtask test` always sets it. It is shared: use keys of your own.
#[must_use]
pub fn redis_url() -> Option<String> {
    env("TEST_REDIS_URL")
}

/// Notes that a suite ran on an engine; `cargo xtask test` fails when one of its list did not.
pub fn suite_ran(suite: &str, engine: &str) {
    let Some(path) = std::env::var_os("PLATEN_SUITES_LOG") else { return };
    if let Ok(mut log) = std::fs::OpenOptions::new().create(true).append(true).open(path) {
        let _ = writeln!(log, "{suite} {engine}");
    }
}

/// Waits until a condition holds, asking again as fast as the runtime allows.
///
/// # Panics
/// With `what`, after [`DEADLINE`].
pub async fn until<F: Future<Output = bool>>(what: &str, condition: impl FnMut() -> F) {
    until_within(DEADLINE, what, condition).await;
}

/// The same with a deadline of its own, for stories of many processes.
///
/// # Panics
/// With `what`, after the deadline.
pub async fn until_within<F: Future<Output = bool>>(deadline: Duration, what: &str, mut condition: impl FnMut() -> F) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(deadline, waiting).await.is_ok(), "waited in vain for: {what}");
}

/// Does nothing for as long as somebody asked for, as a well-behaved client does.
pub async fn as_told(after: Duration) {
    tokio::time::sleep(after).await;
}
