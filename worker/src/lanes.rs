//! Slots: how many jobs of which queue run at a time in this process. Every lane owns one slot, so that no other lane, however slow or
//! full, can keep it from running; the rest are shared, and go to the better lane first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use platen_shared::ledger::Queue;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// One queue as a worker serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Which.
    pub queue: Queue,
    /// At most so many of its jobs at a time.
    pub concurrency: usize,
    /// No attempt takes longer, whatever its kind allows.
    pub timeout: Duration,
    /// The higher one gets a free slot first.
    pub priority: i64,
}

/// How long an attempt of each queue may take.
pub(crate) fn timeouts(lanes: &[Lane]) -> HashMap<Queue, Duration> {
    lanes.iter().map(|lane| (lane.queue, lane.timeout)).collect()
}

/// The slots of a process.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// Best first.
    lanes: Vec<Lane>,
    shared: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    running: Vec<usize>,
    waiting: Vec<usize>,
}

/// The right to run one job of a lane, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    lanes: Arc<Lanes>,
    lane: usize,
}

impl Lanes {
    /// `concurrency` jobs at a time in all; never fewer than one of each lane.
    pub(crate) fn new(mut lanes: Vec<Lane>, concurrency: usize) -> Arc<Lanes> {
        lanes.sort_by_key(|lane| std::cmp::Reverse(lane.priority));
        let n = lanes.len();
        let state = State { running: vec![0; n], waiting: vec![0; n] };
        Arc::new(Lanes {
            lanes,
            shared: concurrency.saturating_sub(n),
            state: Mutex::new(state),
            changed: Notify::new(),
        })
    }

    /// The lanes, best first.
    pub(crate) fn all(&self) -> &[Lane] {
        &self.lanes
    }

    /// How many jobs can run at a time in all.
    pub(crate) fn slots(&self) -> usize {
        let caps: usize = self.lanes.iter().map(|lane| lane.concurrency.max(1)).sum();
        caps.min(self.lanes.len() + self.shared)
    }

    /// How many jobs of a queue can run at a time at most.
    pub(crate) fn slots_of(&self, queue: Queue) -> usize {
        let lane = self.lanes.iter().find(|lane| lane.queue == queue);
        lane.map_or(0, |lane| lane.concurrency.max(1).min(1 + self.shared))
    }

    /// How many slots a queue could take now.
    pub(crate) fn room(&self, queue: Queue) -> usize {
        let Some(lane) = self.lanes.iter().position(|lane| lane.queue == queue) else { return 0 };
        let state = self.lock();
        let (running, used) = (state.running[lane], self.used(&state));
        let own = usize::from(running == 0);
        (own + self.shared.saturating_sub(used)).min(self.lanes[lane].concurrency.max(1).saturating_sub(running))
    }

    /// Whether a queue runs as many jobs as it ever may.
    pub(crate) fn is_full(&self, queue: Queue) -> bool {
        let lane = self.lanes.iter().position(|lane| lane.queue == queue);
        lane.is_none_or(|lane| self.lock().running[lane] >= self.lanes[lane].concurrency.max(1))
    }

    /// Wakes who waits for a change: jobs of a lane are running out.
    pub(crate) fn tell(&self) {
        self.changed.notify_waiters();
    }

    /// Every slot that a queue could take now, at most `n`.
    pub(crate) fn take_up_to(self: &Arc<Self>, queue: Queue, n: usize) -> Vec<Slot> {
        let Some(lane) = self.lanes.iter().position(|lane| lane.queue == queue) else { return vec![] };
        let mut state = self.lock();
        let mut slots = vec![];
        while slots.len() < n && self.has_room(&state, lane) {
            state.running[lane] += 1;
            slots.push(Slot { lanes: self.clone(), lane });
        }
        slots
    }

    /// Waits for a slot of a queue; a better lane that waits too comes first.
    pub(crate) async fn take(self: &Arc<Self>, queue: Queue) -> Slot {
        let lane = self.lanes.iter().position(|lane| lane.queue == queue).unwrap_or(0);
        let _waiting = Waiting::new(self, lane);
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.lock();
                let better = state.waiting[..lane].iter().any(|n| *n > 0);
                if self.has_room(&state, lane) && (state.running[lane] == 0 || !better) {
                    state.running[lane] += 1;
                    return Slot { lanes: self.clone(), lane };
                }
            }
            changed.await;
        }
    }

    /// Ends when a slot is freed after this call (or somebody stops waiting for one).
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Waits until nothing runs.
    pub(crate) async fn idle(&self) {
        loop {
            let changed = self.changed.notified();
            if self.lock().running.iter().all(|n| *n == 0) {
                return;
            }
            changed.await;
        }
    }

    fn has_room(&self, state: &State, lane: usize) -> bool {
        let running = state.running[lane];
        running < self.lanes[lane].concurrency.max(1) && (running == 0 || self.used(state) < self.shared)
    }

    /// How many of the shared slots are taken.
    fn used(&self, state: &State) -> usize {
        state.running.iter().map(|n| n.saturating_sub(1)).sum()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.lanes.lock().running[self.lane] -= 1;
        self.lanes.changed.notify_waiters();
    }
}

/// Somebody who waits for a slot, however that ends.
struct Waiting<'a>(&'a Lanes, usize);

impl Waiting<'_> {
    fn new(lanes: &Lanes, lane: usize) -> Waiting<'_> {
        lanes.lock().waiting[lane] += 1;
        Waiting(lanes, lane)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().waiting[self.1] -= 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
