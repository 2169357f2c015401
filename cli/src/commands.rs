//! What can be typed. One command, one file; each returns the exit code: 0 done, 1 failed, 2 not understood.

mod api;
mod backup;
mod bench;
mod bundle;
mod chaos;
mod config;
mod demo;
mod dev;
mod doctor;
mod flatten_svg;
mod jobs;
mod keys;
mod messages;
mod migrate;
mod money;
mod preflight;
mod preflight_file;
mod press;
mod providers;
mod restore;
mod schedules;
mod secrets;
mod sim;
mod spec;
mod tenant;
mod tenants;
mod worker;
mod workers;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use crate::config::Sources;

/// Print-on-demand fulfilment: from a design to a delivered parcel, nothing lost and nothing printed twice.
#[derive(Debug, Parser)]
#[command(
    name = "platen",
    version,
    arg_required_else_help = true,
    after_help = "Begin with `platen demo`. Every setting: `platen config check`."
)]
struct Cli {
    /// A TOML file of settings; the environment and flags override it
    #[arg(long, global = true, env = "PLATEN_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// sqlite://PATH or postgres://…; the same as DATABASE_URL
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch one order travel from a design to two delivered parcels, on this machine alone
    Demo(demo::Args),
    /// The whole stack with seeded data, staying up
    Dev(dev::Args),
    /// The HTTP front
    Api(api::Args),
    /// Run jobs
    Worker(worker::Args),
    /// Bring the database's schema up to this release
    Migrate(migrate::Args),
    /// Copy the database and its files into a folder while everything runs, or check such a copy
    Backup(backup::Args),
    /// Put a backup into an empty database and a file store
    Restore(restore::Args),
    /// Check database, files, secrets and provider keys, and say what to fix
    Doctor(doctor::Args),
    /// Draw an SVG from standard input as a PNG on standard output, under limits
    #[command(hide = true)]
    FlattenSvg,
    /// Look at a print file from standard input and write a report to standard output, under limits
    #[command(hide = true)]
    PreflightFile {
        /// What the file is to become, as JSON
        request: String,
    },
    /// Settings
    #[command(subcommand)]
    Config(config::Args),
    /// What is sealed at rest, and changing the key that seals it
    #[command(subcommand)]
    Secrets(secrets::Args),
    /// API keys, directly in the database
    #[command(subcommand)]
    Keys(keys::Args),
    /// Tenants and their shares of the workers, directly in the database
    #[command(subcommand)]
    Tenants(tenants::Args),
    /// Jobs, directly in the database
    #[command(subcommand)]
    Jobs(jobs::Args),
    /// The books: balances, statements, margin, and whether everything adds up, directly in the database
    #[command(subcommand)]
    Money(money::Args),
    /// Workers, directly in the database
    #[command(subcommand)]
    Workers(workers::Args),
    /// Messages: what was told to whom, and what did not arrive
    #[command(subcommand)]
    Messages(messages::Args),
    /// Accounts at providers: budgets, breakers, use
    #[command(subcommand)]
    Providers(providers::Args),
    /// What fires by itself, and when
    #[command(subcommand)]
    Schedules(schedules::Args),
    /// Designs in files: check them, hash them, without any server
    #[command(subcommand)]
    Spec(spec::Args),
    /// Draw the files of a design in a file, without any server
    Press(press::Args),
    /// Say whether a printer can use a file (PDF, PNG, JPEG, TIFF, SVG), without any server
    Preflight(preflight::Args),
    /// Bundles in files: say whether one is whole, without any server
    #[command(subcommand)]
    Bundle(bundle::Args),
    /// Serve a stand-in for Gelato on loopback
    Sim(sim::Args),
    /// Break everything that can break, on this machine alone, and see that nothing is lost or done twice
    Chaos(chaos::Args),
    /// Measure this program on this machine (docs/benchmarks.md)
    Bench(bench::Args),
    /// One contender of the queue benchmark (bench/README.md)
    BenchAdapter(bench::adapter::Args),
}

