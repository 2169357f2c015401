//! Jobs claimed a little ahead of the slots that will run them, so that a freed slot need not ask the database first: a few milliseconds'
//! worth of the lane's jobs, none where jobs are long. Their attempts have begun in the ledger; what no slot took up in time, or at
//! shutdown, is given back uncounted (decision 6).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use platen_shared::db::ROWS_BUFFERED;
use platen_shared::id::TenantId;
use platen_shared::ledger::{Fence, Job, Queue};
use tokio::time::Instant;

/// So much of a lane's work is claimed ahead.
const AHEAD: Duration = Duration::from_millis(30);
/// And a job for each slot where they take no longer than this: those that began together also end together, and find their next ones here.
const ONE_EACH: Duration = Duration::from_millis(60);
/// And never more jobs than one answer of the database brings in one go.
const MOST: usize = ROWS_BUFFERED;
/// What no slot took up for so long is given back: the lane's jobs have become slow.
const OVERDUE: Duration = Duration::from_millis(500);

/// So many jobs of a lane are to wait here that take so long each.
fn target(slots: usize, pace: Duration) -> usize {
    let fit = (slots as f64 * AHEAD.as_secs_f64() / pace.as_secs_f64().max(1e-6)) as usize;
    let least = if pace <= ONE_EACH { slots } else { 0 };
    fit.max(least).min(MOST)
}

/// So many are left when more are claimed. Of longer jobs early, since another tenant's waits for the next claim; of the shortest late, since
/// a claim costs the same whatever it brings.
fn refill_at(target: usize) -> usize {
    if target < MOST { target * 3 / 4 } else { target / 2 }
}

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
    /// Whether there were enough of them since somebody was told that they run out.
    enough: bool,
}

impl Ahead {
    /// The next job of a lane, and whether it is time to claim more.
    pub(super) fn next(&self, queue: Queue) -> (Option<Job>, bool) {
        let mut lanes = self.lock();
        let buffer = lanes.entry(queue).or_default();
        let job = buffer.jobs.pop_front().map(|(_, job)| job);
        let low = buffer.enough && buffer.jobs.len() <= refill_at(buffer.target);
        buffer.enough &= !low;
        (job, low)
    }

    /// How many jobs of a lane wait here.
    pub(super) fn len(&self, queue: Queue) -> usize {
        self.lock().get(&queue).map_or(0, |buffer| buffer.jobs.len())
    }

    /// How many jobs to claim for a lane with so many slots, of which so many are free.
    pub(super) fn wanted(&self, queue: Queue, slots: usize, free: usize) -> usize {
        let mut lanes = self.lock();
        let buffer = lanes.entry(queue).or_default();
        buffer.target = buffer.pace.map_or(0, |pace| target(slots, pace));
        (free + buffer.target).saturating_sub(buffer.jobs.len())
    }

    /// Takes in what was claimed. The tenants go on by turns: one whose first job comes does not wait behind all that another one has here.
    pub(super) fn put(&self, queue: Queue, jobs: Vec<Job>) {
        let now = Instant::now();
        let mut lanes = self.lock();
        let buffer = lanes.entry(queue).or_default();
        let waiting = &mut buffer.jobs;
        waiting.extend(jobs.into_iter().map(|job| (now, job)));
        buffer.enough |= buffer.target > 0 && waiting.len() > refill_at(buffer.target);
        if waiting.iter().all(|(_, job)| job.tenant == waiting[0].1.tenant) {
            return;
        }
        let mut met: HashMap<TenantId, usize> = HashMap::new();
        let mut turns: Vec<_> = waiting
            .drain(..)
            .map(|(since, job)| {
                let turn = met.entry(job.tenant).or_default();
                *turn += 1;
                (*turn, since, job)
            })
            .collect();
        turns.sort_by_key(|(turn, ..)| *turn);
        waiting.extend(turns.into_iter().map(|(_, since, job)| (since, job)));
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
        let late = lanes.values_mut().filter(|b| b.jobs.iter().any(|(since, _)| since.elapsed() > OVERDUE));
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
    use platen_shared::db::At;
    use platen_shared::id::JobId;

    #[tokio::test]
    async fn only_short_jobs_are_claimed_ahead() {
        let ahead = Ahead::default();
        assert_eq!(ahead.wanted(Queue::Orders, 10, 4), 4, "nothing is known yet");
        ahead.took(Queue::Orders, Duration::from_millis(1));
        assert_eq!(ahead.wanted(Queue::Orders, 10, 4), 304, "thirty milliseconds of ten slots");
        ahead.took(Queue::Orders, Duration::from_micros(1));
        assert!(ahead.wanted(Queue::Orders, 10, 4) < 360, "slowly more");
        assert_eq!(target(50, Duration::from_millis(50)), 50, "one each");
        assert_eq!(target(50, Duration::from_millis(75)), 20, "thirty milliseconds of fifty slots");
        ahead.took(Queue::Orders, Duration::from_secs(1));
        assert_eq!(ahead.wanted(Queue::Orders, 10, 4), 4, "at once less");
        ahead.took(Queue::Money, Duration::from_micros(1));
        assert_eq!(ahead.wanted(Queue::Money, 10, 10), MOST + 10);
    }

    #[tokio::test]
    async fn who_claims_is_told_once_that_jobs_run_out() {
        let ahead = Ahead::default();
        let told = |n: i64| {
            ahead.put(Queue::Orders, (0..n).map(|n| job(TenantId::new(), n)).collect());
            (0..n).filter(|_| ahead.next(Queue::Orders).1).count()
        };
        assert_eq!(told(10), 0, "nothing is claimed ahead yet");
        ahead.took(Queue::Orders, Duration::from_millis(5));
        assert_eq!(ahead.wanted(Queue::Orders, 10, 0), 60);
        assert_eq!(told(60), 1);
        assert_eq!(told(20), 0, "few came, so there are no more");
        assert_eq!(told(46), 1);
        assert_eq!((refill_at(60), refill_at(MOST)), (45, MOST / 2));
    }

    #[tokio::test]
    async fn a_single_job_does_not_wait_behind_another_tenants_many() {
        let (busy, quiet) = (TenantId::new(), TenantId::new());
        let ahead = Ahead::default();
        ahead.put(Queue::Orders, (0..5).map(|n| job(busy, n)).collect());
        ahead.put(Queue::Orders, vec![job(quiet, 0), job(busy, 5), job(quiet, 1)]);
        let order: Vec<_> =
            std::iter::from_fn(|| ahead.next(Queue::Orders).0).map(|job| (job.tenant, job.priority)).collect();
        let expected = [(busy, 0), (quiet, 0), (busy, 1), (quiet, 1), (busy, 2), (busy, 3), (busy, 4), (busy, 5)];
        assert_eq!(order, expected, "by turns, and each tenant's in their order");
    }

    fn job(tenant: TenantId, priority: i64) -> Job {
        Job { priority, ..Job::bare(tenant, JobId::new(), Queue::Orders, At(0)) }
    }
}
