//! `platen money`: the books, directly from the database, so that an accountant needs no api.

mod check;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use platen_shared::db::{At, Db};
use platen_shared::domain::statement::Month;
use platen_shared::id::{OrderId, TenantId};
use platen_shared::store::books;
use platen_shared::store::tenants::{self, Tenant};

use super::{print, tenant};
use crate::config::{Config, Sources};
use crate::wire;

/// What can be read of the books.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Derive every balance anew from all lines and compare; exit code 1 when anything differs
    Check {
        /// Of this tenant (name or id); every tenant's when left out
        #[arg(long)]
        tenant: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// What every account holds, now or at a moment; sums to zero in every currency
    Trial {
        #[command(flatten)]
        whose: Whose,
        /// RFC 3339; now when left out
        #[arg(long, value_parser = moment)]
        at: Option<At>,
    },
    /// What a party holds, now or at a moment
    Balance {
        /// The party's name in the books
        party: String,
        #[command(flatten)]
        whose: Whose,
        /// RFC 3339; now when left out
        #[arg(long, value_parser = moment)]
        at: Option<At>,
    },
    /// What orders brought in a span of months: gross, costs, margin, and who got it
    Margin {
        /// The first month: 2026-11
        from: Month,
        /// The last month; the same when left out
        to: Option<Month>,
        #[command(flatten)]
        whose: Whose,
    },
    /// A party's statement of a month
    Statement {
        /// The party's name in the books
        party: String,
        /// 2026-11
        month: Month,
        #[command(flatten)]
        whose: Whose,
        /// json, csv or pdf
        #[arg(long, default_value = "csv", value_parser = ["json", "csv", "pdf"])]
        format: String,
        /// Of a PDF: en or fr; the party's own when left out
        #[arg(long, value_parser = ["en", "fr"])]
        language: Option<String>,
        /// Into this file; to standard output when left out
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
    /// Where an order's money went: every entry, line by line
    Order {
        /// The order's id
        id: OrderId,
        #[command(flatten)]
        whose: Whose,
    },
    /// Batches of payouts, newest first
    Payouts {
        #[command(flatten)]
        whose: Whose,
    },
    /// Close the books up to yesterday, as the cron line does
    Close {
        #[command(flatten)]
        whose: Whose,
    },
}

/// Whose books.
#[derive(Debug, clap::Args)]
pub(super) struct Whose {
    /// Of this tenant (name or id); needed when there are several
    #[arg(long)]
    tenant: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

fn moment(text: &str) -> Result<At, String> {
    let moment: Result<jiff::Timestamp, _> = text.parse();
    moment.map(At::from).map_err(|_| "a moment is written 2026-01-31T08:00:00Z".to_owned())
}

pub(super) async fn run(args: &Args, sources: &Sources) -> Result<ExitCode> {
    let config = Config::load(sources)?;
    let db = wire::database(&config, false).await?;
    let done = match args {
        Args::Check { tenant, json } => check::run(&db, tenant.as_deref(), *json).await,
        Args::Trial { whose, at } => show::trial(&db, whose, *at).await,
        Args::Balance { party, whose, at } => show::balance(&db, party, whose, *at).await,
        Args::Margin { from, to, whose } => show::margin(&db, *from, to.unwrap_or(*from), whose).await,
        Args::Statement { party, month, whose, format, language, output } => {
            let form = (format.as_str(), language.as_deref(), output.as_deref());
            show::statement(&db, party, *month, whose, form).await
        }
        Args::Order { id, whose } => show::order(&db, *id, whose).await,
        Args::Payouts { whose } => show::payouts(&db, whose).await,
        Args::Close { whose } => close(&db, whose, config.clock_now().day()).await,
    };
    db.close().await;
    done
}

/// The tenant that is meant.
async fn whose(db: &Db, wanted: Option<&str>) -> Result<Tenant> {
    if let Some(wanted) = wanted {
        return tenant::of(db, wanted).await;
    }
    let mut all = tenants::list(&mut db.reader()).await?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => bail!("there is no tenant yet"),
        (Some(_), false) => {
            bail!("there are several tenants: say which with --tenant (`platen tenants list` shows them)")
        }
    }
}

async fn close(db: &Db, of: &Whose, today: i64) -> Result<ExitCode> {
    let tenant: TenantId = whose(db, of.tenant.as_deref()).await?.id;
    let mut tx = db.begin("close_books").await?;
    let closed = books::close(&mut tx, tenant, today).await.context("the books could not be closed")?;
    tx.commit().await?;
    let day = At::of_day(today).timestamp().strftime("%Y-%m-%d").to_string();
    let text = if closed { "The books are closed" } else { "The books were closed already" };
    print(&format!("{text} up to {day}, which is open.\n"));
    Ok(ExitCode::SUCCESS)
}