/// Reads the command line and does what it says.
pub(crate) fn main() -> ExitCode {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = match Cli::try_parse_from(with_role(std::env::args_os().collect())) {
        Ok(cli) => cli,
        Err(said) => {
            let _ = said.print();
            return ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(2));
        }
    };
    if matches!(cli.command, Command::FlattenSvg) {
        // Before there is a runtime: its threads and files are none of this process's business.
        return flatten_svg::run();
    }
    if let Command::PreflightFile { request } = &cli.command {
        return preflight_file::run(request);
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let done = runtime.block_on(run(cli));
    runtime.shutdown_timeout(Duration::from_secs(1));
    done.unwrap_or_else(|error| fail(&error))
}

/// What a database's thread answers is looked for before each piece of work: whoever waits for it holds up the next transaction.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().global_queue_interval(1).enable_all().build()
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

async fn run(cli: Cli) -> Result<ExitCode> {
    crate::skew::start()?;
    let database_url = cli.database_url.clone();
    let sources = Sources::of_process(cli.config).flag("database.url", cli.database_url);
    match cli.command {
        Command::Demo(args) => demo::run(args).await,
        Command::Dev(args) => dev::run(args).await,
        Command::Api(args) => api::run(args, sources).await,
        Command::Worker(args) => worker::run(args, sources).await,
        Command::Migrate(args) => migrate::run(&args, &sources).await,
        Command::Backup(args) => backup::run(args, &sources).await,
        Command::Restore(args) => restore::run(&args, &sources).await,
        Command::Doctor(args) => doctor::run(&args, &sources).await,
        Command::FlattenSvg => Ok(flatten_svg::run()),
        Command::Config(args) => config::run(&args, &sources),
        Command::Secrets(args) => secrets::run(&args, &sources).await,
        Command::Keys(args) => keys::run(args, &sources).await,
        Command::Tenants(args) => tenants::run(&args, &sources).await,
        Command::Jobs(args) => jobs::run(args, &sources).await,
        Command::Money(args) => money::run(&args, &sources).await,
        Command::Workers(args) => workers::run(args, &sources).await,
        Command::Messages(args) => messages::run(args, &sources).await,
        Command::Providers(args) => providers::run(args, &sources).await,
        Command::Schedules(args) => schedules::run(args, &sources).await,
        Command::Spec(args) => spec::run(args),
        Command::Press(args) => press::run(&args),
        Command::Preflight(args) => preflight::run(args).await,
        Command::Bundle(args) => bundle::run(args),
        Command::PreflightFile { request } => Ok(preflight_file::run(&request)),
        Command::Sim(args) => sim::run(args).await,
        Command::Chaos(args) => chaos::run(args, database_url.is_some()).await,
        Command::Bench(args) => bench::run(args, database_url).await,
        Command::BenchAdapter(args) => bench::adapter::run(args).await,
    }
}

/// Started under the name of a role (`platen-api`, `platen-worker`), the executable takes it.
fn with_role(mut args: Vec<OsString>) -> Vec<OsString> {
    let name =
        args.first().and_then(|name| Path::new(name).file_stem()).map(|name| name.to_string_lossy().into_owned());
    if let Some(role) =
        name.as_deref().and_then(|name| name.strip_prefix("platen-")).filter(|role| ["api", "worker"].contains(role))
    {
        // Its usage lines then read like those of the role.
        args.splice(0..1, ["platen".into(), role.into()]);
    }
    args
}

/// Writes to standard output. A reader that went away (`| head`) is no error.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A JSON document on standard output.
fn print_json(value: &impl serde::Serialize) -> Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value).context("the answer is no JSON")?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_name_of_a_role_takes_it() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(
            with_role(words(&["/usr/bin/platen-worker", "--concurrency", "2"])),
            words(&["platen", "worker", "--concurrency", "2"])
        );
        assert_eq!(with_role(words(&["platen", "demo"])), words(&["platen", "demo"]));
        assert_eq!(with_role(words(&["target/platen-0123abcd"])), words(&["target/platen-0123abcd"]));
    }
}
