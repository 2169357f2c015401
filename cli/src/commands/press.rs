//! `platen press`: a design's files, drawn here and now, without any server.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use platen_press::{Assets, Checked, File, Item, PRESS_VERSION, bundle, preview, thumbnail, zone_files};
use platen_shared::canon::sha256_hex;
use serde_json::{Value, json};

use super::{print, print_json};
use crate::design::{Design, json_file, problems_json, problems_text};

/// Draws all files of a profile.
type Draw = fn(&Checked, &Assets, &Args) -> Result<Vec<File>, platen_press::PressError>;

/// What can be drawn: a profile is a line here.
const PROFILES: &[(&str, Draw)] = &[("preview", previews), ("final", print_files)];

/// What to draw, and where to put it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A spec, or a sample that holds one; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder for the files; made when missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What to draw: `preview` for people, `final` for the printer
    #[arg(long, default_value = "preview", value_parser = clap::builder::PossibleValuesParser::new(PROFILES.iter().map(|(name, _)| *name)))]
    profile: String,
    /// The longest side of a preview
    #[arg(long, default_value_t = 1600, value_name = "PIXELS")]
    pixels: u32,
    /// With `final`: also the ZIP that a printer downloads, with its manifest
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
    let (_, draw) = PROFILES.iter().find(|(name, _)| *name == args.profile).context("there is no such profile")?;
    if args.bundle && args.profile != "final" {
        bail!("--bundle goes with --profile final");
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
    let files = draw(&checked, &assets, args).context("nothing was drawn")?;
    let written = files.iter().map(|file| write(&args.out, file)).collect::<Result<Vec<Value>>>()?;
    if args.json {
        print_json(
            &json!({ "hash": checked.hash, "pressVersion": PRESS_VERSION, "profile": args.profile, "files": written }),
        )?;
    } else {
        for file in &files {
            print(&format!("{}\n", args.out.join(&file.path).display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn previews(checked: &Checked, assets: &Assets, args: &Args) -> Result<Vec<File>, platen_press::PressError> {
    let png = |path: &str, bytes| File { path: path.to_owned(), media_type: "image/png", bytes };
    let preview = preview(&checked.spec, assets, args.pixels)?;
    Ok(vec![png("preview.png", preview), png("thumbnail.png", thumbnail(&checked.spec, assets)?)])
}

fn print_files(checked: &Checked, assets: &Assets, args: &Args) -> Result<Vec<File>, platen_press::PressError> {
    let mut files = zone_files(&checked.spec, assets)?;
    if args.bundle {
        let name = format!("01-{}", checked.spec.product_id().replace(':', "-"));
        let item = Item { name: &name, quantity: 1, spec_hash: &checked.hash, files: files.clone() };
        let bytes = bundle(&checked.hash, vec![item])?.zip;
        files.push(File { path: "bundle.zip".to_owned(), media_type: "application/zip", bytes });
    }
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
