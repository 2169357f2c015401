//! Time as an argument: nothing but [`SystemClock`] looks at the machine's clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::db::At;

/// A source of time. Business rules ask the business clock (which a demo may speed up), the ledger asks the database's.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> At;

    /// How long a span of this clock lasts on the wall.
    fn real(&self, span: Duration) -> Duration {
        span
    }
}

/// How wrong the machine's clock is made to seem.
static SKEW_US: AtomicI64 = AtomicI64::new(0);

/// The machine's clock, possibly running fast: one real second is `speed` seconds, counted from `anchor`.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    anchor: At,
    speed: u32,
}

impl SystemClock {
    /// The wall clock as it is.
    #[must_use]
    pub fn new() -> Self {
        SystemClock { anchor: At(0), speed: 1 }
    }

    /// A clock that ran `speed` times as fast since `anchor`; every process given the same two numbers shows the same time.
    #[must_use]
    pub fn fast(anchor: At, speed: u32) -> Self {
        SystemClock { anchor, speed: speed.max(1) }
    }

    /// The machine's time, in microseconds.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn wall() -> At {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        At(wall.saturating_add(SKEW_US.load(Ordering::Relaxed)))
    }

    /// From now on this process sees a machine whose clock is wrong by so many microseconds: for runs that try what that does.
    pub fn skew(micros: i64) {
        SKEW_US.store(micros, Ordering::Relaxed);
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> At {
        let wall = Self::wall();
        if self.speed == 1 { wall } else { At(self.anchor.0 + (wall.0 - self.anchor.0) * i64::from(self.speed)) }
    }

    fn real(&self, span: Duration) -> Duration {
        span / self.speed
    }
}
