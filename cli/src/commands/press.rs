//! `platen press`: a design's files, drawn here and now, without any server.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use platen_press::{Assets, Checked, File, Item, PRESS_VERSION, Profile, bundle, render, zone_files};
use platen_shared::canon::sha256_hex;
use serde_json::{Value, json};

use super::{print, print_json};
use crate::design::{Design, json_file, problems_json, problems_text};

/// What to draw, and where to put it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A spec, or a sample that holds one; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder for the files; made when missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What to draw: `preview` unless it says otherwise
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(Profile::ALL.map(Profile::name)))]
    profile: Option<String>,
    /// What the printer gets: SVG, PDF and PNG of every zone, and the ZIP of all with its manifest
    #[arg(long)]
    bundle: bool,
    /// A JSON file of a product's rules to judge it by
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The folder of its pictures; usually that of the file
    #[arg(long, value_name = "DIR")]
    assets: Option<PathBuf>,
    /// Answer with one JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let profile = match args.profile.as_deref() {
        Some(name) => Profile::named(name).context("there is no such profile")?,
        None if args.bundle => Profile::Final,
        None => Profile::Preview,
    };
    if args.bundle && profile != Profile::Final {
        bail!("--bundle is what the printer gets: it goes with --profile final, or with none");
    }
    let rules = args.rules.as_deref().map(json_file).transpose()?;
    let (checked, assets) = match Design::read(&args.file, args.assets.as_deref())?.judged(rules.as_ref()) {
        Ok(judged) => judged,
        Err(problems) if args.json => {
            print_json(&json!({ "valid": false, "errors": problems_json(&problems) }))?;
            return Ok(ExitCode::FAILURE);
        }
        Err(problems) => {
            eprint!("{}", problems_text(&problems));
            return Ok(ExitCode::FAILURE);
        }
    };
    let drawn = if args.bundle { print_files(&checked, &assets) } else { render(&checked.spec, &assets, profile) };
    let files = drawn.context("nothing was drawn")?;
    let written = files.iter().map(|file| write(&args.out, file)).collect::<Result<Vec<Value>>>()?;
    if args.json {
        print_json(
            &json!({ "hash": checked.hash, "pressVersion": PRESS_VERSION, "profile": profile.name(), "files": written }),
        )?;
    } else {
        for file in &files {
            print(&format!("{}\n", args.out.join(&file.path).display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The files of every zone, and the bundle of them.
fn print_files(checked: &Checked, assets: &Assets) -> Result<Vec<File>, platen_press::PressError> {
    let mut files = zone_files(&checked.spec, assets)?;
    let name = format!("01-{}", checked.spec.product_id().replace(':', "-"));
    let item = Item { name: &name, quantity: 1, spec_hash: &checked.hash, approval: None, files: files.clone() };
    let bytes = bundle(&checked.hash, vec![item])?.zip;
    files.push(File { path: "bundle.zip".to_owned(), media_type: "application/zip", bytes });
    Ok(files)
}

/// Writes one file; what a reader of the answer wants to know of it.
fn write(folder: &Path, file: &File) -> Result<Value> {
    let path = folder.join(&file.path);
    let parent = path.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent).with_context(|| format!("the folder {} cannot be made", parent.display()))?;
    std::fs::write(&path, &file.bytes).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(json!({
        "path": file.path, "mediaType": file.media_type, "bytes": file.bytes.len(), "sha256": sha256_hex(&file.bytes),
    }))
}
