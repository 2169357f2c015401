//! The virtual clock. The only file of this crate that reads the machine's clock.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::lock;

/// A clock that starts at a chosen instant, runs at a chosen speed, and may be pushed forward.
///
/// Clones share one time line, so a test and the server it started always agree on "now".
#[derive(Clone, Debug)]
pub struct Clock {
    anchor: Arc<Mutex<Anchor>>,
    born: Instant,
}

#[derive(Debug)]
struct Anchor {
    real: Instant,
    virtual_at: Timestamp,
    speed: f64,
}

impl Clock {
    /// A clock that shows `start` now and then runs `speed` virtual seconds per real second.
    ///
    /// A speed of 0 stands still until [`Clock::advance`]; negative and non-finite speeds count as 0.
    pub fn new(start: Timestamp, speed: f64) -> Clock {
        let real = Instant::now();
        let anchor = Anchor { real, virtual_at: start, speed: sane(speed) };
        Clock { anchor: Arc::new(Mutex::new(anchor)), born: real }
    }

    /// A clock that starts at the machine's present time.
    #[expect(clippy::disallowed_methods, reason = "a virtual clock has to start somewhere, and this is its only file")]
    pub fn starting_now(speed: f64) -> Clock {
        Clock::new(Timestamp::now(), speed)
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        lock(&self.anchor).virtual_now()
    }

    /// Pushes the virtual time forward. Time never runs backwards.
    pub fn advance(&self, d: Duration) {
        let mut anchor = lock(&self.anchor);
        let now = anchor.virtual_now();
        anchor.rebase(plus(now, d));
    }

    /// Moves the virtual time to `at`, unless that lies in its past.
    pub fn advance_to(&self, at: Timestamp) {
        let mut anchor = lock(&self.anchor);
        if at > anchor.virtual_now() {
            anchor.rebase(at);
        }
    }

    /// Changes the speed from now on.
    pub fn set_speed(&self, speed: f64) {
        let mut anchor = lock(&self.anchor);
        let now = anchor.virtual_now();
        anchor.rebase(now);
        anchor.speed = sane(speed);
    }

    /// Virtual seconds per real second.
    pub fn speed(&self) -> f64 {
        lock(&self.anchor).speed
    }

    /// Real time since this clock was made, for the few things that happen in real seconds.
    pub(crate) fn real_elapsed(&self) -> Duration {
        self.born.elapsed()
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::starting_now(1.0)
    }
}

impl Anchor {
    fn virtual_now(&self) -> Timestamp {
        let run = self.real.elapsed().as_secs_f64() * self.speed;
        plus(self.virtual_at, Duration::try_from_secs_f64(run).unwrap_or(Duration::MAX))
    }

    fn rebase(&mut self, virtual_at: Timestamp) {
        self.real = Instant::now();
        self.virtual_at = virtual_at;
    }
}

fn sane(speed: f64) -> f64 {
    if speed.is_finite() { speed.max(0.0) } else { 0.0 }
}

/// Saturates at the end of the calendar, so that no admin call can panic the server.
fn plus(at: Timestamp, d: Duration) -> Timestamp {
    SignedDuration::try_from(d).ok().and_then(|d| at.checked_add(d).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_still_at_speed_zero_and_moves_when_pushed() {
        let start = Timestamp::UNIX_EPOCH;
        let clock = Clock::new(start, 0.0);
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now().as_second(), 90);
        clock.advance_to(start);
        assert_eq!(clock.now().as_second(), 90, "never backwards");
    }

    #[test]
    fn clones_share_the_time_line_and_overflow_saturates() {
        let clock = Clock::new(Timestamp::UNIX_EPOCH, 0.0);
        clock.clone().advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }
}
