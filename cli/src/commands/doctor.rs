//! `platen doctor`: looks at everything that a start needs, and says what to fix.

use std::process::ExitCode;

use anyhow::Result;
use platen_shared::db::{Db, Schema};
use platen_shared::ports::PortError;
use platen_shared::ports::provider::Providers;
use platen_shared::store::{connections, tenants};
use secrecy::ExposeSecret;

use crate::checks::{self, Finding};
use crate::config::{Config, Sources};
use crate::wire::{self, Base};

/// Connections asked at their provider; more would be a burst.
const CONNECTIONS_MAX: usize = 20;

/// The doctor's own flags.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Do not ask the providers whether their keys work
    #[arg(long)]
    offline: bool,
}

/// What was looked at.
#[derive(Default)]
struct Report {
    text: String,
    wrong: usize,
}

impl Report {
    fn good(&mut self, what: &str, found: &str) {
        self.text.push_str(&format!("ok    {what:<12} {found}\n"));
    }

    fn wrong(&mut self, what: &str, fix: &str) {
        self.text.push_str(&format!("FIX   {what:<12} {fix}\n"));
        self.wrong += 1;
    }

    fn add(&mut self, what: &str, finding: &Finding) {
        match finding {
            Finding::Good(said) => self.good(what, said),
            Finding::Note(said) => self.note(what, said),
            Finding::Wrong(said) => self.wrong(what, said),
        }
    }

    fn note(&mut self, what: &str, said: &str) {
        self.text.push_str(&format!("note  {what:<12} {said}\n"));
    }
}

pub(super) async fn run(args: &Args, sources: &Sources) -> Result<ExitCode> {
    let config = Config::load(sources)?;
    let mut report = Report::default();
    report.good("settings", "sound");
    let db = database(&mut report, &config).await;
    files(&mut report, &config).await;
    addresses(&mut report, &config);
    secrets(&mut report, &config);
    for finding in checks::redis(&config).await {
        report.add("redis", &finding);
    }
    if db.is_some() && !config.secrets.key.expose_secret().is_empty() {
        // A failure here is one more finding: what was found before it must still be printed.
        if let Err(error) = providers(&mut report, &config, args.offline).await {
            report.wrong("connection", &format!("the providers' connections cannot be looked at: {error:#}"));
        }
    }
    super::print(&report.text);
    if report.wrong > 0 {
        eprintln!(
            "error: {} to fix",
            if report.wrong == 1 { "1 thing".to_owned() } else { format!("{} things", report.wrong) }
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

async fn database(report: &mut Report, config: &Config) -> Option<Db> {
    let db = match wire::open(config).await {
        Ok(db) => db,
        Err(error) => {
            report.wrong("database", &format!("{error:#}"));
            return None;
        }
    };
    match db.schema().await {
        Ok(Schema::Fits(at)) => {
            report.good("database", &format!("{}, schema {at}", db.engine()));
            report.add("clock", &checks::clock(&db).await);
            return Some(db);
        }
        Ok(Schema::TooOld(None)) => report.wrong("database", "it has no tables yet: run `platen migrate`"),
        Ok(Schema::TooOld(Some(at))) => report
            .wrong("database", &format!("its schema is at {at}, older than this release needs: run `platen migrate`")),
        Ok(Schema::TooNew(at)) => report.wrong(
            "database",
            &format!("its schema is at {at}, made by a newer release that dropped what this one needs: run that one"),
        ),
        Err(error) => report.wrong("database", &format!("it cannot be asked for its schema: {error}")),
    }
    None
}

async fn files(report: &mut Report, config: &Config) {
    match wire::blobs(config) {
        Ok(blobs) => report.add("files", &checks::files(config, &blobs).await),
        Err(error) => report.wrong("files", &error.to_string()),
    }
}

fn addresses(report: &mut Report, config: &Config) {
    match unreachable_files(config) {
        Some(sentence) => report.wrong("public url", &sentence),
        None => report.good("public url", &config.public_url()),
    }
}

/// Gelato fetches print files from our public address: a loopback one means that every order fails there.
pub(super) fn unreachable_files(config: &Config) -> Option<String> {
    let public = config.public_url();
    let host = host(&public);
    let local = host == "localhost" || host == "0.0.0.0" || host == "[::1]" || host.starts_with("127.");
    let real = host_is_gelato(&config.gelato().order_url);
    (local && real).then(|| format!("links to print files begin with {public}, which Gelato cannot reach: set PUBLIC_URL to the address the internet sees"))
}

fn host_is_gelato(url: &str) -> bool {
    let host = host(url);
    host == "gelatoapis.com" || host.ends_with(".gelatoapis.com")
}

/// The host of an address, without port.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let name =
        if authority.starts_with('[') { authority.split_inclusive(']').next() } else { authority.split(':').next() };
    name.unwrap_or_default().to_lowercase()
}

fn secrets(report: &mut Report, config: &Config) {
    if config.secrets.key.expose_secret().is_empty() {
        report.wrong("secrets", "secrets.key is not set: put the output of `openssl rand -hex 32` into PLATEN_SECRETS__KEY, and keep a copy");
    } else {
        report.good("secrets", "the installation's key is set");
    }
    if config.api.root_key.expose_secret().is_empty() {
        report.note(
            "root key",
            "api.root_key is not set: tenants can be made by `platen keys create --create-tenant` only.",
        );
    }
}

/// Every tenant's connection: whether its credential opens, and whether the provider takes it.
async fn providers(report: &mut Report, config: &Config, offline: bool) -> Result<()> {
    let base = Base::open(config, false).await?;
    let accounts = base.accounts(config);
    if let Err(error) = accounts.http.check() {
        report.wrong(
            "calls",
            &format!("no provider can be asked: {error}; install the machine's certificates (ca-certificates)"),
        );
    }
    let mut read = base.ledger.db.reader();
    let mut asked = 0;
    for tenant in tenants::list(&mut read).await? {
        for row in connections::list(&mut read, tenant.id).await? {
            let what = format!("{} of {}", row.provider, tenant.id);
            if base.keyring.open(&row.credential, &connections::bound(tenant.id, &row.provider)).is_err() {
                report.wrong(
                    "connection",
                    &format!("{what}: its credential does not open; secrets.key is not the one it was sealed with"),
                );
                continue;
            }
            if offline || asked == CONNECTIONS_MAX {
                report.note("connection", &format!("{what}: its credential opens; the provider was not asked."));
                continue;
            }
            asked += 1;
            let answer = match accounts.open(tenant.id, &row.provider).await {
                Ok(provider) => provider.find("platen-doctor").await.map(drop),
                Err(error) => Err(error),
            };
            match answer {
                Ok(()) => report.good("connection", &format!("{what}: the provider takes its key")),
                Err(PortError::Auth(said)) => report.wrong(
                    "connection",
                    &format!(
                        "{what}: the provider refuses its key ({said}); PUT /v1/connections/{} with a good one",
                        row.provider
                    ),
                ),
                Err(error) => {
                    report.wrong("connection", &format!("{what}: the provider did not answer as it should: {error}"))
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_from_addresses() {
        assert_eq!(host("http://127.0.0.1:8080"), "127.0.0.1");
        assert_eq!(host("https://Order.GelatoApis.com/v4"), "order.gelatoapis.com");
        assert_eq!(host("http://[::1]:80/x"), "[::1]");
        assert!(host_is_gelato("https://order.gelatoapis.com") && !host_is_gelato("https://gelatoapis.com.example"));
    }
}
