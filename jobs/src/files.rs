//! What kinds that render share: a design with its assets, and a rendered file as a stored one.

use futures::channel::mpsc::channel;
use futures::{SinkExt, TryStreamExt};
use platen_shared::ports::blobs::BlobError;
use platen_shared::ports::press::{AssetBytes, BundleHead, Part, PressFile};
use platen_shared::store::artefacts::StoredFile;
use platen_shared::store::{products, specs};

use crate::job::{Ctx, Failure};

/// Pieces of a bundle on their way to the press.
const PIECES: usize = 4;

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

/// Packs stored files into one ZIP and stores that, each under its path inside; neither is ever whole in memory.
pub(crate) async fn pack(
    ctx: &Ctx,
    head: BundleHead,
    mut files: Vec<(String, StoredFile)>,
) -> Result<StoredFile, Failure> {
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let (mut send, parts) = channel(PIECES);
    let fed = async move {
        for (path, file) in files {
            let mut from = ctx.ports.blobs.stream(ctx.tenant, &file.sha256).await?;
            // Whoever does not take it any more says why itself.
            let mut taken = send.send(Part::File(path)).await.is_ok();
            while let Some(bytes) = from.bytes.try_next().await? {
                taken = taken && send.send(Part::Bytes(bytes)).await.is_ok();
            }
            if !taken {
                return Ok(());
            }
        }
        let _ = send.send(Part::End).await;
        Ok::<(), BlobError>(())
    };
    let (fed, packed) = futures::join!(fed, ctx.ports.press.pack(head, parts));
    fed?;
    let packed = packed?;
    let chunks = packed.chunks.map_err(|e| BlobError::Store(format!("the packed bundle cannot be read back: {e}")));
    ctx.ports.blobs.put_stream(ctx.tenant, &packed.sha256, packed.bytes, chunks).await?;
    let (name, media_type) = ("bundle.zip".to_owned(), "application/zip".to_owned());
    Ok(StoredFile { name, sha256: packed.sha256, media_type, bytes: packed.bytes })
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
