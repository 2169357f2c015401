//! `platen backup verify`: reads everything once, and compares.

use std::path::Path;

use anyhow::{Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use platen_shared::id::TenantId;
use platen_shared::ports::blobs::{BlobError, Blobs};

use super::files::named;
use super::manifest::{Manifest, Part, store};

/// Files read at a time.
const AT_ONCE: usize = 4;
/// More is not listed: the backup is of no use anyway.
const WRONG_MAX: usize = 20;

/// The manifest of a backup that is whole; else what is wrong with it.
pub(in crate::commands) async fn verify(folder: &Path) -> Result<Manifest> {
    let manifest = Manifest::read(folder)?;
    let mut wrong = Vec::new();
    for part in &manifest.parts {
        match Part::of(folder, &folder.join(&part.path)) {
            Ok(found) if found == *part => {}
            Ok(_) => wrong.push(format!("{} is damaged", part.path)),
            Err(_) => wrong.push(format!("{} is missing", part.path)),
        }
    }
    // The list of files is a part itself: what it names means nothing while it is damaged.
    if wrong.is_empty() {
        files(folder, &manifest, &mut wrong).await?;
    }
    if wrong.is_empty() {
        return Ok(manifest);
    }
    let more = if wrong.len() >= WRONG_MAX { "\n  and perhaps more" } else { "" };
    bail!("{} cannot be restored:\n  {}{more}", folder.display(), wrong.join("\n  "))
}

async fn files(folder: &Path, manifest: &Manifest, wrong: &mut Vec<String>) -> Result<()> {
    let store = store(folder)?;
    let expected = named(folder)?.filter(|name| match name {
        Ok((tenant, sha256)) => !manifest.has_lost(*tenant, sha256),
        Err(_) => true,
    });
    let mut read = 0;
    let mut checks = stream::iter(expected).map(|name| check(&store, name)).buffer_unordered(AT_ONCE);
    while let Some(checked) = checks.next().await {
        match checked? {
            Ok(()) => read += 1,
            Err(BlobError::Missing(sha256)) => wrong.push(format!("the file {sha256} is missing")),
            Err(BlobError::Corrupt(sha256)) => wrong.push(format!("the file {sha256} is damaged")),
            Err(other) => return Err(other.into()),
        }
        if wrong.len() >= WRONG_MAX {
            return Ok(());
        }
    }
    if wrong.is_empty() && read != manifest.files {
        wrong.push(format!("the manifest promises {} files, and {read} are named", manifest.files));
    }
    Ok(())
}

async fn check(store: &Blobs, name: Result<(TenantId, String)>) -> Result<Result<(), BlobError>> {
    let (tenant, sha256) = name?;
    let reading =
        async { store.stream(tenant, &sha256).await?.bytes.try_for_each(|_| std::future::ready(Ok(()))).await };
    Ok(reading.await)
}
