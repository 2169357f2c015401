//! The writer of bundles: whatever names, bytes and pieces it is handed, it refuses a name by the rule, or writes a ZIP in which another reader
//! finds every byte; and a ZIP that was changed afterwards is seen to be.
#![no_main]

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use platen_press::manifest::check_zip;
use platen_press::{Head, Packer};
use serde_json::json;
use zip::ZipArchive;

/// Parts of names, most of them good.
const PARTS: [&str; 16] =
    ["a", "B", "b", "0", "-", "_", "/", ".", "x.pdf", "x.svg", "..", "é", " ", "\0", "\\", "manifest.json"];
const FILES_MAX: usize = 6;
/// Longer than a piece that is compressed at once.
const BYTES_MAX: usize = 90_000;

struct File {
    name: String,
    bytes: Vec<u8>,
    piece: usize,
}

fuzz_target!(|data: &[u8]| {
    let mut given = Unstructured::new(data);
    let files: Vec<File> =
        (0..FILES_MAX).map_while(|n| (!given.is_empty()).then(|| file(n, &mut given).ok()).flatten()).collect();
    let (mut seen, mut last) = (BTreeSet::from(["manifest.json".to_owned()]), String::new());
    let mut packer = Packer::new(Cursor::new(Vec::new()));
    let mut packed: Vec<&File> = Vec::new();
    for file in &files {
        let good = plain(&file.name) && seen.insert(file.name.to_ascii_lowercase()) && file.name > last;
        assert_eq!(packer.begin(&file.name).is_ok(), good, "{:?}", file.name);
        if !good {
            break;
        }
        file.bytes.chunks(file.piece).for_each(|piece| packer.write(piece).expect("there is room"));
        last.clone_from(&file.name);
        packed.push(file);
    }
    let (zip, manifest) = packer.finish(&head()).expect("a bundle");
    let zip = zip.into_inner();
    found(&zip, &packed);
    assert!(zip == at_once(&packed), "pieces change nothing");
    let (read, faults) = check_zip(Cursor::new(&zip)).expect("our own bundle");
    assert!(faults.is_empty() && json!(read) == manifest, "{faults:?}");
    let mut broken = zip;
    let at = given.arbitrary::<u32>().unwrap_or(7) as usize % broken.len();
    broken[at] ^= given.arbitrary::<u8>().unwrap_or(1).max(1);
    if let Ok((read, faults)) = check_zip(Cursor::new(&broken))
        && faults.is_empty()
    {
        assert!(json!(read) == manifest, "what is sound is what was packed");
    }
});

fn head() -> Head {
    Head { reference: "order".to_owned(), items: vec![json!({})] }
}

fn file(n: usize, given: &mut Unstructured<'_>) -> Result<File> {
    // Mostly in order, or few files would be taken.
    let mut name = if given.ratio(9, 10)? { format!("{n}-") } else { String::new() };
    for _ in 0..given.int_in_range(0..=6)? {
        name.push_str(given.choose(&PARTS)?);
    }
    let length = given.int_in_range(0..=BYTES_MAX)?;
    let start: [u8; 3] = given.arbitrary()?;
    let step = u32::from(given.arbitrary::<u8>()?);
    let mut state = u32::from_le_bytes([start[0], start[1], start[2], 1]);
    let bytes = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1 + 2 * step).wrapping_add(step);
        state.to_le_bytes()[2]
    });
    Ok(File { name, bytes: bytes.take(length).collect(), piece: given.int_in_range(1..=BYTES_MAX)? })
}

/// The rule of names, said once more.
fn plain(path: &str) -> bool {
    path.split('/').all(|name| {
        (1..=200).contains(&name.len())
            && !name.starts_with('.')
            && name.bytes().all(|c| c.is_ascii_alphanumeric() || b".-_".contains(&c))
    })
}

fn at_once(files: &[&File]) -> Vec<u8> {
    let mut packer = Packer::new(Cursor::new(Vec::new()));
    for file in files {
        packer.begin(&file.name).expect("it was taken before");
        packer.write(&file.bytes).expect("there is room");
    }
    packer.finish(&head()).expect("a bundle").0.into_inner()
}

fn found(zip: &[u8], files: &[&File]) {
    let mut zip = ZipArchive::new(Cursor::new(zip)).expect("a ZIP");
    assert_eq!(zip.len(), files.len() + 1);
    for file in files {
        let mut bytes = Vec::new();
        zip.by_name(&file.name).expect("it is there").read_to_end(&mut bytes).expect("it can be read");
        assert!(bytes == file.bytes, "{}", file.name);
    }
}
