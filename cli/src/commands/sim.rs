//! `platen sim`: a stand-in for Gelato, for trying things out where the real one has no sandbox, and for replaying incidents.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use platen_sim::Clock;
use platen_sim::gelato::{Config, Fault, Hook, ReferencePolicy, Scenario, Server};
use tokio::net::TcpListener;

use crate::stop;

/// How the stand-in is set.
#[derive(Debug, clap::Args)]
#[command(after_help = platen_sim::gelato::help())]
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
    /// Switch a fault on, as often as you like: `dropReply:op=create,times=3`, or JSON
    #[arg(long, value_name = "SWITCH", value_parser = fault)]
    fault: Vec<Fault>,
    /// Replay an incident: a file of faults over virtual time (fixtures/scenarios holds some, docs/gelato.md says how to write one)
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// What a repeated orderReferenceId gives: duplicate, replay or conflict (409)
    #[arg(long, value_name = "POLICY", default_value = "duplicate", value_parser = policy)]
    reference_policy: ReferencePolicy,
    /// Stretch the three virtual days from release to delivery
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    life_scale: f64,
    /// Promoting one draft of a split order promotes the others too
    #[arg(long)]
    promote_connected: bool,
    /// Do not fetch print files
    #[arg(long)]
    no_files: bool,
    /// Send webhooks there (the address that PUT /v1/connections/gelato/webhook answers)
    #[arg(long, value_name = "URL")]
    hook_url: Option<String>,
    /// The header that carries the webhooks' secret
    #[arg(long, value_name = "NAME", default_value = "signature")]
    hook_header: String,
    /// The webhooks' secret
    #[arg(long, value_name = "SECRET", default_value = "sim-hook-secret")]
    hook_secret: String,
}

fn fault(text: &str) -> Result<Fault, String> {
    Fault::read(text).map_err(|error| format!("{error:#}"))
}

fn policy(text: &str) -> Result<ReferencePolicy, String> {
    serde_json::from_value(text.into()).map_err(|_| "duplicate, replay or conflict (409)".to_owned())
}

fn scenario(path: &Path) -> Result<Scenario> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Scenario::read(&text).with_context(|| format!("cannot replay {}", path.display()))
}

pub(super) async fn run(args: Args) -> Result<ExitCode> {
    let stop = stop::on_signal()?;
    let listener = TcpListener::bind(("127.0.0.1", args.port))
        .await
        .with_context(|| format!("cannot listen on port {}", args.port))?;
    let scenario = args.scenario.as_deref().map(scenario).transpose()?;
    let about = scenario.as_ref().map(|s| format!("\nReplaying: {}\n", s.about)).unwrap_or_default();
    let config = Config {
        api_key: args.key.clone(),
        seed: scenario.as_ref().and_then(|s| s.seed).unwrap_or(args.seed),
        clock: Clock::starting_now(args.speed),
        state_file: args.state,
        reference_policy: args.reference_policy,
        life_scale: args.life_scale,
        promote_connected: args.promote_connected,
        fetch_files: !args.no_files,
        hook: args.hook_url.map(|url| Hook { url, header: args.hook_header, secret: args.hook_secret }),
        hook_every: Some(Duration::from_millis(500)),
        scenario,
        more_products: args.more_products,
        ..Config::default()
    };
    let server = Server::start(listener, config).await?;
    for fault in args.fault {
        server.set_fault(fault);
    }
    let url = server.base_url();
    super::print(&format!(
        "A stand-in for Gelato is at {url}\n\n  its key      {}\n  use it       PLATEN_GELATO__URL={url} platen worker\n  its books    curl {url}/admin/counts\n  three days   curl -X POST {url}/admin/clock -H 'content-type: application/json' -d '{{\"advanceSeconds\": 259200}}'\n{about}\nCtrl-C stops it.\n",
        args.key
    ));
    stop.cancelled().await;
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}
