//! Builds the print files of every item of an order, and one ZIP of them with a manifest.
//!
//! Twice is harmless: the bytes depend on the specs, quantities and the press only; blobs are named by their content; the artefact's row
//! is written once per (order, revision); the order moves on by compare-and-set. Fatal means that a design cannot be rendered, or that the
//! printer's rules refuse it: the order goes on hold with the sentence, and a person mends the design or cancels.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::order::OrderState;
use platen_shared::id::OrderId;
use platen_shared::ledger::Queue;
use platen_shared::ledger::finish::Trouble;
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::orders;
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::production;
use crate::workflow;

pub use crate::production::ZIP;

/// Which order, as it was specified.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BuildBundle {
    /// The order.
    pub order: OrderId,
    /// Digest of its items.
    pub revision: String,
}

/// The files made: [`ZIP`], and `items/<position>/<zone>.<pdf|png|svg>`, with a `dxf` where something is cut or engraved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Built {
    /// All of them.
    pub files: Vec<StoredFile>,
}

impl Job for BuildBundle {
    const KIND: &'static str = "build_bundle";
    const QUEUE: Queue = Queue::Bundles;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(600);
    const POINTS: &'static [&'static str] = &["stored"];
    type Output = Built;

    fn key(&self) -> Key {
        Key::effect(self.order, &self.revision)
    }

    async fn run(&self, ctx: &Ctx) -> Result<Built, Failure> {
        let items = orders::items(&mut ctx.read(), ctx.tenant, self.order).await?;
        if orders::revision(items.iter().map(|item| (item.spec_hash.as_str(), item.quantity))) != self.revision {
            return Err(Failure::fatal("changed", "the order's quantities changed; another job makes its files"));
        }
        let files = production::bundle(ctx, &self.order.to_string(), items).await?;
        ctx.point("stored").await;
        Ok(Built { files })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Built) -> db::Result<()> {
        artefacts::put(tx, done.business_now, done.tenant, Self::KIND, &self.key().text, done.job, &out.files).await?;
        match orders::lock(tx, done.tenant, self.order).await? {
            Some(order) => workflow::proceed(tx, &done.follow(), done.business_now, &order)
                .await
                .map(drop)
                .map_err(workflow::into_db),
            None => Ok(()),
        }
    }

    async fn gave_up(&self, tx: &mut Tx, done: &Recording, trouble: &Trouble) -> db::Result<()> {
        if trouble.class == "changed" {
            return Ok(());
        }
        let why = format!("the print files could not be made: {}", trouble.message);
        orders::advance(tx, done.business_now, done.tenant, self.order, OrderState::OnHold, &done.job.to_string(), &why)
            .await
            .map(drop)
    }
}
