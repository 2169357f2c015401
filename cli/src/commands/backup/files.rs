//! Files from one store into another: those that the rows of a backup's database refer to.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, bail};
use futures::{StreamExt, stream};
use platen_shared::db::dump::{self, file_of};
use platen_shared::id::TenantId;
use platen_shared::ports::blobs::{BlobError, Blobs};

use super::manifest::DATABASE;

/// Files on their way at a time.
const AT_ONCE: usize = 4;
/// A line on standard error after so many.
const TELL_EVERY: u64 = 1000;

/// What was copied.
#[derive(Debug, Default)]
pub(in crate::commands) struct Copied {
    pub(in crate::commands) files: u64,
    pub(in crate::commands) bytes: u64,
    pub(super) lost: BTreeSet<String>,
}

/// The files that the database of a backup refers to.
pub(super) fn named(folder: &Path) -> Result<impl Iterator<Item = Result<(TenantId, String)>> + use<>> {
    let path = folder.join(DATABASE).join(dump::FILES);
    let lines =
        BufReader::new(File::open(&path).with_context(|| format!("{} cannot be read", path.display()))?).lines();
    Ok(lines.map(move |line| {
        let line = line?;
        let (tenant, sha256) = file_of(&line).with_context(|| format!("{} is damaged", path.display()))?;
        Ok((tenant, sha256.to_owned()))
    }))
}

/// Copies all of them, each checked on its way. `lost` is asked about one that is missing or damaged: whether to go on without.
pub(in crate::commands) async fn copy_all(
    folder: &Path,
    from: &Blobs,
    to: &Blobs,
    lost: &mut (dyn FnMut(TenantId, &str) -> bool + Send),
) -> Result<Copied> {
    let mut copied = Copied::default();
    let mut copies = stream::iter(named(folder)?).map(|name| copy(name, from, to)).buffer_unordered(AT_ONCE);
    let mut refused: Vec<String> = Vec::new();
    while let Some(done) = copies.next().await {
        let (tenant, sha256, length) = done?;
        match length {
            Ok(length) => {
                copied.files += 1;
                copied.bytes += length;
                if copied.files.is_multiple_of(TELL_EVERY) {
                    eprintln!("files: {} so far, {} bytes", copied.files, copied.bytes);
                }
            }
            Err(error) => {
                eprintln!("files: {error} (tenant {tenant})");
                if lost(tenant, &sha256) {
                    copied.lost.insert(format!("{tenant}/{sha256}"));
                } else {
                    refused.push(sha256);
                }
            }
        }
    }
    if !refused.is_empty() {
        bail!(
            "{} files that rows name are lost or damaged in the file store, the first is {}; bring them back, or add --allow-lost",
            refused.len(),
            refused[0]
        );
    }
    eprintln!("files: {}, {} bytes", copied.files, copied.bytes);
    Ok(copied)
}

type Done = (TenantId, String, Result<u64, BlobError>);

/// One file; what is wrong with itself is no error of the whole.
async fn copy(name: Result<(TenantId, String)>, from: &Blobs, to: &Blobs) -> Result<Done> {
    let (tenant, sha256) = name?;
    let copying = async {
        let file = from.stream(tenant, &sha256).await?;
        let length = file.length;
        to.put_stream(tenant, &sha256, length, file.bytes).await.map(|()| length)
    };
    match copying.await {
        Err(error @ (BlobError::Store(_) | BlobError::Url(_))) => Err(error.into()),
        other => Ok((tenant, sha256, other)),
    }
}
