//! `platen bench`: what only this program can measure of itself, on this machine, in a place of its own that is gone afterwards.
//!
//! `platen bench-adapter` is this program as one contender among other queues.

pub(super) mod adapter;
mod bulk;
mod bundles;
mod catalogue;
mod claim;
mod drain;
mod fair;
mod figures;
mod fill;
mod history;
mod http;
mod kind;
mod limiter;
mod live;
mod micro;
mod money;
mod orders;
mod place;
mod single;
mod sweep;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::{Subcommand, value_parser};

use place::Place;

/// Where, and what.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where its files may lie while it runs: an empty folder, or one that it left behind; a new temporary one when left out
    #[arg(long, global = true, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// How often everything is measured
    #[arg(long, global = true, default_value_t = 5, value_parser = value_parser!(u32).range(1..=50))]
    rounds: u32,
    #[command(subcommand)]
    what: What,
}

/// With `--database-url postgres://…` on this machine's loopback, an empty database there is used; without it, a SQLite file.
#[derive(Debug, Subcommand)]
enum What {
    /// Enqueues one by one through the library, each answered after its commit
    Single {
        /// Jobs in a round
        #[arg(long, default_value_t = 20_000, value_parser = value_parser!(u64).range(1..=1_000_000))]
        n: u64,
        /// Callers at a time
        #[arg(long, default_value_t = 64, value_parser = value_parser!(u64).range(1..=1_000))]
        in_flight: u64,
        /// Write each answer into a file at once (bench/syscalls.py)
        #[arg(long)]
        answers: bool,
    },
    /// Enqueues in blocks of 1,000, one transaction each, two callers at a time
    Bulk {
        /// Jobs in a round
        #[arg(long, default_value_t = 100_000, value_parser = value_parser!(u64).range(1..=1_000_000))]
        n: u64,
    },
    /// Enqueues through HTTP: as fast as 64 callers can, then at a steady rate
    Http {
        /// Requests in a round of 64 callers
        #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=1_000_000))]
        n: u64,
        /// Requests per second of the steady part
        #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u64).range(1..=20_000))]
        rate: u64,
        /// How long the steady part is
        #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(1..=600))]
        seconds: u64,
    },
    /// Live validation of designs through HTTP at a steady rate: validate, normalise, auto-fit
    Live {
        /// Requests per second
        #[arg(long, default_value_t = 200, value_parser = value_parser!(u64).range(1..=5_000))]
        rate: u64,
        /// How long, for each of the three
        #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(1..=600))]
        seconds: u64,
    },
    /// What a claim costs with 1,000 jobs ready, behind many future ones, and with very many ready
    Claim {
        /// Very many
        #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1_000..=10_000_000))]
        ready: u64,
        /// Jobs that are not due
        #[arg(long, default_value_t = 200_000, value_parser = value_parser!(u64).range(0..=10_000_000))]
        future: u64,
    },
    /// What a long history changes; it is made by running that many jobs, which takes a while (and 1 GB of disk per million)
    History {
        /// Finished jobs
        #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1_000..=20_000_000))]
        finished: u64,
    },
    /// How long another tenant's single job waits while one has very many
    Fair {
        /// Jobs of the one
        #[arg(long, default_value_t = 100_000, value_parser = value_parser!(u64).range(1_000..=1_000_000))]
        n: u64,
    },
    /// What the limits that a fleet shares cost the jobs that pass them
    Limiter {
        /// Jobs of a drain; a fifth of them where each takes 5 ms
        #[arg(long, default_value_t = 20_000, value_parser = value_parser!(u64).range(100..=1_000_000))]
        n: u64,
        /// Keep the limits in this Redis of the loopback, in the place of the database; their keys are removed afterwards
        #[arg(long, value_name = "URL")]
        redis_url: Option<String>,
    },
    /// How long balances, statements and the trial balance take over long books
    Money {
        /// Lines of the journal, over a year
        #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(600..=20_000_000))]
        lines: u64,
    },
    /// What a sync of a large catalogue from the stand-in costs in own time and memory
    Catalogue {
        /// Products beside the stand-in's usual ones
        #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=100_000))]
        products: u64,
    },
    /// How long lists, statistics and an order's page take through HTTP with very many orders
    Orders {
        /// Orders
        #[arg(long, default_value_t = 100_000, value_parser = value_parser!(u64).range(1..=1_000_000))]
        n: u64,
    },
    /// How many bundles one worker and four make of orders of two items, and whether they are the same bytes
    Bundles {
        /// Orders
        #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u64).range(1..=100_000))]
        orders: u64,
    },
    /// One small piece of work many times, for counting instructions (`cargo xtask instructions`)
    Micro {
        /// Which
        what: micro::Piece,
        /// How many times
        #[arg(long, default_value_t = 1, value_parser = value_parser!(u64).range(0..=100_000))]
        times: u64,
    },
}

pub(super) async fn run(args: Args, database_url: Option<String>) -> Result<ExitCode> {
    let stop = crate::stop::on_signal()?;
    let place = Place::take(args.folder.as_deref(), database_url)?;
    let done = tokio::select! {
        done = measure(&place, args.rounds, args.what) => done,
        () = stop.cancelled() => Err(anyhow!("stopped before the end: what was not printed was not measured")),
    };
    // Whatever happened, nothing stays behind; what went wrong first is told first.
    let left = place.leave();
    done.and(left).map(|()| ExitCode::SUCCESS)
}

async fn measure(place: &Place, rounds: u32, what: What) -> Result<()> {
    match what {
        What::Single { n, in_flight, answers } => single::run(place, rounds, n, in_flight, answers).await,
        What::Bulk { n } => bulk::run(place, rounds, n).await,
        What::Http { n, rate, seconds } => http::run(place, rounds, n, (rate, seconds)).await,
        What::Live { rate, seconds } => live::run(place, (rate, seconds)).await,
        What::Claim { ready, future } => claim::run(place, rounds, (ready, future)).await,
        What::History { finished } => history::run(place, rounds, finished).await,
        What::Fair { n } => fair::run(place, n).await,
        What::Limiter { n, redis_url } => limiter::run(place, rounds, n, redis_url.as_deref()).await,
        What::Money { lines } => money::run(place, rounds, lines).await,
        What::Catalogue { products } => catalogue::run(place, rounds, products).await,
        What::Orders { n } => orders::run(place, rounds, n).await,
        What::Bundles { orders } => bundles::run(place, orders).await,
        What::Micro { what, times } => micro::run(place, what, times).await,
    }
}
