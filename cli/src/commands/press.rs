//! `platen press`: a design's files, drawn here and now, without any server.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use platen_press::{Assets, Checked, Cmyk, File, Item, Naming, PRESS_VERSION, Profile, bundle, print_files, render};
use platen_shared::canon::sha256_hex;
use serde_json::{Value, json};

use super::{print, print_json};
use crate::design::{Design, json_file, problems_json, problems_text};
use crate::wire::inks;

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
    /// What the printer gets: SVG, PDF and PNG of every zone, DXF of what is cut or engraved, and the ZIP of all with its manifest
    #[arg(long)]
    bundle: bool,
    /// The ICC profile of a CMYK printing condition: the bundle's PDFs are made for it
    #[arg(long, value_name = "FILE", requires = "bundle")]
    cmyk_profile: Option<String>,
    /// What files are called in the ZIP, such as {order}/{item}-{zone}; also {product} {quantity} {hash} {kind}
    #[arg(long, value_name = "TEMPLATE", requires = "bundle")]
    names: Option<String>,
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
    let drawn = if args.bundle {
        let inks = inks(args.cmyk_profile.as_deref().unwrap_or_default())?;
        let naming = args.names.as_deref().map_or_else(|| Ok(Naming::default()), Naming::new)?;
        bundled(&checked, &assets, inks.as_deref(), &naming)
    } else {
        render(&checked.spec, &assets, profile)
    };
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
fn bundled(
    checked: &Checked,
    assets: &Assets,
    inks: Option<&Cmyk>,
    naming: &Naming,
) -> Result<Vec<File>, platen_press::PressError> {
    let printed = print_files(&checked.spec, assets, inks)?;
    let mut files = printed.files.clone();
    let (product, spec_hash) = (checked.spec.product_id(), checked.hash.as_str());
    let item = Item { product, quantity: 1, spec_hash, approval: None, printed };
    let bytes = bundle(spec_hash, vec![item], naming)?.zip;
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
