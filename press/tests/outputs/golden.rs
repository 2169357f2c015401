//! Same spec, same bytes: over runs, over threads, and against the hashes of the last accepted version.
//!
//! When a change of bytes is meant: raise `PRESS_VERSION`, then run this test with `PLATEN_ACCEPT=1`.

use std::fmt::Write;

use crate::common::{Sample, assets, fixtures, samples};
use crate::profile::inks;
use platen_press::{Item, Naming, PRESS_VERSION, Profile, bundle, preview, print_files, render, text, thumbnail};
use sha2::{Digest, Sha256};

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Name and hash of everything one design becomes.
fn outputs(sample: &Sample) -> Vec<(String, String)> {
    let checked = sample.checked();
    let assets = assets(&checked.spec);
    let name = |what: &str| format!("{}/{what}", sample.name);
    let mut all = vec![(name("spec"), checked.hash.clone())];
    all.push((name("preview-600.png"), hex(&preview(&checked.spec, &assets, 600).unwrap())));
    all.push((name("thumbnail.png"), hex(&thumbnail(&checked.spec, &assets).unwrap())));
    let printed = print_files(&checked.spec, &assets, None).unwrap();
    all.extend(printed.files.iter().map(|file| (name(&file.path), hex(&file.bytes))));
    let inks = print_files(&checked.spec, &assets, Some(inks())).unwrap();
    let pdfs = inks.files.iter().filter(|file| file.path.ends_with(".pdf"));
    all.extend(pdfs.map(|file| (name(&format!("cmyk/{}", file.path)), hex(&file.bytes))));
    let product = checked.spec.product_id();
    let item = Item { product, quantity: 2, spec_hash: &checked.hash, approval: None, printed };
    all.push((name("bundle.zip"), hex(&bundle("order-1", vec![item], &Naming::default()).unwrap().zip)));
    all
}

/// The same of the profiles, which take longer.
fn profiles(sample: &Sample) -> Vec<(String, String)> {
    let checked = sample.checked();
    let assets = assets(&checked.spec);
    let of = |profile: Profile| {
        let files = render(&checked.spec, &assets, profile).unwrap();
        let name = |path: &str| format!("{}/{}/{path}", sample.name, profile.name());
        files.iter().map(|file| (name(&file.path), hex(&file.bytes))).collect::<Vec<_>>()
    };
    Profile::ALL.into_iter().flat_map(of).collect()
}

fn all_outputs() -> String {
    let mut text = format!("press {PRESS_VERSION}\n");
    for (name, hash) in text::fonts() {
        writeln!(text, "{hash}  font {name}").unwrap();
    }
    for sample in samples().iter().filter(|sample| sample.valid()) {
        for (name, hash) in outputs(sample).into_iter().chain(profiles(sample)) {
            writeln!(text, "{hash}  {name}").unwrap();
        }
    }
    text
}

#[test]
fn bytes_equal_the_accepted_ones() {
    let path = fixtures().join("golden/hashes.txt");
    let now = all_outputs();
    if std::env::var_os("PLATEN_ACCEPT").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let accepted = std::fs::read_to_string(&path).unwrap_or_default();
    let changed: Vec<&str> = now.lines().filter(|line| !accepted.lines().any(|known| known == *line)).collect();
    assert!(
        accepted == now,
        "these outputs changed:\n{}\nIf that is meant, raise PRESS_VERSION and run with PLATEN_ACCEPT=1.",
        changed.join("\n")
    );
}

#[test]
fn threads_change_nothing() {
    let samples: Vec<Sample> = samples().into_iter().filter(|s| s.valid() && !s.name.starts_with("05")).collect();
    let run = || samples.iter().map(outputs).chain([profiles(&samples[1])]).collect::<Vec<_>>();
    let alone = run();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3).map(|_| scope.spawn(run)).collect();
        for worker in workers {
            assert_eq!(worker.join().unwrap(), alone);
        }
    });
}
