//! Builds the print files of a work order's items, and one ZIP of them with a manifest: what a workshop prints from.
//!
//! Twice is harmless: a work order's lines never change, the bytes depend on them and the press only, blobs are named by their content, and
//! the artefact's row is written once. Fatal means that a design cannot be rendered or that the printer's rules refuse it: a person
//! mends the design, or writes a work order without the item.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::id::WorkOrderId;
use platen_shared::ledger::Queue;
use platen_shared::store::{artefacts, work_orders};
use serde::{Deserialize, Serialize};

use crate::build_bundle::Built;
use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::production;

/// Which work order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BundleWorkOrder {
    /// The work order.
    pub work_order: WorkOrderId,
}

impl Job for BundleWorkOrder {
    const KIND: &'static str = "bundle_work_order";
    const QUEUE: Queue = Queue::Bundles;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(1800);
    const POINTS: &'static [&'static str] = &["stored"];
    type Output = Built;

    fn key(&self) -> Key {
        Key::effect(self.work_order, "print-files")
    }

    async fn run(&self, ctx: &Ctx) -> Result<Built, Failure> {
        let lines = work_orders::lines(&mut ctx.read(), ctx.tenant, self.work_order).await?;
        let items = lines.into_iter().map(|line| line.made).collect();
        let files = production::bundle(ctx, &self.work_order.to_string(), items).await?;
        ctx.point("stored").await;
        Ok(Built { files })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Built) -> db::Result<()> {
        artefacts::put(tx, done.business_now, done.tenant, Self::KIND, &self.key().text, done.job, &out.files).await
    }
}
