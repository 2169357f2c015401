//! What the front needs, and nothing more: it holds no client for anything outside.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use metrics_exporter_prometheus::PrometheusHandle;
use platen_shared::clock::Clock;
use platen_shared::db::At;
use platen_shared::flatten::Flattener;
use platen_shared::id::KeyId;
use platen_shared::ledger::Ledger;
use platen_shared::ports::blobs::Blobs;
use platen_shared::ports::links::Links;
use platen_shared::ports::standing::Standings;
use platen_shared::ports::webhooks::Doors;
use platen_shared::preflight::Preflighter;
use platen_shared::secrets::Keyring;
use secrecy::SecretString;
use tokio::sync::Semaphore;

use crate::availability::Answers;
use crate::known::Known;
use crate::limit::Limiter;
use crate::origins::Origins;
use crate::probes::Probes;
use crate::remembered::Remembered;
use crate::template::Templates;
use crate::watch::Watcher;

/// Pictures decoded at the same time: one may need 400 MB.
const DECODERS_MAX: usize = 2;

/// The parts of the front.
pub struct App {
    /// The rows.
    pub ledger: Ledger,
    /// The files.
    pub blobs: Blobs,
    /// Signed links to files.
    pub links: Links,
    /// Seals credentials, addresses and kept replies.
    pub keyring: Keyring,
    /// How accounts at providers stand.
    pub standings: Arc<dyn Standings>,
    /// The business clock.
    pub clock: Arc<dyn Clock>,
    /// How much faster than the wall it runs.
    pub speed: u32,
    /// Of the press that previews are asked of.
    pub press_version: &'static str,
    /// What may be chosen.
    pub settings: Settings,
}

/// What may be chosen.
pub struct Settings {
    /// Creates tenants; without one nobody can.
    pub root_key: Option<SecretString>,
    /// Longest body, except of uploads.
    pub body_bytes_max: usize,
    /// Longest upload of a buyer.
    pub upload_bytes_max: usize,
    /// Longest upload of artwork; a tenant may have less.
    pub artwork_bytes_max: usize,
    /// Flattens SVG in a process of its own; without it no SVG is taken.
    pub flattener: Option<Flattener>,
    /// Looks at print files in a process of its own; without it nobody does.
    pub preflighter: Option<Preflighter>,
    /// Sustained rate per key; short bursts of twice as many pass.
    pub requests_per_second_per_key: u32,
    /// Sustained rate of everything that needs no key, together.
    pub public_requests_per_second: u32,
    /// Origins that browsers may call from with any key; none by default. Publishable keys have origins of their tenant's.
    pub cors_origins: Vec<String>,
    /// What `/metrics` shows; without it there is no such page.
    pub metrics: Option<PrometheusHandle>,
    /// Which addresses tenants may name for webhooks.
    pub doors: Doors,
    /// The shop behind the demo page; without it there is no such page.
    pub demo: Option<crate::demo::Shop>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            root_key: None,
            body_bytes_max: 1024 * 1024,
            upload_bytes_max: 10 * 1024 * 1024,
            artwork_bytes_max: 50 * 1024 * 1024,
            flattener: None,
            preflighter: None,
            requests_per_second_per_key: 100,
            public_requests_per_second: 500,
            cors_origins: Vec::new(),
            metrics: None,
            doors: Doors::default(),
            demo: None,
        }
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "App({:?})", self.ledger)
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Settings")
    }
}

/// The parts, with what the process remembers between requests.
pub(crate) struct Inner {
    pub(crate) app: App,
    pub(crate) keys: Known,
    pub(crate) per_key: Limiter<KeyId>,
    pub(crate) public: Limiter<()>,
    pub(crate) touched: Mutex<HashMap<KeyId, At>>,
    pub(crate) decoders: Semaphore,
    pub(crate) probes: Probes,
    pub(crate) origins: Origins,
    pub(crate) templates: Templates,
    pub(crate) remembered: Remembered,
    pub(crate) answers: Answers,
    pub(crate) watcher: Arc<Watcher>,
}

/// What handlers share.
pub(crate) type Shared = Arc<Inner>;

impl Inner {
    pub(crate) fn share(app: App) -> Shared {
        let (key, public) = (app.settings.requests_per_second_per_key, app.settings.public_requests_per_second);
        let probes = Probes::new(app.ledger.clone(), app.blobs.clone(), app.settings.metrics.clone());
        let watcher = Watcher::over(app.ledger.clone());
        Arc::new(Inner {
            app,
            keys: Known::default(),
            per_key: Limiter::new(key),
            public: Limiter::new(public),
            touched: Mutex::default(),
            decoders: Semaphore::new(DECODERS_MAX),
            probes,
            origins: Origins::default(),
            templates: Templates::default(),
            remembered: Remembered::default(),
            answers: Answers::default(),
            watcher,
        })
    }
}
