//! `platen preflight`: whether a printer can use a file, without any server. The file is read by a process of its own, under limits.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use platen_press::preflight::{Drawn, Report, Rules, Target, TargetError, Verdict, all_rules, page, rules_of};
use platen_shared::preflight::{PreflightError, Preflighter};
use serde_json::json;

use super::{print, print_json};

/// Which file, and what it is to become.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A PDF, PNG, JPEG, TIFF or SVG
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A product of the sample designs (mug-11oz), or the provider's uid, whose size is read from it where it says one
    #[arg(long, value_name = "UID")]
    product: Option<String>,
    /// Which of the product's print areas, where it has several
    #[arg(long, value_name = "NAME", requires = "product")]
    area: Option<String>,
    /// The trimmed size in millimetres (210x297), or a paper's name (A5)
    #[arg(long, value_name = "SIZE")]
    size: Option<String>,
    /// Bleed in micrometres, where it is not the provider's usual one
    #[arg(long, value_name = "UM")]
    bleed_um: Option<i32>,
    /// Pages that the file must have
    #[arg(long, value_name = "N")]
    pages: Option<usize>,
    /// Whose rules
    #[arg(long, value_name = "NAME", default_value = "gelato")]
    provider: String,
    /// Answer with one JSON document
    #[arg(long)]
    json: bool,
    /// Also write report.json and report.html, with pictures of where, into this folder
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> Result<ExitCode> {
    let target = target(&args)?;
    let Some(rules) = rules_of(&args.provider) else {
        let known: Vec<&str> = all_rules().iter().map(|rules| rules.provider.as_str()).collect();
        bail!("nobody knows the rules of `{}`; there are those of {}", args.provider, known.join(", "));
    };
    let report = looked(&args.file, rules, target).await?;
    if let Some(folder) = &args.report {
        let drawn = drawn(&args.file, &report).await;
        write(folder, &report, &args.file, &drawn)?;
    }
    if args.json {
        print_json(&report)?;
    } else {
        print(&text(&report));
    }
    Ok(if report.verdict == Verdict::Refuse { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn target(args: &Args) -> Result<Target> {
    let product = args.product.as_deref();
    let mut target = match (product.map(|name| Target::of_product(name, args.area.as_deref())), &args.size) {
        (Some(Ok(target)), _) => target,
        // Whoever tells the size needs no product that is known.
        (Some(Err(TargetError::UnknownProduct(name))), Some(_)) => Target::of_uid(&name),
        (Some(Err(error)), _) => bail!("{error}"),
        (None, _) => Target::default(),
    };
    if let Some(size) = &args.size {
        let size_um = Target::size(size);
        target.size_um =
            Some(size_um.with_context(|| format!("`{size}` is no size: write 210x297 (millimetres) or A5"))?);
    }
    if args.bleed_um.is_some_and(|um| !(0..=100_000).contains(&um)) {
        bail!("--bleed-um is between 0 and 100000");
    }
    target.bleed_um = args.bleed_um.or(target.bleed_um);
    target.pages = args.pages.or(target.pages);
    Ok(target)
}

async fn looked(path: &Path, rules: &Rules, target: Target) -> Result<Report> {
    let unread = || format!("{} cannot be read", path.display());
    let file = std::fs::File::open(path).with_context(unread)?;
    let about = file.metadata().with_context(unread)?;
    if !about.is_file() {
        bail!("{} is no file", path.display());
    }
    let program = std::env::current_exe().context("this program cannot find itself")?;
    let request = json!({ "provider": rules.provider, "target": target }).to_string();
    match Preflighter::new(&program).file(file, &request).await {
        Ok(answer) => serde_json::from_slice(&answer).context("the report of the preflight process cannot be read"),
        Err(error @ PreflightError::Beyond) => {
            Ok(Report::refused(rules, target, "unknown", about.len(), &error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Pictures of the pages that are worth it, by another process under the same limits. When it fails the report is drawn as a sketch.
async fn drawn(path: &Path, report: &Report) -> Vec<Drawn> {
    let pages = report.worth_drawing();
    let (Ok(program), Ok(file)) = (std::env::current_exe(), std::fs::File::open(path)) else { return Vec::new() };
    if pages.is_empty() {
        return Vec::new();
    }
    let target = Target::default();
    let request = json!({ "provider": report.provider, "target": target, "draw": pages }).to_string();
    match Preflighter::new(&program).file(file, &request).await {
        Ok(answer) => serde_json::from_slice(&answer).unwrap_or_default(),
        Err(error) => {
            eprintln!("note: the pages are sketched, since drawing them failed: {error}");
            Vec::new()
        }
    }
}

fn write(folder: &Path, report: &Report, file: &Path, drawn: &[Drawn]) -> Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    std::fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    for (name, bytes) in [
        ("report.json", serde_json::to_string_pretty(report).context("the report is no JSON")?),
        ("report.html", page(report, &name, drawn)),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

fn text(report: &Report) -> String {
    let line = |check: &platen_press::preflight::Check| {
        let page = check.page.map_or_else(String::new, |page| format!(" (page {page})"));
        format!("{:<7} {:<14} {}{page}\n", check.verdict.word(), check.check, check.message)
    };
    let verdict = match report.verdict {
        Verdict::Pass => "pass: it can be printed",
        Verdict::Warn => "warn: it can be printed, and may disappoint",
        Verdict::Refuse => "refuse: it must not be sent to the printer",
    };
    report.checks.iter().map(line).collect::<String>() + verdict + "\n"
}
