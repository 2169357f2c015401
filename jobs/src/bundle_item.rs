//! Builds the print files of one item of an order, and one ZIP of them with a manifest: for who prints it again, or elsewhere.
//!
//! Twice is harmless, as with the whole order: the same bytes, blobs named by their content, one row per (item, revision). The order
//! itself stays where it is. Fatal means that the design cannot be rendered or that the printer's rules refuse it: a person mends the design.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::id::{ItemId, OrderId};
use platen_shared::ledger::Queue;
use platen_shared::store::{artefacts, orders};
use serde::{Deserialize, Serialize};

use crate::build_bundle::Built;
use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::production;

/// Which item, as its order was specified.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BundleItem {
    /// The order.
    pub order: OrderId,
    /// Its item.
    pub item: ItemId,
    /// Digest of the order's items.
    pub revision: String,
}

impl Job for BundleItem {
    const KIND: &'static str = "bundle_item";
    const QUEUE: Queue = Queue::Bundles;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(600);
    const POINTS: &'static [&'static str] = &["stored"];
    type Output = Built;

    fn key(&self) -> Key {
        Key::effect(self.item, &self.revision)
    }

    async fn run(&self, ctx: &Ctx) -> Result<Built, Failure> {
        let mut items = orders::items(&mut ctx.read(), ctx.tenant, self.order).await?;
        items.retain(|item| item.id == self.item);
        let files = production::bundle(ctx, &self.item.to_string(), items).await?;
        ctx.point("stored").await;
        Ok(Built { files })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Built) -> db::Result<()> {
        artefacts::put(tx, done.business_now, done.tenant, Self::KIND, &self.key().text, done.job, &out.files).await
    }
}
