//! `PLATEN_CLOCK_SKEW_MS=<milliseconds>`: this process runs as if its machine's clock were wrong by that much, for chaos runs.

use anyhow::{Context, Result};
use platen_shared::clock::SystemClock;

/// The variable's name.
pub(crate) const VARIABLE: &str = "PLATEN_CLOCK_SKEW_MS";

/// Begins to be wrong, if the environment says so.
pub(crate) fn start() -> Result<()> {
    let Ok(text) = std::env::var(VARIABLE) else { return Ok(()) };
    let ms: i64 = text.parse().with_context(|| format!("{VARIABLE} must be a number of milliseconds"))?;
    SystemClock::skew(ms.saturating_mul(1000));
    Ok(())
}
