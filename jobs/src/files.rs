//! What kinds that render share: a design with its assets, and a rendered file as a stored one.

use platen_shared::ports::press::{AssetBytes, PressFile};
use platen_shared::store::artefacts::StoredFile;
use platen_shared::store::{products, specs};

use crate::job::{Ctx, Failure};

/// A design, ready for the press.
pub(crate) struct Design {
    pub(crate) canonical: String,
    pub(crate) assets: AssetBytes,
}

/// Loads a design and the files it names. A product's version never changes, and neither does a design: what its rules refuse now was
/// stored by a release with a defect, and is not printed.
pub(crate) async fn design(ctx: &Ctx, spec_hash: &str) -> Result<Design, Failure> {
    let spec = specs::get(&mut ctx.read(), ctx.tenant, spec_hash)
        .await?
        .ok_or_else(|| Failure::fatal("not_found", format!("there is no spec {spec_hash}")))?;
    let product = products::version(&mut ctx.read(), ctx.tenant, &spec.product_id, spec.template_version).await?;
    if let Some(product) = product {
        ctx.ports.press.judge(&spec.canonical, &product.rules.0).await?;
    }
    let mut bytes = AssetBytes::new();
    for sha256 in assets(&spec.canonical) {
        let file = ctx.ports.blobs.get(ctx.tenant, &sha256).await?;
        bytes.insert(sha256, file);
    }
    Ok(Design { canonical: spec.canonical, assets: bytes })
}

/// Stores a rendered file. Writing the same bytes again is no second file.
pub(crate) async fn store(ctx: &Ctx, file: PressFile) -> Result<StoredFile, Failure> {
    let bytes = file.bytes.len() as u64;
    let sha256 = ctx.ports.blobs.put(ctx.tenant, file.bytes).await?;
    Ok(StoredFile { name: file.path, sha256, media_type: file.media_type, bytes })
}

/// The asset hashes of a canonical spec: its image layers' `href`s.
fn assets(canonical: &str) -> Vec<String> {
    let spec: serde_json::Value = serde_json::from_str(canonical).unwrap_or_default();
    let layers = spec["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<String> = layers.iter().filter_map(|layer| layer["href"].as_str()).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}
