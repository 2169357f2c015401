//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use crate::db::At;

/// Stands still until it is moved; clones share their time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows the wall's time and stops there.
    #[must_use]
    pub fn new() -> ManualClock {
        ManualClock(Arc::new(AtomicI64::new(crate::clock::SystemClock::wall().0)))
    }

    /// A clock that shows this moment and stops there.
    #[must_use]
    pub fn at(moment: At) -> ManualClock {
        ManualClock(Arc::new(AtomicI64::new(moment.0)))
    }

    /// Moves it forward.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> At {
        At(self.0.load(Ordering::SeqCst))
    }
}
