//! `platen chaos`: real work on real processes, everything that can break breaks, and a verdict that the printer's stand-in has the last
//! word in. On loopback, on private servers, in a folder of its own.

mod books;
mod cable;
mod fleet;
mod home;
mod pass;
mod plan;
mod printed;
mod scene;
mod servers;
mod shop;
mod strike;
mod verdict;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rand::TryRngCore;

use crate::stop;
use home::Home;
use plan::{Fault, Plan, every, preset, share, span};

/// What is run, and what breaks. A fault happens about once in its interval, at moments drawn from the seed; `off` switches it off.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where options begin that are left out: everything, f01, f03 or none
    #[arg(long, value_name = "NAME", default_value = "everything")]
    preset: String,
    /// sqlite, or postgres for a private server
    #[arg(long, value_name = "ENGINE", value_parser = ["sqlite", "postgres"])]
    database: Option<String>,
    /// Dispatch over a private Redis
    #[arg(long)]
    redis: bool,
    /// Orders to place; each one is four jobs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    orders: Option<u32>,
    /// Spread the orders evenly over this time; otherwise they come as fast as they are taken
    #[arg(long, value_name = "SPAN", value_parser = span)]
    over: Option<Duration>,
    /// After this time nothing breaks any more; otherwise things break until all is done
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    faults_for: Option<Duration>,
    /// What has not ended by then counts as lost
    #[arg(long, value_name = "SPAN", value_parser = span)]
    within: Option<Duration>,
    /// Each of the printer's replies comes so much later, so that jobs last
    #[arg(long, value_name = "SPAN", value_parser = span)]
    slow_replies: Option<Duration>,
    /// Requests per second that the printer's account allows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    budget: Option<u32>,
    /// Worker processes
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    workers: u8,
    /// Api processes
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    apis: u8,
    /// Repeat an earlier run's moments and victims
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Run the same work without faults first, and compare
    #[arg(long)]
    calm: bool,
    #[command(flatten)]
    faults: Faults,
    /// Print the verdict as one JSON object
    #[arg(long)]
    json: bool,
    /// The folder of the run: new, empty, or left by an earlier run; removed at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Leave the folder, with all logs, when the run is over
    #[arg(long)]
    keep: bool,
    /// The address that everything listens on; loopback only
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Faults")]
struct Faults {
    /// SIGKILL to a worker
    #[arg(long, value_name = "EVERY", value_parser = every)]
    kill_workers: Option<Duration>,
    /// SIGKILL to an api
    #[arg(long, value_name = "EVERY", value_parser = every)]
    kill_api: Option<Duration>,
    /// SIGKILL to Redis, which comes back empty
    #[arg(long, value_name = "EVERY", value_parser = every)]
    restart_redis: Option<Duration>,
    /// Redis forgets everything
    #[arg(long, value_name = "EVERY", value_parser = every)]
    flush_redis: Option<Duration>,
    /// SIGKILL to Postgres
    #[arg(long, value_name = "EVERY", value_parser = every)]
    kill_postgres: Option<Duration>,
    /// SIGSTOP to a worker for 8 to 12 s, longer than its heart may be silent, then SIGCONT
    #[arg(long, value_name = "EVERY", value_parser = every)]
    stop: Option<Duration>,
    /// A worker's connections to Postgres, Redis or the printer are cut, for up to 9 s
    #[arg(long, value_name = "EVERY", value_parser = every)]
    cut: Option<Duration>,
    /// A worker's connections to one of them are slow, by up to 0.4 s per piece, for up to 5 s
    #[arg(long, value_name = "EVERY", value_parser = every)]
    delay: Option<Duration>,
    /// A worker is killed and comes back with a clock that is up to an hour wrong
    #[arg(long, value_name = "EVERY", value_parser = every)]
    skew: Option<Duration>,
    /// So many of the printer's replies to writes are lost after their effect
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    lose_replies: Option<u32>,
    /// The printer answers 503 for this long from the beginning
    #[arg(long, value_name = "SPAN", value_parser = every)]
    outage: Option<Duration>,
}

impl Faults {
    fn typed(&self) -> [(Fault, Option<Duration>); 9] {
        Fault::ALL.map(|fault| {
            let every = match fault {
                Fault::KillWorkers => self.kill_workers,
                Fault::KillApi => self.kill_api,
                Fault::RestartRedis => self.restart_redis,
                Fault::FlushRedis => self.flush_redis,
                Fault::KillPostgres => self.kill_postgres,
                Fault::Stop => self.stop,
                Fault::Cut => self.cut,
                Fault::Delay => self.delay,
                Fault::Skew => self.skew,
            };
            (fault, every)
        })
    }
}

impl Args {
    fn plan(&self) -> Result<Plan> {
        let preset = preset(&self.preset)?;
        if !self.host.is_loopback() {
            bail!("{} is not an address of the loopback: chaos breaks things on this machine only", self.host);
        }
        let seed = match self.seed {
            Some(seed) => seed,
            None => u64::from(rand::rngs::OsRng.try_next_u32().context("the machine has no randomness to give")?),
        };
        let usual = preset.faults.iter().map(|(fault, seconds)| (*fault, Duration::from_secs(*seconds)));
        let typed = self.faults.typed().into_iter().filter_map(|(fault, every)| Some((fault, every?)));
        let mut faults: std::collections::BTreeMap<Fault, Duration> = usual.chain(typed).collect();
        faults.retain(|_, every| !every.is_zero());
        Ok(Plan {
            seed,
            host: self.host,
            orders: self.orders.unwrap_or(preset.orders),
            workers: self.workers.into(),
            apis: self.apis.into(),
            over: self.over,
            within: self.within.unwrap_or(preset.within),
            postgres: self.database.as_ref().map_or(preset.postgres, |engine| engine == "postgres"),
            redis: self.redis || preset.redis,
            calm: self.calm || preset.calm,
            faults,
            faults_for: self.faults_for,
            outage: self.faults.outage.or(preset.outage.map(Duration::from_secs)).filter(|span| !span.is_zero()),
            slow_replies: self.slow_replies.unwrap_or_default(),
            budget: self.budget.unwrap_or(preset.budget),
            speed: preset.speed,
            lost_replies: self.faults.lose_replies.unwrap_or(preset.lost_replies),
        })
    }
}

pub(super) async fn run(args: Args, database_url: bool) -> Result<ExitCode> {
    if database_url {
        bail!("chaos takes no --database-url: it breaks nothing but servers that it started itself; see --database");
    }
    let mut plan = args.plan()?;
    let stop = stop::on_signal()?;
    let home = Home::open(args.data.as_deref(), args.keep)?;
    for sentence in plan.fit() {
        eprintln!("{sentence}");
    }
    let stores = match (plan.postgres, plan.redis) {
        (true, true) => "Postgres and Redis",
        (true, false) => "Postgres",
        (false, true) => "SQLite and Redis",
        (false, false) => "SQLite",
    };
    let (orders, workers, apis, seed) = (plan.orders, plan.workers, plan.apis, plan.seed);
    eprintln!(
        "{orders} orders on {stores}, {workers} workers, {apis} apis, --seed {seed}, in {}",
        home.path().display()
    );
    let calm = if plan.calm { Some(pass::run(&home, "calm", &plan.calmed(), &stop).await?) } else { None };
    let done = pass::run(&home, "chaos", &plan, &stop).await?;
    drop(home);
    if args.json {
        super::print(&format!("{}\n", verdict::json(&done, calm.as_ref())));
    } else {
        super::print(&verdict::text(&done, calm.as_ref()));
    }
    let good = done.is_good() && calm.as_ref().is_none_or(books::Verdict::is_good);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
