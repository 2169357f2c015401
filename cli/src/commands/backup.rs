//! `platen backup`: the database as it is at one moment, and every file its rows refer to, into a folder of its own. Everything goes on
//! working meanwhile: files are named by their content and never deleted, so those of the moment are still there afterwards.

mod files;
mod manifest;
mod verify;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use platen_shared::clock::SystemClock;
use platen_shared::db::{MIGRATIONS, Schema};

pub(super) use self::files::copy_all;
pub(super) use self::manifest::{DATABASE, Manifest, store};
pub(super) use self::verify::verify;

use self::manifest::{FORMAT, Part};
use crate::config::{Config, Sources};
use crate::wire;

/// What a backup does not hold.
pub(super) const KEY_APART: &str = "secrets.key (PLATEN_SECRETS__KEY) is not in a backup: keep a copy of it elsewhere. Without it the \
     credentials and addresses inside cannot be read by anybody, you included.";

/// What to do with a backup.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// The folder to make; it must not exist
    #[arg(required = true)]
    folder: Option<PathBuf>,
    /// Go on when a file that a row names is lost or damaged in the file store, and write down which
    #[arg(long)]
    allow_lost: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Read every part of a backup and compare it with its hash
    Verify {
        /// The backup
        folder: PathBuf,
    },
}

pub(super) async fn run(args: Args, sources: &Sources) -> Result<ExitCode> {
    match (args.what, args.folder) {
        (Some(What::Verify { folder }), _) => {
            let manifest = verify(&folder).await?;
            super::print(&format!("{} is whole: {}.\n", folder.display(), manifest.summary()));
        }
        (None, Some(folder)) => make(&folder, args.allow_lost, sources).await?,
        (None, None) => bail!("name the folder to make, or `verify FOLDER`"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Works under another name until all is there, so that what bears the name is whole.
async fn make(folder: &Path, allow_lost: bool, sources: &Sources) -> Result<()> {
    let config = Config::load(sources)?;
    if folder.exists() {
        bail!("{} exists already; name a folder that does not", folder.display());
    }
    let name = folder.file_name().with_context(|| format!("{} is no name for a folder", folder.display()))?;
    let partial = folder.with_file_name(format!("{}.partial", name.to_string_lossy()));
    if partial.exists() {
        bail!("{} is left of a backup that did not end: look at it, remove it, and try again", partial.display());
    }
    let database = partial.join(DATABASE);
    std::fs::create_dir_all(&database).with_context(|| format!("{} cannot be made", database.display()))?;
    let made = fill(&config, &partial, allow_lost).await;
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&partial);
    }
    let manifest = made?;
    std::fs::rename(&partial, folder).with_context(|| format!("{} cannot be renamed", partial.display()))?;
    super::print(&format!("{} holds {}.\n", folder.display(), manifest.summary()));
    eprintln!("{KEY_APART}");
    Ok(())
}

async fn fill(config: &Config, partial: &Path, allow_lost: bool) -> Result<Manifest> {
    let db = wire::database(config, false).await?;
    let schema = *MIGRATIONS.end();
    if db.schema().await? != Schema::Fits(schema) {
        bail!(
            "the database's schema is not that of this release ({schema}): back it up with the release that migrated it"
        );
    }
    let from = wire::blobs(config)?;
    let taken_at = SystemClock::wall();
    let (database, mut tables) = (partial.join(DATABASE), BTreeMap::new());
    let mut told = |table: &'static str, rows| {
        eprintln!("database: {table}, {rows} rows");
        tables.insert(table.to_owned(), rows);
    };
    db.dump(&database, &mut told).await.context("the database could not be copied")?;
    let engine = db.engine().to_owned();
    db.close().await;
    let copied = copy_all(partial, &from, &store(partial)?, &mut |_, _| allow_lost).await?;
    let mut parts = Vec::new();
    for entry in std::fs::read_dir(partial.join(DATABASE))? {
        parts.push(Part::of(partial, &entry?.path())?);
    }
    parts.sort_by(|one, other| one.path.cmp(&other.path));
    let manifest = Manifest {
        format: FORMAT,
        platen: env!("CARGO_PKG_VERSION").to_owned(),
        engine,
        schema,
        taken_at,
        tables,
        parts,
        files: copied.files,
        bytes: copied.bytes,
        lost: copied.lost,
    };
    manifest.write(partial)?;
    Ok(manifest)
}
