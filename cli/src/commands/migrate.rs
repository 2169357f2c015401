//! `platen migrate`: the only command that changes the schema, beside `--migrate` of the roles.

use std::process::ExitCode;

use anyhow::{Context, Result};
use platen_shared::db::{MIGRATIONS, Schema};

use crate::config::{Config, Sources};
use crate::wire;

pub(super) async fn run(sources: &Sources) -> Result<ExitCode> {
    let config = Config::load(sources)?;
    let db = wire::open(&config).await?;
    let before = db.schema().await.context("the database cannot be asked for its schema")?;
    if let Schema::TooNew(found) = before {
        anyhow::bail!("the database's schema is at {found}, made by a newer release; nothing was changed");
    }
    db.migrate().await.context("the database could not be migrated")?;
    let done = if before == Schema::Fits(*MIGRATIONS.end()) { "is already" } else { "is now" };
    super::print(&format!("The schema of the {} database {done} at {}.\n", db.engine(), MIGRATIONS.end()));
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
