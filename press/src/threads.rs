//! Work in pieces, on as many threads as there are cores; the pieces come back in their order, whoever did them.

use std::sync::LazyLock;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::PressError;

/// Shared by all that draw at the same time. None where there is one core, or no thread can be made, as under the limits of a process that
/// reads strangers' files.
static POOL: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let pool = ThreadPoolBuilder::new().thread_name(|n| format!("press-{n}")).build().ok();
    pool.filter(|pool| pool.current_num_threads() > 1)
});

/// The system's allocator gives unused memory back as soon as it is twice the largest block that was ever returned to it. A block of this size,
/// returned once, lets it keep the pages of a drawing for the next: to get them anew took a fifth of a preview.
const KEPT: usize = 16 * 1024 * 1024;

static KEEPING: LazyLock<()> = LazyLock::new(|| drop(std::hint::black_box(vec![0_u8; KEPT])));

/// `work` of every number below `count`.
pub(crate) fn all<T, F>(count: usize, work: F) -> Result<Vec<T>, PressError>
where
    T: Send,
    F: Fn(usize) -> Result<T, PressError> + Send + Sync,
{
    LazyLock::force(&KEEPING);
    let pool = if count > 1 { POOL.as_ref() } else { None };
    match pool {
        Some(pool) => pool.install(|| (0..count).into_par_iter().map(work).collect()),
        None => (0..count).map(work).collect(),
    }
}
