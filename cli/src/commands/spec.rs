//! `platen spec`: designs in files, without any server.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use platen_press::spec::{Version, schema};
use platen_press::text::fit;
use platen_press::{Checked, Problem};
use serde_json::{Value, json};

use super::{print, print_json};
use crate::design::{Design, json_file, problems_json, problems_text};

/// What can be done with a design.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Say everything that keeps a design from being printed, or its hash and sizes
    Check {
        #[command(flatten)]
        of: Of,
        /// A JSON file of a product's rules to judge it by
        #[arg(long, value_name = "FILE")]
        rules: Option<PathBuf>,
        /// The folder of its pictures; usually that of the file
        #[arg(long, value_name = "DIR")]
        assets: Option<PathBuf>,
    },
    /// Print the design's hash
    Hash(Of),
    /// Print the design's canonical JSON, byte for byte what is hashed
    Canonical(Of),
    /// Print the canonical JSON of the same design in the newest version of the format
    Migrate(Of),
    /// Print the JSON Schema of designs
    Schema,
}

/// Which design, and for whom the answer is.
#[derive(Debug, clap::Args)]
pub(super) struct Of {
    /// A spec, or a sample that holds one; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Answer with one JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Result<ExitCode> {
    match args {
        Args::Check { of, rules, assets } => {
            let rules = rules.as_deref().map(json_file).transpose()?;
            let judged = Design::read(&of.file, assets.as_deref())?.judged(rules.as_ref());
            answer(&of, judged.map(|(checked, _)| checked), |checked| {
                (format!("valid {}\n", checked.hash), json!({ "texts": texts(checked) }))
            })
        }
        Args::Hash(of) => of_file(&of, |checked| (format!("{}\n", checked.hash), json!({}))),
        // No line feed behind it: what is printed is what is hashed.
        Args::Canonical(of) => {
            of_file(&of, |checked| (checked.canonical.clone(), json!({ "canonical": checked.canonical })))
        }
        Args::Migrate(of) => migrate(&of),
        Args::Schema => print_json(&schema()).map(|()| ExitCode::SUCCESS),
    }
}

fn of_file(of: &Of, said: impl Fn(&Checked) -> (String, Value)) -> Result<ExitCode> {
    answer(of, Design::read(&of.file, None)?.checked, said)
}

fn migrate(of: &Of) -> Result<ExitCode> {
    let checked = Design::read(&of.file, None)?.checked;
    if let Ok(checked) = &checked
        && checked.spec.version() == Version::NEWEST
    {
        bail!("the design is written in version {} already, the newest", Version::NEWEST.word());
    }
    let from = checked.as_ref().map(|checked| checked.hash.clone()).unwrap_or_default();
    let moved = checked.map(|c| c.spec.migrated(Version::NEWEST).map_or(c, Checked::from));
    answer(of, moved, |checked| {
        (checked.canonical.clone(), json!({ "migratedFrom": from, "canonical": checked.canonical }))
    })
}

/// Says what was found, for a person or a program; the exit code says whether the design is valid.
fn answer(
    of: &Of,
    found: Result<Checked, Vec<Problem>>,
    said: impl Fn(&Checked) -> (String, Value),
) -> Result<ExitCode> {
    match (&found, of.json) {
        (Ok(checked), false) => print(&said(checked).0),
        (Ok(checked), true) => {
            let mut whole = json!({ "valid": true, "hash": checked.hash, "errors": [] });
            let more = said(checked).1.as_object().cloned().unwrap_or_default();
            whole.as_object_mut().context("an object")?.extend(more);
            print_json(&whole)?;
        }
        (Err(problems), false) => eprint!("{}", problems_text(problems)),
        (Err(problems), true) => print_json(&json!({ "valid": false, "errors": problems_json(problems) }))?,
    }
    Ok(if found.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// At which size, and on which lines, each text will be printed.
fn texts(checked: &Checked) -> Value {
    let fitted = fit(&checked.spec).unwrap_or_default();
    let one = |text: &platen_press::text::Fitted| {
        let lines: Vec<&str> = text.lines.iter().map(|line| line.text.as_str()).collect();
        json!({ "layer": text.layer, "sizeMm": f64::from(text.size_um) / 1000.0, "lines": lines })
    };
    fitted.iter().map(one).collect()
}
