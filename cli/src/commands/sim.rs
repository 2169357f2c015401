//! `platen sim`: a stand-in for Gelato, for trying things out where the real one has no sandbox.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use platen_sim::Clock;
use platen_sim::gelato::{Config, Server};
use tokio::net::TcpListener;

use crate::stop;

/// How the stand-in is set.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Port on loopback; 0 takes a free one
    #[arg(long, default_value_t = 7601)]
    port: u16,
    /// Seed of its catalogue and of chance
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Virtual seconds per real second: 20000 delivers a parcel in a quarter of a minute
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// The API key that it takes
    #[arg(long, default_value = "sim-key")]
    key: String,
    /// So many plain products more in its catalogue
    #[arg(long, default_value_t = 0)]
    more_products: usize,
    /// Keep orders in this file over a restart
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> Result<ExitCode> {
    let stop = stop::on_signal()?;
    let listener = TcpListener::bind(("127.0.0.1", args.port))
        .await
        .with_context(|| format!("cannot listen on port {}", args.port))?;
    let config = Config {
        api_key: args.key.clone(),
        seed: args.seed,
        clock: Clock::starting_now(args.speed),
        state_file: args.state,
        more_products: args.more_products,
        ..Config::default()
    };
    let server = Server::start(listener, config).await?;
    let url = server.base_url();
    super::print(&format!(
        "A stand-in for Gelato is at {url}\n\n  its key      {}\n  use it       PLATEN_GELATO__URL={url} platen worker\n  its books    curl {url}/admin/counts\n  three days   curl -X POST {url}/admin/clock -H 'content-type: application/json' -d '{{\"advanceSeconds\": 259200}}'\n\nCtrl-C stops it.\n",
        args.key
    ));
    stop.cancelled().await;
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}
