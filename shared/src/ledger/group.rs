//! Group commit: callers that come while a transaction is being written share the next one, and each hears of its own outcome after the
//! commit. Alone, a caller waits for nobody. Two transactions at a time would be smaller ones in each other's way, on either database.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::submit::Submission;
use super::{EnqueueError, Enqueued};

/// So many share a transaction at most.
const MOST: usize = 1024;

/// Those who submit jobs.
pub(super) type Submissions = Group<Submission, Result<Enqueued, EnqueueError>>;

/// Callers who wait for the next transaction.
pub struct Group<T, R>(Mutex<State<T, R>>);

struct State<T, R> {
    waiting: VecDeque<(T, Option<oneshot::Sender<R>>)>,
    writing: bool,
}

impl<T, R> Default for Group<T, R> {
    fn default() -> Self {
        Group(Mutex::new(State { waiting: VecDeque::new(), writing: false }))
    }
}

impl<T: Send + 'static, R: Send + 'static> Group<T, R> {
    /// Writes an item with whatever else waits; `write` answers one outcome per item, in their order. `None` when it did not come to an end.
    pub async fn join<F, W>(self: &Arc<Self>, item: T, write: F) -> Option<R>
    where
        F: Fn(Vec<T>) -> W + Send + 'static,
        W: Future<Output = Vec<R>> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        self.add(item, Some(tell), write);
        told.await.ok()
    }

    /// The same for who does not wait for the outcome.
    pub fn leave<F, W>(self: &Arc<Self>, item: T, write: F)
    where
        F: Fn(Vec<T>) -> W + Send + 'static,
        W: Future<Output = Vec<R>> + Send + 'static,
    {
        self.add(item, None, write);
    }

    fn add<F, W>(self: &Arc<Self>, item: T, tell: Option<oneshot::Sender<R>>, write: F)
    where
        F: Fn(Vec<T>) -> W + Send + 'static,
        W: Future<Output = Vec<R>> + Send + 'static,
    {
        let leads = {
            let mut state = self.lock();
            state.waiting.push_back((item, tell));
            !std::mem::replace(&mut state.writing, true)
        };
        if leads {
            // A task of its own: the others do not lose their transaction when this caller goes away.
            tokio::spawn(self.clone().lead(write));
        }
    }

    async fn lead<F, W>(self: Arc<Self>, write: F)
    where
        F: Fn(Vec<T>) -> W + Send,
        W: Future<Output = Vec<R>> + Send + 'static,
    {
        let _resign = Resign(&self);
        loop {
            let (items, tell): (Vec<T>, Vec<_>) = {
                let mut state = self.lock();
                let n = state.waiting.len().min(MOST);
                if n == 0 {
                    state.writing = false;
                    return;
                }
                state.waiting.drain(..n).unzip()
            };
            for (tell, outcome) in tell.into_iter().zip(write(items).await) {
                let _ = tell.map(|tell| tell.send(outcome));
            }
        }
    }
}

impl<T, R> Group<T, R> {
    fn lock(&self) -> MutexGuard<'_, State<T, R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A leader that ended badly leaves nobody waiting: who came after it hears that, and the next one leads.
struct Resign<'a, T, R>(&'a Group<T, R>);

impl<T, R> Drop for Resign<'_, T, R> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = self.0.lock();
            state.waiting.clear();
            state.writing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn callers_share_what_is_written_and_hear_their_own_outcome() {
        let group = Arc::new(Group::default());
        let written = Arc::new(Mutex::new((vec![], 0, 0)));
        let join = |n: u32| {
            let (group, written) = (group.clone(), written.clone());
            async move { group.join(n, move |items| double(written.clone(), items)).await }
        };
        let doubled = futures::future::join_all((0..3000).map(join)).await;
        assert_eq!(doubled, (0..3000).map(|n| Some(n * 2)).collect::<Vec<_>>());
        let (sizes, now, most) = written.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert!(sizes.len() < 10 && sizes.iter().all(|n| *n <= MOST), "{sizes:?}");
        assert_eq!((now, most), (0, 1), "one at a time");
    }

    /// The sizes of the groups, how many are being written, and how many were at most.
    type Written = (Vec<usize>, usize, usize);

    async fn double(written: Arc<Mutex<Written>>, items: Vec<u32>) -> Vec<u32> {
        let change = || written.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let (sizes, now, most) = &mut *change();
            sizes.push(items.len());
            *now += 1;
            *most = (*most).max(*now);
        }
        tokio::task::yield_now().await;
        change().1 -= 1;
        items.into_iter().map(|n| n * 2).collect()
    }

    #[tokio::test]
    async fn a_leader_that_panics_strands_nobody() {
        let group: Arc<Group<u32, u32>> = Arc::default();
        for _ in 0..3 {
            let bad = group.join(1, |_| async { panic!("as planned") }).await;
            assert_eq!(bad, None);
        }
        assert_eq!(group.join(2, |items| async move { items }).await, Some(2));
    }
}
