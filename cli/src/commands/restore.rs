//! `platen restore`: a backup into an empty database and any file store. The files come first, then all rows in one transaction: when it
//! fails, no row is there, and what was copied of the files does no harm and is not copied again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use platen_shared::db::{Db, Schema};

use super::backup::{DATABASE, KEY_APART, Manifest, copy_all, store, verify};
use crate::config::{Config, Sources};
use crate::wire;

/// What to restore.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The backup; where to is what the settings say (DATABASE_URL, BLOB_URL)
    folder: PathBuf,
}

pub(super) async fn run(args: &Args, sources: &Sources) -> Result<ExitCode> {
    let config = Config::load(sources)?;
    eprintln!("reading the backup");
    let manifest = verify(&args.folder).await?;
    let db = wire::open(&config).await?;
    empty(&db, &manifest).await?;
    let blobs = wire::blobs(&config)?;
    blobs.probe().await?;
    // What the backup has lost it has told; anything else was just verified.
    copy_all(&args.folder, &store(&args.folder)?, &blobs, &mut |tenant, sha256| manifest.has_lost(tenant, sha256))
        .await?;
    load(&db, &args.folder, &manifest).await?;
    db.close().await;
    super::print(&format!("Restored {}.\n", manifest.summary()));
    eprintln!("{KEY_APART}\nSet the same one as before, then run `platen doctor` before the api and the workers.");
    Ok(ExitCode::SUCCESS)
}

/// Nothing is ever written over.
async fn empty(db: &Db, manifest: &Manifest) -> Result<()> {
    if db.engine() != manifest.engine {
        bail!(
            "the backup is of a {} database and DATABASE_URL names a {} one: name an empty {0} database",
            manifest.engine,
            db.engine()
        );
    }
    let found = match db.schema().await.context("the database cannot be asked for its schema")? {
        Schema::TooOld(None) => return Ok(()),
        Schema::TooOld(Some(found)) | Schema::TooNew(found) | Schema::Fits(found) => found,
    };
    if found != manifest.schema {
        bail!(
            "the database has tables of schema {found}, and the backup is of schema {}: name a database without tables",
            manifest.schema
        );
    }
    if db.has_rows().await.context("the database cannot be asked for its rows")? {
        bail!("the database is not empty, and a restore writes nothing over: name a new one in DATABASE_URL");
    }
    Ok(())
}

async fn load(db: &Db, folder: &Path, manifest: &Manifest) -> Result<()> {
    let (database, mut loaded) = (folder.join(DATABASE), BTreeMap::new());
    let mut told = |table: &'static str, rows| {
        eprintln!("database: {table}, {rows} rows");
        loaded.insert(table.to_owned(), rows);
    };
    let loading = db.load(&database, manifest.schema, &mut told);
    loading.await.context("the rows could not be loaded; none of them is there")?;
    if loaded != manifest.tables {
        bail!("the rows loaded are not those that the manifest counts: do not use this database, and report it");
    }
    Ok(())
}
