//! A stand-in for Gelato: orders v4, products v3 and shipment methods v1 on one port.
//!
//! It answers with the real paths, headers, limits and bodies, moves orders along a virtual clock,
//! pulls the print files it is given, and breaks on demand ([`Fault`]). What really happened it
//! counts itself ([`Counts`]), per `orderReferenceId` and per released group.

mod admin;
mod api;
mod app;
mod catalog;
mod change;
mod counts;
mod create;
mod faults;
mod files;
mod hooks;
mod hub;
mod life;
mod order;
mod plan;
mod products;
mod quote;
mod rates;
mod read;
mod receipts;
mod render;
mod reply;
mod route;
mod scenario;
mod shipping;
mod store;
mod switches;
mod templates;
mod validate;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::conn::{Cut, CutListener};
use crate::{Clock, lock};
use app::App;
pub use counts::{Counts, ReferenceCounts};
pub use faults::{Fault, FaultKind, FileTrouble, HookTrouble, Op, QuoteRefusal, ReferencePolicy};
pub use hooks::{Delivery, Hook};
pub use hub::{Effect, EffectFilter};
pub use rates::{AccountRate, Limit};
pub use scenario::{Scenario, Step};
pub use switches::{SWITCHES, Switch, help};

/// How long a stopping server waits for the calls under way.
const STOP_MAX: Duration = Duration::from_secs(5);

/// How a stand-in is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The key clients send as `X-API-KEY`.
    pub api_key: String,
    /// Further keys, each an account of its own that sees only its own orders.
    pub further_keys: Vec<String>,
    /// The seed of the catalogue, of ids, and of chance.
    pub seed: u64,
    /// The virtual clock; share a clone to move it.
    pub clock: Clock,
    /// Where orders are kept over a restart; none = in memory only.
    pub state_file: Option<PathBuf>,
    /// Promoting one draft of a split order promotes the others too. No source says which is real.
    pub promote_connected: bool,
    /// What a repeated `orderReferenceId` gives.
    pub reference_policy: ReferencePolicy,
    /// Stretches the three virtual days from release to delivery.
    pub life_scale: f64,
    /// Whether file links are really fetched.
    pub fetch_files: bool,
    /// How long a file link may take.
    pub file_timeout: Duration,
    /// Largest print file taken.
    pub file_bytes_max: u64,
    /// Where webhooks go; none = nowhere.
    pub hook: Option<Hook>,
    /// Between two tries of a webhook (real time).
    pub hook_pause: Duration,
    /// How often the stand-in looks whether there is something to tell (real time); none = only when it is asked to.
    pub hook_every: Option<Duration>,
    /// An incident to begin with.
    pub scenario: Option<Scenario>,
    /// Plain products beside the usual ones.
    pub more_products: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            api_key: "sim-key".to_owned(),
            further_keys: Vec::new(),
            seed: 1,
            clock: Clock::default(),
            state_file: None,
            promote_connected: false,
            reference_policy: ReferencePolicy::default(),
            life_scale: 1.0,
            fetch_files: true,
            file_timeout: Duration::from_secs(20),
            file_bytes_max: 300 << 20,
            hook: None,
            hook_pause: Duration::from_secs(5),
            hook_every: None,
            scenario: None,
            more_products: 0,
        }
    }
}

impl Config {
    /// The account a key opens. The state file names accounts by digest, never by key.
    fn account(&self, key: &str) -> Option<String> {
        let known = self.api_key == key || self.further_keys.iter().any(|other| other == key);
        let digest = Sha256::digest(key.as_bytes());
        (known && !key.is_empty()).then(|| digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect())
    }
}

/// A running stand-in.
pub struct Server {
    app: Arc<App>,
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves on this listener in a spawned task, with the orders of the state file if there is one.
    pub async fn start(listener: TcpListener, config: Config) -> anyhow::Result<Server> {
        let address = listener.local_addr().context("reading the listener's address")?;
        let app = tokio::task::spawn_blocking(move || App::load(config)).await??;
        files::resume(&app);
        let service = admin::router()
            .fallback(api::handle)
            .with_state(Arc::clone(&app))
            .into_make_service_with_connect_info::<Cut>();
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let task = tokio::spawn(async move {
            let serve = axum::serve(CutListener(listener), service).with_graceful_shutdown(stopped);
            if let Err(error) = serve.await {
                tracing::error!(%error, "the stand-in stopped serving");
            }
        });
        if let Some(every) = app.config.hook_every {
            tokio::spawn(stop.clone().run_until_cancelled_owned(tell(Arc::clone(&app), every)));
        }
        Ok(Server { app, address, stop, task })
    }

    /// `http://127.0.0.1:PORT`, the base of all four APIs and of the admin routes.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        counts::counts(&self.app)
    }

    /// The bodies of the latest create calls that made something, word for word, the newest last.
    pub fn created(&self) -> Vec<serde_json::Value> {
        lock(&self.app.world).asked.iter().cloned().collect()
    }

    /// How each account's requests arrived, against a limit that the client says it keeps.
    pub fn rates(&self, limit: &Limit) -> Vec<AccountRate> {
        lock(&self.app.world).arrivals.judge(limit)
    }

    /// Switches a fault on.
    pub fn set_fault(&self, fault: Fault) {
        lock(&self.app.world).faults.set(fault);
    }

    /// Ids of the templates on offer.
    #[must_use]
    pub fn template_ids(&self) -> Vec<String> {
        self.app.catalogue.templates.iter().map(|template| template.id.clone()).collect()
    }

    /// Switches every fault off and lets held replies go.
    pub fn clear_faults(&self) {
        lock(&self.app.world).faults.clear();
        self.app.hub.open(None, true);
    }

    /// Begins an incident, in the place of all faults.
    pub fn play(&self, scenario: Scenario) {
        self.app.play(scenario);
    }

    /// Where webhooks go from now on.
    pub fn set_hook(&self, hook: Option<Hook>) {
        lock(&self.app.world).hooks.to = hook;
    }

    /// Sends the webhooks of everything that has happened since the last time, with the real rule of retries; says what became of each.
    pub async fn fire_hooks(&self) -> Vec<Delivery> {
        hooks::fire(&self.app).await
    }

    /// The effects that match, as soon as there is one; empty when the time is up.
    pub async fn wait_effects(&self, filter: &EffectFilter, timeout: Duration) -> Vec<Effect> {
        self.app.hub.effects(filter, timeout).await
    }

    /// Waits until a gate holds a reply; false when the time is up.
    pub async fn wait_held(&self, timeout: Duration) -> bool {
        !self.app.hub.wait_held(timeout).await.is_empty()
    }

    /// Lets the replies go that gates hold (all, or those of one call); says how many there were.
    pub fn open_gates(&self, op: Option<Op>) -> usize {
        self.app.hub.open(op, true)
    }

    /// The virtual clock.
    pub fn clock(&self) -> &Clock {
        &self.app.config.clock
    }

    /// Stops serving. Replies held at a gate are cut; other calls under way are answered.
    pub async fn stop(mut self) {
        lock(&self.app.world).faults.clear();
        self.app.hub.open(None, false);
        self.stop.cancel();
        if tokio::time::timeout(STOP_MAX, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

/// Sends webhooks for as long as it runs.
async fn tell(app: Arc<App>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        hooks::fire(&app).await;
    }
}
