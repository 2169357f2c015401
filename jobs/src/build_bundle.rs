//! Builds the print files of every item of an order, and one ZIP of them with a manifest.
//!
//! Twice is harmless: the bytes depend on the specs, quantities and the press only; blobs are named by their content; the artefact's row
//! is written once per (order, revision); the order moves on by compare-and-set. Fatal means that a design cannot be rendered, or that the
//! printer's rules refuse it: the order goes on hold with the sentence, and a person mends the design or cancels.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::order::OrderState;
use platen_shared::id::{OrderId, SnapshotId};
use platen_shared::ledger::Queue;
use platen_shared::ledger::finish::Trouble;
use platen_shared::ports::press::{BundleHead, FileName, PressItem};
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::orders;
use platen_shared::store::snapshots;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::{files, workflow};

/// The name of the ZIP among a bundle's files.
pub const ZIP: &str = "bundle.zip";

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
        if items.is_empty() {
            return Err(Failure::fatal("not_found", "there is no such order, or it has no items"));
        }
        let reference = self.order.to_string();
        let (mut stored, mut lines, mut packed) = (Vec::new(), Vec::new(), Vec::new());
        let steps = items.len() as u64 + 1;
        for (n, item) in items.iter().enumerate() {
            ctx.progress(n as u64, steps, &item.title);
            if ctx.cancelled() {
                return Err(Failure::Cancelled);
            }
            let design = files::design(ctx, &item.spec_hash).await?;
            let printed = ctx.ports.press.print_files(&design.canonical, design.assets).await?;
            passed(item.position, &printed.zones)?;
            let quantity = u32::try_from(item.quantity).map_err(|e| Failure::fatal("bug", e))?;
            let (product, hash) = (item.product_id.as_str(), item.spec_hash.as_str());
            for file in printed.files {
                let name = FileName { order: &reference, item: n + 1, product, quantity, hash, file: &file.path };
                let path = ctx.ports.press.file_name(None, &name)?;
                let mut kept = files::store(ctx, file).await?;
                kept.name = format!("items/{}/{}", item.position, kept.name);
                packed.push((path, kept.clone()));
                stored.push(kept);
            }
            lines.push(PressItem {
                position: n + 1,
                product: item.product_id.clone(),
                quantity,
                spec_hash: item.spec_hash.clone(),
                approval: approval(ctx, item.snapshot).await?,
                zones: printed.zones,
            });
        }
        ctx.progress(steps - 1, steps, ZIP);
        stored.insert(0, files::pack(ctx, BundleHead { reference, items: lines }, packed).await?);
        ctx.point("stored").await;
        Ok(Built { files: stored })
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
        let why = format!("the print files could not be made: {}", trouble.message);
        orders::advance(tx, done.business_now, done.tenant, self.order, OrderState::OnHold, &done.job.to_string(), &why)
            .await
            .map(drop)
    }
}

/// Nothing that the printer's rules refuse goes any further: what is not built is not submitted.
fn passed(position: i64, zones: &Value) -> Result<(), Failure> {
    let checks = zones.as_array().into_iter().flatten().flat_map(|zone| {
        let checks = zone["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
        checks.iter().map(move |check| (&zone["id"], check))
    });
    match checks.into_iter().find(|(_, check)| check["verdict"] == "refuse") {
        Some((zone, check)) => {
            let (zone, why) = (zone.as_str().unwrap_or_default(), check["detail"].as_str().unwrap_or_default());
            Err(Failure::fatal("preflight", format!("item {}, zone {zone}: {why}", position + 1)))
        }
        None => Ok(()),
    }
}

/// Who approved a design, when and how, and who locked it: frozen by the lock, so that the same order has the same manifest.
async fn approval(ctx: &Ctx, snapshot: SnapshotId) -> Result<Value, Failure> {
    let approvals = snapshots::approvals(&mut ctx.read(), ctx.tenant, snapshot).await?;
    let lock = snapshots::lock_of(&mut ctx.read(), ctx.tenant, snapshot).await?;
    let assets = snapshots::assets(&mut ctx.read(), ctx.tenant, snapshot).await?;
    // What people said stays here: the printer has no use for it.
    let approvals: Vec<Value> =
        approvals.iter().map(|a| json!({ "by": a.actor, "at": a.at, "how": a.how, "seen": a.seen })).collect();
    let assets: Vec<Value> = assets.iter().map(|a| json!({ "name": a.name, "sha256": a.sha256 })).collect();
    let lock = lock.map(|lock| json!({ "by": lock.actor, "at": lock.at }));
    Ok(json!({ "snapshot": snapshot, "approvals": approvals, "lock": lock, "shown": assets }))
}
