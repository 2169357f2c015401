//! Tokens that a gate was granted in a block and nobody has used yet.
//!
//! A step on the board costs a transaction or a round trip. Where the budget is large, a gate therefore takes tokens for the next
//! [`BLOCK_US`] at once. What that changes is when a token is used, never how many there are: at most so much later than it was granted,
//! which is less than the jitter of 50 ms within which a budget is promised. A token that is not used by then is lost.

/// How long a token may lie here, by the gates' clock. With the way to the provider it stays below 50 ms.
const LIFE_US: i64 = 40_000;
/// A block is for this long: it is asked for while most of the last one is left, and must be used up before it expires.
const BLOCK_US: i64 = LIFE_US / 2;
/// The shortest time from which a pace is told: two calls that happen to come together are no crowd.
const PACE_US_MIN: i64 = LIFE_US / 20;

/// The tokens of one gate, at most two blocks: one in use and the one after it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stock {
    current: Block,
    next: Block,
    /// The next block is being asked for.
    ahead: bool,
    /// Tokens used since `since`, while there were any.
    used: i64,
    since: i64,
    /// How often everything was thrown away.
    thrown: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Block {
    left: i64,
    granted: i64,
    /// When it was granted, or earlier.
    at: i64,
}

impl Block {
    /// A clock that was set back makes it worthless, never everlasting.
    fn is_good(self, now: i64) -> bool {
        self.left > 0 && (0..LIFE_US).contains(&(now - self.at))
    }
}

/// A token that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// It is time to ask for the next block.
    pub(super) low: bool,
}

/// What is being asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    /// As many tokens as will be used soon.
    pub(super) want: i64,
    used: i64,
    asked: i64,
    thrown: u64,
}

impl Stock {
    /// Takes a token, if a good one is here.
    pub(super) fn take(&mut self, now: i64) -> Option<Taken> {
        if !self.current.is_good(now) {
            self.current = std::mem::take(&mut self.next);
        }
        if !self.current.is_good(now) {
            return None;
        }
        self.current.left -= 1;
        self.used += 1;
        let low = 4 * self.current.left <= 3 * self.current.granted && self.next.left == 0 && !self.ahead;
        self.ahead |= low;
        Some(Taken { low })
    }

    /// Begins to ask, for as many tokens as were used in [`BLOCK_US`] lately; `used` of them are used as soon as they come.
    pub(super) fn order(&mut self, now: i64, used: i64) -> Order {
        let want = self.used * BLOCK_US / (now - self.since).max(PACE_US_MIN);
        (self.used, self.since) = (used, now);
        Order { want: want.max(1), used, asked: now, thrown: self.thrown }
    }

    /// Ends an order: lays by what was granted at `at`, by the clock of who granted it, unless everything was thrown away meanwhile.
    pub(super) fn lay_by(&mut self, order: Order, tokens: i64, at: i64, now: i64) {
        self.ahead = false;
        if self.current.left == 0 {
            // Callers waited for it, which must not look like a slow pace.
            (self.used, self.since) = (order.used, now);
        }
        if tokens > 0 && order.thrown == self.thrown {
            // A clock that cannot be ours says nothing; then the token is as old as it can be.
            let at = if (order.asked..=now).contains(&at) { at } else { order.asked };
            let block = Block { left: tokens, granted: tokens, at };
            *(if self.current.left == 0 { &mut self.current } else { &mut self.next }) = block;
        }
    }

    /// Nobody asks ahead after all.
    pub(super) fn leave(&mut self) {
        self.ahead = false;
    }

    /// Loses every token, those that are on their way too.
    pub(super) fn throw_away(&mut self) {
        (self.current, self.next) = Default::default();
        self.thrown += 1;
    }
}

#[cfg(test)]
#[path = "stock_tests.rs"]
mod tests;
