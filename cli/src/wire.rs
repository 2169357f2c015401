//! The composition root: every choice of backend is made here, from the settings, and nowhere else.

mod blobs;
mod clock;
pub(crate) mod gates;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use platen_api::probes::{Probes, PrometheusHandle};
use platen_jobs::{Hook, Ports};
use platen_press::Cmyk;
use platen_shared::adapters::accounts::Accounts;
use platen_shared::adapters::http::{Gates, Http};
use platen_shared::adapters::payout_csv::CsvRail;
use platen_shared::adapters::smtp::Unset;
use platen_shared::adapters::standing::Accounting;
use platen_shared::adapters::webhooks::{Guard, Hooks, System};
use platen_shared::clock::Clock;
use platen_shared::db::{Db, MIGRATIONS, Schema};
use platen_shared::flatten::Flattener;
use platen_shared::ledger::Ledger;
use platen_shared::ports::blobs::Blobs;
use platen_shared::ports::links::Links;
use platen_shared::ports::mail::Mailer;
use platen_shared::ports::press::Press;
use platen_shared::ports::webhooks::Doors;
use platen_shared::preflight::Preflighter;
use platen_shared::secrets::Keyring;
use platen_worker::press::LocalPress;
use secrecy::ExposeSecret;

use crate::config::Config;
pub(crate) use blobs::blobs;
pub(crate) use clock::LedgerClock;

/// What every role stands on.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) ledger: Ledger,
    pub(crate) ledger_clock: Arc<dyn Clock>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) blobs: Blobs,
    pub(crate) links: Links,
    pub(crate) keyring: Keyring,
    pub(crate) gates: Arc<Gates>,
    pub(crate) inks: Option<Arc<Cmyk>>,
}

/// Opens the database and makes sure that its schema fits; migrates it first if asked to.
pub(crate) async fn database(config: &Config, migrate: bool) -> Result<Db> {
    let db = open(config).await?;
    if migrate {
        db.migrate().await.context("the database could not be migrated")?;
    }
    match db.schema().await.context("the database cannot be asked for its schema")? {
        Schema::Fits(_) => Ok(db),
        Schema::TooOld(None) => bail!("the database has no tables yet: run `platen migrate`"),
        Schema::TooOld(Some(found)) => {
            bail!(
                "the database's schema is at {found} and this release needs {}: run `platen migrate`",
                MIGRATIONS.end()
            )
        }
        Schema::TooNew(found) => bail!(
            "the database's schema is at {found}, made by a newer release that dropped what this one needs (it knows schemas up to \
             {}): run the newer release",
            MIGRATIONS.end()
        ),
    }
}

/// Opens the database, whatever its schema.
pub(crate) async fn open(config: &Config) -> Result<Db> {
    if let Some(folder) = config.sqlite_file().as_deref().and_then(std::path::Path::parent)
        && !folder.as_os_str().is_empty()
    {
        std::fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    }
    let opening = Db::open(&config.database.url, config.database.connections);
    opening.await.context("the database cannot be opened: check database.url (DATABASE_URL) and that its server runs")
}

/// The installation's key, without which nothing that is sealed opens.
pub(crate) fn keyring(config: &Config) -> Result<Keyring> {
    if config.secrets.key.expose_secret().is_empty() {
        bail!(
            "the installation's key is not set: put the output of `openssl rand -hex 32` into PLATEN_SECRETS__KEY, and keep a copy"
        );
    }
    let own = Keyring::new(&config.secrets.key);
    let other = &config.secrets.other_key;
    Ok(if other.expose_secret().is_empty() { own } else { own.beside(other) })
}

impl Base {
    /// Opens everything that is shared by all roles of a process.
    pub(crate) async fn open(config: &Config, migrate: bool) -> Result<Base> {
        let keyring = keyring(config)?;
        let db = database(config, migrate).await?;
        let measured = Arc::new(LedgerClock::of(&db).await.context("the database cannot be asked for the time")?);
        tokio::spawn(measured.clone().follow(db.clone()));
        let ledger_clock: Arc<dyn Clock> = measured;
        let ledger = Ledger::new(db, ledger_clock.clone());
        let gates = Arc::new(gates::gates(config, &ledger, &ledger_clock));
        tokio::spawn(gates::tend(gates.clone(), ledger.clone()));
        Ok(Base {
            ledger,
            ledger_clock,
            gates,
            clock: Arc::new(config.clock()),
            blobs: blobs(config)?,
            links: Links::new(&config.public_url(), keyring.clone()),
            keyring,
            inks: inks(&config.press.cmyk_profile)?,
        })
    }

