//! A bundle as it streams by: pieces in, a ZIP in a file without a name, pieces out. Neither its files nor the ZIP are in memory.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom};

use bytes::Bytes;
use futures::channel::mpsc::Receiver;
use futures::{StreamExt, TryStreamExt};
use platen_press::{Head, Packer};
use platen_shared::canon::hex;
use platen_shared::ports::press::{BundleHead, Packed, Part, PressError};
use sha2::{Digest, Sha256};
use tokio_util::io::ReaderStream;

/// How much of the ZIP is read at a time.
const CHUNK: usize = 256 * 1024;

/// Packs on this thread, which may block.
pub(super) fn pack(head: &BundleHead, mut parts: Receiver<Part>) -> Result<Packed, PressError> {
    let failed = |error: &dyn std::fmt::Display| PressError(format!("the bundle could not be packed: {error}"));
    let file = tempfile::tempfile().map_err(|e| failed(&e))?;
    let mut packer = Packer::new(BufWriter::new(file));
    loop {
        match futures::executor::block_on(parts.next()) {
            Some(Part::File(path)) => packer.begin(&path),
            Some(Part::Bytes(bytes)) => packer.write(&bytes),
            Some(Part::End) => break,
            None => return Err(failed(&"its files ended early")),
        }
        .map_err(|e| failed(&e))?;
    }
    let (buffer, _) = packer.finish(&told(head)).map_err(|e| failed(&e))?;
    let mut file = buffer.into_inner().map_err(|e| failed(e.error()))?;
    let (sha256, bytes) = measured(&mut file).map_err(|e| failed(&e))?;
    let chunks = ReaderStream::with_capacity(tokio::fs::File::from_std(file), CHUNK).map_ok(Bytes::from).boxed();
    Ok(Packed { sha256, bytes, chunks })
}

fn told(head: &BundleHead) -> Head {
    let items = head.items.iter().map(|item| {
        let mut line = Head::item(item.position, &item.product, item.quantity, &item.spec_hash, &item.zones);
        line["approval"] = item.approval.clone();
        line
    });
    Head { reference: head.reference.clone(), items: items.collect() }
}

fn measured(file: &mut File) -> std::io::Result<(String, u64)> {
    file.seek(SeekFrom::Start(0))?;
    let (mut hash, mut length, mut chunk) = (Sha256::new(), 0, vec![0; CHUNK]);
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        hash.update(&chunk[..read]);
        length += read as u64;
    }
    file.seek(SeekFrom::Start(0))?;
    Ok((hex(&hash.finalize()), length))
}
