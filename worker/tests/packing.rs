//! A bundle streams by: whatever it weighs, the worker holds a piece of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use bytes::Bytes;
use futures::channel::mpsc::channel;
use futures::{SinkExt, TryStreamExt};
use platen_shared::canon::hex;
use platen_shared::ports::press::{BundleHead, Part, Press, PressItem};
use platen_worker::press::LocalPress;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Files of a large bundle, and pieces of a MiB in each.
const FILES: usize = 8;
const PIECES: usize = 40;
/// More than pieces, buffers and the directory of the ZIP can take; a sixth of the bundle.
const GROWTH_KB_MAX: u64 = 50 * 1024;

fn head() -> BundleHead {
    let item = PressItem {
        position: 1,
        product: "p".to_owned(),
        quantity: 1,
        spec_hash: "h".to_owned(),
        approval: Value::Null,
        zones: Value::Null,
    };
    BundleHead { reference: "large".to_owned(), items: vec![item] }
}

/// The most memory this process ever held.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn packed(parts: Vec<Part>) -> Result<(String, u64, String), String> {
    let (mut send, receive) = channel(4);
    let feed = async move {
        for part in parts {
            if send.send(part).await.is_err() {
                break;
            }
        }
    };
    let press = LocalPress::new(1);
    let ((), packed) = futures::join!(feed, press.pack(head(), receive));
    let packed = packed.map_err(|error| error.to_string())?;
    let (mut chunks, mut hash, mut length) = (packed.chunks, Sha256::new(), 0);
    while let Some(chunk) = chunks.try_next().await.map_err(|error| error.to_string())? {
        hash.update(&chunk);
        length += chunk.len() as u64;
    }
    assert_eq!(length, packed.bytes);
    Ok((packed.sha256, length, hex(&hash.finalize())))
}

/// Packs so many files of so many MiB; answers how long the ZIP is, and by how many KB the process grew.
async fn large(files: usize, pieces: usize) -> (u64, u64) {
    let piece = Bytes::from(vec![7; 1024 * 1024]);
    let files = (0..files).flat_map(|n| {
        let begin = std::iter::once(Part::File(format!("{n:02}.pdf")));
        begin.chain(std::iter::repeat_n(Part::Bytes(piece.clone()), pieces))
    });
    let parts: Vec<Part> = files.chain([Part::End]).collect();
    let before = peak_kb();
    let (said, length, found) = packed(parts).await.unwrap();
    assert_eq!(said, found, "the hash is that of the bytes");
    let grown = peak_kb() - before;
    assert!(grown < GROWTH_KB_MAX, "{grown} KB for a bundle of {} KB", length / 1024);
    (length, grown)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_bundle_is_never_in_memory() {
    let (length, _) = large(FILES, PIECES).await;
    assert!(length > (FILES * PIECES * 1024 * 1024) as u64);
}

/// By hand (docs/print-files.md): it writes 1 GB into the system's temporary folder, and says what it took.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "by hand: it writes 1 GB"]
async fn a_gigabyte_is_never_in_memory() {
    let before = peak_kb();
    let (length, grown) = large(25, 40).await;
    assert!(length > 1_000_000_000);
    println!("a bundle of {length} bytes: the process grew from {before} by {grown} KB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_ends_early_or_lies_is_none() {
    let file = |name: &str| Part::File(name.to_owned());
    let bytes = || Part::Bytes(Bytes::from_static(b"1"));
    for (parts, sentence) in [
        (vec![file("a.pdf"), bytes()], "ended early"),
        (vec![], "ended early"),
        (vec![bytes(), Part::End], "no file was begun"),
        (vec![file("b.pdf"), bytes(), file("a.pdf"), Part::End], "come sorted"),
        (vec![file("../a.pdf"), Part::End], "plain names"),
    ] {
        let said = packed(parts).await.expect_err("it is refused");
        assert!(said.contains(sentence), "{said}");
    }
}
