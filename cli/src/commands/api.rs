//! `platen api`: the HTTP front, until it is asked to stop.

use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::net::TcpListener;

use crate::config::{Config, Sources};
use crate::wire::Base;
use crate::{checks, logs, stop};

/// The api's own flags.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Bring the database's schema up to this release first
    #[arg(long)]
    migrate: bool,
    /// Address to listen on
    #[arg(long)]
    host: Option<String>,
    /// Port to listen on; 0 takes a free one
    #[arg(long)]
    port: Option<u16>,
}

pub(super) async fn run(args: Args, sources: Sources) -> Result<ExitCode> {
    let config = Config::load(&sources.flag("http.host", args.host).flag("http.port", args.port))?;
    logs::start(&config);
    let stop = stop::on_signal()?;
    let base = Base::open(&config, args.migrate).await?;
    checks::at_start(&config, &base.ledger.db, &base.blobs);
    let app = base.api(&config, Some(platen_api::probes::gather()?));
    let address = (config.http.host.as_str(), config.http.port);
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {}:{}", address.0, address.1))?;
    let bound = listener.local_addr().context("the listener has no address")?;
    tracing::info!(address = %bound, "listening on http://{bound}");
    platen_api::serve(app, listener, stop.cancelled_owned()).await?;
    base.close().await;
    Ok(ExitCode::SUCCESS)
}
