//! `platen bundle`: bundles in files, without any server; for whoever received one.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use platen_press::manifest::{Comparison, MANIFEST, MANIFEST_BYTES_MAX, Manifest, check_zip};
use serde_json::json;

use super::{print, print_json};

/// What can be done with a bundle.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Say whether a bundle is whole: every file of its manifest there and unchanged, and no other
    Check {
        /// The ZIP, or the folder that it was unpacked into
        #[arg(value_name = "PATH")]
        path: PathBuf,
        /// Answer with one JSON document
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: Args) -> Result<ExitCode> {
    let Args::Check { path, json } = args;
    let unread = || format!("{} cannot be read", path.display());
    let about = std::fs::metadata(&path).with_context(unread)?;
    let (manifest, faults) = if about.is_dir() {
        check_folder(&path)?
    } else {
        let file = File::open(&path).with_context(unread)?;
        check_zip(BufReader::new(file)).with_context(|| format!("{} is no bundle", path.display()))?
    };
    if json {
        print_json(&json!({
            "sound": faults.is_empty(), "reference": manifest.reference, "pressVersion": manifest.press_version,
            "files": manifest.files.len(), "faults": faults,
        }))?;
    } else {
        print(&text(&manifest, &faults));
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(manifest: &Manifest, faults: &[String]) -> String {
    let (files, reference) = (manifest.files.len(), &manifest.reference);
    if faults.is_empty() {
        return format!("sound: all {files} files of {reference} are as they were packed\n");
    }
    let lines: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    format!("{lines}not sound: do not print from it, and ask for the bundle of {reference} again\n")
}

fn check_folder(folder: &Path) -> Result<(Manifest, Vec<String>)> {
    use std::io::Read;
    let path = folder.join(MANIFEST);
    let unread = || format!("{} cannot be read", path.display());
    let mut bytes = Vec::new();
    let file = File::open(&path).with_context(unread)?;
    file.take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(unread)?;
    let manifest = Manifest::read(&bytes).with_context(|| format!("{} is no bundle", folder.display()))?;
    let mut comparison = manifest.compare();
    walk(folder, "", &mut comparison)?;
    let faults = comparison.finish();
    Ok((manifest, faults))
}

/// Meets every file below a folder; `inside` is its path in the bundle.
fn walk(folder: &Path, inside: &str, comparison: &mut Comparison<'_>) -> Result<()> {
    let unread = || format!("{} cannot be read", folder.display());
    let mut entries: Vec<_> = std::fs::read_dir(folder).and_then(Iterator::collect).with_context(unread)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if inside.is_empty() { name } else { format!("{inside}/{name}") };
        let kind = entry.file_type().with_context(unread)?;
        if kind.is_dir() {
            walk(&entry.path(), &path, comparison)?;
        } else if !kind.is_file() {
            comparison.fault(&path, "is a link or a device: a bundle has files alone");
        } else if path != MANIFEST {
            match File::open(entry.path()) {
                Ok(file) => comparison.file(&path, file),
                Err(_) => comparison.fault(&path, "cannot be opened"),
            }
        }
    }
    Ok(())
}
