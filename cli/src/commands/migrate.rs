//! `platen migrate`: the only command that changes the schema, beside `--migrate` of the roles.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use platen_shared::db::{MIGRATIONS, Schema};

use crate::config::{Config, Sources};
use crate::wire;

/// The command's own flags.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Change nothing; say what is there, and exit with 1 when there is something to do
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(args: &Args, sources: &Sources) -> Result<ExitCode> {
    let config = Config::load(sources)?;
    let db = wire::open(&config).await?;
    let before = db.schema().await.context("the database cannot be asked for its schema")?;
    let (engine, newest) = (db.engine(), *MIGRATIONS.end());
    let outdated = match before {
        Schema::TooNew(found) => bail!(
            "the database's schema is at {found}, made by a newer release that dropped what this one needs; nothing was changed"
        ),
        Schema::Fits(found) if found > newest => {
            super::print(&format!(
                "The schema of the {engine} database is at {found}, made by a newer release; this one works on it too.\n"
            ));
            false
        }
        Schema::Fits(found) if found == newest => {
            super::print(&format!("The schema of the {engine} database is already at {newest}.\n"));
            false
        }
        Schema::Fits(_) | Schema::TooOld(_) => true,
    };
    if outdated && args.check {
        let found = match before {
            Schema::Fits(found) | Schema::TooOld(Some(found)) => format!("is at {found}"),
            _ => "has no tables yet".to_owned(),
        };
        super::print(&format!("The {engine} database {found}; `platen migrate` brings it to {newest}.\n"));
        return Ok(ExitCode::FAILURE);
    }
    if outdated {
        db.migrate().await.context("the database could not be migrated")?;
        super::print(&format!("The schema of the {engine} database is now at {newest}.\n"));
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
