//! What bundles of orders, items and work orders share: rendering line by line, the gate of the printer's rules, and the ZIP.

use platen_shared::id::SnapshotId;
use platen_shared::ports::press::{BundleHead, FileName, PressItem, Printer};
use platen_shared::store::artefacts::StoredFile;
use platen_shared::store::orders::Item;
use platen_shared::store::{namings, snapshots, specs};
use serde_json::{Value, json};

use crate::files;
use crate::job::{Ctx, Failure};
use crate::order_request::print_file;

/// The name of the ZIP among a bundle's files.
pub const ZIP: &str = "bundle.zip";

/// The name that an item's print file has among a bundle's files.
pub(crate) fn item_file(position: i64, file: &str) -> String {
    format!("items/{position}/{file}")
}

/// Renders and stores the files of all lines, one design in memory at a time, and packs them: [`ZIP`] first, then
/// `items/<position>/<zone>.<kind>`.
pub(crate) async fn bundle(ctx: &Ctx, reference: &str, lines: Vec<Item>) -> Result<Vec<StoredFile>, Failure> {
    if lines.is_empty() {
        return Err(Failure::fatal("not_found", "there is no such order, or it has no items"));
    }
    let template = namings::get(&mut ctx.read(), ctx.tenant).await?;
    let (mut stored, mut items, mut packed) = (Vec::new(), Vec::new(), Vec::new());
    let steps = lines.len() as u64 + 1;
    for (n, line) in lines.into_iter().enumerate() {
        ctx.progress(n as u64, steps, &line.title);
        if ctx.cancelled() {
            return Err(Failure::Cancelled);
        }
        let design = files::design(ctx, &line.spec_hash).await?;
        let printer = Printer { provider: &line.provider, uid: &line.provider_uid };
        let printed = ctx.ports.press.print_files(&design.canonical, design.assets, printer).await?;
        passed(n + 1, &printed.zones)?;
        let quantity = u32::try_from(line.quantity).map_err(|e| Failure::fatal("bug", e))?;
        let (product, hash) = (line.product_id.as_str(), line.spec_hash.as_str());
        for file in printed.files {
            let name = FileName { order: reference, item: n + 1, product, quantity, hash, file: &file.path };
            let path = ctx.ports.press.file_name(template.as_deref(), &name)?;
            let mut kept = files::store(ctx, file).await?;
            kept.name = item_file(line.position, &kept.name);
            packed.push((path, kept.clone()));
            stored.push(kept);
        }
        let approval = approval(ctx, line.snapshot).await?;
        let (product, spec_hash) = (line.product_id, line.spec_hash);
        items.push(PressItem { position: n + 1, product, quantity, spec_hash, approval, zones: printed.zones });
    }
    ctx.progress(steps - 1, steps, ZIP);
    let head = BundleHead { reference: reference.to_owned(), items };
    stored.insert(0, files::pack(ctx, head, packed).await?);
    Ok(stored)
}

/// Nothing that the printer's rules refuse goes any further: what is not built is not submitted.
fn passed(item: usize, zones: &Value) -> Result<(), Failure> {
    for zone in zones.as_array().into_iter().flatten() {
        let checks = zone["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(check) = checks.iter().find(|check| check["verdict"] == "refuse") {
            let (zone, why) = (zone["id"].as_str().unwrap_or_default(), check["detail"].as_str().unwrap_or_default());
            return Err(Failure::fatal("preflight", format!("item {item}, zone {zone}: {why}")));
        }
    }
    Ok(())
}

/// What leaves is looked at as the printer will look at it: the very bytes of every file that is sent, by its rules.
pub(crate) async fn inspected(ctx: &Ctx, items: &[Item], files: &[StoredFile]) -> Result<(), Failure> {
    for item in items {
        let spec = specs::get(&mut ctx.read(), ctx.tenant, &item.spec_hash)
            .await?
            .ok_or_else(|| Failure::fatal("not_found", format!("there is no spec {}", item.spec_hash)))?;
        let printer = Printer { provider: &item.provider, uid: &item.provider_uid };
        let sends = ctx.ports.press.sends(printer)?;
        let mut sent = Vec::new();
        for zone in item.placements.0.keys() {
            let file = print_file(files, item, zone, sends)?;
            sent.push((zone.clone(), ctx.ports.blobs.get(ctx.tenant, &file.sha256).await?));
        }
        if let Some((zone, why)) = ctx.ports.press.refused(&spec.canonical, printer, sent).await?.first() {
            let item = item.position + 1;
            return Err(Failure::fatal("preflight", format!("the print file of item {item}, zone {zone}: {why}")));
        }
    }
    Ok(())
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
