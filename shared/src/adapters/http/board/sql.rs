//! States in the database, for installations without Redis: one short transaction per step, with the row locked; none is open while a
//! call is out. The ledger's clock is the database's, so replicas agree on the time.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::{AccountKey, Board, Stepped, Unreachable};
use crate::adapters::http::machine::{State, Step, Verdict};
use crate::clock::Clock;
use crate::db::{self, Db};
use crate::store::gates;

/// States in the table `gates`.
pub struct SqlBoard {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl SqlBoard {
    /// Over a database, with the ledger's clock.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> SqlBoard {
        SqlBoard { db, clock }
    }

    async fn look(&self, account: AccountKey) -> db::Result<Stepped> {
        let found = gates::get(&mut self.db.reader(), account.tenant, account.provider).await?;
        let (state, now) = (found.unwrap_or_default(), self.clock.now().0);
        Ok(Stepped { verdict: Verdict::Noted { pause: 0 }, state, now })
    }

    async fn locked(&self, account: AccountKey, step: &Step) -> db::Result<Stepped> {
        let AccountKey { provider, tenant } = account;
        let mut tx = self.db.begin("gate").await?;
        let found = match gates::lock(&mut tx, tenant, provider).await? {
            Some(found) => found,
            None => {
                gates::begin(&mut tx, self.clock.now(), tenant, provider).await?;
                gates::lock(&mut tx, tenant, provider).await?.unwrap_or_default()
            }
        };
        // Only now: whoever had the row before has taken tokens up to the present.
        let now = self.clock.now();
        let mut state: State = found;
        let verdict = state.step(now.0, step);
        if state == found {
            tx.rollback().await?;
        } else {
            gates::put(&mut tx, now, tenant, provider, &state).await?;
            tx.commit().await?;
        }
        Ok(Stepped { verdict, state, now: now.0 })
    }
}

#[async_trait]
impl Board for SqlBoard {
    async fn step(&self, account: AccountKey, step: &Step) -> Result<Stepped, Unreachable> {
        let done = if *step == Step::Look { self.look(account).await } else { self.locked(account, step).await };
        done.map_err(|error| Unreachable(error.to_string()))
    }

    fn place(&self) -> &'static str {
        "database"
    }
}

impl fmt::Debug for SqlBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqlBoard({})", self.db.engine())
    }
}
