//! `platen bench-adapter`.
use std::process::ExitCode;
use anyhow::Result;
/// verbs
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Setup
    Setup,
}
pub(super) async fn run(_args: Args) -> Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
