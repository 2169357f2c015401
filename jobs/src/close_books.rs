//! Closes a tenant's books up to yesterday, and keeps what each account moved per day: so that a balance at any past instant is a few rows.
//!
//! Twice is harmless: a day is closed once, under the row that every entry of the tenant holds while it is written; a second run finds
//! nothing to close. It writes no money. Fatal does not happen.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::ledger::Queue;
use platen_shared::store::books;
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CloseBooks {
    /// Its name: the time that fired.
    pub run: String,
}

/// Up to where.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Closed {
    /// The first day that is open, in days since 1970.
    pub open_day: i64,
}

impl Job for CloseBooks {
    const KIND: &'static str = "close_books";
    const QUEUE: Queue = Queue::Money;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(300);
    type Output = Closed;

    fn key(&self) -> Key {
        Key::effect("books", &self.run)
    }

    async fn run(&self, ctx: &Ctx) -> Result<Closed, Failure> {
        Ok(Closed { open_day: ctx.clock.now().day() })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Closed) -> db::Result<()> {
        books::close(tx, done.tenant, out.open_day).await.map(drop)
    }
}
