//! Work in pieces on a few threads; the pieces come back in their order, whoever did them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::PressError;

/// Most threads one piece of work takes.
const THREADS_MAX: usize = 4;

/// `work` of every number below `count`, on at most `threads` threads and never more than there are cores.
pub(crate) fn all<T, F>(count: usize, threads: usize, work: F) -> Result<Vec<T>, PressError>
where
    T: Send,
    F: Fn(usize) -> Result<T, PressError> + Sync,
{
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = threads.min(cores).min(THREADS_MAX).min(count);
    if threads < 2 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    let run = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            let result = work(index);
            if let Ok(mut done) = done.lock() {
                done.push((index, result));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(run);
        }
        run();
    });
    let mut done = done.into_inner().map_err(|_| PressError::Defect("a piece of work was lost"))?;
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
