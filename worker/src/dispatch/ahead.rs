//! Jobs claimed a little ahead of the slots that will run them, so that a freed slot need not ask the database first: a few milliseconds'
//! worth of the lane's jobs, none where jobs are long. Their attempts have begun in the ledger; what no slot took up in time, or at
//! shutdown, is given back uncounted (decision 6).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use platen_shared::ledger::{Fence, Job, Queue};
use tokio::time::Instant;

/// So much of a lane's work is claimed ahead.
const AHEAD: Duration = Duration::from_millis(10);
/// And never more jobs than this.
const MOST: usize = 1024;
/// What no slot took up for so long is given back: the lane's jobs have become slow.
const OVERDUE: Duration = Duration::from_millis(500);

/// What every lane holds.
#[derive(Debug, Default)]
pub(super) struct Ahead(Mutex<HashMap<Queue, Buffer>>);

#[derive(Debug, Default)]
struct Buffer {
    jobs: VecDeque<(Instant, Job)>,
    /// How long a job of the lane occupies its slot.
    pace: Option<Duration>,
    /// So many were wanted the last time.
    target: usize,
}

impl Ahead {
    /// The next job of a lane, and whether it is time to claim more.
    pub(super) fn next(&self, queue: Queue) -> (Option<Job>, bool) {
        let mut lanes = self.lock();
        let buffer = lanes.entry(queue).or_default();
        let job = buffer.jobs.pop_front().map(|(_, job)| job);
        (job, buffer.target > 0 && buffer.jobs.len() == buffer.target / 2)
    }

    /// How many jobs of a lane wait here.
    pub(super) fn len(&self, queue: Queue) -> usize {
        self.lock().get(&queue).map_or(0, |buffer| buffer.jobs.len())
    }

    /// How many jobs to claim for a lane with so many slots, of which so many are free.
    pub(super) fn wanted(&self, queue: Queue, slots: usize, free: usize) -> usize {
        let mut lanes = self.lock();
        let buffer = lanes.entry(queue).or_default();
        let pace = buffer.pace.unwrap_or(AHEAD).as_secs_f64().max(1e-6);
        let fit = slots as f64 * AHEAD.as_secs_f64() / pace;
        // Below one per slot and tenth of a second it is not worth holding anything.
        buffer.target = if fit < slots as f64 / 10.0 || buffer.pace.is_none() { 0 } else { (fit as usize).min(MOST) };
        (free + buffer.target).saturating_sub(buffer.jobs.len())
    }

    /// Takes in what was claimed.
    pub(super) fn put(&self, queue: Queue, jobs: Vec<Job>) {
        let now = Instant::now();
        self.lock().entry(queue).or_default().jobs.extend(jobs.into_iter().map(|job| (now, job)));
    }

    /// Notes how long a job occupied its slot: one slow job shows at once, the return to short ones slowly.
    pub(super) fn took(&self, queue: Queue, time: Duration) {
        let mut lanes = self.lock();
        let pace = &mut lanes.entry(queue).or_default().pace;
        *pace = Some(pace.map_or(time, |known| if time > known * 4 { time } else { (known * 7 + time) / 8 }));
    }

    /// What waited too long.
    pub(super) fn overdue(&self) -> Vec<Fence> {
        let mut lanes = self.lock();
        let late = lanes.values_mut().filter(|b| b.jobs.front().is_some_and(|(since, _)| since.elapsed() > OVERDUE));
        late.flat_map(|buffer| buffer.jobs.drain(..)).map(|(_, job)| job.fence()).collect()
    }

    /// Everything.
    pub(super) fn rest(&self) -> Vec<Fence> {
        self.lock().values_mut().flat_map(|buffer| buffer.jobs.drain(..)).map(|(_, job)| job.fence()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Queue, Buffer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_short_jobs_are_claimed_ahead() {
        let ahead = Ahead::default();
        assert_eq!(ahead.wanted(Queue::Orders, 10, 4), 4, "nothing is known yet");
        ahead.took(Queue::Orders, Duration::from_millis(1));
        assert_eq!(ahead.wanted(Queue::Orders, 10, 4), 104, "ten milliseconds of ten slots");
        ahead.took(Queue::Orders, Duration::from_micros(1));
        assert!(ahead.wanted(Queue::Orders, 10, 4) < 130, "slowly more");
        ahead.took(Queue::Orders, Duration::from_secs(1));
        assert_eq!(ahead.wanted(Queue::Orders, 10, 4), 4, "at once less");
        ahead.took(Queue::Money, Duration::from_micros(1));
        assert_eq!(ahead.wanted(Queue::Money, 10, 10), MOST + 10);
    }
}
