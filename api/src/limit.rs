//! Rates per caller: the generic cell rate algorithm, one moment remembered per caller.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use platen_shared::db::At;

/// Callers remembered; beyond it, those who owe nothing are forgotten.
const CALLERS_MAX: usize = 10_000;

/// How often each caller may call.
pub(crate) struct Limiter<K> {
    /// Between two calls at the sustained rate.
    every: Duration,
    /// How far ahead of it a burst may run.
    burst: Duration,
    due: Mutex<HashMap<K, At>>,
}

impl<K: Hash + Eq> Limiter<K> {
    pub(crate) fn new(per_second: u32) -> Self {
        let every = Duration::from_secs(1) / per_second.max(1);
        Limiter { every, burst: Duration::from_secs(2), due: Mutex::default() }
    }

    /// Counts a call, or says how long the caller must wait.
    pub(crate) fn take(&self, caller: K, now: At) -> Result<(), Duration> {
        self.take_at(caller, None, now)
    }

    /// The same for a caller that may have a rate of its own.
    pub(crate) fn take_at(&self, caller: K, per_second: Option<u32>, now: At) -> Result<(), Duration> {
        let every = per_second.map_or(self.every, |n| Duration::from_secs(1) / n.max(1));
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if due.len() >= CALLERS_MAX {
            due.retain(|_, at| *at > now);
        }
        let at = due.get(&caller).copied().unwrap_or(now).max(now);
        let ahead = at.since(now);
        if ahead + every > self.burst {
            return Err(ahead + every - self.burst);
        }
        due.insert(caller, at.plus(every));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let limiter = Limiter::new(10);
        let now = At(1_000_000);
        assert_eq!((0..30).filter(|_| limiter.take("a", now).is_ok()).count(), 20, "two seconds' worth at once");
        assert!(limiter.take("b", now).is_ok(), "another caller is not touched");
        assert_eq!((0..30).filter(|_| limiter.take_at("c", Some(2), now).is_ok()).count(), 4, "a rate of its own");
        let wait = limiter.take("a", now).expect_err("used up");
        assert_eq!(wait, Duration::from_millis(100));
        assert!(limiter.take("a", now.plus(wait)).is_ok() && limiter.take("a", now.plus(wait)).is_err());
    }
}