    /// Ends what is shared in good order, after everything that uses it.
    pub(crate) async fn close(&self) {
        if let Err(error) = gates::keep_use(&self.gates, &self.ledger, false).await {
            tracing::warn!(%error, "who used the providers' budgets in the last second was not written down");
        }
        self.ledger.db.close().await;
    }

    /// The HTTP front.
    pub(crate) fn api(&self, config: &Config, metrics: Option<PrometheusHandle>) -> platen_api::App {
        let root_key = &config.api.root_key;
        platen_api::App {
            ledger: self.ledger.clone(),
            blobs: self.blobs.clone(),
            links: self.links.clone(),
            keyring: self.keyring.clone(),
            standings: Arc::new(Accounting {
                read: self.ledger.db.reader(),
                gates: self.gates.clone(),
                rates: config.budgets(),
            }),
            clock: self.clock.clone(),
            speed: config.clock.speed,
            press_version: LocalPress::new(1).version(),
            settings: platen_api::Settings {
                root_key: (!root_key.expose_secret().is_empty()).then(|| root_key.clone()),
                body_bytes_max: config.http.body_bytes_max,
                upload_bytes_max: config.http.upload_bytes_max,
                artwork_bytes_max: config.http.artwork_bytes_max,
                flattener: std::env::current_exe().ok().map(|program| Flattener::new(&program)),
                preflighter: std::env::current_exe().ok().map(|program| Preflighter::new(&program)),
                requests_per_second_per_key: config.http.requests_per_second_per_key,
                public_requests_per_second: config.http.public_requests_per_second,
                cors_origins: config.http.cors_origins.clone(),
                metrics,
                doors: doors(config),
                demo: None,
            },
        }
    }

    /// What machines that watch a worker ask it.
    pub(crate) fn probes(&self, metrics: PrometheusHandle) -> Probes {
        Probes::new(self.ledger.clone(), self.blobs.clone(), Some(metrics))
    }

    /// What a worker is made of.
    pub(crate) fn worker(
        &self,
        config: &Config,
        hook: Option<Hook>,
    ) -> (platen_worker::Setup, platen_worker::Settings) {
        let renders = match config.worker.renders {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            given => given,
        };
        let ports = Ports {
            providers: Arc::new(self.accounts(config)),
            payouts: Arc::new(CsvRail { blobs: self.blobs.clone() }),
            mailer: mailer(config),
            webhooks: Arc::new(Hooks::new(Guard::new(doors(config), Arc::new(System)))),
            press: Arc::new(LocalPress::new(renders).with_inks(self.inks.clone())),
            blobs: self.blobs.clone(),
            links: self.links.clone(),
        };
        let setup = platen_worker::Setup {
            ledger: self.ledger.clone(),
            ledger_clock: self.ledger_clock.clone(),
            clock: self.clock.clone(),
            speed: config.clock.speed,
            find: platen_jobs::find,
            ports,
            timeouts: HashMap::new(),
            dice: Arc::new(chance),
            hook,
            lone: None,
        };
        let settings = platen_worker::Settings {
            lanes: config.lanes(),
            concurrency: config.worker.concurrency,
            database_url: config.database.url.clone(),
            redis: config.redis(),
            drain: config.drain(),
            lines: config.lines(),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
        };
        (setup, settings)
    }

    /// Tenants' accounts at providers.
    pub(crate) fn accounts(&self, config: &Config) -> Accounts {
        Accounts {
            read: self.ledger.db.reader(),
            keyring: self.keyring.clone(),
            http: Http::new(self.gates.clone()),
            gelato: config.gelato(),
        }
    }
}

/// Where letters are handed in. The settings were checked when they were read.
fn mailer(config: &Config) -> Arc<dyn Mailer> {
    match config.smtp() {
        Ok(Some(smtp)) => Arc::new(smtp),
        _ => Arc::new(Unset),
    }
}

/// Who may be sent webhooks: whoever is public, and whom the settings allow.
fn doors(config: &Config) -> Doors {
    config.doors().unwrap_or_default()
}

/// The printing condition of a profile in a file; an empty path is none.
pub(crate) fn inks(profile: &str) -> Result<Option<Arc<Cmyk>>> {
    if profile.is_empty() {
        return Ok(None);
    }
    let icc = std::fs::read(profile).with_context(|| format!("the ICC profile {profile} cannot be read"))?;
    let inks = Cmyk::new(&icc).with_context(|| format!("{profile} is no profile to print with"))?;
    Ok(Some(Arc::new(inks)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the composition root is where chance comes from; everything else is handed it"
)]
fn chance() -> f64 {
    rand::random()
}

/// A client for our own loopback: the demo and `dev` speak to the api as a web app would.
pub(crate) fn loopback_client() -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.timeout(Duration::from_secs(60)).build().context("the HTTP client cannot be built")
}
