//! Who used which account how often, counted in the process and written to the database now and then.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Mutex;

use super::board::AccountKey;
use super::gate::lock;
use crate::store::gates::Use;

tokio::task_local! {
    static KIND: &'static str;
}

/// Runs `work` so that every outside call in it is counted for this kind of job.
pub(super) async fn counted<F: Future>(kind: &'static str, work: F) -> F::Output {
    KIND.scope(kind, work).await
}

/// Counts since they were last taken.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<HashMap<(AccountKey, &'static str), Counts>>);

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    calls: i64,
    failed: i64,
    put_off: i64,
}

impl Tally {
    /// A call went out, or was put off.
    pub(super) fn entered(&self, account: AccountKey, out: bool) {
        self.add(account, |counts| if out { counts.calls += 1 } else { counts.put_off += 1 });
    }

    /// A call that went out failed.
    pub(super) fn failed(&self, account: AccountKey) {
        self.add(account, |counts| counts.failed += 1);
    }

    fn add(&self, account: AccountKey, change: impl FnOnce(&mut Counts)) {
        let kind = KIND.try_with(|kind| *kind).unwrap_or_default();
        change(lock(&self.0).entry((account, kind)).or_default());
    }

    /// Everything counted, which begins again at nothing.
    pub(super) fn take(&self) -> Vec<Use> {
        let taken = std::mem::take(&mut *lock(&self.0));
        let row = |((account, kind), counts): ((AccountKey, &str), Counts)| Use {
            tenant: account.tenant,
            provider: account.provider.to_owned(),
            kind: kind.to_owned(),
            calls: counts.calls,
            failed: counts.failed,
            put_off: counts.put_off,
        };
        taken.into_iter().map(row).collect()
    }
}
