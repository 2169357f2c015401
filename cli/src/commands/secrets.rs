//! `platen secrets`: changing the installation's key while everything runs.

use std::process::ExitCode;

use anyhow::{Context, Result};
use platen_shared::store::sealed;

use crate::config::{Config, Sources};
use crate::wire;

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Seal everything with secrets.key that secrets.other_key sealed; may be stopped and run again at any time
    Rewrap,
}

pub(super) async fn run(args: &Args, sources: &Sources) -> Result<ExitCode> {
    let Args::Rewrap = args;
    let config = Config::load(sources)?;
    let keyring = wire::keyring(&config)?;
    let db = wire::database(&config, false).await?;
    let counts = sealed::rewrap(&db, &keyring).await.context("the database cannot be written")?;
    db.close().await;
    super::print(&format!(
        "{} sealed anew, {} were sealed with this key already, {} open with neither key.\n",
        counts.rewrapped, counts.already, counts.shut
    ));
    if counts.shut > 0 {
        eprintln!(
            "error: some rows open with neither key: set secrets.other_key to the key that sealed them, and run this again"
        );
        return Ok(ExitCode::FAILURE);
    }
    super::print("Replies kept for repeated requests are not rewritten: take secrets.other_key away a day from now.\n");
    Ok(ExitCode::SUCCESS)
}
