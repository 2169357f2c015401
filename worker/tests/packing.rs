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

/// A large bundle, and how much of it is in each file.
const MIB: usize = 320;
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

/// `PLATEN_BUNDLE_MIB=1000` packs a larger one (docs/print-files.md).
#[tokio::test(flavor = "multi_thread")]
async fn a_large_bundle_is_never_in_memory() {
    let mib = std::env::var("PLATEN_BUNDLE_MIB").ok().and_then(|text| text.parse().ok()).unwrap_or(MIB);
    let piece = Bytes::from(vec![7; 1024 * 1024]);
    let parts = (0..mib).flat_map(|n| {
        let begin = (n % PIECES == 0).then(|| Part::File(format!("{:04}.pdf", n / PIECES)));
        begin.into_iter().chain([Part::Bytes(piece.clone())])
    });
    let parts: Vec<Part> = parts.chain([Part::End]).collect();
    let before = peak_kb();
    let (said, length, found) = packed(parts).await.unwrap();
    assert_eq!(said, found, "the hash is that of the bytes");
    assert!(length > (mib * 1024 * 1024) as u64);
    let grown = peak_kb() - before;
    println!("a bundle of {length} bytes: the process grew from {before} by {grown} KB");
    assert!(grown < GROWTH_KB_MAX, "{grown} KB for a bundle of {} KB", length / 1024);
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
